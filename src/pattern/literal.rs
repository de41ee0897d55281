//! Literals in one spelling: the quotes of a string, the case of a prefix and the digits of a number do not matter.

/// A string literal without interpolation, whatever its quotes are.
pub(crate) fn string(written: &str) -> String {
    let start = written.find(['\'', '"']).unwrap_or(written.len());
    let prefix = prefix(&written[..start]);
    let rest = &written[start..];
    let quotes = match rest.get(..3) {
        Some(three @ ("'''" | "\"\"\"")) if rest.len() >= 6 => three,
        _ => rest.get(..1).unwrap_or(""),
    };
    let inner = rest.strip_prefix(quotes).unwrap_or(rest);
    let inner = inner.strip_suffix(quotes).unwrap_or(inner);
    let inner = content(inner, prefix.contains('r'));
    prefix + "'" + &inner
}

/// The letters before the quotes, which may follow; `u` says nothing.
pub(crate) fn prefix(written: &str) -> String {
    let mut letters: Vec<char> =
        written.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).filter(|c| *c != 'u').collect();
    letters.sort_unstable();
    letters.into_iter().collect()
}

/// What stands between the quotes, without the escapes that quotes need.
pub(crate) fn content(written: &str, raw: bool) -> String {
    let mut plain = String::with_capacity(written.len());
    let mut chars = written.chars();
    while let Some(c) = chars.next() {
        if c != '\\' || raw {
            plain.push(c);
            continue;
        }
        match chars.next() {
            Some(quote @ ('\'' | '"')) => plain.push(quote),
            Some(other) => plain.extend(['\\', other]),
            None => plain.push('\\'),
        }
    }
    plain
}

/// A number, whatever its base, its case and its underscores are.
pub(crate) fn number(written: &str) -> String {
    let digits: String = written.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase()).collect();
    let based = |prefix: &str, radix: u32| digits.strip_prefix(prefix).and_then(|rest| u128::from_str_radix(rest, radix).ok());
    if let Some(value) = based("0x", 16).or_else(|| based("0o", 8)).or_else(|| based("0b", 2)) {
        return value.to_string();
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let value = digits.trim_start_matches('0');
        return if value.is_empty() { "0".to_owned() } else { value.to_owned() };
    }
    let (real, unit) = digits.strip_suffix('j').map_or((digits.as_str(), ""), |real| (real, "j"));
    match real.parse::<f64>() {
        Ok(value) if value.is_finite() => format!("{value:?}{unit}"),
        _ => digits,
    }
}

#[cfg(test)]
mod tests {
    use super::{number, string};

    #[test]
    fn one_string_has_one_spelling() {
        for (left, right) in [
            ("'a'", "\"a\""),
            ("'a'", "'''a'''"),
            ("u'a'", "'a'"),
            ("Rb'a'", "bR\"a\""),
            (r"'it\'s'", "\"it's\""),
            ("''", "\"\""),
            ("''", "''''''"),
        ] {
            assert_eq!(string(left), string(right), "{left} {right}");
        }
        for (left, right) in [("'a'", "b'a'"), (r"'\''", r"'\\'"), (r"r'\''", r"'\''"), ("'a'", "'b'")] {
            assert_ne!(string(left), string(right), "{left} {right}");
        }
    }

    #[test]
    fn one_number_has_one_spelling() {
        for (left, right) in [
            ("1_000", "1000"),
            ("0xFF", "255"),
            ("0b11", "3"),
            ("0O17", "15"),
            ("1e3", "1000.0"),
            ("1.", "1.0"),
            ("1J", "1j"),
            ("00", "0"),
        ] {
            assert_eq!(number(left), number(right), "{left} {right}");
        }
        for (left, right) in [("1", "1.0"), ("1", "1j"), ("0xfg", "0xf"), ("10", "1")] {
            assert_ne!(number(left), number(right), "{left} {right}");
        }
    }
}
