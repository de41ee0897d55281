//! What becomes of one match.

use std::ops::Range;

use tree_sitter::Node;

use crate::pattern::after::{Kind, Template};
use crate::pattern::matched::{Capture, Match};
use crate::pattern::place::around;
use crate::pattern::targets::is_set;
use crate::pattern::view::{bare, extent, is_splat};
use crate::plan::Comments;
use crate::python::precedence::{Rank, rank, spills, takes, within_brackets};
use crate::python::source::{Indent, Source, leading_blanks};
use crate::rewrite::directive::Comment;
use crate::rewrite::replace::align::{Part, align};
use crate::rewrite::replace::behind::Moved;
use crate::rewrite::replace::fill::{Fill, Layout, is_statement};
use crate::rewrite::replace::written::{Original, Written};
use crate::rewrite::replace::{Refusal, Site, comments, quotes};

/// A match and all that its replacement depends on.
pub(super) struct One<'x, 't> {
    pub(super) source: &'x Source<'x>,
    pub(super) root: Node<'t>,
    pub(super) template: &'x Template,
    pub(super) original: &'x Original<'x>,
    pub(super) site: Site<'x, 't>,
    pub(super) comments: Comments,
    /// The quotes and the indentation that the file has most.
    pub(super) habits: (Option<char>, Indent),
    /// Another match holds it.
    pub(super) nested: bool,
}

/// What a match becomes.
#[derive(Debug, Default)]
pub(super) struct Replaced {
    /// Ranges and what stands there instead.
    pub(super) changes: Vec<(Range<usize>, Written)>,
    /// Statements that go.
    pub(super) removed: Vec<Range<usize>>,
    /// What of the file is in the new text as it was.
    pub(super) copied: Vec<Range<usize>>,
    /// Comments that go above, each with a place in the statement.
    pub(super) above: Vec<(usize, String)>,
    /// Comments that go behind.
    pub(super) behind: Vec<Moved>,
    /// How tightly the expression that was the match binds now, by its node's id.
    pub(super) rank: Option<(usize, Rank)>,
}

