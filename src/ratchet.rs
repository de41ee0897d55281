//! A record of the violations that are left, which may fall and never rise. Pure: texts in, texts out.
//!
//! One line stands for a file and a name that is used in it: how many times, and a mark of each line of code that does. The marks are made of
//! what the lines say and not of where they stand, so that code which moves changes no record; they tell new places from old ones.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;
use sha2::{Digest, Sha256};

/// The first line of a record: what it is, and its version.
const HEAD: &str = "# migrate ratchet 1";

/// What `quarantined` units are written as.
const QUARANTINED: &str = "quarantined";

/// What is known of the violations of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// The plan's name.
    pub plan: String,
    /// By file and name: the marks of the lines, one for each violation.
    pub left: BTreeMap<(String, String), Vec<String>>,
    /// Units that are set aside, with the reason.
    pub quarantined: BTreeMap<String, String>,
}

/// A violation that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The name that is used.
    pub name: String,
    /// What the line says.
    pub text: String,
}

/// A rise: more uses of a name in a file than the record allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rise {
    /// The file.
    pub file: String,
    /// The name.
    pub name: String,
    /// How many there may be.
    pub allowed: usize,
    /// How many there are.
    pub found: usize,
    /// The lines of the new ones; where these cannot be told from others, of all.
    pub lines: Vec<u32>,
}

