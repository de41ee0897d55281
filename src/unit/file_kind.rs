//! What a file is: Python, and of which module; a document, and how it is written; or neither. Every command asks here.
//!
//! The name tells, and where it has no ending the first line: a script that starts Python is Python.

use std::path::Path;

use crate::path::RepoPath;
use crate::program::naming::module_name;
use crate::rewrite::Step;
use crate::rewrite::docs::Markup;

/// The endings of files that Python reads.
const PYTHON: [&[u8]; 2] = [b".py", b".pyi"];
/// The endings of documents that can show Python.
const DOCUMENTS: [(&[u8], Markup); 3] = [(b".md", Markup::Markdown), (b".markdown", Markup::Markdown), (b".rst", Markup::Rst)];
/// No system reads a longer first line of a script.
const LONGEST_FIRST_LINE: usize = 512;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// Python reads it.
    Python,
    /// Text that can show Python.
    Document(Markup),
    /// Neither: only edits and commands can change it.
    Other,
}

impl FileKind {
    /// What the file at `path` is that holds these bytes, or at least begins with them.
    #[must_use]
    pub fn of(path: &RepoPath, bytes: &[u8]) -> Self {
        Self::by_name(path.as_bytes()).unwrap_or_else(|| if starts_python(bytes) { Self::Python } else { Self::Other })
    }

    /// What a file is by its name; `None` where only its first line tells.
    #[must_use]
    pub fn by_name(path: &[u8]) -> Option<Self> {
        if PYTHON.iter().any(|ending| path.ends_with(ending)) {
            return Some(Self::Python);
        }
        if let Some((_, markup)) = DOCUMENTS.iter().find(|(ending, _)| path.ends_with(ending)) {
            return Some(Self::Document(*markup));
        }
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
        let has_ending = name.iter().skip(1).any(|byte| *byte == b'.');
        has_ending.then_some(Self::Other)
    }

    /// How it is written, where it is a document.
    #[must_use]
    pub fn markup(self) -> Option<Markup> {
        match self {
            Self::Document(markup) => Some(markup),
            Self::Python | Self::Other => None,
        }
    }

    /// True when the step looks at files of this kind.
    #[must_use]
    pub fn is_read_by(self, step: &Step) -> bool {
        let docs = match step {
            Step::Edits(_) => return true,
            Step::Rename(rename) => rename.docs,
            Step::Rewrite(rewrite) => rewrite.docs,
        };
        match self {
            Self::Python => true,
            Self::Document(_) => docs,
            Self::Other => false,
        }
    }
}

/// True for a script whose first line names Python.
fn starts_python(bytes: &[u8]) -> bool {
    let Some(rest) = bytes.strip_prefix(b"#!") else { return false };
    let line = rest.split(|byte| *byte == b'\n').next().unwrap_or(rest);
    let line = String::from_utf8_lossy(&line[..line.len().min(LONGEST_FIRST_LINE)]);
    let mut words = line.split_whitespace().map(|word| word.rsplit('/').next().unwrap_or(word));
    let is_option = |word: &&str| word.starts_with('-') || word.contains('=');
    let mut program = words.next();
    if program == Some("env") {
        program = words.find(|word| !is_option(word));
    }
    match program {
        Some("uv") => words.next() == Some("run"),
        Some(program) => ["python", "pypy"].iter().any(|name| {
            program.strip_prefix(name).is_some_and(|version| version.bytes().all(|byte| byte == b'.' || byte.is_ascii_digit()))
        }),
        None => false,
    }
}

/// The dotted name of the module at `path` that holds `text`, for relative imports; `top` is the top of the work tree.
#[must_use]
pub fn module_of(top: &Path, path: &RepoPath, text: &str) -> Option<String> {
    module_name(path.as_bytes(), text, |other| {
        RepoPath::new(other).is_ok_and(|other| other.below(top).symlink_metadata().is_ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Rename;

    #[test]
    fn a_file_is_what_its_ending_says_or_else_its_first_line() {
        use FileKind::{Document, Other, Python};
        for (path, bytes, want) in [
            ("a.py", "", Python),
            ("a.pyi", "#!/bin/sh\n", Python),
            ("a.pyx", "", Other),
            ("a.md", "", Document(Markup::Markdown)),
            ("a.markdown", "", Document(Markup::Markdown)),
            ("a.rst", "", Document(Markup::Rst)),
            ("a.ipynb", "{}", Other),
            ("setup.cfg", "#!/usr/bin/python\n", Other),
            ("a.py/tool", "import os\n", Other),
            ("bin/tool", "#!/usr/bin/python\nimport os\n", Python),
            ("bin/tool", "#! /usr/bin/env python3.12\r\n", Python),
            ("bin/tool", "#!/usr/bin/env -S A=1 python3 -u\n", Python),
            ("bin/tool", "#!/usr/bin/env -S uv run --script\n", Python),
            ("bin/tool", "#!/opt/pypy3", Python),
            ("bin/tool", "#!/bin/sh python\n", Other),
            ("bin/tool", "#!/usr/bin/pythonista\n", Other),
            ("bin/tool", "#!/usr/bin/env\n", Other),
            ("bin/tool", "#!\npython\n", Other),
            ("bin/tool", " #!/usr/bin/python\n", Other),
            (".pythonrc", "#!/usr/bin/python\n", Python),
            ("LICENSE", "", Other),
            ("b\u{e9}.d/tool", "#!python3\n", Python),
        ] {
            assert_eq!(FileKind::of(&RepoPath::new(path).unwrap(), bytes.as_bytes()), want, "{path} {bytes:?}");
        }
    }

    #[test]
    fn a_rule_reads_documents_only_when_it_says_so_and_edits_read_any_text() {
        for (kind, docs, rule, edits) in [
            (FileKind::Python, false, true, true),
            (FileKind::Document(Markup::Rst), false, false, true),
            (FileKind::Document(Markup::Rst), true, true, true),
            (FileKind::Other, true, false, true),
        ] {
            let rename = Rename { docs, ..Rename::default() };
            let read = (kind.is_read_by(&Step::Rename(&rename)), kind.is_read_by(&Step::Edits(&[])));
            assert_eq!(read, (rule, edits), "{kind:?} {docs}");
        }
    }
}
