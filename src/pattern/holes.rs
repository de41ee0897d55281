//! `$NAME`, `$$$NAME` and `$_` in Python text: found, and replaced by identifiers so that a parser of Python can read the text.
//!
//! Each dollar becomes [`MARK`], a letter that Python takes in identifiers. Lines and columns in characters stay what they were.

use std::ops::Range;

/// What stands for a dollar: MICRO SIGN. Two bytes in UTF-8, one character.
pub const MARK: char = 'µ';

/// What a hole takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Take {
    /// `$NAME`: one expression, or one statement where a statement stands.
    One,
    /// `$$$NAME`: any run of arguments or statements, also none.
    Run,
}

/// One hole of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hole {
    /// Its place in [`Holed::text`].
    pub range: Range<usize>,
    /// Without dollars; `_` binds nothing.
    pub name: String,
    /// What it takes.
    pub take: Take,
}

/// A text whose holes are identifiers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holed {
    /// The text for a parser.
    pub text: String,
    /// The holes, in order. What merely looks like one inside a string literal or a comment is among them too: only a parser can
    /// tell.
    pub holes: Vec<Hole>,
    /// Dollars that begin no hole, each with the word after it, in order; in strings and comments they are text.
    pub strays: Vec<Range<usize>>,
}

impl Holed {
    /// Reads `text`. A dollar that begins no hole stays as it is.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut holed = Self { text: String::with_capacity(text.len() + 16), holes: Vec::new(), strays: Vec::new() };
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            holed.text.push_str(&rest[..at]);
            rest = &rest[at..];
            let dollars = rest.bytes().take_while(|byte| *byte == b'$').count();
            let after = &rest[dollars..];
            let length = after.bytes().take_while(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_')).count();
            let name = &after[..length];
            let whole_word = !after[length..].starts_with(|c: char| c.is_alphanumeric());
            let take = match dollars {
                1 => Some(Take::One),
                3 => Some(Take::Run),
                _ => None,
            };
            match take.filter(|_| whole_word && name.starts_with(|c: char| c == '_' || c.is_ascii_uppercase())) {
                Some(take) => {
                    let start = holed.text.len();
                    holed.text.extend(std::iter::repeat_n(MARK, dollars));
                    holed.text.push_str(name);
                    holed.holes.push(Hole { range: start..holed.text.len(), name: name.to_owned(), take });
                }
                None => {
                    let start = holed.text.len();
                    holed.text.push_str(&rest[..dollars + length]);
                    let word = after.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(after.len());
                    holed.strays.push(start..start + dollars + word);
                }
            }
            rest = &after[length..];
        }
        holed.text.push_str(rest);
        holed
    }

    /// The hole that stands exactly there.
    #[must_use]
    pub fn hole(&self, range: &Range<usize>) -> Option<&Hole> {
        self.holes.iter().find(|hole| hole.range == *range)
    }

    /// [`Self::text`] with identifiers where the strays are, every byte in its place.
    #[must_use]
    pub fn masked(&self) -> String {
        let mut text = self.text.clone().into_bytes();
        for stray in &self.strays {
            text[stray.clone()].iter_mut().filter(|byte| **byte == b'$').for_each(|byte| *byte = b'_');
        }
        String::from_utf8(text).expect("a letter of ASCII in the place of another")
    }

    /// The place in the plan's own text of a place in [`Self::text`].
    #[must_use]
    pub fn original(&self, at: usize) -> usize {
        let extra: usize =
            self.holes.iter().take_while(|hole| hole.range.start < at).map(|hole| hole.marks().min(at - hole.range.start)).sum();
        at - extra
    }
}

impl Hole {
    fn marks(&self) -> usize {
        match self.take {
            Take::One => 1,
            Take::Run => 3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_before_capitals_are_holes_and_others_are_not() {
        let holes = |text: &str| -> Vec<(String, Take)> {
            Holed::new(text).holes.into_iter().map(|hole| (hole.name, hole.take)).collect()
        };
        assert_eq!(
            holes("$A = f($$$ARGS, $_, $B_2)"),
            [("A".into(), Take::One), ("ARGS".into(), Take::Run), ("_".into(), Take::One), ("B_2".into(), Take::One),]
        );
        for text in ["$a", "$1", "$$A", "$$$$A", "$", "$Ab", "$ A"] {
            assert_eq!(holes(text), [], "{text}");
            assert_eq!(Holed::new(text).text, text);
        }
    }

    #[test]
    fn dollars_that_begin_no_hole_are_known_and_can_be_masked() {
        let holed = Holed::new("é $A $b $$C($1x, $...D, $é, $)");
        let strays: Vec<&str> = holed.strays.iter().map(|stray| &holed.text[stray.clone()]).collect();
        assert_eq!(strays, ["$b", "$$C", "$1x", "$", "$é", "$"]);
        assert_eq!(holed.masked(), "é µA _b __C(_1x, _...D, _é, _)");
    }

    #[test]
    fn places_are_mapped_back() {
        let text = "é $A($$$B)\n$C";
        let holed = Holed::new(text);
        for word in ["(", ")", "\n"] {
            assert_eq!(holed.original(holed.text.find(word).unwrap()), text.find(word).unwrap(), "{word}");
        }
        assert_eq!(holed.original(holed.holes[2].range.start), text.find("$C").unwrap());
        assert_eq!(holed.original(holed.text.len()), text.len());
    }
}
