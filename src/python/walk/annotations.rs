//! Names in annotations that are strings, and in type comments: uses like any other where their place in the text is exact.
//!
//! Where it is not, or where a string may not be an annotation at all, its words are kept apart in `Names::quoted`. Strings below a
//! generic of `typing` are such annotations wherever they stand; [`super::typed`] finds those that its functions take.

use std::ops::Range;

use tree_sitter::Node;

use crate::python::builtins::is_builtin;
use crate::python::grammar::{Kind, kind_of};
use crate::python::names::{Meaning, ScopeKind, Use};
use crate::python::walk::finish::bound_from;
use crate::python::walk::{Job, Mode, Quotes, Walk};

/// What the strings below a generic are.
enum Strings {
    Names,
    Values,
    Unknown,
}

/// A dotted name in a piece of text.
type Chain<'a> = Vec<(&'a str, Range<usize>)>;

impl<'a, 't> Walk<'a, 't, '_> {
    /// A string in an annotation; what it is, is known when all imports are.
    pub(super) fn annotation(&mut self, job: Job<'t>) {
        self.strings.push((job.node, job.scope, job.quotes.unwrap_or_default()));
        self.push_children(Job { quotes: None, ..job }, Mode::Load);
    }

    /// `list["A"]`, in an annotation or elsewhere.
    pub(super) fn generic(&mut self, job: Job<'t>) {
        let base = Some(job.node.start_byte());
        let mut quotes = Quotes { base, later: false, value: job.quotes.is_none_or(|quotes| quotes.value) };
        let Self { cursor, jobs, .. } = self;
        let children = job.node.named_children(cursor).filter(|child| kind_of(*child) != Kind::Comment);
        for (index, child) in children.enumerate() {
            if index == 0 {
                jobs.push(job.on(child, Mode::Load));
                continue;
            }
            if kind_of(child) != Kind::TypeParameter {
                jobs.push(Job { quotes: Some(quotes), ..job.on(child, Mode::Load) });
                quotes.later = true;
                continue;
            }
            let mut inner = child.walk();
            for argument in child.named_children(&mut inner).filter(|argument| kind_of(*argument) != Kind::Comment) {
                jobs.push(Job { quotes: Some(quotes), ..job.on(argument, Mode::Load) });
                quotes.later = true;
            }
        }
    }

    /// Makes uses of the names in strings of annotations.
    pub(super) fn read_strings(&mut self, root: Node) {
        self.find_typed();
        let mut found = Vec::new();
        for (node, scope, quotes) in std::mem::take(&mut self.strings) {
            let whole = self.text_of(node);
            let below = self.strings_below(quotes);
            let chains = plain_content(node, self.text).and_then(|range| chains(self.text, range));
            match (below, chains) {
                (Strings::Values, _) => {}
                (Strings::Names, Some(chains)) => found.extend(chains.into_iter().map(|chain| (scope, chain))),
                (Strings::Unknown, None) if quotes.value => {}
                _ => self.words(whole.trim_start_matches(|c: char| c.is_alphabetic())),
            }
        }
        self.add(root, found);
    }

    /// The thing of `typing` that a name stands for which is one of several things; whether it is that, whichever is imported.
    pub(super) fn of_typing(&self, read: &Use, choices: &[String]) -> Option<(String, bool)> {
        let first = choices.iter().find(|choice| is_typing(split(choice).0))?;
        let same = |choice: &String| is_typing(split(choice).0) && split(choice).1 == split(first).1;
        let owner = self.names.resolve(read.scope, read.name);
        let bindings = owner.and_then(|owner| self.names.scopes[owner].bindings.get(read.name))?;
        Some((first.clone(), choices.iter().all(same) && bindings.iter().all(|binding| binding.import.is_some())))
    }

    fn strings_below(&self, quotes: Quotes) -> Strings {
        let Some(base) = quotes.base else { return Strings::Names };
        let other = if quotes.value { Strings::Values } else { Strings::Unknown };
        let Ok(at) = self.names.uses.binary_search_by_key(&base, |read| read.range.start) else { return other };
        let read = &self.names.uses[at];
        let meaning = self.names.means(read);
        let (whole, bound) = match &meaning {
            Meaning::Imported(whole) => (whole.clone(), true),
            Meaning::Unbound { .. } => (read.qualified(read.name), false),
            Meaning::Several(choices) => match self.of_typing(read, choices) {
                Some((whole, true)) => (whole, true),
                Some(_) => return Strings::Unknown,
                None => return other,
            },
            Meaning::Local => return other,
        };
        let (module, last) = split(&whole);
        match (last, quotes.later) {
            ("Literal", _) | ("Annotated", true) => Strings::Values,
            _ if is_typing(module) || matches!(module, "collections" | "collections.abc") => Strings::Names,
            _ if module.is_empty() && is_builtin(last) => Strings::Names,
            _ if bound => other,
            _ => Strings::Unknown,
        }
    }

    /// Makes uses of the names in type comments that follow a statement on its line.
    pub(super) fn read_type_comments(&mut self, root: Node) {
        const MARK: &str = "# type:";
        let mut found = Vec::new();
        let mut order: Vec<usize> = (0..self.bodies.len()).filter(|scope| !self.bodies[*scope].is_empty()).collect();
        order.sort_by_key(|scope| self.bodies[*scope].start);
        for node in comments(root, &memchr::memmem::find_iter(self.text.as_bytes(), MARK).collect::<Vec<_>>()) {
            let at = node.start_byte();
            let content = &self.text[at + MARK.len()..node.end_byte()];
            let content = &content[..content.find('#').unwrap_or(content.len())];
            if content.trim_start().starts_with("ignore") {
                continue;
            }
            let line = self.text[..at].rfind(['\n', '\r']).map_or(0, |end| end + 1);
            let code = self.text[line..at].trim_end();
            let statement = !code.is_empty() && !code.ends_with([',', '(', '[', '{', ':', '\\']);
            let start = at + MARK.len();
            let chains = statement.then(|| chains(self.text, start..start + content.len())).flatten();
            let scope = self.scope_at(&order, line + code.len().saturating_sub(1));
            match chains {
                Some(chains) => found.extend(chains.into_iter().map(|chain| (scope, chain))),
                None => self.words(content),
            }
        }
        self.add(root, found);
    }

    /// The innermost module, class or function whose statements hold a place of the text; `order` has the scopes that have
    /// statements, by where these start.
    fn scope_at(&self, order: &[usize], at: usize) -> usize {
        let last = order.partition_point(|scope| self.bodies[*scope].start <= at).checked_sub(1);
        let mut scope = last.map_or(0, |last| order[last]);
        while let (false, Some(parent)) = (self.bodies[scope].contains(&at), self.names.scopes[scope].parent) {
            scope = parent;
        }
        scope
    }

    fn add(&mut self, root: Node, found: Vec<(usize, Chain<'a>)>) {
        for (mut scope, chain) in found {
            let mut parts = chain.into_iter();
            let Some((name, range)) = parts.next() else { continue };
            let own = &self.names.scopes[scope];
            if let (ScopeKind::Class, Some(bindings)) = (own.kind, own.bindings.get(name)) {
                // Type checkers find what the class gives a value, and `get_type_hints` what the module does.
                if bindings.iter().any(|binding| !binding.unbinds && bound_from(root, binding).is_some()) {
                    self.names.quoted.insert(name);
                    continue;
                }
                scope = 0;
            }
            self.names.uses.push(Use {
                scope,
                name,
                range,
                attributes: parts.collect(),
                called: false,
                quoted: true,
                target: false,
            });
        }
    }

    fn words(&mut self, text: &'a str) {
        let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        self.names.quoted.extend(words.filter(|word| !word.is_empty()));
    }
}

