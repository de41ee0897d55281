//! A text reduced to what bears on a few names, for one who asks only where these are used: parsing takes most of the time of a look
//! at a file, and most statements have nothing to say.
//!
//! A statement in which none of the words stands neither reads nor binds nor declares such a name, whatever it does, and all that it
//! holds goes with it. Statements that go become zeros and blanks, as many bytes as they had, so that every place stays what it is;
//! the zeros are as long as a whole character, so that whatever begins or ends here does so between characters of the text too.

use std::ops::Range;

/// A word whose statements stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The word.
    pub name: String,
    /// Only where this attribute is read from it, or none at all; anywhere when there is no such.
    pub attribute: Option<String>,
}

/// What is left of a text.
#[derive(Debug)]
pub struct Shown {
    /// As long as the text, with blanks for what went.
    pub text: String,
    /// Long stretches of these blanks, in order, which a parser need not read.
    pub gaps: Vec<Range<usize>>,
    /// How many import statements are left.
    pub imports: usize,
}

/// The logical lines of a text.
#[derive(Debug)]
pub struct Skim<'a> {
    text: &'a str,
    lines: Vec<Line>,
}

/// One logical line.
#[derive(Debug)]
struct Line {
    /// Where the line starts.
    start: usize,
    /// From its first character that is no blank to its line ending.
    content: Range<usize>,
    kind: Kind,
    /// The word `import` stands in it.
    imports: bool,
    /// The compound statement that it opens or goes on with, or decorates; the line itself for a simple statement.
    statement: usize,
    /// The line of the statement whose block this one stands in.
    outer: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A comment alone, or strings alone: there is no name in it.
    Mute,
    /// `import` or `from` first.
    Import,
    /// Another simple statement.
    Simple,
    /// Several simple statements.
    Several,
    /// What opens a block, or may do so, and a decorator.
    Compound,
}

/// The words that a line starts with which is more than a simple statement; a line that ends in a colon is so too.
const COMPOUND: &[&str] =
    &["async", "case", "class", "def", "elif", "else", "except", "finally", "for", "if", "match", "try", "while", "with"];
/// Those that go on with the statement before.
const CLAUSES: &[&str] = &["case", "elif", "else", "except", "finally"];
/// Shorter stretches of blanks are read.
const LONG: usize = 128;
/// The most gaps, the longest ones: the parser goes through the list with each token.
const MOST_GAPS: usize = 200;

impl<'a> Skim<'a> {
    /// Splits the text; `None` when its brackets, its quotes or its indentation do not fit, or when it has line endings that are
    /// carriage returns.
    #[must_use]
    pub fn new(text: &'a str) -> Option<Self> {
        if memchr::memchr_iter(b'\r', text.as_bytes()).any(|at| text.as_bytes().get(at + 1) != Some(&b'\n')) {
            return None;
        }
        let mut scan = Scan { bytes: text.as_bytes(), at: 0, colon: false, semicolon: false, mute: true };
        let mut lines: Vec<Line> = Vec::new();
        let mut blocks = Blocks::default();
        while scan.at < text.len() {
            let start = scan.at;
            let from = start + blanks(&text.as_bytes()[start..]);
            scan.at = from;
            let end = scan.logical_line()?;
            if from == end {
                continue;
            }
            let content = from..end;
            let kind = scan.kind(&text[content.clone()]);
            let imports = kind != Kind::Mute && occurrences(text, "import", content.clone()).next().is_some();
            let mut line = Line { start, content, kind, imports, statement: lines.len(), outer: None };
            if !text[from..].starts_with('#') {
                (line.statement, line.outer) = blocks.place(text, &line, lines.len())?;
            }
            lines.push(line);
        }
        Some(Self { text, lines })
    }

    /// The import statements, one a line; `None` where one may stand among other statements on a line.
    #[must_use]
    pub fn imports(&self) -> Option<String> {
        let mut imports = String::new();
        for line in self.lines.iter().filter(|line| line.imports) {
            match line.kind {
                Kind::Import => {
                    imports.push_str(&self.text[line.content.clone()]);
                    imports.push('\n');
                }
                Kind::Several | Kind::Compound => return None,
                Kind::Mute | Kind::Simple => {}
            }
        }
        Some(imports)
    }

