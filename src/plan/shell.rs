//! How `sh` reads the quotes of a text: enough to know where a value may be put in, and how it must be quoted there.

/// How a value has to be quoted at one place of a shell text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quoting {
    /// It stands free.
    None,
    /// It stands inside single quotes.
    Single,
    /// It stands inside double quotes.
    Double,
    /// It stands in a comment, where nothing reads it.
    Comment,
    /// It stands in backquotes, `${…}` or a here-document, where no quoting is safe.
    Impossible,
}

/// What reading a text gave.
#[derive(Debug)]
pub struct Scan {
    /// Where a quoting begins that is not [`Quoting::None`] or ends, in order.
    changes: Vec<(usize, Quoting)>,
    /// Where a quote stands that nothing closes.
    pub unclosed: Option<usize>,
}

impl Scan {
    /// How a value at this byte has to be quoted.
    #[must_use]
    pub fn at(&self, offset: usize) -> Quoting {
        let past = self.changes.partition_point(|(start, _)| *start <= offset);
        past.checked_sub(1).map_or(Quoting::None, |at| self.changes[at].1)
    }
}

/// What the text is inside of, outermost first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    Parens(usize),
    Double(usize),
    Backquotes(usize),
    /// `${…}`, and whether double quotes surround it.
    Braces(bool),
}

/// Reads a text once, with a stack of its own for what nests.
#[must_use]
pub fn scan(text: &str) -> Scan {
    let bytes = text.as_bytes();
    let mut scan = Scan { changes: vec![(0, Quoting::None)], unclosed: None };
    let mut stack: Vec<Inside> = Vec::new();
    let mut impossible = 0_usize;
    let mut documents: Vec<(Vec<u8>, bool)> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let top = stack.last().copied();
        let quoted = matches!(top, Some(Inside::Double(_) | Inside::Braces(true)));
        let mut next = at + 1;
        match bytes[at] {
            b'\\' => next = at + 2,
            b'\'' if !quoted => match memchr::memchr(b'\'', &bytes[at + 1..]) {
                Some(len) => {
                    scan.changes.push((at, if impossible > 0 { Quoting::Impossible } else { Quoting::Single }));
                    next = at + len + 2;
                    scan.changes.push((next, quoting(&stack, impossible)));
                }
                None => {
                    scan.unclosed = Some(at);
                    return scan;
                }
            },
            b'"' if matches!(top, Some(Inside::Double(_))) => pop(&mut stack, &mut impossible),
            b'"' => stack.push(Inside::Double(at)),
            b'`' if matches!(top, Some(Inside::Backquotes(_))) => pop(&mut stack, &mut impossible),
            b'`' => push(&mut stack, &mut impossible, Inside::Backquotes(at)),
            b'$' if bytes.get(at + 1) == Some(&b'(') => {
                stack.push(Inside::Parens(at + 1));
                next = at + 2;
            }
            b'$' if bytes.get(at + 1) == Some(&b'{') => {
                push(&mut stack, &mut impossible, Inside::Braces(quoted));
                next = at + 2;
            }
            b'}' if matches!(top, Some(Inside::Braces(_))) => pop(&mut stack, &mut impossible),
            b'(' if !quoted => stack.push(Inside::Parens(at)),
            b')' if matches!(top, Some(Inside::Parens(_))) => pop(&mut stack, &mut impossible),
            b'#' if !quoted && !matches!(top, Some(Inside::Braces(_))) && begins_word(bytes, at) => {
                scan.changes.push((at, Quoting::Comment));
                next = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |len| at + len);
            }
            b'<' if !quoted && bytes[at..].starts_with(b"<<") && !is_arithmetic(&stack) => {
                let (document, end) = here_document(bytes, at);
                documents.extend(document);
                next = end;
            }
            b'\n' if !documents.is_empty() => {
                scan.changes.push((next, Quoting::Impossible));
                next = after_documents(bytes, next, &mut documents);
            }
            _ => {}
        }
        at = next;
        let now = quoting(&stack, impossible);
        if scan.changes.last().is_none_or(|(_, last)| *last != now) {
            scan.changes.push((at, now));
        }
    }
    scan.unclosed = stack.iter().rev().find_map(|inside| match inside {
        Inside::Double(at) | Inside::Backquotes(at) => Some(*at),
        Inside::Parens(_) | Inside::Braces(_) => None,
    });
    scan
}

