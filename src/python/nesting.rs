//! Bounds the depth of a text before a recursive parser sees it, by the limits that Python has itself.
//!
//! A lexical scan, linear in the text: brackets and indentation are counted as Python counts them; the depth of an expression
//! is bounded by the operators and keywords since the last comma of each open bracket.

/// As Python's tokenizer: more open brackets are an error.
const MAX_BRACKETS: usize = 200;
/// As Python's tokenizer: deeper indentation is an error.
const MAX_INDENTS: usize = 100;
/// Beyond this Python's own compiler runs out of stack.
const MAX_OPERATORS: usize = 10_000;

/// A text too deep to be parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooDeep {
    /// The place in the text.
    pub at: usize,
    /// In Python's own words where it has them.
    pub message: &'static str,
}

/// A bound on how deep the syntax tree of `text` can be.
///
/// # Errors
/// [`TooDeep`] where Python would give up.
pub fn depth(text: &str) -> Result<usize, TooDeep> {
    let mut scan = Scan { text: text.as_bytes(), at: 0, open: Vec::new(), indents: vec![0], operators: 0, sticky: 0, deepest: 0 };
    scan.run()?;
    Ok(scan.deepest + scan.indents.capacity())
}

struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    /// The operators counted outside each open bracket.
    open: Vec<usize>,
    indents: Vec<usize>,
    /// Operators since the last comma of the innermost bracket, and around it.
    operators: usize,
    /// Operators that no comma ends: a lambda's parameters hold commas of their own.
    sticky: usize,
    deepest: usize,
}

impl Scan<'_> {
    fn run(&mut self) -> Result<(), TooDeep> {
        self.line_start()?;
        while let Some(&byte) = self.text.get(self.at) {
            match byte {
                b'#' => self.skip_comment(),
                b'\\' => self.at += 2,
                b'\n' if self.open.is_empty() => {
                    self.at += 1;
                    self.operators = 0;
                    self.sticky = 0;
                    self.line_start()?;
                }
                b'\'' | b'"' => self.string(false),
                b'(' | b'[' | b'{' => {
                    self.operator()?;
                    self.open.push(self.operators);
                    if self.open.len() > MAX_BRACKETS {
                        return self.refuse("too many nested parentheses");
                    }
                    self.at += 1;
                }
                b')' | b']' | b'}' => {
                    self.operators = self.open.pop().unwrap_or(self.operators);
                    self.at += 1;
                }
                b',' | b';' => {
                    self.operators = self.open.last().copied().unwrap_or(0);
                    self.at += 1;
                }
                b' ' | b'\t' | b'\r' | b'\n' | b'\x0c' | b':' | b'=' => self.at += 1,
                byte if byte == b'_' || byte.is_ascii_alphabetic() || !byte.is_ascii() => self.word()?,
                byte if byte.is_ascii_digit() => self.at += 1,
                _ => {
                    self.operator()?;
                    self.at += 1;
                }
            }
        }
        Ok(())
    }

    fn refuse(&self, message: &'static str) -> Result<(), TooDeep> {
        Err(TooDeep { at: self.at.min(self.text.len()), message })
    }

    fn operator(&mut self) -> Result<(), TooDeep> {
        self.operators += 1;
        self.deepest = self.deepest.max(self.operators + self.sticky);
        if self.operators + self.sticky > MAX_OPERATORS {
            return self.refuse("an expression too deep to be compiled");
        }
        Ok(())
    }

    fn word(&mut self) -> Result<(), TooDeep> {
        let rest = &self.text[self.at..];
        let end = rest.iter().position(|byte| !(*byte == b'_' || byte.is_ascii_alphanumeric() || !byte.is_ascii()));
        let word = &rest[..end.unwrap_or(rest.len())];
        let quoted = matches!(rest.get(word.len()), Some(b'\'' | b'"')) && word.len() <= 2;
        match word {
            b"lambda" => {
                self.sticky += 1;
                self.operator()?;
            }
            b"not" | b"await" | b"yield" | b"from" | b"if" | b"else" | b"elif" | b"and" | b"or" | b"in" | b"is" | b"for"
            | b"async" | b"as" => self.operator()?,
            _ => {}
        }
        self.at += word.len();
        if quoted {
            self.string(word.iter().any(|byte| b"fFtT".contains(byte)));
        }
        Ok(())
    }

    fn skip_comment(&mut self) {
        let rest = &self.text[self.at..];
        self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    }

    /// Skips a string; expressions inside one that holds any are bounded by its length.
    fn string(&mut self, holds_expressions: bool) {
        let (start, quote) = (self.at, self.text[self.at]);
        let triple = self.text[self.at..].starts_with(&[quote; 3]);
        self.at += if triple { 3 } else { 1 };
        while let Some(&byte) = self.text.get(self.at) {
            match byte {
                b'\\' => self.at += 2,
                b'\n' if !triple => break,
                byte if byte == quote && !triple => {
                    self.at += 1;
                    break;
                }
                byte if byte == quote && self.text[self.at..].starts_with(&[quote; 3]) => {
                    self.at += 3;
                    break;
                }
                _ => self.at += 1,
            }
        }
        self.at = self.at.min(self.text.len());
        if holds_expressions {
            let brackets = self.text[start..self.at].iter().filter(|byte| **byte == b'{').count();
            if brackets > 0 {
                self.deepest = self.deepest.max(self.operators + self.sticky + (self.at - start).min(MAX_OPERATORS));
            }
        }
    }

    fn line_start(&mut self) -> Result<(), TooDeep> {
        let rest = &self.text[self.at..];
        let blanks = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\x0c')).unwrap_or(rest.len());
        self.at += blanks;
        if matches!(rest.get(blanks), None | Some(b'\n' | b'\r' | b'#' | b'\\')) {
            return Ok(());
        }
        let width = rest[..blanks].iter().fold(0, |width, byte| if *byte == b'\t' { (width / 8 + 1) * 8 } else { width + 1 });
        while self.indents.last().is_some_and(|last| *last > width) {
            self.indents.pop();
        }
        if self.indents.last().is_none_or(|last| *last < width) {
            self.indents.push(width);
        }
        if self.indents.len() > MAX_INDENTS {
            return self.refuse("too many levels of indentation");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_refuses_is_refused() {
        let blocks: String = (0..101).map(|level| format!("{}if a:\n", " ".repeat(level))).collect();
        for (text, message) in [
            ("(".repeat(201), "too many nested parentheses"),
            (blocks, "too many levels of indentation"),
            (format!("{}x", "-".repeat(200_000)), "an expression too deep to be compiled"),
            (format!("a{}", ".b".repeat(200_000)), "an expression too deep to be compiled"),
            (format!("a{}", "+a".repeat(200_000)), "an expression too deep to be compiled"),
            ("lambda a,b:".repeat(10_001), "an expression too deep to be compiled"),
        ] {
            assert_eq!(depth(&text).unwrap_err().message, message);
        }
    }

    #[test]
    fn what_is_long_but_flat_is_not() {
        for text in [
            format!("x = [{}]", "a.b(-1), ".repeat(50_000)),
            format!("x = ({})", "'text'\n".repeat(50_000)),
            "# ((((((\n".repeat(1_000),
            format!("x = '''{}'''", "(".repeat(1_000)),
            "a = b.c + d\n".repeat(50_000),
        ] {
            assert!(depth(&text).unwrap() < 200, "{}", &text[..20]);
        }
    }
}