    /// True when the word `import` stands in imports alone, comments and strings aside.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.lines.iter().all(|line| !line.imports || matches!(line.kind, Kind::Import | Kind::Mute))
    }

    /// The text with nothing else left.
    #[must_use]
    pub fn only(&self, words: &[Word]) -> Shown {
        let stays = self.staying(words);
        let mut text = self.text.as_bytes().to_vec();
        let mut gaps: Vec<Range<usize>> = Vec::new();
        // The statements that went since the last one that stays: their indentation, and the blanks in their place.
        let mut gone: Option<(&str, Range<usize>)> = None;
        for (line, stays) in self.lines.iter().zip(&stays) {
            if *stays {
                gaps.extend(gone.take().map(|(_, blank)| blank));
                continue;
            }
            let indent = &self.text[line.start..line.content.start];
            let comment = self.text[line.content.clone()].starts_with('#');
            match &mut gone {
                Some((outer, blank)) if comment || indent.starts_with(*outer) => {
                    text[blank.end..line.content.end].fill(b' ');
                    blank.end = line.content.end;
                }
                _ => {
                    text[line.content.clone()].fill(b' ');
                    if !comment {
                        let first = self.text[line.content.clone()].chars().next().map_or(0, char::len_utf8);
                        let zero = line.content.start..line.content.start + first;
                        text[zero.clone()].fill(b'0');
                        gaps.extend(gone.take().map(|(_, blank)| blank));
                        gone = Some((indent, zero.end..line.content.end));
                    }
                }
            }
        }
        gaps.extend(gone.map(|(_, blank)| blank));
        gaps.retain(|gap| gap.len() >= LONG);
        if gaps.len() > MOST_GAPS {
            gaps.sort_by_key(|gap| std::cmp::Reverse(gap.len()));
            gaps.truncate(MOST_GAPS);
            gaps.sort_by_key(|gap| gap.start);
        }
        let imports = self.lines.iter().zip(&stays).filter(|(line, stays)| line.kind == Kind::Import && **stays).count();
        // Whole characters have become blanks.
        let text = String::from_utf8(text).unwrap_or_else(|_| self.text.to_owned());
        Shown { text, gaps, imports }
    }

    /// Whether each line stays: it holds one of the words, or a block in which one does.
    fn staying(&self, words: &[Word]) -> Vec<bool> {
        let mut stays: Vec<bool> = self.lines.iter().map(|line| line.imports && line.kind != Kind::Import).collect();
        for word in words {
            for at in occurrences(self.text, &word.name, 0..self.text.len()) {
                let number = self.lines.partition_point(|line| line.content.end <= at);
                let Some(line) = self.lines.get(number).filter(|line| line.content.contains(&at)) else { continue };
                let rest = &self.text[at + word.name.len()..];
                let read = line.imports || word.attribute.as_ref().is_none_or(|name| may_read(rest, name));
                stays[number] |= read && line.kind != Kind::Mute;
            }
        }
        let mut statements = vec![false; self.lines.len()];
        for (number, _) in stays.iter().enumerate().filter(|(_, stays)| **stays) {
            let mut at = Some(number);
            while let Some(line) = at.map(|number| &self.lines[number]).filter(|line| !statements[line.statement]) {
                statements[line.statement] = true;
                at = line.outer;
            }
        }
        for (line, stays) in self.lines.iter().zip(&mut stays) {
            *stays |= line.kind == Kind::Compound && statements[line.statement];
        }
        stays
    }
}

/// The blocks that are open, the outermost first.
#[derive(Debug, Default)]
struct Blocks<'a> {
    open: Vec<Block<'a>>,
}

#[derive(Debug)]
struct Block<'a> {
    indent: &'a str,
    /// The line that its last statement starts with.
    statement: usize,
    /// That line is a decorator.
    decorated: bool,
}

