//! Places where the deprecated thing of a step is still used, and which of them the step takes away.
//!
//! A place counts only when the name there resolves to the deprecated thing. One that merely may be it, depending on how the program
//! runs or on what a star import brings, is undecided and listed apart. Nothing here does I/O.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::dotted::covers;
use crate::plan::{Rename, Rewrite};
use crate::python::builtins::is_builtin;
use crate::python::imports::Import;
use crate::python::names::{Meaning, Names, Use};
use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::python::syntax::ParseError;
use crate::rewrite::Step;
use crate::rewrite::docs::Markup;
use crate::rewrite::patches::{self, Patch};
use crate::rewrite::place::Place;

/// What a deprecated thing is used as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// It is imported.
    Import,
    /// It is read, called or inherited from.
    Use,
    /// A string literal names it.
    String,
    /// An example in documentation uses it.
    Doc,
}

impl Kind {
    /// The word for it in output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Use => "use",
            Self::String => "string",
            Self::Doc => "doc",
        }
    }
}

/// A place where something deprecated is, or may be, used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where it stands in the text.
    pub range: Range<usize>,
    /// What it is used as.
    pub kind: Kind,
    /// The qualified name of what is used.
    pub name: String,
    /// Of its first character, from 1.
    pub line: u32,
    /// Of its first character, in characters, from 1.
    pub column: u32,
    /// Of the character after it, from 1.
    pub end_line: u32,
    /// Of the character after it, in characters, from 1.
    pub end_column: u32,
}

impl Violation {
    /// A place of the text.
    #[must_use]
    pub fn at(source: &Source, range: Range<usize>, kind: Kind, name: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
            line: source.line(range.start),
            column: source.column(range.start),
            end_line: source.line(range.end),
            end_column: source.column(range.end),
            range,
        }
    }
}

/// What one look at a text finds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// In the order of the text.
    pub violations: Vec<Violation>,
    /// Places that may be violations, with the reason why that cannot be told; in the order of the text.
    pub undecided: Vec<(Violation, String)>,
}

/// The violations of a step, in the order of the text, without those that are undecided.
///
/// # Errors
/// [`ParseError`] when there is no tree in time.
pub fn violations(file: &Parsed, step: Step) -> Result<Vec<Violation>, ParseError> {
    look(file, step).map(|seen| seen.violations)
}

/// Looks for what a step deprecates. A file's own edits deprecate nothing; strings and examples count where the step changes them.
///
/// # Errors
/// [`ParseError`] when there is no tree in time.
pub fn look(file: &Parsed, step: Step) -> Result<Seen, ParseError> {
    let mut seen = among_names(file, step)?;
    let reach = step.reach();
    seen.add(file.source(), step, Kind::String, reach.in_strings(file)?);
    let examples = reach.in_docstrings(file, &|example| step.make_of_names(example))?;
    seen.add(file.source(), step, Kind::Doc, examples);
    let patches = patches::find(file, step)?;
    let stays = |seen: &Seen, patch: &Patch| {
        let apart = |known: &Violation| known.range.end <= patch.range.start || patch.range.end <= known.range.start;
        seen.violations.iter().all(apart) && seen.undecided.iter().all(|(known, _)| apart(known))
    };
    for patch in patches.into_iter().filter(|patch| stays(&seen, patch)).collect::<Vec<Patch>>() {
        let patched = Violation::at(file.source(), patch.range, Kind::String, patch.name);
        seen.undecided.push((patched, "it is patched here".to_owned()));
    }
    seen.undecided.sort_by_key(|(violation, _)| (violation.range.start, violation.range.end));
    Ok(seen)
}

/// Looks for what a step deprecates in the examples of a document.
#[must_use]
pub fn look_in_document(source: &Source, markup: Markup, step: Step) -> Seen {
    let mut seen = Seen::default();
    seen.add(source, step, Kind::Doc, step.reach().in_document(source, markup, &|example| step.make_of_names(example)));
    seen
}

impl Seen {
    /// True when nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.violations.is_empty() && self.undecided.is_empty()
    }

    /// Adds places beyond a text's names that are not there yet: what the step changes is a violation, what it leaves may be one.
    fn add(&mut self, source: &Source, step: Step, kind: Kind, places: Vec<Place>) {
        let name = match step {
            Step::Edits(_) => "",
            Step::Rename(rename) => &rename.from,
            Step::Rewrite(rewrite) => rewrite.pattern.deprecated().first().map_or("", String::as_str),
        };
        for place in places {
            let apart = |known: &Violation| known.range.end <= place.range.start || place.range.end <= known.range.start;
            let violation = Violation::at(source, place.range.clone(), kind, name);
            match place.left {
                Some(left) => self.undecided.push((violation, left.message)),
                None if self.violations.iter().all(apart) => self.violations.push(violation),
                None => {}
            }
        }
        self.violations.sort_by_key(|violation| (violation.range.start, violation.range.end));
        self.undecided.sort_by_key(|(violation, _)| (violation.range.start, violation.range.end));
    }
}

