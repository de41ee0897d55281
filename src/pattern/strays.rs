//! Dollars in the code of a rule that begin no metavariable, with what their author most likely meant.

use std::ops::Range;

use tree_sitter::Node;

use crate::pattern::PatternProblem;
use crate::pattern::snippet::Snippet;
use crate::python::parsed::Parsed;
use crate::python::source::Source;

/// What takes a run.
const RUN: &str = "any run of arguments, elements, parameters or statements";

/// A problem for each; where there are some, Python's parser has nothing sensible to say of the text.
pub(crate) fn strays(snippet: &Snippet) -> Vec<PatternProblem> {
    if snippet.holed.strays.is_empty() {
        return Vec::new();
    }
    // Whatever cannot be read here cannot be read as it is either, which is told then.
    let masked = snippet.holed.masked();
    let Ok(source) = Source::new(masked.as_bytes()) else { return Vec::new() };
    let file = Parsed::new(&source, None);
    let Ok(tree) = file.tree() else { return Vec::new() };
    let in_code = snippet.holed.strays.iter().filter(|stray| {
        let node = tree.root_node().descendant_for_byte_range(stray.start, stray.start + 1);
        node.is_none_or(|node| !is_text(node))
    });
    let text = &snippet.holed.text;
    let problem = |stray: &Range<usize>| {
        let written = &text[stray.clone()];
        snippet.problem(stray.start, format!("`{written}` is no metavariable"), advice(written, &text[stray.end..]))
    };
    in_code.map(problem).collect()
}

/// True for what stands in a string literal, braces of an f-string left out, or in a comment.
fn is_text(node: Node) -> bool {
    let mut at = Some(node);
    while let Some(node) = at {
        match node.kind() {
            "string" | "comment" => return true,
            "interpolation" => return false,
            _ => at = node.parent(),
        }
    }
    false
}

/// What to write in the place of `written`, after which `rest` stands.
fn advice(written: &str, rest: &str) -> String {
    let word = written.trim_start_matches('$');
    let dollars = &written[..written.len() - word.len()];
    if word.is_empty() && rest.starts_with("...") {
        return format!("`$$$ARGS` takes {RUN}");
    }
    let name = word.to_ascii_uppercase();
    let is_name = name.starts_with(|c: char| c == '_' || c.is_ascii_uppercase()) && name.is_ascii();
    match dollars {
        "$$$" if word.is_empty() => "give it a name, as in `$$$ARGS`".to_owned(),
        "$" | "$$$" if is_name => format!("metavariables are written in capitals: `{dollars}{name}`"),
        "$" | "$$$" => "a metavariable begins with a letter of A-Z or `_`, and A-Z, 0-9 and `_` follow: `$NAME`".to_owned(),
        _ => {
            let name = if is_name { name.as_str() } else { "NAME" };
            format!("write `${name}` for one thing, or `$$${name}` for {RUN}")
        }
    }
}
