//! Where a place of one version of a text stands in another: by the lines that both have, and in other lines by their words.
//!
//! A person looks in the file as it is, whichever version a place was found in. Nothing here does I/O.

use std::time::{Duration, Instant};

use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices_deadline};

use crate::python::source::{Source, leading_blanks};

/// How long the shortest difference is looked for; after that a longer one is as good.
const PATIENCE: Duration = Duration::from_secs(1);

/// So many pairs of lines are compared to find those that belong together.
const MOST_PAIRS: usize = 2500;

/// Below this, two lines have no more in common than any two.
const ALIKE: usize = 400;

/// Characters shown of a line.
const SHOWN: usize = 100;

/// A place in a version of a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    /// The line of the other version where the place was found, when this one has no such words: then the spot is where they would stand.
    pub written: Option<String>,
}

impl Spot {
    /// A place that this version has.
    #[must_use]
    pub fn at(line: u32, column: u32) -> Self {
        Self { line, column, written: None }
    }
}

/// For after a message on a place of which [`Spot::written`] is given.
#[must_use]
pub fn aside(written: Option<&str>) -> String {
    written.map(|line| format!(", in what the rules write: `{line}`")).unwrap_or_default()
}

/// Two versions of a text, and how they differ.
pub struct Follow<'a> {
    from: &'a Source<'a>,
    to: &'a Source<'a>,
    ops: Vec<DiffOp>,
}

impl<'a> Follow<'a> {
    /// Follows places `from` one version `to` the other.
    #[must_use]
    pub fn new(from: &'a Source<'a>, to: &'a Source<'a>) -> Self {
        Self { from, to, ops: differences(&lines(from), &lines(to)) }
    }

    /// Where a place of the first version stands in the second.
    #[must_use]
    pub fn spot(&self, line: u32, column: u32) -> Spot {
        let index = line.saturating_sub(1) as usize;
        let holds = |op: &&DiffOp| index < op.old_range().end;
        // What is wrong at the end of a text is told of the line after it.
        match self.ops.iter().find(holds).or(self.ops.last()) {
            None => Spot::at(line, column),
            Some(op) if op.tag() == DiffTag::Equal => {
                Spot::at(number(op.new_range().start + index - op.old_range().start), column)
            }
            Some(op) => self.within(op, index, column),
        }
    }