/// All that stands before the last part of a dotted name, and that part.
pub(super) fn split(dotted: &str) -> (&str, &str) {
    dotted.rsplit_once('.').unwrap_or(("", dotted))
}

/// True for a module whose generics and functions take annotations.
pub(super) fn is_typing(module: &str) -> bool {
    matches!(module, "typing" | "typing_extensions")
}

/// The comments that start at these places, which are in order; a place where none starts is passed over.
fn comments<'t>(root: Node<'t>, places: &[usize]) -> Vec<Node<'t>> {
    let mut found = Vec::new();
    let mut places = places.iter().copied().peekable();
    let mut cursor = root.walk();
    loop {
        let node = cursor.node();
        while places.next_if(|at| *at < node.start_byte()).is_some() {}
        let Some(at) = places.peek().copied() else { return found };
        if kind_of(node) == Kind::Comment && node.start_byte() == at {
            found.push(node);
        } else if at < node.end_byte() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return found;
            }
        }
    }
}

/// Where the characters of a string stand that has no escapes and no prefix that changes them.
fn plain_content(string: Node, text: &str) -> Option<Range<usize>> {
    let mut cursor = string.walk();
    let [start, content, _] = string.named_children(&mut cursor).collect::<Vec<_>>()[..] else { return None };
    let prefix = text[start.byte_range()].trim_end_matches(['"', '\'']);
    let plain = kind_of(content) == Kind::StringContent && content.named_child_count() == 0;
    (plain && matches!(prefix, "" | "u" | "U" | "r" | "R")).then(|| content.byte_range())
}