impl<'t> One<'_, 't> {
    /// What becomes of it.
    ///
    /// # Errors
    /// [`Refusal`] when it cannot be replaced soundly.
    pub(super) fn replace(&self, one: &Match<'t>) -> Result<Replaced, Refusal> {
        if self.source.undecodable().any(|(at, _)| one.range.contains(&at)) {
            return Err(Refusal::new("a byte here is no text in the file's encoding", "fix the file first"));
        }
        let mut new = match one.nodes.as_slice() {
            [node] if !is_statement(*node) => self.expression(*node)?,
            nodes => self.statements(nodes, !one.passed.is_empty())?,
        };
        if self.move_comments(&mut new) && self.comments == Comments::Refuse {
            return Err(Refusal::new("a comment would lose its place", "move the comment, or let the rule keep comments"));
        }
        if self.nested && !new.removed.is_empty() {
            return Err(Refusal::new("it stands inside another place that is replaced", "apply the rule again"));
        }
        Ok(new)
    }

    /// Finds a place for each comment that loses its own; true when there are such.
    fn move_comments(&self, new: &mut Replaced) -> bool {
        let text = self.site.text;
        let mut found = false;
        for (range, written) in &new.changes {
            for at in comments::within(self.root, range, &new.copied) {
                let Comment { people, tools } = Comment::at(text, at);
                found = true;
                new.above.extend((!people.is_empty()).then_some((range.start, people)));
                let end = written.is_one_line().then_some(range.end);
                new.behind.extend((!tools.is_empty()).then_some(Moved { at, comment: tools, end }));
            }
        }
        found |= new.removed.iter().any(|range| !comments::within(self.root, range, &new.copied).is_empty());
        found
    }

    fn expression(&self, node: Node<'t>) -> Result<Replaced, Refusal> {
        let Some(new) = self.template.expression() else {
            let statement = node.parent().filter(|parent| parent.kind() == "expression_statement");
            return match statement.filter(|statement| statement.named_child_count() == 1 && is_statement(*statement)) {
                Some(statement) => self.statements(&[statement], false),
                None => Err(Refusal::new("statements cannot stand within an expression", "write another rule for this case")),
            };
        };
        let parts = align(&self.site, self.template, node, new).unwrap_or_else(|| vec![Part { old: node, new }]);
        let mut replaced = Replaced::default();
        for (old, own) in self.parts(parts, &mut replaced)? {
            if old == node.id() {
                replaced.rank = Some((node.id(), own));
            }
        }
        match self.binds(node, &replaced) {
            Some(refusal) => Err(refusal),
            None => Ok(replaced),
        }
    }

    /// Why an attribute or element that is set cannot become what it would: one name, which would be bound here instead.
    fn binds(&self, node: Node<'t>, replaced: &Replaced) -> Option<Refusal> {
        let place = bare(node);
        let whole = [node.byte_range(), place.byte_range()];
        let (_, new) = replaced.changes.iter().find(|(range, _)| whole.contains(range))?;
        let name = new.text.chars().all(|c| c == '_' || c.is_alphanumeric());
        if !name || !matches!(place.kind(), "attribute" | "subscript") || !is_set(self.root, place) {
            return None;
        }
        let message =
            format!("{} is set here, and {} would be another thing of this file", &self.site.text[place.byte_range()], new.text);
        Some(Refusal::new(message, "let `after` import the module and write the new name through it"))
    }

    /// All parts, in order; how tightly each binds now, by the ids of the nodes that they replace.
    fn parts(&self, mut parts: Vec<Part<'t, '_>>, replaced: &mut Replaced) -> Result<Vec<(usize, Rank)>, Refusal> {
        parts.sort_by_key(|part| part.old.start_byte());
        let text = self.site.text;
        let mut ranks = Vec::new();
        // What stands on the line so far, and up to where.
        let (mut line, mut end) = (String::new(), 0);
        for part in parts {
            let place = self.place(&part);
            let gap = &text[end..place.start];
            match gap.rfind('\n') {
                Some(last) => line = gap[last + 1..].to_owned(),
                None => line.push_str(gap),
            }
            let (written, own) = self.part(&part, &line, replaced)?;
            match written.text.rfind(['\n', '\r']) {
                Some(last) => line = written.text[last + 1..].to_owned(),
                None => line.push_str(&written.text),
            }
            end = place.end;
            ranks.push((part.old.id(), own));
            replaced.changes.push((place, written));
        }
        Ok(ranks)
    }

    /// What of the file a part of the template takes the place of.
    fn place(&self, part: &Part) -> Range<usize> {
        if self.is_behind_star(part) { extent(self.site.text, part.old) } else { part.old.byte_range() }
    }

    /// True where the `*` that the old part begins with stays.
    fn is_behind_star(&self, part: &Part) -> bool {
        extent(self.site.text, part.old) != part.old.byte_range() && !is_splat(self.template.text(), part.new)
    }

    /// A part of the template in the place of a part of the file, behind what stands `before` it, in parentheses where it needs them there.
    fn part(&self, part: &Part, before: &str, replaced: &mut Replaced) -> Result<(Written, Rank), Refusal> {
        let around = around(self.root, part.old);
        let interpolation = interpolation(&around);
        let bracketed = within_brackets(part.old, around.into_iter().rev());
        let layout = Layout { bracketed, before: before.to_owned(), ..self.layout(part.old, interpolation) };
        let mut fill = self.fill(&layout);
        let text = fill.write(part.new.byte_range())?;
        replaced.copied.append(&mut fill.copied);
        let captured = self.template.hole(part.new).and_then(|hole| self.site.captures.get(&hole.name));
        let (own, spilling) = match (captured, self.template.spot(&part.new.byte_range()).map(|spot| &spot.kind)) {
            (Some(Capture::One(node)), _) => {
                let own = self.site.ranks.get(&node.id()).copied().unwrap_or_else(|| rank(*node));
                (own, !bracketed && spills(*node, self.site.text))
            }
            (_, Some(Kind::Name(number))) if self.site.names[*number].contains('.') => (Rank::Primary, false),
            (_, Some(Kind::Name(_))) => (Rank::Atom, false),
            _ => (rank(part.new), false),
        };
        if let Some(string) = interpolation {
            self.check_interpolation(&text, string)?;
        }
        let opens = interpolation.is_some() && text.text.starts_with('{');
        let starred = self.is_behind_star(part) && is_splat(self.site.text, part.old);
        let fits = if starred { own >= Rank::BitOr } else { takes(part.old, own) };
        if fits && !spilling && !opens {
            return Ok((text, own));
        }
        let behind = Layout { before: format!("{}(", layout.before), ..layout.clone() };
        Ok((self.fill(&behind).write(part.new.byte_range())?.parenthesised(), Rank::Atom))
    }

    /// Older Pythons take neither line ends nor backslashes in an f-string's braces, and not the quotes around it.
    fn check_interpolation(&self, text: &Written, string: Node) -> Result<(), Refusal> {
        let start = string.child(0).map_or("", |start| &self.site.text[start.byte_range()]);
        let quotes = start.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let broken =
            text.text.contains(['\\', '#']) || text.text.contains(quotes) || (quotes.len() == 1 && text.text.contains('\n'));
        if broken {
            return Err(Refusal::new("the new text cannot stand inside an f-string", "write an edit for this file"));
        }
        Ok(())
    }

    fn statements(&self, nodes: &[Node<'t>], passed: bool) -> Result<Replaced, Refusal> {
        let (Some(first), Some(last)) = (nodes.first(), nodes.last()) else { return Ok(Replaced::default()) };
        let new = self.template.statements();
        if !passed && new.len() == nodes.len() && !self.template.has_comments() {
            let aligned = nodes.iter().zip(&new).map(|(old, new)| align(&self.site, self.template, *old, *new));
            if let Some(parts) = aligned.collect::<Option<Vec<Vec<Part>>>>() {
                let mut replaced = Replaced::default();
                self.parts(parts.into_iter().flatten().collect(), &mut replaced)?;
                return Ok(replaced);
            }
        }
        let target = if passed { last.byte_range() } else { first.byte_range().start..last.end_byte() };
        let anchor = if passed { *last } else { *first };
        let mut replaced = Replaced::default();
        let layout = self.layout(anchor, None);
        let mut fill = self.fill(&layout);
        let text = if self.stands_alone(&target) { fill.write(self.template.body())? } else { self.on_one_line(&mut fill)? };
        replaced.copied = std::mem::take(&mut fill.copied);
        if text.text.trim().is_empty() {
            replaced.removed = nodes.iter().map(Node::byte_range).collect();
            return Ok(replaced);
        }
        if passed {
            replaced.removed = nodes[..nodes.len() - 1].iter().map(Node::byte_range).collect();
        }
        replaced.changes.push((target, text));
        Ok(replaced)
    }

    /// True when no other statement stands on the lines of a range.
    fn stands_alone(&self, range: &Range<usize>) -> bool {
        let text = self.site.text;
        let line = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
        let first = leading_blanks(&text[line..range.start]).len() == range.start - line;
        let rest = text[range.end..].lines().next().unwrap_or("").trim_start();
        let next = rest.strip_prefix(';').map_or("", str::trim_start);
        first && (next.is_empty() || next.starts_with('#'))
    }

    /// The template's statements with semicolons between them.
    fn on_one_line(&self, fill: &mut Fill) -> Result<Written, Refusal> {
        let mut line = Written::default();
        let compound = |node: &Node| {
            node.child_by_field_name("body").is_some()
                || node.kind().ends_with("_definition")
                || node.kind() == "if_statement"
                || node.kind() == "try_statement"
        };
        let statements = self.template.statements();
        if self.template.has_comments() || (statements.iter().any(compound)) {
            let help = "give each statement its own line first";
            return Err(Refusal::new("other statements stand on the same line", help));
        }
        for statement in statements {
            let text = fill.write(statement.byte_range())?;
            if !line.text.is_empty() && !text.text.is_empty() {
                line.push_str("; ");
            }
            line.push(&text);
        }
        Ok(line)
    }

    fn fill<'y>(&'y self, layout: &'y Layout) -> Fill<'y, 't> {
        Fill { site: &self.site, template: self.template, original: self.original, layout, copied: Vec::new() }
    }

    /// How what takes the place of `node` is laid out.
    fn layout(&self, node: Node, interpolation: Option<Node>) -> Layout {
        let text = self.site.text;
        let line = text[..node.start_byte()].rfind('\n').map_or(0, |at| at + 1);
        let base = leading_blanks(&text[line..]).trim_start_matches('\u{feff}').to_owned();
        let before = text[line..node.start_byte()].to_owned();
        let quote = match interpolation.and_then(|string| string.child(0)) {
            Some(start) if text[start.byte_range()].contains('\'') => Some('"'),
            Some(_) => Some('\''),
            None => quotes::commonest([node], text).or(self.habits.0),
        };
        let ending = self.source.line_ending(node.start_byte());
        Layout { before, base, unit: self.habits.1, ending, quote, bracketed: false }
    }
}

/// The f-string in whose braces a node stands, by the nodes around it.
fn interpolation<'t>(around: &[Node<'t>]) -> Option<Node<'t>> {
    let inside = around.windows(2).rev().take_while(|pair| !matches!(pair[0].kind(), "block" | "module"));
    inside.filter(|pair| pair[1].kind() == "interpolation").map(|pair| pair[0]).next()
}
