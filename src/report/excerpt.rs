//! The line of a file that a finding is about, with a caret below the place.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use unicode_width::UnicodeWidthStr;

use crate::path::RepoPath;
use crate::report::escape;
use crate::report::look::{Ink, Look};

/// Columns that a line may take where the terminal does not say.
pub const WIDTH: usize = 120;

/// A larger file is not read to show a line of it.
const LARGEST: u64 = 16 << 20;

/// The files of a work tree, of which lines are shown; the last one that was asked for is kept.
#[derive(Debug)]
pub struct Files {
    top: PathBuf,
    last: RefCell<Option<(RepoPath, String)>>,
}

impl Files {
    /// The files below the top of a work tree.
    #[must_use]
    pub fn below(top: &Path) -> Self {
        Self { top: top.to_owned(), last: RefCell::new(None) }
    }

    /// The place in a file, counted from 1, as two lines of at most so many columns; empty where the file does not have it.
    #[must_use]
    pub fn excerpt(&self, look: Look, path: &RepoPath, (line, column): (u32, u32), columns: usize) -> String {
        let mut last = self.last.borrow_mut();
        let (_, text) = match last.take().filter(|(known, _)| known == path) {
            Some(known) => last.insert(known),
            None => last.insert((path.clone(), self.read(path))),
        };
        let found = lines(text).nth(line.saturating_sub(1) as usize);
        found.map_or_else(String::new, |text| excerpt(look, text, (line, column), columns))
    }

    /// The text of a file; of one that cannot be read there is nothing to show.
    fn read(&self, path: &RepoPath) -> String {
        let file = self.top.join(path.as_path());
        let is_small = file.symlink_metadata().is_ok_and(|meta| meta.is_file() && meta.len() <= LARGEST);
        let read = is_small.then(|| std::fs::read(&file).ok()).flatten();
        read.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }
}

/// The lines as Python counts them.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n').flat_map(|line| {
        let line = line.strip_suffix('\n').unwrap_or(line);
        line.strip_suffix('\r').unwrap_or(line).split('\r')
    })
}

/// `12 | x = old.f(1)`, and below it carets at a place of that line; where it is too long, what stands around the place.
fn excerpt(look: Look, text: &str, (line, column): (u32, u32), columns: usize) -> String {
    let chars: Vec<char> = text.chars().collect();
    let at = (column.saturating_sub(1) as usize).min(chars.len());
    let is_of_name = |c: &&char| c.is_alphanumeric() || **c == '_' || **c == '.';
    let length = chars[at..].iter().take_while(is_of_name).count().max(1);
    let shown = |part: &[char]| {
        let part: String = part.iter().collect();
        part.split('\t').map(|part| escape::line(part.as_bytes())).collect::<Vec<_>>().join("    ")
    };
    let gutter = line.to_string().len();
    let room = columns.saturating_sub(gutter + 6).max(20);
    let name = shown(&chars[at..chars.len().min(at + length)]);
    let name = if name.width() > room { name.chars().take(room / 2).collect() } else { name };
    // Of what stands before it the end is shown, of what follows the beginning.
    let mut first = 0;
    let before = loop {
        let before = format!("{}{}", if first > 0 { "..." } else { "" }, shown(&chars[first..at]));
        if before.width() + name.width() <= room || first >= at {
            break before;
        }
        first += (before.width() + name.width() - room).div_ceil(2).max(1);
        first = first.min(at);
    };
    let behind = shown(&chars[chars.len().min(at + length)..]);
    let room = room.saturating_sub(before.width() + name.width());
    let behind = if behind.width() > room {
        let cut: String = behind.chars().take(room.saturating_sub(3)).collect();
        if room < 3 { String::new() } else { cut + "..." }
    } else {
        behind
    };
    let carets = look.paint(Ink::Red, &"^".repeat(name.width().max(1)));
    let bar = look.paint(Ink::Dim, "|");
    let whole = format!("{before}{name}{behind}");
    let number = look.paint(Ink::Dim, &line.to_string());
    let (whole, indent) = (format!("{bar} {whole}"), " ".repeat(before.width()));
    format!("  {number} {}\n  {:gutter$} {bar} {indent}{carets}\n", whole.trim_end(), "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caret_stands_below_the_place_whatever_stands_before_it() {
        for (text, column, want) in [
            ("x = old.f(1)", 5, "  12 | x = old.f(1)\n     |     ^^^^^\n"),
            ("\told.f(1)", 2, "  12 |     old.f(1)\n     |     ^^^^^\n"),
            ("漢字 = old", 6, "  12 | 漢字 = old\n     |        ^^^\n"),
            ("x = (", 5, "  12 | x = (\n     |     ^\n"),
            ("x", 9, "  12 | x\n     |  ^\n"),
            ("", 1, "  12 |\n     | ^\n"),
            ("a\u{202e}b\x1b[2J", 3, "  12 | a\\u{202e}b\\x1b[2J\n     |          ^\n"),
        ] {
            assert_eq!(excerpt(Look::PLAIN, text, (12, column), 80), want, "{text:?}");
        }
    }

    #[test]
    fn of_a_long_line_the_place_is_shown() {
        let text = format!("{}old.f{}", "a + ".repeat(1000), " + b".repeat(1000));
        for columns in [0, 20, 60, 200] {
            let said = excerpt(Look::PLAIN, &text, (7, 4001), columns);
            let [line, carets] = said.lines().collect::<Vec<_>>()[..] else { panic!("{said}") };
            let at = carets.find('^').unwrap();
            assert_eq!(line.get(at..at + 5), Some("old.f"), "{columns}: {said}");
            assert!(line.width() <= columns.max(30), "{columns}: {said}");
        }
    }

    #[test]
    fn a_line_is_counted_as_python_does_and_one_that_is_not_there_shows_nothing() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.py"), b"one\r\ntwo\rthree\n\xff four").unwrap();
        let (files, path) = (Files::below(folder.path()), RepoPath::new("a.py").unwrap());
        for (line, want) in [(1, "one"), (2, "two"), (3, "three"), (4, "\u{fffd} four")] {
            assert!(files.excerpt(Look::PLAIN, &path, (line, 1), 80).contains(want), "{line}");
        }
        assert_eq!(files.excerpt(Look::PLAIN, &path, (5, 1), 80), "");
        assert_eq!(files.excerpt(Look::PLAIN, &RepoPath::new("none.py").unwrap(), (1, 1), 80), "");
    }
}
