//! Where one name is used, found without parsing what cannot bear on it; the same as a look at the whole file would find, or nothing
//! where that is not sure.

use std::slice;

use crate::dotted::covers;
use crate::python::imports::Import;
use crate::python::names::Names;
use crate::python::parsed::Parsed;
use crate::python::skim::{Skim, Word};
use crate::python::source::Source;
use crate::python::syntax::{ParseError, SyntaxProblem};
use crate::rewrite::Step;
use crate::rewrite::error::{Problem, RewriteError};
use crate::rewrite::strings::may_patch;
use crate::rewrite::violation::{Seen, named};

/// What [`crate::rewrite::violation::look`] would find for a step; `None` where only the whole file can tell.
///
/// # Errors
/// [`ParseError`] when even what bears on it cannot be parsed in time.
pub fn glance(file: &Parsed, step: Step) -> Result<Option<Seen>, ParseError> {
    glances(file, &[step]).map(|mut seen| seen.pop().flatten())
}

/// The same for several steps, which cost no more than one.
///
/// # Errors
/// [`ParseError`] when even what bears on them cannot be parsed in time.
pub fn glances(file: &Parsed, steps: &[Step]) -> Result<Vec<Option<Seen>>, ParseError> {
    let text = file.source().text();
    // What patches a name has it in a string.
    let asked: Vec<&[String]> =
        steps.iter().map(|step| by_name(step).filter(|names| !may_patch(text, names)).unwrap_or_default()).collect();
    let nothing = || Ok(vec![None; steps.len()]);
    if asked.iter().all(|names| names.is_empty()) {
        return nothing();
    }
    let Some((skim, lines)) = Skim::new(text).and_then(|skim| skim.imports().map(|lines| (skim, lines))) else {
        return nothing();
    };
    let Ok(source) = Source::prose(lines.as_bytes()) else { return nothing() };
    let imports = file.again(&source);
    let found = &imports.names()?.imports;
    if found.iter().any(|import| import.star) {
        return nothing();
    }
    let of = |names: &[String]| -> Vec<Word> {
        names.iter().flat_map(|name| found.iter().flat_map(move |import| words(import, name))).collect()
    };
    let bound: Vec<Vec<Word>> = asked.iter().map(|names| of(names)).collect();
    if skim.is_plain() && bound.iter().all(Vec::is_empty) && !imports.tree()?.root_node().has_error() {
        // Where nothing of them is imported, the imports tell all there is.
        let of = |names: &&[String]| Ok((!names.is_empty()).then(|| named(&imports, names)).transpose()?.filter(Seen::is_empty));
        let seen: Vec<Option<Seen>> = asked.iter().map(of).collect::<Result<_, ParseError>>()?;
        if seen.iter().zip(&asked).all(|(seen, names)| seen.is_some() || names.is_empty()) {
            return Ok(seen);
        }
    }
    let shown = skim.only(&bound.concat());
    let lines = shown.imports;
    let reduced = file.again(file.source()).showing(shown);
    if reduced.tree()?.root_node().has_error() {
        return nothing();
    }
    let names = reduced.names()?;
    // One that was overlooked among the imports shows here.
    if names.imports.len() != lines {
        return nothing();
    }
    let tells = |(asked, bound): (&&[String], &Vec<Word>)| !asked.is_empty() && !depends_on_others(names, bound);
    asked.iter().zip(&bound).map(|both| tells(both).then(|| named(&reduced, both.0)).transpose()).collect()
}

/// The names that a step is about, where it is about nothing but names.
fn by_name<'s>(step: &Step<'s>) -> Option<&'s [String]> {
    match step {
        Step::Rename(rename) if !(rename.strings || rename.docs || covers(&rename.from, &rename.to)) => {
            Some(slice::from_ref(&rename.from))
        }
        Step::Rewrite(rewrite) if !(rewrite.strings || rewrite.docs) => Some(rewrite.pattern.deprecated()),
        Step::Edits(_) | Step::Rename(_) | Step::Rewrite(_) => None,
    }
}

/// What keeps one from telling that a text holds no more of what a step deprecates than is found there; `None` where nothing does.
///
/// # Errors
/// [`ParseError`] when there is no tree in time.
pub fn hidden(file: &Parsed, step: Step) -> Result<Option<RewriteError>, ParseError> {
    if matches!(step, Step::Edits(_)) || !file.tree()?.root_node().has_error() || glance(file, step)?.is_some() {
        return Ok(None);
    }
    if let Some(unread) = file.unread()? {
        return Ok(Some(RewriteError::at(file.source(), unread.at, Problem::Unread(unread))));
    }
    let invalid = |SyntaxProblem { line, column, message }: &SyntaxProblem| {
        let kind = Problem::Invalid(message.clone());
        RewriteError { line: *line, column: *column, ..RewriteError::at(file.source(), 0, kind) }
    };
    Ok(file.problems().first().map(invalid))
}