    /// A message, the lines that it names counted in the second version.
    #[must_use]
    pub fn message(&self, message: &str) -> String {
        let mut parts = message.split("line ");
        let mut text = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let line =
                part[..digits].parse().map_or_else(|_| part[..digits].to_owned(), |line| self.spot(line, 1).line.to_string());
            text += &format!("line {line}{}", &part[digits..]);
        }
        text
    }

    /// The spot of a place in lines that only the first version has.
    fn within(&self, op: &DiffOp, index: usize, column: u32) -> Spot {
        let at = offset(self.from, index, column);
        let index = index.min(op.old_range().end.saturating_sub(1));
        let written = Some(shown(self.from, index));
        let (partner, new) = match self.partner(op, index) {
            Ok(line) => (line, words(self.to, line)),
            Err(line) => (line, Vec::new()),
        };
        let old = words(self.from, index);
        let nth = old.partition_point(|(start, _)| *start <= at).saturating_sub(1);
        let texts = |words: &[(usize, &'a str)]| words.iter().map(|(_, text)| *text).collect::<Vec<_>>();
        let ops = differences(&texts(&old), &texts(&new));
        let Some(op) = ops.iter().find(|op| nth < op.old_range().end) else {
            return self.spot_at(beginning(self.to, partner), written);
        };
        let within = (op.new_range().start + nth - op.old_range().start).min(op.new_range().end.saturating_sub(1));
        let Some((to, _)) = new.get(within.max(op.new_range().start)).or(new.last()) else {
            return self.spot_at(beginning(self.to, partner), written);
        };
        // A word alone between others is the same by chance.
        let (from, text) = old[nth];
        let is_same = op.tag() == DiffTag::Equal && (op.old_range().len() > 1 || old.len().max(new.len()) == 1);
        match is_same {
            true => self.spot_at(to + at.saturating_sub(from).min(text.len()), None),
            false => self.spot_at(*to, written),
        }
    }

    /// The line of the second version that became a line of the first, or else the line before which that one would stand. Where there
    /// are more of one than of the other, the lines that look alike belong together.
    fn partner(&self, op: &DiffOp, index: usize) -> Result<usize, usize> {
        let (old, new) = (op.old_range(), op.new_range());
        if old.len() == new.len() {
            return Ok(new.start + index - old.start);
        }
        if old.len() * new.len() > MOST_PAIRS {
            return Err((new.start + index - old.start).min(new.end));
        }
        let (ours, theirs): (Vec<_>, Vec<_>) =
            (old.clone().map(|line| words(self.from, line)).collect(), new.clone().map(|line| words(self.to, line)).collect());
        // The best sum of likenesses from a pair of lines on.
        let mut best = vec![vec![0; theirs.len() + 1]; ours.len() + 1];
        for (i, our) in ours.iter().enumerate().rev() {
            for (j, their) in theirs.iter().enumerate().rev() {
                best[i][j] = (best[i + 1][j + 1] + likeness(our, their)).max(best[i + 1][j]).max(best[i][j + 1]);
            }
        }
        let (mut i, mut j) = (0, 0);
        while i < ours.len() && j < theirs.len() {
            if best[i][j] == best[i + 1][j] {
                if old.start + i == index {
                    return Err(new.start + j);
                }
                i += 1;
            } else if best[i][j] == best[i][j + 1] {
                j += 1;
            } else {
                if old.start + i == index {
                    return Ok(new.start + j);
                }
                (i, j) = (i + 1, j + 1);
            }
        }
        Err(new.start + j)
    }

    fn spot_at(&self, at: usize, written: Option<String>) -> Spot {
        Spot { line: self.to.line(at), column: self.to.column(at), written }
    }
}

fn differences(old: &[&str], new: &[&str]) -> Vec<DiffOp> {
    capture_diff_slices_deadline(Algorithm::Myers, old, new, Some(Instant::now() + PATIENCE))
}

/// The lines with their endings.
fn lines<'s>(source: &'s Source) -> Vec<&'s str> {
    (0..source.lines()).map(|index| &source.text()[source.full_line_range(index)]).collect()
}

/// The words of a line, each with its place: names and numbers whole, everything else but blanks by the character.
fn words<'s>(source: &'s Source, index: usize) -> Vec<(usize, &'s str)> {
    let range = source.line_range(index);
    let line = &source.text()[range.clone()];
    let mut found: Vec<(usize, &str)> = Vec::new();
    let mut end_of_name = None;
    for (at, c) in line.char_indices() {
        let (start, end) = (range.start + at, range.start + at + c.len_utf8());
        let is_name = c == '_' || c.is_alphanumeric();
        match found.last_mut().filter(|_| is_name && end_of_name == Some(start)) {
            Some((first, text)) => *text = &source.text()[*first..end],
            None if c.is_whitespace() || c == '\u{feff}' => {}
            None => found.push((start, &source.text()[start..end])),
        }
        end_of_name = is_name.then_some(end);
    }
    found
}

/// How alike two lines are by their words, from 0 to 1000; 0 where they are not much.
fn likeness(one: &[(usize, &str)], other: &[(usize, &str)]) -> usize {
    let mut left: Vec<&str> = other.iter().map(|(_, word)| *word).collect();
    let common =
        one.iter().filter(|(_, word)| left.iter().position(|other| other == word).map(|at| left.swap_remove(at)).is_some());
    let share = (2000 * common.count()).checked_div(one.len() + other.len()).unwrap_or(0);
    if share < ALIKE { 0 } else { share }
}

/// The place in the text of a line, counted from 0, and a column.
fn offset(source: &Source, index: usize, column: u32) -> usize {
    if index >= source.lines() {
        return source.text().len();
    }
    let range = source.line_range(index);
    let line = &source.text()[range.clone()];
    let mark = if line.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let at = line[mark..].char_indices().nth(column.saturating_sub(1) as usize).map_or(line.len(), |(at, _)| mark + at);
    range.start + at
}

/// Where the text of a line, counted from 0, begins; of the last line when there are fewer.
fn beginning(source: &Source, index: usize) -> usize {
    let Some(last) = source.lines().checked_sub(1) else { return 0 };
    let range = source.line_range(index.min(last));
    range.start + leading_blanks(&source.text()[range]).len()
}