/// A value quoted for its place.
#[must_use]
pub fn quote(value: &[u8], quoting: Quoting) -> Vec<u8> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_./,:@%+-".contains(byte);
    if !value.is_empty() && value.iter().all(is_plain) {
        return value.to_vec();
    }
    let mut out = Vec::with_capacity(value.len() + 2);
    match quoting {
        Quoting::Double => {
            for byte in value {
                if b"\\\"$`".contains(byte) {
                    out.push(b'\\');
                }
                out.push(*byte);
            }
        }
        Quoting::None | Quoting::Single | Quoting::Comment | Quoting::Impossible => {
            let marks: &[u8] = if quoting == Quoting::Single { b"" } else { b"'" };
            out.extend_from_slice(marks);
            for byte in value {
                match byte {
                    b'\'' => out.extend_from_slice(b"'\\''"),
                    byte => out.push(*byte),
                }
            }
            out.extend_from_slice(marks);
        }
    }
    out
}

fn quoting(stack: &[Inside], impossible: usize) -> Quoting {
    match stack.last() {
        _ if impossible > 0 => Quoting::Impossible,
        Some(Inside::Double(_)) => Quoting::Double,
        _ => Quoting::None,
    }
}

fn push(stack: &mut Vec<Inside>, impossible: &mut usize, inside: Inside) {
    stack.push(inside);
    *impossible += 1;
}

fn pop(stack: &mut Vec<Inside>, impossible: &mut usize) {
    if let Some(Inside::Backquotes(_) | Inside::Braces(_)) = stack.pop() {
        *impossible -= 1;
    }
}

fn begins_word(bytes: &[u8], at: usize) -> bool {
    at == 0 || b" \t\n;&|()".contains(&bytes[at - 1])
}

/// True inside `$((…))`, where `<<` shifts.
fn is_arithmetic(stack: &[Inside]) -> bool {
    matches!(stack, [.., Inside::Parens(outer), Inside::Parens(inner)] if outer + 1 == *inner)
}

/// The delimiter after `<<` or `<<-`, with whether leading tabs are dropped, and where reading goes on.
fn here_document(bytes: &[u8], at: usize) -> (Option<(Vec<u8>, bool)>, usize) {
    let mut end = at + 2;
    if bytes.get(end) == Some(&b'<') {
        return (None, end + 1);
    }
    let tabs = bytes.get(end) == Some(&b'-');
    end += usize::from(tabs);
    while matches!(bytes.get(end), Some(b' ' | b'\t')) {
        end += 1;
    }
    let mut word = Vec::new();
    let mut mark = None;
    while let Some(byte) = bytes.get(end) {
        match (mark, byte) {
            (_, b'\n') => break,
            (Some(open), byte) if open == *byte => mark = None,
            (None, b'\'' | b'"') => mark = Some(*byte),
            (None, b'\\') => {}
            (None, b' ' | b'\t' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')') => break,
            (_, byte) => word.push(*byte),
        }
        end += 1;
    }
    ((!word.is_empty()).then_some((word, tabs)), end)
}

/// Where the text goes on after the bodies of the here-documents that were announced.
fn after_documents(bytes: &[u8], from: usize, documents: &mut Vec<(Vec<u8>, bool)>) -> usize {
    let mut at = from;
    for (word, tabs) in documents.drain(..) {
        while at < bytes.len() {
            let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |len| at + len);
            let mut line = &bytes[at..end];
            while tabs && line.first() == Some(&b'\t') {
                line = &line[1..];
            }
            at = (end + 1).min(bytes.len());
            if line == word {
                break;
            }
        }
    }
    at
}