fn among_names(file: &Parsed, step: Step) -> Result<Seen, ParseError> {
    match step {
        Step::Edits(_) => Ok(Seen::default()),
        Step::Rename(rename) => renamed(file, rename),
        Step::Rewrite(rewrite) if rewrite.pattern.deprecated().is_empty() => matched(file, rewrite),
        Step::Rewrite(rewrite) => named(file, rewrite.pattern.deprecated()),
    }
}

/// Where what a rename renames is imported and used.
pub(super) fn renamed(file: &Parsed, rename: &Rename) -> Result<Seen, ParseError> {
    look_for(file, std::slice::from_ref(&rename.from), Some(rename))
}

/// Where a thing of one of these names, or one below it, is imported and used.
pub(super) fn named(file: &Parsed, deprecated: &[String]) -> Result<Seen, ParseError> {
    look_for(file, deprecated, None)
}

/// The same, for a rename by what it does.
fn look_for(file: &Parsed, deprecated: &[String], rename: Option<&Rename>) -> Result<Seen, ParseError> {
    let (source, names) = (file.source(), file.names()?);
    let mut all = Seen::default();
    for deprecated in deprecated {
        let mut finder = Finder { source, names, deprecated, rename, seen: Seen::default() };
        for import in &names.imports {
            finder.import(import);
        }
        for read in &names.uses {
            finder.read(read);
        }
        all.violations.extend(finder.seen.violations);
        all.undecided.extend(finder.seen.undecided);
    }
    all.violations.sort_by_key(|violation| (violation.range.start, violation.range.end));
    all.violations.dedup_by(|second, first| second.range == first.range);
    all.undecided.sort_by_key(|(violation, _)| (violation.range.start, violation.range.end));
    all.undecided.dedup_by(|(second, _), (first, _)| second.range == first.range);
    Ok(all)
}

/// Where a pattern fits that is about no name; it is called by its first line.
fn matched(file: &Parsed, rewrite: &Rewrite) -> Result<Seen, ParseError> {
    let name = rewrite.pattern.shown();
    let found = rewrite.pattern.find(file)?;
    let violation = |range: &Range<usize>| Violation::at(file.source(), range.clone(), Kind::Use, name);
    let ranges = found.matches.iter().chain(&found.nested).map(|found| &found.range).chain(&found.unsound);
    let mut violations: Vec<Violation> = ranges.map(violation).collect();
    violations.sort_by_key(|violation| (violation.range.start, violation.range.end));
    Ok(Seen { violations, undecided: Vec::new() })
}

struct Finder<'a> {
    source: &'a Source<'a>,
    names: &'a Names<'a>,
    deprecated: &'a str,
    rename: Option<&'a Rename>,
    seen: Seen,
}

