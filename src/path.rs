//! A path inside the repository, as git names it: bytes, `/` between parts, relative to the top.
//!
//! A [`RepoPath`] cannot be absolute, hold an empty part, `.`, `..` or a spelling of `.git`, so nothing below the border has to
//! ask again. Paths need not be UTF-8. Nothing here does I/O.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A checked path relative to the top of the work tree.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoPath(Vec<u8>);

/// Why a text cannot be a path inside the repository.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathProblem {
    /// Nothing was given.
    #[error("the path is empty")]
    Empty,
    /// It starts at the root of the file system.
    #[error("the path is absolute")]
    Absolute,
    /// It leaves the repository, or might.
    #[error("the path holds `..`")]
    Parent,
    /// It holds an empty part or `.`, so that two spellings would name one file.
    #[error("the path holds an empty part or `.`")]
    NotNormal,
    /// It points into git's own folder, by any of the names file systems take for it.
    #[error("the path is inside `.git`")]
    GitDir,
    /// It holds a NUL byte, which no file system takes.
    #[error("the path holds a NUL byte")]
    Nul,
}

impl RepoPath {
    /// Takes the bytes of a path as git lists it.
    ///
    /// # Errors
    /// A [`PathProblem`] when the bytes are not a normal relative path outside `.git`.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, PathProblem> {
        let bytes = bytes.into();
        if bytes.is_empty() {
            return Err(PathProblem::Empty);
        }
        if bytes.contains(&0) {
            return Err(PathProblem::Nul);
        }
        if bytes[0] == b'/' {
            return Err(PathProblem::Absolute);
        }
        for part in bytes.split(|byte| *byte == b'/') {
            match part {
                b"" | b"." => return Err(PathProblem::NotNormal),
                b".." => return Err(PathProblem::Parent),
                part if is_git_dir(part) => return Err(PathProblem::GitDir),
                _ => {}
            }
        }
        Ok(Self(bytes))
    }

    /// The bytes as git stores them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The path for the file system, still relative.
    #[must_use]
    pub fn as_path(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.0))
    }

    /// The path below `top`.
    #[must_use]
    pub fn below(&self, top: &Path) -> PathBuf {
        top.join(self.as_path())
    }

    /// The last part.
    #[must_use]
    pub fn file_name(&self) -> &[u8] {
        self.0.rsplit(|byte| *byte == b'/').next().unwrap_or(&self.0)
    }

    /// The path of another file in the same folder; `None` when `name` is no name of a file.
    #[must_use]
    pub fn beside(&self, name: &str) -> Option<Self> {
        let folder = self.0.len() - self.file_name().len();
        let beside = [&self.0[..folder], name.as_bytes()].concat();
        Self::new(beside).ok().filter(|_| !name.contains('/'))
    }
}

/// True for the names under which a file system may find git's folder: other case, NTFS short name, trailing dots and spaces,
/// and code points that HFS+ ignores (as jj and git refuse them).
fn is_git_dir(part: &[u8]) -> bool {
    let text = String::from_utf8_lossy(part);
    let plain: String = text.chars().filter(|c| !is_ignored_by_hfs(*c)).collect();
    let name = plain.split(':').next().unwrap_or("").trim_end_matches([' ', '.']).to_ascii_lowercase();
    name == ".git" || name == "git~1"
}

fn is_ignored_by_hfs(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

impl fmt::Display for RepoPath {
    /// Writes the path as git quotes it: as it is when plain, else in double quotes with C escapes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quote(&self.0))
    }
}

impl fmt::Debug for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RepoPath({self})")
    }
}

impl serde::Serialize for RepoPath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for RepoPath {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        let bytes = unquote(&text).ok_or_else(|| serde::de::Error::custom("a path with a broken quote"))?;
        Self::new(bytes).map_err(serde::de::Error::custom)
    }
}

