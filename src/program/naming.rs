//! The dotted name by which Python knows a file.
//!
//! Nothing in a repository says for sure where names begin, so this goes by what is certain:
//! - A file in a regular package (its folder has an `__init__.py`) is named from the topmost folder of the unbroken chain of these.
//! - A file in none is named from the top of the repository, or from below the innermost folder `src` above it, which is no part of a
//!   name by convention.
//! - What the file itself imports tells better: an absolute import of what exists below a folder above the file shows that names begin
//!   with that folder, and a relative import that climbs higher than the name goes shows that they begin further up.
//!
//! The imports are seen line by line, so one in a docstring counts too.

use std::borrow::Cow;
use std::collections::BTreeSet;

/// The dotted name of the module in the file `path` (`/` between parts) that holds `text`, its last part `__init__` for a package's own
/// file; `None` when it is no Python file or a part is no identifier. `exists` tells whether there is a file or folder of a path.
#[must_use]
pub fn module_name(path: &[u8], text: &str, exists: impl Fn(&[u8]) -> bool) -> Option<String> {
    let Place { parts, mut start, regular, by_text } = Place::of(path, &exists)?;
    if by_text {
        let imported = Imported::of(text);
        let begins = |first: &usize| parts[*first..].iter().all(|part| is_identifier(part));
        let shown: BTreeSet<usize> = imported
            .names
            .iter()
            .flat_map(|name| beginnings(&parts, name, &exists))
            .filter(|at| *at <= regular)
            .filter(begins)
            .collect();
        // Where imports contradict each other, none is believed.
        if let (Some(first), 1) = (shown.first(), shown.len()) {
            start = *first;
        }
        while start > 0 && imported.level >= parts.len() - start && is_identifier(parts[start - 1]) {
            start -= 1;
        }
    }
    dotted_from(&parts[start..])
}

/// The same where the text has no say in it, `None` in it being what it is there; `None` where it has.
#[must_use]
pub fn name_by_place(path: &[u8], exists: impl Fn(&[u8]) -> bool) -> Option<Option<String>> {
    match Place::of(path, &exists) {
        Some(place) if place.by_text => None,
        place => Some(place.and_then(|place| dotted_from(&place.parts[place.start..]))),
    }
}

/// Where a file lies, and what that says of its name.
struct Place<'p> {
    /// The folders, and the file without its ending.
    parts: Vec<&'p str>,
    /// Where the name begins, unless the text says otherwise.
    start: usize,
    /// Where the regular packages begin.
    regular: usize,
    /// The text may say otherwise.
    by_text: bool,
}

impl<'p> Place<'p> {
    fn of(path: &'p [u8], exists: &impl Fn(&[u8]) -> bool) -> Option<Self> {
        let path = std::str::from_utf8(path).ok()?;
        let stem = path.strip_suffix(".py").or_else(|| path.strip_suffix(".pyi"))?;
        let parts: Vec<&str> = stem.split('/').collect();
        let file = parts.len() - 1;
        let is_package = |folders: usize| exists(format!("{}/__init__.py", parts[..folders].join("/")).as_bytes());
        let mut regular = file;
        while regular > 0 && is_package(regular) {
            regular -= 1;
        }
        let mut start = regular;
        if regular == file {
            let source = (1..=file).rev().find(|folders| parts[folders - 1] == "src" && !is_package(*folders));
            start = source.unwrap_or(0);
        }
        let by_text = file > 0 && (start > 0 || regular == file);
        Some(Self { parts, start, regular, by_text })
    }
}

fn dotted_from(parts: &[&str]) -> Option<String> {
    parts.iter().all(|part| is_identifier(part)).then(|| parts.join("."))
}

fn is_identifier(part: &str) -> bool {
    part.chars().all(|c| c == '_' || c.is_alphanumeric()) && !part.starts_with(|c: char| c.is_numeric())
}

/// The folders above a file with which the dotted `name` begins, when what it names exists there.
fn beginnings(parts: &[&str], name: &str, exists: &impl Fn(&[u8]) -> bool) -> Vec<usize> {
    let Some((first, rest)) = name.split_once('.') else { return Vec::new() };
    let folders = (0..parts.len() - 1).filter(|at| parts[*at] == first);
    let there = |at: &usize| {
        let path = format!("{}/{}", parts[..=*at].join("/"), rest.replace('.', "/"));
        exists(path.as_bytes()) || exists(format!("{path}.py").as_bytes())
    };
    folders.filter(there).collect()
}