/// A line for a message.
fn shown(source: &Source, index: usize) -> String {
    let Some(last) = source.lines().checked_sub(1) else { return String::new() };
    let line = source.text()[source.line_range(index.min(last))].trim();
    let cut: String = line.chars().take(SHOWN).collect();
    if cut.len() < line.len() { cut + "…" } else { cut }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).map_or(u32::MAX, |index| index.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_followed_by_its_line_and_by_its_word() {
        for (from, (line, column), to, want, written) in [
            // Lines that both have.
            ("import b\na\nb\n", (3, 1), "a\nb\n", (2, 1), None),
            ("b\n", (1, 1), "a\nb\n", (2, 1), None),
            ("x\n\nb", (3, 1), "b", (1, 1), None),
            // Words that both have, in other lines.
            ("h(1); g(2)\n", (1, 7), "long(1); g(2)\n", (1, 10), None),
            ("h(\n    1,\n    some,\n)\n", (3, 7), "k(some)\n", (1, 1), Some("some,")),
            ("é = x; g\n", (1, 8), "ü = xx; g\n", (1, 9), None),
            ("from m import g\nimport k\nz = g(1)\n", (3, 6), "from m import f\nz = f(1)\n", (2, 6), None),
            // Words that only the first has.
            ("x = nothing\n", (1, 5), "x = 1\n", (1, 5), Some("x = nothing")),
            ("    async with x: pass\n", (1, 5), "    x\n", (1, 5), Some("async with x: pass")),
            ("a\nimport b\nc\n", (2, 8), "a\nc\n", (2, 1), Some("import b")),
            ("a\n  b\n  c\n", (2, 3), "a\n  c\n", (2, 3), Some("b")),
            ("a\nb\nc\n", (3, 1), "a\n", (1, 1), Some("c")),
            ("x\n", (1, 1), "", (1, 1), Some("x")),
            ("if (x := 1): pass\n", (1, 5), "x = 1\n", (1, 1), Some("if (x := 1): pass")),
            ("from m import g\ng()\n", (2, 1), "from m import f\nf()\n", (2, 1), Some("g()")),
            ("import k\nfrom m import g\nz = g(1)\n", (3, 5), "from m import f\nz = f(1)\n", (2, 5), Some("z = g(1)")),
            ("import k\nfrom m import g\n", (1, 8), "from m import f\n", (1, 1), Some("import k")),
            // At the end, where there is no line any more.
            ("a = (\n", (2, 1), "a = 1\n", (1, 5), Some("a = (")),
            ("b\na = (\n", (3, 1), "a = (\n", (2, 1), None),
            ("", (1, 1), "a\n", (1, 1), Some("")),
        ] {
            let (old, new) = (Source::new(from.as_bytes()).unwrap(), Source::new(to.as_bytes()).unwrap());
            let spot = Follow::new(&old, &new).spot(line, column);
            assert_eq!((spot.line, spot.column, spot.written.as_deref()), (want.0, want.1, written), "{from:?} {to:?}");
        }
    }

    #[test]
    fn the_lines_that_a_message_names_are_followed_too() {
        let (old, new) = (Source::new(b"a\nb\nc\n").unwrap(), Source::new(b"c\n").unwrap());
        let follow = Follow::new(&old, &new);
        for (message, want) in [
            ("it is read again in line 3", "it is read again in line 1"),
            ("x (line 3), and in line 2 by \" line \"", "x (line 1), and in line 1 by \" line \""),
            ("a line", "a line"),
        ] {
            assert_eq!(follow.message(message), want);
        }
    }

    #[test]
    fn a_long_line_is_cut_and_a_byte_order_mark_is_no_character() {
        let long = format!("\u{feff}{}\n", "é".repeat(200));
        let (old, new) = (Source::new(long.as_bytes()).unwrap(), Source::new("\u{feff}x y\n".as_bytes()).unwrap());
        let spot = Follow::new(&old, &new).spot(1, 1);
        assert_eq!((spot.line, spot.column, spot.written.unwrap().chars().count()), (1, 1, SHOWN + 1));
    }
}