/// Quotes bytes as git does with `core.quotePath=false`: unchanged when they are UTF-8 without control characters, quotes,
/// backslashes or surrounding blanks; else in double quotes with C escapes. [`unquote`] takes it back.
#[must_use]
pub fn quote(bytes: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(bytes)
        && !text.is_empty()
        && text.trim() == text
        && !text.chars().any(|c| c.is_control() || c == '"' || c == '\\' || is_ignored_by_hfs(c) || is_line_break(c))
    {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                c if c.is_control() || is_ignored_by_hfs(c) || is_line_break(c) => {
                    let mut buffer = [0; 4];
                    push_octal(&mut out, c.encode_utf8(&mut buffer).as_bytes());
                }
                c => out.push(c),
            }
        }
        push_octal(&mut out, chunk.invalid());
    }
    out.push('"');
    out
}

fn is_line_break(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{2066}'..='\u{2069}')
}

fn push_octal(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        out.push_str(&format!("\\{byte:03o}"));
    }
}

/// Those of `names` that somebody who typed `name` may have meant, the likeliest first; three at most.
pub fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let mut near: Vec<(f64, &str)> = names.map(|other| (strsim::jaro_winkler(name, other), other)).collect();
    near.retain(|(score, _)| *score > 0.7);
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    near.into_iter().take(3).map(|(_, other)| other).collect()
}

/// Takes back what [`quote`] wrote; also takes any unquoted text as it is. `None` for a broken quote.
#[must_use]
pub fn unquote(text: &str) -> Option<Vec<u8>> {
    let Some(rest) = text.strip_prefix('"') else { return Some(text.as_bytes().to_vec()) };
    let inner = rest.strip_suffix('"')?.as_bytes();
    let mut out = Vec::with_capacity(inner.len());
    let mut at = 0;
    while at < inner.len() {
        if inner[at] == b'"' {
            return None;
        }
        if inner[at] != b'\\' {
            out.push(inner[at]);
            at += 1;
            continue;
        }
        at += 1;
        match *inner.get(at)? {
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'"' => out.push(b'"'),
            b'\\' => out.push(b'\\'),
            b'0'..=b'3' => {
                let digits = std::str::from_utf8(inner.get(at..at + 3)?).ok()?;
                out.push(u8::from_str_radix(digits, 8).ok()?);
                at += 2;
            }
            _ => return None,
        }
        at += 1;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_leave_the_repository_or_enter_git_have_no_type() {
        for (text, problem) in [
            ("", PathProblem::Empty),
            ("/etc/passwd", PathProblem::Absolute),
            ("a/../b", PathProblem::Parent),
            ("./a", PathProblem::NotNormal),
            ("a//b", PathProblem::NotNormal),
            ("a/", PathProblem::NotNormal),
            (".git/config", PathProblem::GitDir),
            ("a/.GIT/x", PathProblem::GitDir),
            (".git /x", PathProblem::GitDir),
            ("git~1/x", PathProblem::GitDir),
            (".g\u{200c}it/x", PathProblem::GitDir),
            ("a\0b", PathProblem::Nul),
        ] {
            assert_eq!(RepoPath::new(text), Err(problem), "{text:?}");
        }
        assert!(RepoPath::new("a/.gitignore").is_ok());
    }

    #[test]
    fn quoting_is_taken_back_for_all_bytes() {
        let every: Vec<u8> = (0..=255).collect();
        for bytes in
            [&every[..], b"plain/name.py", " lead".as_bytes(), "tab\tnew\nline".as_bytes(), "ünï".as_bytes(), b"\"q\"", b""]
        {
            assert_eq!(unquote(&quote(bytes)).as_deref(), Some(bytes));
        }
        assert_eq!(quote("ünï/a.py".as_bytes()), "ünï/a.py");
        assert_eq!(quote(b"a\xffb"), r#""a\377b""#);
        assert_eq!(unquote(r#""open"#), None);
    }
}