impl<'a> Blocks<'a> {
    /// The line that starts the statement which a line, the one of this `number`, belongs to, and that of the statement around it;
    /// `None` when its indentation is none that Python would take.
    fn place(&mut self, text: &'a str, line: &Line, number: usize) -> Option<(usize, Option<usize>)> {
        let indent = text[line.start..line.content.start].trim_start_matches('\u{feff}');
        let indent = &indent[indent.rfind('\x0c').map_or(0, |at| at + 1)..];
        let before = self.open.len();
        let none = before == 0;
        while self.open.last().is_some_and(|block| !indent.starts_with(block.indent)) {
            self.open.pop();
        }
        let ended = self.open.len() < before;
        let first = &text[line.content.clone()];
        let decorated = first.starts_with('@');
        match self.open.last_mut().filter(|block| block.indent == indent) {
            Some(block) => {
                let goes_on = block.decorated || line.kind == Kind::Compound && CLAUSES.contains(&first_word(first));
                block.statement = if goes_on { block.statement } else { number };
                block.decorated = decorated;
            }
            None if ended || none && !indent.is_empty() => return None,
            None => self.open.push(Block { indent, statement: number, decorated }),
        }
        let statement = self.open.last()?.statement;
        let outer = self.open.len().checked_sub(2).map(|outer| self.open[outer].statement);
        Some((statement, outer))
    }
}

/// Where a word stands whole in a range of the text. A character that is not ASCII may be part of a name or not: a byte order mark.
fn occurrences<'t>(text: &'t str, word: &'t str, range: Range<usize>) -> impl Iterator<Item = usize> + 't {
    let bytes = text.as_bytes();
    let part = |byte: Option<&u8>| byte.is_some_and(|byte| *byte == b'_' || byte.is_ascii_alphanumeric());
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

/// Goes through a text line by line.
struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The last line ended in a colon.
    colon: bool,
    /// Outside strings and brackets it had a semicolon.
    semicolon: bool,
    /// It was nothing but strings and comments.
    mute: bool,
}

