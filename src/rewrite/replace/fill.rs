//! A template's text for one match: metavariables, names and strings written anew, everything else as the plan has it, in the
//! file's indentation and line endings.

use std::iter::successors;
use std::ops::Range;

use tree_sitter::Node;

use crate::pattern::after::{Kind, Template};
use crate::pattern::holes::Take;
use crate::pattern::matched::{Capture, nodes};
use crate::pattern::view::extent;
use crate::python::precedence::{is_bracketed, rank, spills, takes, within_brackets};
use crate::python::source::{Indent, leading_blanks};
use crate::rewrite::replace::cuts::{Cut, cuts, entries};
use crate::rewrite::replace::quotes;
use crate::rewrite::replace::shift::shifted;
use crate::rewrite::replace::written::{Original, Written};
use crate::rewrite::replace::{Refusal, Site};

/// How new text is laid out.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// What stands before the place on its line.
    pub(super) before: String,
    /// The indentation of the template's outermost lines.
    pub(super) base: String,
    /// One level of the file.
    pub(super) unit: Indent,
    /// The line ending there.
    pub(super) ending: &'static str,
    /// The quote of string literals, where one is preferred.
    pub(super) quote: Option<char>,
    /// Brackets of the file stand around the place.
    pub(super) bracketed: bool,
}

/// What is needed to write a template for one match.
pub(super) struct Fill<'x, 't> {
    pub(super) site: &'x Site<'x, 't>,
    pub(super) template: &'x Template,
    pub(super) original: &'x Original<'x>,
    pub(super) layout: &'x Layout,
    /// What of the file was written as it was.
    pub(super) copied: Vec<Range<usize>>,
}

impl Fill<'_, '_> {
    /// The text of a range of the template.
    ///
    /// # Errors
    /// [`Refusal`] when it cannot be written soundly.
    pub(super) fn write(&mut self, range: Range<usize>) -> Result<Written, Refusal> {
        let cuts = cuts(self.template, self.site.captures, &range)?;
        let mut out = Written::default();
        let mut at = range.start;
        let spots = self.template.spots().iter().filter(|spot| range.start <= spot.range.start && spot.range.end <= range.end);
        let mut spots = spots.filter(|spot| !cuts.iter().any(|cut| cut.covers(&spot.range))).peekable();
        let mut cuts = cuts.iter().peekable();
        loop {
            let next_cut = cuts.peek().map_or(usize::MAX, |cut| cut.range.start);
            let next_spot = spots.peek().map_or(usize::MAX, |spot| spot.range.start);
            if next_cut == usize::MAX && next_spot == usize::MAX {
                break;
            }
            if next_cut <= next_spot
                && let Some(Cut { range, text }) = cuts.next()
            {
                self.literal(at..range.start.max(at), &mut out);
                out.push_str(text);
                at = range.end.max(at);
            } else if let Some(spot) = spots.next() {
                self.literal(at..spot.range.start, &mut out);
                match &spot.kind {
                    Kind::Hole(_) => self.hole(&spot.range, &mut out)?,
                    Kind::Name(number) => out.push_str(&self.site.names[*number]),
                    Kind::String => self.string(&spot.range, &mut out),
                    Kind::Quotes => out.push_str(&self.quotes(&spot.range)),
                    Kind::Literal(text) => out.push_str(text),
                }
                at = spot.range.end;
            }
        }
        self.literal(at..range.end.max(at), &mut out);
        Ok(out)
    }

    /// Text as the plan has it, each line indented as the file is.
    fn literal(&self, range: Range<usize>, out: &mut Written) {
        let text = self.template.text();
        let mut at = range.start;
        while let Some(length) = memchr::memchr(b'\n', &text.as_bytes()[at..range.end]) {
            let line = &text[at..at + length];
            out.push_str(line.strip_suffix('\r').unwrap_or(line));
            at += length + 1;
            if self.in_string(at - 1) {
                out.push_fixed(self.layout.ending);
                continue;
            }
            out.push_str(self.layout.ending);
            let blanks = leading_blanks(&text[at..]);
            if !text[at + blanks.len()..].starts_with(['\n', '\r']) {
                out.push_str(&self.indentation(blanks));
            }
            at = (at + blanks.len()).min(range.end);
        }
        out.push_str(&text[at..range.end]);
    }

    /// The file's indentation for a line that the template indents so far.
    fn indentation(&self, blanks: &str) -> String {
        let own = match self.template.indent() {
            Indent::Tab => 1,
            Indent::Spaces(width) => width,
        };
        let levels = blanks.len() / own;
        format!("{}{}{}", self.layout.base, self.layout.unit.text(levels), " ".repeat(blanks.len() % own))
    }

    fn in_string(&self, at: usize) -> bool {
        let mut node = self.template.node(&(at..at + 1));
        while let Some(inner) = node {
            if inner.kind() == "string" {
                return true;
            }
            node = inner.parent();
        }
        false
    }