/// What a line of code is known by, wherever it stands and however far it is indented.
#[must_use]
pub fn mark(text: &str) -> String {
    Sha256::digest(text.trim().as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

impl Record {
    /// What was found, as a record.
    #[must_use]
    pub fn of(plan: &str, places: &[Place], quarantined: BTreeMap<String, String>) -> Self {
        let mut left: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        for place in places {
            left.entry((place.file.clone(), place.name.clone())).or_default().push(mark(&place.text));
        }
        left.values_mut().for_each(|marks| marks.sort_unstable());
        Self { plan: plan.to_owned(), left, quarantined }
    }

    /// How many violations there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.left.values().map(Vec::len).sum()
    }

    /// How many files have some.
    #[must_use]
    pub fn files(&self) -> usize {
        self.left.keys().map(|(file, _)| file).collect::<BTreeSet<_>>().len()
    }

    /// Reads a record.
    ///
    /// # Errors
    /// The line, from 1, and what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, (usize, String)> {
        let mut record = Self::default();
        for (at, line) in text.lines().enumerate() {
            let wrong = |what: &str| Err((at + 1, what.to_owned()));
            if ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].iter().any(|mark| line.starts_with(mark)) {
                return wrong("holds the marks of a merge that is not finished");
            }
            if at == 0 {
                let Some(rest) = line.strip_prefix(HEAD) else { return wrong("is no record of migrate") };
                record.plan = rest.trim_start_matches(" of ").trim().to_owned();
                continue;
            }
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let fields: Vec<&str> = line.split('\t').collect();
            match fields[..] {
                [QUARANTINED, unit, why] => {
                    record.quarantined.insert(unit.to_owned(), why.to_owned());
                }
                [file, name, count, marks] => {
                    let marks: Vec<String> = marks.split(' ').map(ToOwned::to_owned).collect();
                    if count.parse() != Ok(marks.len()) {
                        return wrong("does not have as many marks as it counts");
                    }
                    // A line that a merge kept twice allows what the smaller of the two does.
                    let key = (file.to_owned(), name.to_owned());
                    match record.left.get(&key) {
                        Some(known) if known.len() <= marks.len() => {}
                        _ => drop(record.left.insert(key, marks)),
                    }
                }
                _ => return wrong("is no line of a record"),
            }
        }
        if record.plan.is_empty() { Err((1, "is no record of migrate".to_owned())) } else { Ok(record) }
    }

    /// The text of the record, in an order that no run changes.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text =
            format!("{HEAD} of {}\n# Violations that are left: file, name, how many, marks of their lines.\n", self.plan);
        let one_line = |text: &str| text.replace(['\t', '\n', '\r'], " ");
        // Writing to a String cannot fail.
        for ((file, name), marks) in &self.left {
            let (file, name, count) = (one_line(file), one_line(name), marks.len());
            writeln!(text, "{file}\t{name}\t{count}\t{}", marks.join(" ")).unwrap_or_default();
        }
        for (unit, why) in &self.quarantined {
            writeln!(text, "{QUARANTINED}\t{}\t{}", one_line(unit), one_line(why)).unwrap_or_default();
        }
        text
    }

    /// Where what was found is more than this record allows.
    #[must_use]
    pub fn rises(&self, places: &[Place]) -> Vec<Rise> {
        let mut found: BTreeMap<(String, String), Vec<&Place>> = BTreeMap::new();
        for place in places {
            found.entry((place.file.clone(), place.name.clone())).or_default().push(place);
        }
        let none = Vec::new();
        let risen = found.into_iter().filter_map(|(key, places)| {
            let known = self.left.get(&key).unwrap_or(&none);
            if places.len() <= known.len() {
                return None;
            }
            let mut old = known.clone();
            let mut lines: Vec<u32> = Vec::new();
            for place in &places {
                match old.iter().position(|old| *old == mark(&place.text)) {
                    Some(at) => drop(old.swap_remove(at)),
                    None => lines.push(place.line),
                }
            }
            if lines.is_empty() {
                lines = places.iter().map(|place| place.line).collect();
            }
            lines.dedup();
            let (file, name) = key;
            Some(Rise { file, name, allowed: known.len(), found: places.len(), lines })
        });
        risen.collect()
    }

    /// True when fewer are left somewhere than the record has, so that it can be lowered.
    #[must_use]
    pub fn falls_to(&self, now: &Self) -> bool {
        self.left.iter().any(|(key, marks)| now.left.get(key).map_or(0, Vec::len) < marks.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(file: &str, line: u32, text: &str) -> Place {
        Place { file: file.into(), line, name: "old.f".into(), text: text.into() }
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let places = [place("a.py", 1, "f(1)"), place("a.py", 2, "f(2)"), place("b c.py", 9, "f(3)")];
        let record = Record::of("p", &places, BTreeMap::from([("q.py".into(), "validate `x`\tfailed\nmore".into())]));
        let text = record.text();
        let again = Record::parse(&text).unwrap();
        assert_eq!((again.left.clone(), again.plan.as_str()), (record.left.clone(), "p"));
        assert_eq!(again.quarantined["q.py"], "validate `x` failed more");
        assert_eq!((again.count(), again.files(), again.text()), (3, 2, text));
    }

    #[test]
    fn lines_that_move_change_nothing_and_new_ones_are_named() {
        let old = [place("a.py", 1, "f(1)"), place("a.py", 2, "f(2)")];
        let record = Record::of("p", &old, BTreeMap::new());
        let moved = [place("a.py", 31, "    f(1)"), place("a.py", 12, "f(2)")];
        assert_eq!(record.rises(&moved), []);
        assert_eq!(Record::of("p", &moved, BTreeMap::new()), record);
        let more = [place("a.py", 1, "f(1)"), place("a.py", 5, "f(3)"), place("a.py", 9, "f(2)"), place("b.py", 4, "f(1)")];
        let rises = record.rises(&more);
        assert_eq!(rises.len(), 2);
        assert_eq!((rises[0].allowed, rises[0].found, &rises[0].lines[..]), (2, 3, &[5][..]));
        assert_eq!((rises[1].file.as_str(), rises[1].allowed, &rises[1].lines[..]), ("b.py", 0, &[4][..]));
        // What is copied cannot be told from what was there.
        let copied = [place("a.py", 1, "f(1)"), place("a.py", 2, "f(2)"), place("a.py", 3, "f(1)")];
        assert_eq!(record.rises(&copied)[0].lines, [3]);
        let edited = [place("a.py", 1, "f(7)"), place("a.py", 2, "f(2)")];
        assert!(record.rises(&edited).is_empty() && !record.falls_to(&Record::of("p", &edited, BTreeMap::new())));
        assert!(record.falls_to(&Record::of("p", &old[..1], BTreeMap::new())));
    }

    #[test]
    fn what_is_no_record_is_refused_with_its_line() {
        let head = "# migrate ratchet 1 of p\n";
        for (text, line, says) in [
            (String::new(), 1, "is no record"),
            ("hello\n".to_owned(), 1, "is no record"),
            (format!("{head}a.py\tf\t2\t00\n"), 2, "as many marks"),
            (format!("{head}a.py\tf\n"), 2, "is no line of a record"),
            (format!("{head}<<<<<<< HEAD\n"), 2, "a merge that is not finished"),
        ] {
            let (at, what) = Record::parse(&text).unwrap_err();
            assert!(at == line && what.contains(says), "{text:?}: {at} {what}");
        }
        let twice = Record::parse(&format!("{head}a.py\tf\t2\t00 11\na.py\tf\t1\t00\n")).unwrap();
        assert_eq!(twice.count(), 1, "of two the smaller counts");
    }
}