impl Finder<'_> {
    fn found(&mut self, range: Range<usize>, kind: Kind, name: impl Into<String>) {
        self.seen.violations.push(Violation::at(self.source, range, kind, name));
    }

    fn undecided(&mut self, range: Range<usize>, kind: Kind, why: impl Into<String>) {
        self.seen.undecided.push((Violation::at(self.source, range, kind, self.deprecated), why.into()));
    }

    /// True for what lies below the old name and is the rename's own result.
    fn is_new(&self, name: &str) -> bool {
        covers(self.deprecated, name) && self.rename.is_some_and(|rename| !rename.is_old(name))
    }

    fn is_old(&self, name: &str) -> bool {
        covers(self.deprecated, name) && !self.is_new(name)
    }

    fn import(&mut self, import: &Import) {
        if let (true, Some(from)) = (import.star, &import.from) {
            if self.is_old(&from.module) {
                self.found(import.range.clone(), Kind::Import, from.module.clone());
            }
            return;
        }
        for item in &import.items {
            let imported = import.imported(item);
            if self.is_old(&imported) {
                self.found(item.name_range.clone(), Kind::Import, imported);
            } else if let Some(rest) = relative(&imported)
                && ends_with(self.deprecated, rest)
            {
                self.undecided(item.name_range.clone(), Kind::Import, "the package of this file is not known");
            }
        }
    }

    fn read(&mut self, read: &Use) {
        match self.names.means(read) {
            Meaning::Imported(whole) if !self.is_new(&whole) => {
                let root = read.root(&whole);
                if let Some(range) = reach(read, root, self.deprecated) {
                    self.found(range, Kind::Use, deeper(root, self.deprecated));
                }
            }
            Meaning::Several(wholes) => {
                let mut roots = wholes.iter().map(|whole| read.root(whole));
                if let Some(range) = roots.find_map(|root| reach(read, root, self.deprecated)) {
                    let why = format!("{} may also be something else here, depending on how the program runs", read.name);
                    self.undecided(range, Kind::Use, why);
                }
            }
            Meaning::Unbound { star: true } => {
                let stars: BTreeSet<&str> = self.stars(read.scope, read.name).collect();
                let brought = stars.into_iter().find_map(|module| {
                    let name = format!("{module}.{}", read.name);
                    // Few modules have a builtin of their own: it is meant where the rule names it.
                    if is_builtin(read.name) && !covers(&name, self.deprecated) {
                        return None;
                    }
                    let range = reach(read, &name, self.deprecated)?;
                    Some((range, format!("`from {module} import *` may bring {}", read.name)))
                });
                if let Some((range, why)) = brought {
                    self.undecided(range, Kind::Use, why);
                }
            }
            Meaning::Imported(_) | Meaning::Local | Meaning::Unbound { star: false } => {}
        }
    }

    /// The modules of which everything is imported where `name`, read in `scope`, is searched; a rename takes
    /// along what its own module brings.
    fn stars(&self, scope: usize, name: &str) -> impl Iterator<Item = &str> {
        let scopes: Vec<usize> = self.names.path(scope, name).collect();
        let stars = self.names.imports.iter().filter(move |import| import.star && scopes.contains(&import.scope));
        let modules = stars.filter_map(|import| import.from.as_ref()).map(|from| from.module.as_str());
        let takes_along = self.rename.is_some_and(Rename::may_be_module);
        modules.filter(move |module| !(takes_along && covers(self.deprecated, module)))
    }
}

/// The part of a use that names `deprecated`, when its first name stands for `root`.
fn reach(read: &Use, root: &str, deprecated: &str) -> Option<Range<usize>> {
    if covers(deprecated, root) {
        return Some(read.range.clone());
    }
    let mut rest = deprecated.strip_prefix(root)?;
    let mut attributes = read.attributes.iter();
    let mut end = read.range.end;
    while !rest.is_empty() {
        let (attribute, range) = attributes.next()?;
        rest = rest.strip_prefix('.')?.strip_prefix(attribute)?;
        if !(rest.is_empty() || rest.starts_with('.')) {
            return None;
        }
        end = range.end;
    }
    Some(read.range.start..end)
}

/// The longer one of two names of which one covers the other.
fn deeper<'n>(root: &'n str, deprecated: &'n str) -> &'n str {
    if covers(deprecated, root) { root } else { deprecated }
}

/// A name that is relative to an unknown package, without its dots.
fn relative(imported: &str) -> Option<&str> {
    imported.starts_with('.').then(|| imported.trim_start_matches('.'))
}

