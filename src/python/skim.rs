//! A text reduced to what bears on a few names, for one who asks only where these are used: parsing takes most of the time of a look
//! at a file, and most statements have nothing to say.
//!
//! A simple statement in which none of the words stands neither reads nor binds nor declares such a name, whatever it does. It becomes
//! `0` and blanks, as many bytes as it had, so that every place stays what it is. Whatever opens a block stays, and so does each import.

use std::ops::Range;

/// A word whose statements stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The word.
    pub name: String,
    /// Only where this attribute is read from it, or none at all; anywhere when there is no such.
    pub attribute: Option<String>,
}

/// The logical lines of a text.
#[derive(Debug)]
pub struct Skim<'a> {
    text: &'a str,
    lines: Vec<Line>,
}

/// One logical line, or one with a comment alone.
#[derive(Debug)]
struct Line {
    /// Where the line starts.
    start: usize,
    /// From its first character that is no blank to its line ending.
    content: Range<usize>,
    /// It may go.
    simple: bool,
}

/// The words that a line starts with which is more than a simple statement; a line that ends in a colon is so too.
const COMPOUND: &[&str] =
    &["async", "case", "class", "def", "elif", "else", "except", "finally", "for", "if", "match", "try", "while", "with"];

impl<'a> Skim<'a> {
    /// Splits the text; `None` when its brackets do not match, or when it has line endings that are carriage returns.
    #[must_use]
    pub fn new(text: &'a str) -> Option<Self> {
        if memchr::memchr_iter(b'\r', text.as_bytes()).any(|at| text.as_bytes().get(at + 1) != Some(&b'\n')) {
            return None;
        }
        let mut scan = Scan { bytes: text.as_bytes(), at: 0, colon: false };
        let mut lines = Vec::new();
        while scan.at < text.len() {
            let start = scan.at;
            let from = start + blanks(&text.as_bytes()[start..]);
            scan.at = from;
            let end = scan.logical_line()?;
            if from < end {
                let word = first_word(&text[from..end]);
                let simple = !scan.colon && !COMPOUND.contains(&word) && !text[from..].starts_with('@');
                lines.push(Line { start, content: from..end, simple });
            }
        }
        Some(Self { text, lines })
    }

    /// The import statements, one a line; `None` where one may stand among other statements on a line.
    #[must_use]
    pub fn imports(&self) -> Option<String> {
        let mut imports = String::new();
        for line in self.lines.iter().filter(|line| self.imports_in(line)) {
            let written = &self.text[line.content.clone()];
            if matches!(first_word(written), "import" | "from") && line.simple {
                imports.push_str(written);
                imports.push('\n');
            } else if !line.simple || written.contains(';') {
                return None;
            }
        }
        Some(imports)
    }

    fn imports_in(&self, line: &Line) -> bool {
        occurrences(self.text, "import", line.content.clone()).next().is_some()
    }

    /// The text with nothing else left.
    #[must_use]
    pub fn only(&self, words: &[Word]) -> String {
        let mut stays: Vec<usize> = Vec::new();
        for word in words {
            let at = occurrences(self.text, &word.name, 0..self.text.len());
            stays.extend(
                at.filter(|at| word.attribute.as_ref().is_none_or(|name| may_read(&self.text[at + word.name.len()..], name))),
            );
        }
        stays.extend(occurrences(self.text, "import", 0..self.text.len()));
        stays.sort_unstable();
        let mut stays = stays.into_iter().peekable();
        let mut shown = self.text.as_bytes().to_vec();
        // The statements passed over since the last one that stays: their indentation and where they end.
        let mut gone: Option<(&str, usize)> = None;
        for line in &self.lines {
            while stays.next_if(|at| *at < line.content.start).is_some() {}
            if !line.simple || stays.peek().is_some_and(|at| *at < line.content.end) {
                gone = None;
                continue;
            }
            let indent = &self.text[line.start..line.content.start];
            let comment = self.text[line.content.clone()].starts_with('#');
            match gone {
                Some((same, end)) if same == indent || comment => {
                    shown[end..line.content.end].fill(b' ');
                    gone = Some((same, line.content.end));
                }
                _ => {
                    shown[line.content.clone()].fill(b' ');
                    if !comment {
                        shown[line.content.start] = b'0';
                        gone = Some((indent, line.content.end));
                    }
                }
            }
        }
        // Whole characters have become blanks.
        String::from_utf8(shown).unwrap_or_else(|_| self.text.to_owned())
    }
}

/// Where a word stands whole in a range of the text.
fn occurrences<'t>(text: &'t str, word: &'t str, range: Range<usize>) -> impl Iterator<Item = usize> + 't {
    let bytes = text.as_bytes();
    let part = |byte: Option<&u8>| byte.is_some_and(|byte| *byte == b'_' || byte.is_ascii_alphanumeric() || !byte.is_ascii());
    let whole =
        move |at: &usize| !part(at.checked_sub(1).and_then(|before| bytes.get(before))) && !part(bytes.get(at + word.len()));
    memchr::memmem::find_iter(&bytes[range.clone()], word).map(move |at| range.start + at).filter(whole)
}