    fn string(&self, range: &Range<usize>, out: &mut Written) {
        let token = self.template.node(range);
        let mut around = successors(token.and_then(|token| token.parent()), Node::parent);
        // Within an f-string of the rule its quotes are chosen by those that the rule has there.
        let quote = self.layout.quote.filter(|_| !around.any(|node| node.kind() == "interpolation"));
        let literal = quotes::requoted(&self.template.text()[range.clone()], quote);
        let mut lines = literal.split('\n').peekable();
        while let Some(line) = lines.next() {
            match lines.peek() {
                Some(_) => {
                    out.push_str(line.strip_suffix('\r').unwrap_or(line));
                    out.push_fixed(self.layout.ending);
                }
                None => out.push_str(line),
            }
        }
    }

    /// The token before or behind an f-string, in quotes that nothing in its braces has: only new Pythons would read that.
    fn quotes(&self, range: &Range<usize>) -> String {
        let text = self.template.text();
        let token = &text[range.clone()];
        let Some(string) = self.template.node(range).and_then(|token| token.parent()) else { return token.to_owned() };
        let mut cursor = string.walk();
        let (held, said): (Vec<Node>, Vec<Node>) =
            string.named_children(&mut cursor).partition(|child| child.kind() == "interpolation");
        let mut held: Vec<String> = held.iter().map(|node| text[node.byte_range()].to_owned()).collect();
        let inside = self.template.holes().iter().filter(|hole| string.byte_range().contains(&hole.range.start));
        let captured = inside.filter_map(|hole| self.site.captures.get(&hole.name)).flat_map(nodes);
        held.extend(captured.map(|node| self.original.copy(&node.byte_range()).text));
        let said =
            |quote: &str| said.iter().any(|node| node.kind() == "string_content" && text[node.byte_range()].contains(quote));
        let (prefix, own) = token.split_at(token.find(['\'', '"']).unwrap_or(0));
        let (one, other) = if own.starts_with('"') { ("\"", "'") } else { ("'", "\"") };
        let free = |quotes: &&String| {
            let apart = held.iter().all(|held| !held.contains(quotes.as_str()) && (quotes.len() == 3 || !held.contains('\n')));
            apart && (quotes.starts_with(one) || !said(other))
        };
        let all = [own.to_owned(), other.repeat(own.len()), one.repeat(3), other.repeat(3)];
        format!("{prefix}{}", all.iter().find(free).map_or(own, String::as_str))
    }

    fn hole(&mut self, range: &Range<usize>, out: &mut Written) -> Result<(), Refusal> {
        let (Some(hole), Some(place)) =
            (self.template.holes().iter().find(|hole| hole.range == *range), self.template.node(range))
        else {
            return Ok(());
        };
        let Some(captured) = self.site.captures.get(&hole.name) else {
            return Err(Refusal::new(format!("${} stands for nothing here", hole.name), "write it in `before`"));
        };
        let written = match captured {
            Capture::One(node) if is_statement(*node) => self.statements(&[*node], place),
            Capture::One(node) => self.expression(*node, place, out)?,
            Capture::Run(nodes) if place.parent().is_some_and(|parent| parent.kind() == "expression_statement") => {
                self.statements(nodes, place)
            }
            Capture::Run(nodes) => self.run(nodes, place, out),
        };
        debug_assert!(hole.take == Take::Run || matches!(captured, Capture::One(_)));
        out.push(&written);
        Ok(())
    }

    /// An expression in the place of a metavariable, in parentheses where it needs them there.
    fn expression(&mut self, node: Node, place: Node, out: &Written) -> Result<Written, Refusal> {
        let range = extent(self.site.text, node);
        let only = place.parent().filter(|list| list.kind() == "argument_list" && entries(*list).len() == 1);
        if only.is_some() && is_bare_generator(node) {
            return Ok(self.copy_to(range.start + 1..range.end - 1, out, ""));
        }
        let own = self.site.ranks.get(&node.id()).copied().unwrap_or_else(|| rank(node));
        // The outermost place is the file's: whoever puts the whole there looks at that.
        let outermost = self.template.expression().is_some_and(|whole| whole.id() == place.id());
        let loose = !outermost && !takes(place, own) || self.opens(place) && self.original.copy(&range).text.starts_with('{');
        let spilling = !outermost
            && spills(node, self.site.text)
            && !self.layout.bracketed
            && !within_brackets(place, successors(place.parent(), Node::parent));
        let open = if loose || spilling { "(" } else { "" };
        let text = self.copy_to(range, out, open);
        Ok(if loose || spilling { text.parenthesised() } else { text })
    }