fn ends_with(whole: &str, part: &str) -> bool {
    whole.strip_suffix(part).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Places<'a> = &'a [(Kind, &'a str, &'a str)];

    /// The module of a file, its text, and the violations of `a.b.f` in it: kind, text and name; then the undecided.
    type Case<'a> = (Option<&'a str>, &'a str, Places<'a>, &'a [&'a str]);

    #[track_caller]
    fn check_all(cases: &[Case]) {
        for (module, text, want, undecided) in cases {
            let source = Source::new(text.as_bytes()).unwrap();
            let seen = named(&Parsed::new(&source, *module), &["a.b.f".into()]).unwrap();
            let got: Vec<_> =
                seen.violations.iter().map(|found| (found.kind, &text[found.range.clone()], found.name.as_str())).collect();
            assert_eq!(got, *want, "{text}");
            let got: Vec<&str> = seen.undecided.iter().map(|(found, _)| &text[found.range.clone()]).collect();
            assert_eq!(got, *undecided, "{text}");
        }
    }

    #[test]
    fn a_name_is_found_however_it_is_imported() {
        use Kind::{Import, Use};
        check_all(&[
            (None, "from a.b import f\nf()\n", &[(Import, "f", "a.b.f"), (Use, "f", "a.b.f")], &[]),
            (None, "from a.b import (g,\n    f as h)\nh.x\n", &[(Import, "f", "a.b.f"), (Use, "h", "a.b.f")], &[]),
            (None, "import a.b\na.b.f(a.b.g)\n", &[(Use, "a.b.f", "a.b.f")], &[]),
            (None, "import a.b as c\n@c.f\ndef x(): pass\n", &[(Use, "c.f", "a.b.f")], &[]),
            (None, "from a import b\nclass A(b.f.C): pass\n", &[(Use, "b.f", "a.b.f")], &[]),
            (Some("a.c"), "from .b import f\nf\n", &[(Import, "f", "a.b.f"), (Use, "f", "a.b.f")], &[]),
            (
                Some("a.__init__"),
                "def g():\n    from .b import f\n    return f\nf\n",
                &[(Import, "f", "a.b.f"), (Use, "f", "a.b.f")],
                &[],
            ),
            (None, "import a.b.f\na.b.f.g()\n", &[(Import, "a.b.f", "a.b.f"), (Use, "a.b.f", "a.b.f")], &[]),
            (None, "from a.b.f import g\ng()\n", &[(Import, "g", "a.b.f.g"), (Use, "g", "a.b.f.g")], &[]),
            (None, "from a.b.f import *\n", &[(Import, "from a.b.f import *", "a.b.f")], &[]),
            (None, "import a\nm = a.b\nm.f.x()\n", &[(Use, "m.f", "a.b.f")], &[]),
            (
                None,
                "from a import b\nmake = b.f\nmake.x\ndef g(x: 'b.f'): pass\n",
                &[(Use, "b.f", "a.b.f"), (Use, "make", "a.b.f"), (Use, "b.f", "a.b.f")],
                &[],
            ),
        ]);
    }

    #[test]
    fn what_merely_looks_like_it_is_not_found() {
        check_all(&[
            (None, "def f(): pass\nf()\n", &[], &[]),
            (None, "from a.c import f\nf()\n", &[], &[]),
            (None, "from a.b import g\nx.f(g.f)\n", &[], &[]),
            (None, "import a.bf\na.bf.f()\n", &[], &[]),
            (None, "# from a.b import f\n'''\nfrom a.b import f\n'''\n", &[], &[]),
            (Some("x.y"), "from .b import f\nf()\n", &[], &[]),
        ]);
    }

    #[test]
    fn what_may_be_it_is_listed_apart() {
        check_all(&[
            (
                None,
                "try:\n    from a.b import f\nexcept ImportError:\n    f = None\nf\n",
                &[(Kind::Import, "f", "a.b.f")],
                &["f"],
            ),
            (None, "from a.b import *\nf()\ng()\n", &[], &["f"]),
            (None, "from a import *\nb.f()\n", &[], &["b.f"]),
            (None, "from .b import f\nf()\n", &[], &["f"]),
            (None, "from z import *\nf()\n", &[], &[]),
        ]);
    }

    #[test]
    fn what_a_rule_without_names_fits_and_cannot_rewrite_is_a_violation() {
        let rule = "{before: 'old($A)', after: 'new($A, $A)'}";
        let text =
            format!("version: 1\nname: x\nissue: y\nrules: {{r: {{rewrite: {rule}}}}}\nphases: [{{id: P0, files: [a.py]}}]\n");
        let plan = crate::plan::load::parse("x", text.as_bytes()).unwrap_or_else(|found| panic!("{}", found.render(false, 100)));
        let crate::plan::RuleKind::Rewrite(rule) = &plan.rules[0].kind else { panic!("no rewrite") };
        let source = Source::new(b"old(next(it))\nold(a)\n").unwrap();
        let seen = look(&Parsed::new(&source, None), Step::Rewrite(rule)).unwrap();
        assert_eq!(seen.violations.iter().map(|found| found.line).collect::<Vec<u32>>(), [1, 2]);
    }

    #[test]
    fn places_count_characters_and_lines() {
        let source = Source::new("from a.b import f\nx = 'é', f\n".as_bytes()).unwrap();
        let seen = named(&Parsed::new(&source, None), &["a.b.f".into()]).unwrap();
        let place = |found: &Violation| (found.line, found.column, found.end_line, found.end_column);
        assert_eq!(seen.violations.iter().map(place).collect::<Vec<_>>(), [(1, 17, 1, 18), (2, 10, 2, 11)]);
    }
}
