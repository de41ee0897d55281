//! The name of a unit, as trailers, journal and events carry it. Pure.
//!
//! It is bytes of its own, of one of three forms: the path of the one file; `group:NAME` for a group that the plan names; and
//! `PHASE:FOLDER/#1` or `PHASE:#1` for one that was cut for its size. A path that begins like one of the others is written `./PATH`.

use std::fmt;

use crate::path::{RepoPath, quote, unquote};

/// Begins the name of a group that the plan names.
const NAMED: &[u8] = b"group:";

/// The name of a unit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitId(Vec<u8>);

impl UnitId {
    /// The unit of one file.
    #[must_use]
    pub fn of_file(path: &RepoPath) -> Self {
        let bytes = path.as_bytes();
        if bytes.starts_with(NAMED) || is_cut(bytes) { Self([b"./", bytes].concat()) } else { Self(bytes.to_vec()) }
    }

    /// A group that the plan calls `name`.
    #[must_use]
    pub fn of_group(name: &str) -> Self {
        Self([NAMED, name.as_bytes()].concat())
    }

    /// The `nth` group, counted from 1, of the files in `folder`, which is empty for the whole phase and else ends in a slash.
    #[must_use]
    pub fn of_cut(phase: &str, folder: &[u8], nth: usize) -> Self {
        Self([phase.as_bytes(), b":", folder, format!("#{nth}").as_bytes()].concat())
    }

    /// The name that a trailer or a record holds; `None` for what can be no unit's.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        let id = Self(bytes);
        (id.file().is_some() || id.group().is_some() || is_cut(&id.0)).then_some(id)
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The file of a unit that has one; `None` for groups.
    #[must_use]
    pub fn file(&self) -> Option<RepoPath> {
        let path = match self.0.strip_prefix(b"./") {
            Some(path) => path,
            None if self.0.starts_with(NAMED) || is_cut(&self.0) => return None,
            None => &self.0,
        };
        RepoPath::new(path).ok()
    }

    /// The name that the plan gives the group; `None` for any other unit.
    #[must_use]
    pub fn group(&self) -> Option<&str> {
        std::str::from_utf8(self.0.strip_prefix(NAMED)?).ok().filter(|name| !name.is_empty())
    }

    /// True for a group that was cut for its size.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        is_cut(&self.0)
    }

    /// The folder of a group that was cut, empty or with its last slash, and its number; `None` for any other unit, and for those of
    /// another phase.
    #[must_use]
    pub fn cut(&self, phase: &str) -> Option<(&[u8], usize)> {
        let rest = self.0.strip_prefix(phase.as_bytes())?.strip_prefix(b":").filter(|_| is_cut(&self.0))?;
        let at = memchr::memrchr(b'#', rest)?;
        Some((&rest[..at], std::str::from_utf8(&rest[at + 1..]).ok()?.parse().ok()?))
    }
}

/// True for what [`UnitId::of_cut`] gives.
fn is_cut(bytes: &[u8]) -> bool {
    let Some(colon) = memchr::memchr(b':', bytes) else { return false };
    let phase = &bytes[..colon];
    let is_phase = !phase.is_empty() && phase.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(byte));
    let rest = &bytes[colon + 1..];
    let last = rest.rsplit(|byte| *byte == b'/').next().unwrap_or(rest);
    is_phase && last.strip_prefix(b"#").is_some_and(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit))
}

/// What a person calls a part of a unit, which is named by its files; without any it is the whole.
#[must_use]
pub fn part_name(unit: &str, files: &[impl fmt::Display]) -> String {
    match files {
        [] => unit.to_owned(),
        [one] => format!("{unit}: {one}"),
        files => format!("{unit}: {} files", files.len()),
    }
}

impl fmt::Display for UnitId {
    /// Writes the name as git quotes a path.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quote(&self.0))
    }
}

impl fmt::Debug for UnitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnitId({self})")
    }
}

impl serde::Serialize for UnitId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for UnitId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        unquote(&text).and_then(Self::new).ok_or_else(|| serde::de::Error::custom("no name of a unit"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_its_own_name_unless_it_looks_like_a_groups() {
        for (path, name) in [
            ("a.py", "a.py"),
            ("ü b/c.py", "ü b/c.py"),
            ("group:x", "./group:x"),
            ("groups/x.py", "groups/x.py"),
            ("P0:#1", "./P0:#1"),
            ("P0:a/#12", "./P0:a/#12"),
            ("P0:a/b.py", "P0:a/b.py"),
            ("a b:#1", "a b:#1"),
        ] {
            let path = RepoPath::new(path).unwrap();
            let id = UnitId::of_file(&path);
            assert_eq!((id.as_bytes(), id.file()), (name.as_bytes(), Some(path.clone())), "{path}");
            assert_eq!(UnitId::new(id.as_bytes().to_vec()), Some(id), "{path}");
        }
    }

    #[test]
    fn groups_are_no_files_and_are_read_again() {
        let named = UnitId::of_group("metrics-move");
        assert_eq!((named.group(), named.file(), named.cut("P0")), (Some("metrics-move"), None, None));
        let cut = UnitId::of_cut("P2", b"app/agents/", 3);
        assert_eq!((cut.to_string(), cut.file(), cut.group()), ("P2:app/agents/#3".to_owned(), None, None));
        assert_eq!((cut.cut("P2"), cut.cut("P3"), cut.cut("P")), (Some((&b"app/agents/"[..], 3)), None, None));
        assert_eq!(UnitId::of_cut("P2", b"", 1).to_string(), "P2:#1");
        for id in [named, cut] {
            assert_eq!(UnitId::new(id.as_bytes().to_vec()), Some(id.clone()));
            assert_eq!(serde_json::from_str::<UnitId>(&serde_json::to_string(&id).unwrap()).unwrap(), id);
        }
        for nothing in ["", "group:", "/a", "a/../b", "./../x", "a\0b"] {
            assert_eq!(UnitId::new(nothing.as_bytes().to_vec()), None, "{nothing:?}");
        }
    }
}