    /// True directly behind the brace that opens in an f-string: another one there would be a character of the string.
    fn opens(&self, place: Node) -> bool {
        let around = successors(place.parent(), Node::parent).take_while(|node| node.start_byte() + 1 >= place.start_byte());
        let mut around = around.filter(|node| matches!(node.kind(), "interpolation" | "format_expression"));
        around.any(|node| node.start_byte() + 1 == place.start_byte())
    }

    /// Arguments or elements in the place of a metavariable that is one of a list; with all that stands between the file's own
    /// brackets where the template keeps it together.
    fn run(&mut self, nodes: &[Node], place: Node, out: &Written) -> Written {
        let (Some(first), Some(last), Some(list)) = (nodes.first(), nodes.last(), place.parent()) else {
            return Written::default();
        };
        let siblings = entries(list);
        if siblings.len() == 1 && nodes.len() == 1 && is_bare_generator(*first) {
            let range = first.byte_range();
            return self.copy_to(range.start + 1..range.end - 1, out, "");
        }
        let mut range = first.start_byte()..last.end_byte();
        let mut behind = range.start;
        // What another part of the pattern took stands between them.
        let theirs = first.parent().map(entries).unwrap_or_default();
        let is_apart =
            |pair: &[Node]| !theirs.windows(2).any(|near| near[0].id() == pair[0].id() && near[1].id() == pair[1].id());
        if nodes.windows(2).any(is_apart) {
            let mut all = Written::default();
            for node in nodes {
                all.push_str(if node.id() == first.id() { "" } else { ", " });
                let text = self.copy_to(node.byte_range(), out, "");
                all.push(&text);
            }
            return all;
        }
        if let Some(brackets) = first.parent().filter(|parent| is_bracketed(*parent)) {
            let theirs = entries(brackets);
            let opens = siblings.first().map(Node::id) == Some(place.id());
            let leads = opens && theirs.first().map(Node::id) == Some(first.id());
            let ends = siblings.last().map(Node::id) == Some(place.id()) && theirs.last().map(Node::id) == Some(last.id());
            let (start, end) = (brackets.start_byte() + 1, brackets.end_byte() - 1);
            let matters = |gap: Range<usize>| (leads && ends) || self.site.text[gap].contains('\n');
            if leads && matters(start..range.start) {
                range.start = start;
                behind = start;
            }
            let comma = self.template.text()[place.end_byte()..list.end_byte()].trim_start().starts_with(',');
            let line = self.site.text[..first.start_byte()].rfind('\n').unwrap_or(0);
            let own = opens && self.site.text[line..first.start_byte()].trim().is_empty();
            let gap = range.end..end;
            if ends && !comma && matters(gap.clone()) && (leads || own || self.site.text[gap].contains('#')) {
                range.end = end;
                if own && !leads {
                    (range.start, behind) = (line, start);
                }
            }
        }
        self.copy_from(range, behind, out, "")
    }

    /// What stands in a range of the file, indented for where it comes to stand: behind what is written already, and a bracket.
    fn copy_to(&mut self, range: Range<usize>, out: &Written, open: &str) -> Written {
        let start = range.start;
        self.copy_from(range, start, out, open)
    }

    /// The same for what hangs behind the place `at`.
    fn copy_from(&mut self, range: Range<usize>, at: usize, out: &Written, open: &str) -> Written {
        let text = self.copy(&range);
        if text.is_one_line() {
            return text;
        }
        let file = self.site.text;
        let old = &file[file[..at].rfind('\n').map_or(0, |line| line + 1)..at];
        let new = match out.text.rfind(['\n', '\r']) {
            Some(line) => out.text[line + 1..].to_owned() + open,
            None => format!("{}{}{open}", self.layout.before, out.text),
        };
        shifted(&text, old, &new)
    }

    fn copy(&mut self, range: &Range<usize>) -> Written {
        self.copied.push(range.clone());
        self.original.copy(range)
    }

    /// Statements in the place of a metavariable that is one.
    fn statements(&mut self, nodes: &[Node], place: Node) -> Written {
        let (Some(first), Some(last)) = (nodes.first(), nodes.last()) else { return Written::default() };
        let text = self.site.text;
        let line = text[..first.start_byte()].rfind('\n').map_or(0, |at| at + 1);
        let theirs = leading_blanks(&text[line..]).trim_start_matches('\u{feff}');
        let template = self.template.text();
        let own = template[..place.start_byte()].rfind('\n').map_or(0, |at| at + 1);
        let to = self.indentation(leading_blanks(&template[own..]));
        self.copy(&(first.start_byte()..last.end_byte())).indented(theirs, &to)
    }
}

/// True for `x for x in y` that is all the arguments of a call, whose parentheses are its own.
fn is_bare_generator(node: Node) -> bool {
    node.kind() == "generator_expression" && node.parent().is_some_and(|parent| parent.kind() == "call")
}

/// True for what stands in a block.
pub(super) fn is_statement(node: Node) -> bool {
    node.parent().is_some_and(|parent| matches!(parent.kind(), "block" | "module"))
}