/// What the lines of a text import.
#[derive(Debug, Default, PartialEq, Eq)]
struct Imported<'a> {
    /// Absolute names of more than one part.
    names: BTreeSet<Cow<'a, str>>,
    /// The most dots of a relative import.
    level: usize,
}

impl<'a> Imported<'a> {
    fn of(text: &'a str) -> Self {
        let mut found = Self::default();
        for line in text.lines().map(str::trim_start) {
            if let Some(list) = line.strip_prefix("import ") {
                found.names.extend(list.split([',', ';']).map(dotted).filter(|name| name.contains('.')).map(Into::into));
            }
            let Some((module, list)) = line.strip_prefix("from ").and_then(|rest| rest.split_once(" import")) else { continue };
            let name = module.trim();
            let rest = name.trim_start_matches('.');
            found.level = found.level.max(name.len() - rest.len());
            if rest.len() < name.len() || dotted(rest) != rest {
                continue;
            }
            if rest.contains('.') {
                found.names.insert(rest.into());
                continue;
            }
            let items =
                list.trim_start_matches([' ', '(']).split([',', ';', ')', '#']).map(dotted).filter(|item| !item.is_empty());
            found.names.extend(items.map(|item| format!("{rest}.{item}").into()));
        }
        found
    }
}

/// The dotted name that a text begins with.
fn dotted(text: &str) -> &str {
    let text = text.trim_start();
    &text[..text.find(|c: char| !(c == '_' || c == '.' || c.is_alphanumeric())).unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The name of a file in a repository that has these files, when its text is `text`.
    fn named(path: &str, text: &str, files: &[&str]) -> Option<String> {
        let exists = |path: &[u8]| {
            let path = std::str::from_utf8(path).unwrap();
            files.iter().any(|file| file.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
        };
        module_name(path.as_bytes(), text, exists)
    }

    #[test]
    fn a_module_is_named_from_its_topmost_package() {
        let files = ["src/app/__init__.py", "src/app/core/__init__.py", "src/q/x.py", "lib/src/__init__.py"];
        for (path, want) in [
            ("src/app/core/x.py", Some("app.core.x")),
            ("src/app/__init__.py", Some("app.__init__")),
            ("plain/space/x.py", Some("plain.space.x")),
            ("src/q/x.pyi", Some("q.x")),
            ("a/src/b/src/q/x.py", Some("q.x")),
            ("lib/src/q/x.py", Some("lib.src.q.x")),
            ("src/x.py", Some("x")),
            ("bin/my-tool.py", None),
            ("my-lib/src/x.py", Some("x")),
            ("README.md", None),
        ] {
            assert_eq!(named(path, "", &files).as_deref(), want, "{path}");
        }
    }

    #[test]
    fn what_a_file_imports_shows_where_its_name_begins() {
        let files = ["d/p/s/__init__.py", "d/p/s/z.py", "d/p/t.py", "src/p/x.py", "src/p/y.py", "bin/q/x.py", "bin/q/r/y.py"];
        for (path, text, want) in [
            ("d/p/s/z.py", "", "s.z"),
            ("d/p/s/z.py", "from . import y\nfrom .y import z\n", "s.z"),
            ("d/p/s/z.py", "def h():\n    from ..t import f\n", "p.s.z"),
            ("d/p/s/__init__.py", "from .. import t\n", "p.s.__init__"),
            ("d/p/s/z.py", "from ...p.t import f\n", "d.p.s.z"),
            ("d/p/s/z.py", "from ........ import f\n", "d.p.s.z"),
            ("d/p/s/z.py", "from p.t import f\n", "p.s.z"),
            ("d/p/s/z.py", "from p import (t, x)\n", "p.s.z"),
            ("d/p/s/z.py", "import os, p.t as t\n", "p.s.z"),
            ("d/p/s/z.py", "import p\nfrom p.o import f\nfrom p import o\n", "s.z"),
            ("d/p/s/z.py", "import p.t\nimport d.p.t\n", "s.z"),
            ("src/p/x.py", "from p.y import f\n", "p.x"),
            ("src/p/x.py", "from src.p.y import f\n", "src.p.x"),
            ("src/x.py", "from .p import f\n", "src.x"),
            ("bin/q/x.py", "import q.r.y\n", "q.x"),
            ("bin/q/x.py", "from bin.q import r\n", "bin.q.x"),
        ] {
            assert_eq!(named(path, text, &files).as_deref(), Some(want), "{path}: {text}");
        }
    }
}
