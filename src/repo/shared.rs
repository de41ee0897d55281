//! The modes that git gives to what it writes into a repository that several people share (`core.sharedRepository`).
//!
//! git answers no question about them, so its rule stands here: `git_config_perm` and `calc_shared_perm` of its sources.

use std::fs::{self, Metadata, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::repo::git::GitProblem;

/// What becomes of the mode of a new file or folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Shared {
    /// It is left to the umask.
    #[default]
    No,
    /// These permissions are added.
    Adding(u32),
    /// These permissions replace what the umask left.
    Exactly(u32),
}

const GROUP: Shared = Shared::Adding(0o660);
const EVERYBODY: Shared = Shared::Adding(0o664);

impl Shared {
    /// Reads a value of `core.sharedRepository`; `boolean` is asked about what is neither a word of its own nor a number.
    ///
    /// # Errors
    /// That of `boolean`, or when git would refuse the mode.
    pub(super) fn parse(value: Option<&[u8]>, boolean: impl FnOnce() -> Result<bool, GitProblem>) -> Result<Self, GitProblem> {
        let number = match value {
            None | Some(b"group") => return Ok(GROUP),
            Some(b"umask" | b"") => return Ok(Self::No),
            Some(b"all" | b"world" | b"everybody") => return Ok(EVERYBODY),
            Some(text) => str::from_utf8(text).ok().and_then(|text| u32::from_str_radix(text, 8).ok()),
        };
        match number {
            Some(0) => Ok(Self::No),
            Some(1) => Ok(GROUP),
            Some(2) => Ok(EVERYBODY),
            Some(mode) if mode & 0o600 == 0o600 => Ok(Self::Exactly(mode & 0o666)),
            Some(mode) => Err(GitProblem::Failed {
                command: "config".to_owned(),
                stderr: format!("core.sharedrepository is 0{mode:o}, by which the owner of a file could not read and write it"),
            }),
            None => Ok(if boolean()? { GROUP } else { Self::No }),
        }
    }

    fn of(self, old: u32, is_folder: bool) -> u32 {
        let readers_run = |mode: u32| (mode & 0o444) >> 2;
        let (mut bits, kept) = match self {
            Self::No => return old,
            Self::Adding(bits) => (bits, old),
            Self::Exactly(bits) => (bits, old & !0o777),
        };
        if old & 0o200 == 0 {
            bits &= !0o222;
        }
        if old & 0o100 != 0 {
            bits |= readers_run(bits);
        }
        let mut new = kept | bits;
        if is_folder {
            new |= readers_run(new);
            // What is made in it then belongs to the same group.
            if new & 0o060 != 0 {
                new |= 0o2000;
            }
        }
        new
    }

    /// Gives the file or folder at `path` the mode that git would have given it. What is another member's is left to them.
    ///
    /// # Errors
    /// When the system refuses.
    pub(super) fn adjust(self, path: &Path) -> io::Result<()> {
        if self == Self::No { Ok(()) } else { self.adjust_found(path, &fs::symlink_metadata(path)?) }
    }

    /// As [`Shared::adjust`], with all that is below `path`.
    ///
    /// # Errors
    /// When the system refuses.
    pub(super) fn adjust_all(self, path: &Path) -> io::Result<()> {
        if self == Self::No {
            return Ok(());
        }
        self.adjust(path)?;
        if path.symlink_metadata()?.is_dir() {
            for entry in fs::read_dir(path)? {
                self.adjust_all(&entry?.path())?;
            }
        }
        Ok(())
    }

    /// As [`Shared::adjust`], for a caller who has looked already.
    ///
    /// # Errors
    /// When the system refuses.
    pub(super) fn adjust_found(self, path: &Path, found: &Metadata) -> io::Result<()> {
        let old = found.permissions().mode() & 0o7777;
        let new = self.of(old, found.is_dir());
        if new == old || found.is_symlink() {
            return Ok(());
        }
        match fs::set_permissions(path, Permissions::from_mode(new)) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
            done => done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_read_as_git_reads_it() {
        for (value, expected) in [
            (None, GROUP),
            (Some("group"), GROUP),
            (Some("1"), GROUP),
            (Some("yes"), GROUP),
            (Some("umask"), Shared::No),
            (Some(""), Shared::No),
            (Some("0"), Shared::No),
            (Some("no"), Shared::No),
            (Some("all"), EVERYBODY),
            (Some("world"), EVERYBODY),
            (Some("everybody"), EVERYBODY),
            (Some("2"), EVERYBODY),
            (Some("0640"), Shared::Exactly(0o640)),
            (Some("660"), Shared::Exactly(0o660)),
            (Some("0777"), Shared::Exactly(0o666)),
        ] {
            let read = Shared::parse(value.map(str::as_bytes), || Ok(value == Some("yes"))).unwrap();
            assert_eq!(read, expected, "{value:?}");
        }
        for mode in ["0440", "3"] {
            assert!(Shared::parse(Some(mode.as_bytes()), || Ok(true)).unwrap_err().to_string().contains("core.sharedrepository"));
        }
    }

    #[test]
    fn modes_are_those_of_gits_own_rule() {
        for (shared, old, is_folder, expected) in [
            (Shared::No, 0o644, false, 0o644),
            (GROUP, 0o644, false, 0o664),
            (GROUP, 0o444, false, 0o444),
            (GROUP, 0o755, true, 0o2775),
            (GROUP, 0o700, true, 0o2770),
            (EVERYBODY, 0o600, false, 0o664),
            (EVERYBODY, 0o700, true, 0o2775),
            (Shared::Exactly(0o640), 0o664, false, 0o640),
            (Shared::Exactly(0o640), 0o444, false, 0o440),
            (Shared::Exactly(0o600), 0o755, true, 0o700),
            (Shared::Exactly(0o640), 0o755, true, 0o2750),
        ] {
            assert_eq!(shared.of(old, is_folder), expected, "{shared:?} {old:o}");
        }
    }
}