/// The names that an import binds to `deprecated`, or to something above or below it.
fn words(import: &Import, deprecated: &str) -> impl Iterator<Item = Word> {
    import.items.iter().filter_map(move |item| {
        let (name, bound) = (item.local().to_owned(), import.bound(item));
        if covers(deprecated, &bound) {
            return Some(Word { name, attribute: None });
        }
        let rest = deprecated.strip_prefix(&bound)?.strip_prefix('.')?;
        let attribute = rest.split('.').next().map(str::to_owned);
        Some(Word { name, attribute })
    })
}

/// True when another name is assigned one of the words, or when a string holds one of which it is not plain whether it is an annotation.
fn depends_on_others(names: &Names, words: &[Word]) -> bool {
    let is_word = |name: &str| words.iter().any(|word| word.name == name);
    let mut bindings = names.scopes.iter().flat_map(|scope| scope.bindings.values()).flatten();
    bindings.any(|binding| binding.alias.is_some_and(|read| is_word(names.uses[read].name)))
        || names.quoted.iter().any(|word| is_word(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Rename;
    use crate::rewrite::violation::look;

    /// Whether a glance tells all there is; it never tells anything else than a look.
    #[track_caller]
    fn tells(text: &str) -> bool {
        let rename = Rename { from: "a.b.f".into(), to: "a.b.g".into(), ..Rename::default() };
        let source = Source::new(text.as_bytes()).unwrap();
        let file = Parsed::new(&source, Some("a.c"));
        let whole = look(&file, Step::Rename(&rename)).unwrap();
        let seen = glance(&file, Step::Rename(&rename)).unwrap();
        assert!(seen.as_ref().is_none_or(|seen| *seen == whole), "{text}: {seen:?} is not {whole:?}");
        seen.is_some()
    }

    #[test]
    fn a_glance_finds_what_a_look_finds() {
        for text in [
            "from a.b import f\nx = 1\nf(x)\n",
            "from a.b import f as h\ndef g(h):\n    x = 1\n    return h\nh.x\n",
            "import a.b\nimport a.x\na.x.y()\na.b.f()\na.b.k\na = 1\n",
            "import a.b as m\ndef g():\n    m = 1\n    m.f()\nm.k\nm.f\n",
            "from .b import f\nfrom . import b\nclass A(b.f):\n    '''import f'''\n    x = 1\n",
            "try:\n    from a.b import f\nexcept ImportError:\n    f = None\nf()\n",
            "def g():\n    global f\n    from a.b import f\n    k = 2\nk = 3\nprint(f)\n",
            "from a.b import f\ndef g(x: 'f', y: list['f']) -> 'f':\n    z: 'f' = x\n",
            "from a.b import f\nfrom typing import Literal\nx: Literal['f'] = 'f'\n",
            "\u{feff}f(α)\nfrom a.b import f\nx = 1\n",
            "α = 1\nfrom a.b import f\n名 = g(f)\nif f:\n    𝐱 = 'é'\n    f('α')\n",
            "x = [f for f in y]\nfrom a.b import (f)\nif f:\n    pass\nelif g:\n    f\n",
            "from x import f\nf()\n",
        ] {
            assert!(tells(text), "{text}");
        }
    }

    #[test]
    fn what_is_broken_hides_more_only_where_it_is_not_told_what_it_is() {
        for (text, hides) in [
            ("x = [1, 2\nfrom a.b import f\nf()\n", Some(1)),
            ("x = '''\nfrom a.b import f\n", Some(1)),
            ("'''\nimport a.b\na.b.f()\n", Some(1)),
            ("def g(:\n  import a.b as m; m.f()\n", Some(1)),
            ("from a.b import *\n€ = 2\nf()\n", Some(2)),
            ("from a.b import *\ndef g():\n    (c.\nd)\n", Some(3)),
            ("from a.b import f\n€ = 2\nf()\n", None),
            ("x = (c.\nd)\nfrom a.b import f\n", None),
            ("print 'f'\nfrom a.b import *\n", None),
        ] {
            let rename = Rename { from: "a.b.f".into(), to: "a.b.g".into(), ..Rename::default() };
            let source = Source::new(text.as_bytes()).unwrap();
            let hidden = hidden(&Parsed::new(&source, Some("a.c")), Step::Rename(&rename)).unwrap();
            assert_eq!(hidden.map(|error| error.line), hides, "{text}");
        }
    }

    #[test]
    fn a_glance_leaves_to_a_look_what_it_cannot_tell() {
        for text in [
            "from a.b import *\nf()\n",
            "from a.b import f\nk = f\nk()\n",
            "import a\nm = a.b\nm.f()\n",
            "x = 1; from a.b import f\n",
            "from a.b import f\nL = x.y\nz: L['f']\n",
            "from a.b import f\nprint f\n)\n",
        ] {
            assert!(!tells(text), "{text}");
        }
    }
}
