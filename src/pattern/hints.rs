//! What a rule says that is sound, and that its author most likely means in another way.

use std::ops::Range;

use tree_sitter::Node;

use crate::pattern::PatternProblem;
use crate::pattern::checks::whole_string;
use crate::pattern::holes::Hole;
use crate::pattern::snippet::{Snippet, written};

/// The hints on both texts, each with its statements below the imports.
pub(crate) fn hints<'a>(
    (old, old_body): (&Snippet<'a>, &[Node]),
    (new, new_body): (&Snippet<'a>, &[Node]),
) -> Vec<PatternProblem> {
    let (before, after) = (Literal::new(old_body), Literal::new(new_body));
    let mut hints = Vec::new();
    for hole in before.holes(old) {
        let message = format!("`{}` stands in a string, where it is text", written(hole));
        hints.push(old.problem(hole.range.start, message, whole_string(hole)));
    }
    let known = |hole: &&Hole| old.holed.holes.iter().any(|other| other.name == hole.name);
    for hole in after.holes(new).filter(known) {
        let message = format!("`{}` stands in a string, where it is text", written(hole));
        hints.push(new.problem(hole.range.start, message, format!("an f-string takes it: f\"{{${}}}\"", hole.name)));
    }
    for (snippet, literal) in [(old, &before), (new, &after)] {
        let message = "`...` among arguments stands for itself";
        let help = "a metavariable such as `$$$ARGS` takes any run of arguments";
        hints.extend(literal.ellipses.iter().map(|at| snippet.problem(*at, message, help)));
    }
    hints
}

/// What of some statements is taken as it is written, and looks as if it were not.
#[derive(Default)]
struct Literal {
    /// The literal parts of strings.
    texts: Vec<Range<usize>>,
    /// Each `...` that is an argument.
    ellipses: Vec<usize>,
}

impl Literal {
    fn new(body: &[Node]) -> Self {
        let mut found = Self::default();
        let mut pending = body.to_vec();
        while let Some(node) = pending.pop() {
            let mut cursor = node.walk();
            for child in node.named_children(&mut cursor) {
                match (node.kind(), child.kind()) {
                    ("string", "string_content") => found.texts.push(child.byte_range()),
                    ("argument_list", "ellipsis") => found.ellipses.push(child.start_byte()),
                    _ => pending.push(child),
                }
            }
        }
        found
    }

    /// What looks like a metavariable in strings.
    fn holes<'h>(&self, snippet: &Snippet<'h>) -> impl Iterator<Item = &'h Hole> {
        let holes = snippet.holed.holes.iter();
        holes.filter(|hole| self.texts.iter().any(|text| text.contains(&hole.range.start)))
    }
}
