//! Why places stay, by cause: what `migrate scan --by-reason` prints.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::sync::LazyLock;

use regex::Regex;

use crate::path::RepoPath;
use crate::report::error::unless_closed;
use crate::report::escape;
use crate::report::look::{Ink, Look};
use crate::scan::{Fate, Place, Scan};

/// The places of one cause.
struct Cause<'s> {
    /// Where the first of them is.
    at: String,
    /// None of a file that could not be read.
    places: usize,
    files: BTreeSet<&'s RepoPath>,
    help: Option<&'s str>,
}

/// Writes each reason for which places are not changed, or may be none, once: how many places and files it holds for, where the first of
/// them is, and what to do. The most frequent comes first. A reader that went away is no error.
///
/// # Errors
/// What the stream says.
pub fn write(out: &mut dyn Write, look: Look, scan: &Scan) -> io::Result<()> {
    unless_closed(out.write_all(text(look, scan).as_bytes()).and_then(|()| out.flush()))
}

fn text(look: Look, scan: &Scan) -> String {
    let mut causes: BTreeMap<String, Cause> = BTreeMap::new();
    let mut add = |reason: String, path, place: Option<&Place>, help| {
        let at = place.map_or_else(
            || format!("{path}"),
            |Place { violation: found, .. }| format!("{path}:{}:{}", found.line, found.column),
        );
        let cause = causes.entry(reason).or_insert_with(|| Cause { at, places: 0, files: BTreeSet::new(), help });
        cause.places += usize::from(place.is_some());
        cause.files.insert(path);
    };
    for place in &scan.places {
        match &place.fate {
            Fate::Stays(left) => add(cause(&left.reason), &place.path, Some(place), Some(left.help.as_str())),
            Fate::Undecided(why) => add(format!("undecided: {}", cause(why)), &place.path, Some(place), None),
            Fate::Goes | Fate::Unknown => {}
        }
    }
    for (path, reason) in &scan.unreadable {
        add(format!("could not be read: {}", cause(reason)), path, None, None);
    }
    let mut causes: Vec<(String, Cause)> = causes.into_iter().collect();
    causes.sort_by_key(|(_, cause)| std::cmp::Reverse((cause.files.len(), cause.places)));
    let mut text = String::new();
    for (reason, Cause { at, places, files, help }) in &causes {
        let places = if *places == 0 { String::new() } else { format!(", {}", counted(*places, "place")) };
        let count = counted(files.len(), "file") + &places;
        let reason = escape::line(reason.as_bytes());
        text += &format!("{}: {reason}\n", look.paint(Ink::Bold, &count));
        text += &format!("  such as {}\n", escape::line(at.as_bytes()));
        if let Some(help) = help {
            text += &format!("  help: {}\n", escape::line(help.as_bytes()));
        }
    }
    let goes = scan.places.iter().filter(|place| place.fate == Fate::Goes).count();
    let rest = scan.places.len() - goes;
    let verb = if goes == 1 { "goes" } else { "go" };
    text + &format!("{} {verb}, {rest} stay or are undecided, for {}\n", counted(goes, "place"), counted(causes.len(), "reason"))
}

fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

/// Lines, as reasons name them.
static LINES: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b(in )?lines? \d+(, \d+)*:? ?").expect("the pattern is right"));

/// What a reason says apart from the lines that it names.
fn cause(reason: &str) -> String {
    LINES.replace_all(reason.lines().next().unwrap_or_default(), "").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_the_same_whatever_lines_it_names() {
        for (reason, want) in [
            ("the unit would fail in line 3", "the unit would fail"),
            ("the unit would fail in lines 3, 17", "the unit would fail"),
            ("line 7: n is a.b or something else", "n is a.b or something else"),
            ("a.f is still used in line 12", "a.f is still used"),
            (
                "the file is not valid Python: line 2: a byte that is not UTF-8",
                "the file is not valid Python: a byte that is not UTF-8",
            ),
            ("online 3 and a line of code", "online 3 and a line of code"),
            ("no form of the rule fits here\nmore", "no form of the rule fits here"),
        ] {
            assert_eq!(cause(reason), want, "{reason}");
        }
    }
}