impl Scan<'_> {
    /// Goes to the start of the next line, outside strings and brackets; the end of this one, without its line ending.
    fn logical_line(&mut self) -> Option<usize> {
        let mut open = 0_usize;
        (self.colon, self.semicolon, self.mute) = (false, false, true);
        let start = self.at;
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
                b'\'' | b'"' => {
                    self.string(byte)?;
                    self.colon = false;
                    continue;
                }
                b'(' | b'[' | b'{' => open += 1,
                b')' | b']' | b'}' => open = open.checked_sub(1)?,
                b' ' | b'\t' | b'\r' | b'\x0c' => continue,
                b';' if open == 0 => self.semicolon = true,
                _ => {}
            }
            self.colon = byte == b':';
            let prefix = self.at == start + 1 && matches!(byte, b'r' | b'R' | b'u' | b'U');
            self.mute &= prefix && matches!(self.bytes.get(self.at), Some(b'\'' | b'"'));
        }
        (open == 0).then_some(self.bytes.len())
    }

    /// What the last line is, which had this content.
    fn kind(&self, content: &str) -> Kind {
        let first = first_word(content);
        if self.mute {
            Kind::Mute
        } else if self.colon || COMPOUND.contains(&first) || content.starts_with('@') {
            Kind::Compound
        } else if self.semicolon {
            Kind::Several
        } else if matches!(first, "import" | "from") {
            Kind::Import
        } else {
            Kind::Simple
        }
    }

    /// Goes behind a string whose first quote is passed; `None` for one with three quotes that never ends: all the rest would be in it.
    fn string(&mut self, quote: u8) -> Option<()> {
        let triple = self.bytes[self.at..].starts_with(&[quote; 2]);
        self.at += if triple { 2 } else { 0 };
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'\\' => self.at += 1 + usize::from(self.bytes[self.at + 1..].starts_with(b"\r\n")),
                b'\n' if !triple => return Some(()),
                byte if byte == quote && !triple => break,
                byte if byte == quote && self.bytes[self.at..].starts_with(&[quote; 3]) => {
                    self.at += 3;
                    return Some(());
                }
                _ => {}
            }
            self.at += 1;
        }
        self.at = (self.at + 1).min(self.bytes.len());
        (!triple).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, words: &[(&str, Option<&str>)], want: &str) -> Shown {
        let word = |(name, attribute): &(&str, Option<&str>)| Word { name: (*name).into(), attribute: attribute.map(Into::into) };
        let words: Vec<Word> = words.iter().map(word).collect();
        let shown = Skim::new(text).unwrap().only(&words);
        assert_eq!(shown.text.len(), text.len(), "{text}");
        let lines: Vec<&str> = shown.text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        assert_eq!(lines.join("\n"), want, "{text}");
        shown
    }

    #[test]
    fn only_what_bears_on_the_words_is_left() {
        for (text, want) in [
            ("x = 1\ny = 2\nf()\nz\n", "0\nf()\n0"),
            ("def g(a):\n    '''\n    é\n    '''\n    x = (1,\n2)\n    return f\n", "def g(a):\n    0\n    return f"),
            ("if a: b\nelse: f\n@d\nclass E: pass\n", "if a: b\nelse: f\n0"),
            ("@f\n@d\nclass E:\n    def g():\n        pass\n    x\ny\n", "@f\n@d\nclass E:\n    0\n0"),
            ("if f:\n    x\ny\n", "if f:\n    0\n0"),
            ("if f:\n    x\n    # f\n    # g\ny\n", "if f:\n    0\n0"),
            (
                "if a:\n    x\nelif b:\n    if c:\n        f\n    else:\n        y\n",
                "if a:\n    0\nelif b:\n    if c:\n        f\n    else:\n        0",
            ),
            ("def g():\n    if a:\n        x\n    y\ndef h():\n    z\nf\n", "0\nf"),
            ("def g():\n    def h():\n        x\n    f\n    for a in b:\n        y\n", "def g():\n    0\n    f\n    0"),
            ("match x:\n  case 1:\n    y\n  case 2:\n    f\nprint(x)\n", "match x:\n  case 1:\n    0\n  case 2:\n    f\n0"),
            ("x = 1 \\\n  + f\ny = ef + f2\n", "x = 1 \\\n  + f\n0"),
            ("a; import b\nfrom c import (d,\n  f)\nimport e\nx = '(' \"]\"\n", "a; import b\nfrom c import (d,\n  f)\n0"),
            ("'''f'''\nr\"f\"\nu'''\nf'''\nb'f'\nx = 'f'\n", "0\nb'f'\nx = 'f'"),
            ("m.x\nm . f\nm\\\n.y\nm = 1\nm(1).x\nimport m.x\n", "0\nm . f\n0\nm = 1\nm(1).x\nimport m.x"),
            ("é\r\nf\r\nx\\\r\n+ y\r\nz", "00\nf\n0"),
            ("α = 1\nf\n名 = 2\nif f:\n    𝐱\n", "00\nf\n000\nif f:\n    0000"),
        ] {
            check(text, &[("f", None), ("m", Some("f"))], want);
        }
    }

    #[test]
    fn long_stretches_of_what_went_are_gaps() {
        let long = format!("if a:\n        '{}'\n", "é".repeat(LONG));
        let before = format!("{long}f\nx\nf\ndef g():\n    0");
        let text = format!("{long}f\nx\nf\ndef g():\n    {long}    f\n");
        let shown = check(&text, &[("f", None)], "0\nf\n0\nf\ndef g():\n    0\n    f");
        assert_eq!(shown.gaps, [1..long.len() - 1, before.len()..before.len() + long.len() - 2]);
    }

    #[test]
    fn a_text_that_cannot_be_split_is_not_reduced() {
        for text in ["x = (1\ny\n", "x = 1)\n", "'''x\ny\n", "x\ry\n", "  x\n", "if a:\n    x\n  y\n", "if a:\n\tx\n    y\n"] {
            assert!(Skim::new(text).is_none(), "{text}");
        }
    }

    #[test]
    fn imports_are_taken_out_unless_they_share_a_line() {
        for (text, want) in [
            ("'''import'''\nimport a\nif b:\n    from c import (\n    d)\n", Some("import a\nfrom c import (\n    d)\n")),
            ("'a; import b'\nx = 'import; a'\nimport a\n", Some("import a\n")),
            ("x; import a\n", None),
            ("try: import a\nexcept: pass\n", None),
        ] {
            assert_eq!(Skim::new(text).unwrap().imports().as_deref(), want, "{text}");
        }
    }
}