/// False when `rest`, what stands after a name, reads another attribute than `name` from it.
fn may_read(rest: &str, name: &str) -> bool {
    let blank = |c: char| c.is_ascii_whitespace() || c == '\\';
    match rest.trim_start_matches(blank).strip_prefix('.') {
        None => true,
        Some(attribute) => first_word(attribute.trim_start_matches(blank)) == name,
    }
}

fn first_word(text: &str) -> &str {
    &text[..text.find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(text.len())]
}

/// How many blanks, and byte order marks, stand first.
fn blanks(bytes: &[u8]) -> usize {
    let mark = if bytes.starts_with("\u{feff}".as_bytes()) { 3 } else { 0 };
    mark + bytes[mark..].iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\x0c')).count()
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The last line ended in a colon.
    colon: bool,
}

impl Scan<'_> {
    /// Goes to the start of the next line, outside strings and brackets; the end of this one, without its line ending.
    fn logical_line(&mut self) -> Option<usize> {
        let mut open = 0_usize;
        self.colon = false;
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'\n' if open == 0 => return Some(self.at - 1),
                b'#' => {
                    let rest = &self.bytes[self.at..];
                    self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                    continue;
                }
                b'\\' => {
                    let carriage = self.bytes[self.at..].starts_with(b"\r\n");
                    self.at = (self.at + 1 + usize::from(carriage)).min(self.bytes.len());
                }
                b'\'' | b'"' => self.string(byte),
                b'(' | b'[' | b'{' => open += 1,
                b')' | b']' | b'}' => open = open.checked_sub(1)?,
                b' ' | b'\t' | b'\r' | b'\x0c' => continue,
                _ => {}
            }
            self.colon = byte == b':';
        }
        (open == 0).then_some(self.bytes.len())
    }

    /// Goes behind a string whose first quote is passed.
    fn string(&mut self, quote: u8) {
        let triple = self.bytes[self.at..].starts_with(&[quote; 2]);
        self.at += if triple { 2 } else { 0 };
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'\\' => self.at += 1 + usize::from(self.bytes[self.at + 1..].starts_with(b"\r\n")),
                b'\n' if !triple => return,
                byte if byte == quote && !triple => break,
                byte if byte == quote && self.bytes[self.at..].starts_with(&[quote; 3]) => {
                    self.at += 3;
                    return;
                }
                _ => {}
            }
            self.at += 1;
        }
        self.at = (self.at + 1).min(self.bytes.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, words: &[(&str, Option<&str>)], want: &str) {
        let word = |(name, attribute): &(&str, Option<&str>)| Word { name: (*name).into(), attribute: attribute.map(Into::into) };
        let words: Vec<Word> = words.iter().map(word).collect();
        let shown = Skim::new(text).unwrap().only(&words);
        assert_eq!(shown.len(), text.len(), "{text}");
        let lines: Vec<&str> = shown.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        assert_eq!(lines.join("\n"), want, "{text}");
    }

    #[test]
    fn only_what_bears_on_the_words_is_left() {
        for (text, want) in [
            ("x = 1\ny = 2\nf()\nz\n", "0\nf()\n0"),
            ("def g(a):\n    '''\n    é\n    '''\n    x = (1,\n2)\n    return f\n", "def g(a):\n    0\n    return f"),
            ("if a: b\nelse: c\n@d\nclass E: pass\n", "if a: b\nelse: c\n@d\nclass E: pass"),
            ("if a:\n    x\ny\n", "if a:\n    0\n0"),
            ("if a:\n    x\n    # f\n    # g\ny\n", "if a:\n    0\n    # f\n0"),
            ("match x:\n  case 1:\n    y\nprint(x)\n", "match x:\n  case 1:\n    0\n0"),
            ("x = 1 \\\n  + f\ny = ef + f2 + fé\n", "x = 1 \\\n  + f\n0"),
            ("a; import b\nfrom c import (d,\n  e)\nx = '(' \"]\"\n", "a; import b\nfrom c import (d,\n  e)\n0"),
            ("m.x\nm . f\nm\\\n.y\nm = 1\nm(1).x\n", "0\nm . f\n0\nm = 1\nm(1).x"),
            ("é\r\nf\r\nx\\\r\n+ y\r\nz", "0\nf\n0"),
        ] {
            check(text, &[("f", None), ("m", Some("f"))], want);
        }
    }

    #[test]
    fn a_text_that_cannot_be_split_is_not_reduced() {
        for text in ["x = (1\ny\n", "x = 1)\n", "x\ry\n"] {
            assert!(Skim::new(text).is_none(), "{text}");
        }
    }

    #[test]
    fn imports_are_taken_out_unless_they_share_a_line() {
        for (text, want) in [
            ("'''import'''\nimport a\nif b:\n    from c import (\n    d)\n", Some("import a\nfrom c import (\n    d)\n")),
            ("x; import a\n", None),
            ("try: import a\nexcept: pass\n", None),
        ] {
            assert_eq!(Skim::new(text).unwrap().imports().as_deref(), want, "{text}");
        }
    }
}