/// The dotted names of a type expression; `None` where the text is anything else.
fn chains(text: &str, range: Range<usize>) -> Option<Vec<Chain<'_>>> {
    let mut scan = Scan { text: &text[..range.end], at: range.start };
    let mut found = Vec::new();
    let mut open = Vec::new();
    // True where an operand has ended and only an operator can follow.
    let mut ended = false;
    loop {
        scan.skip_blanks();
        let Some(next) = scan.peek() else { break };
        match next {
            '[' | '(' if next == '[' || !ended => {
                open.push(if next == '[' { ']' } else { ')' });
                ended = false;
            }
            ']' | ')' if open.last() == Some(&next) => {
                open.pop();
                ended = true;
            }
            ',' | '|' if ended => ended = false,
            '*' | '-' if !ended => {}
            '.' if !ended && scan.rest().starts_with("...") => {
                scan.at += 3;
                ended = true;
                continue;
            }
            '0'..='9' if !ended => {
                while scan.peek().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
                    scan.at += 1;
                }
                ended = true;
                continue;
            }
            c if !ended && (c == '_' || c.is_alphabetic()) => {
                found.extend(scan.chain()?);
                ended = true;
                continue;
            }
            _ => return None,
        }
        scan.at += next.len_utf8();
    }
    (open.is_empty() && (ended || found.is_empty())).then_some(found)
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn word(&mut self) -> Option<(&'a str, Range<usize>)> {
        let (start, rest) = (self.at, self.rest());
        let len = rest.find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(rest.len());
        let word = &rest[..len];
        self.at += len;
        (!word.is_empty() && !word.starts_with(|c: char| c.is_numeric())).then_some((word, start..start + len))
    }

    /// A dotted name, none for a constant; `None` where it is no name at all.
    fn chain(&mut self) -> Option<Option<Chain<'a>>> {
        let first = self.word()?;
        if matches!(first.0, "None" | "True" | "False") {
            return Some(None);
        }
        let keyword =
            matches!(first.0, "and" | "or" | "not" | "if" | "else" | "in" | "is" | "for" | "lambda" | "await" | "yield");
        let mut chain = vec![first];
        loop {
            let end = self.at;
            self.skip_blanks();
            if self.peek() != Some('.') || self.rest().starts_with("...") {
                self.at = end;
                return (!keyword).then_some(Some(chain));
            }
            self.at += 1;
            self.skip_blanks();
            chain.push(self.word()?);
        }
    }
}
