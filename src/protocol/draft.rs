//! A change as a value, stage by stage: a [`Draft`] is known in memory; [`Begun`], it is announced; [`Placed`], it is on disk; [`Landed`],
//! its commit is in the branch. Each step of the protocol consumes the stage before it, so that none can be left out or done twice.

use git2::Oid;

use crate::cure;
use crate::fs;
use crate::path::RepoPath;
use crate::repo::Tip;
use crate::repo::target::Target;
use crate::stop::{Note, Stop};
use crate::unit_id::UnitId;

/// A change, known in memory before anything is written.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The plan's name.
    pub plan: String,
    /// The phase's id.
    pub phase: String,
    /// The unit.
    pub unit: UnitId,
    /// All files of the unit where it is a group, those that do not change too.
    pub members: Vec<RepoPath>,
    /// What it builds on.
    pub tip: Tip,
    /// The files that change.
    pub files: Vec<DraftFile>,
    /// The commit that is taken back, when this is a revert.
    pub reverts: Option<Oid>,
    /// True when the commit is to be judged after it landed.
    pub verify: bool,
    /// The commits that it comes to, where they are made before it is announced: `unit`, `members` and `reverts` are of the last of them.
    /// Else there is one, made as it lands.
    pub chain: Option<Chain>,
}

/// Commits on top of each other that are held and last, and become part of the branch in one step, all or none
/// ([`Protocol::chain`](crate::protocol::Protocol::chain)). The files of the change are those in which the last of them differs from
/// the tip.
#[derive(Debug, Clone)]
pub struct Chain {
    pub(super) links: Vec<Link>,
    pub(super) last: Oid,
}

impl Chain {
    /// Its commits, oldest first.
    #[must_use]
    pub fn links(&self) -> &[Link] {
        &self.links
    }
}

/// A commit of a chain.
#[derive(Debug, Clone)]
pub struct Link {
    /// The commit.
    pub commit: Oid,
    /// The unit whose work it holds, or takes back.
    pub unit: UnitId,
    /// All files of the unit where it is a group, those that do not change too.
    pub members: Vec<RepoPath>,
    /// The commit that is taken back, when this is a revert.
    pub reverts: Option<Oid>,
}

/// One file of a change.
#[derive(Debug, Clone)]
pub struct DraftFile {
    /// Where it is.
    pub path: RepoPath,
    /// The file as it was found, the same in HEAD, index and disk; `None` where there is none yet.
    pub before: Option<Target>,
    /// True when git converts it between disk and repository.
    pub converted: bool,
    /// What becomes of it.
    pub after: After,
    /// The name for writing aside.
    pub aside: String,
}

/// What becomes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum After {
    /// An external codemod has yet to say.
    Unknown,
    /// It holds these bytes; one that was not there gets this mode, as git words it.
    Text {
        /// The bytes on disk.
        bytes: Vec<u8>,
        /// Such as `0o100644`.
        mode: u32,
    },
    /// It is gone.
    Gone,
}

impl DraftFile {
    /// A file that was found, and what becomes of it.
    ///
    /// # Errors
    /// When the system gives no random name.
    pub fn new(path: RepoPath, before: Option<Target>, converted: bool, after: After) -> Result<Self, Stop> {
        let no_name = |error| {
            let help = cure::help(&error, "look at /dev/urandom");
            Stop::Refused(Note::new(format!("no random bytes: {error}"), help))
        };
        let aside = fs::aside_name().map_err(no_name)?;
        Ok(Self { path, before, converted, after, aside })
    }

    /// The bytes that were found on disk; `None` where there was no file.
    #[must_use]
    pub fn old_text(&self) -> Option<&[u8]> {
        self.before.as_ref().map(|target| target.found.bytes.as_slice())
    }

    /// The bytes that are to be on disk; `None` where there is to be no file, and while a codemod has yet to say.
    #[must_use]
    pub fn new_text(&self) -> Option<&[u8]> {
        match &self.after {
            After::Text { bytes, .. } => Some(bytes),
            After::Unknown | After::Gone => None,
        }
    }

    /// The mode of the file that was found, else that of a plain new one, as git words it.
    #[must_use]
    pub fn old_mode(&self) -> u32 {
        self.before.as_ref().map_or(0o100_644, |target| target.mode)
    }

    /// The mode of the file to come, as git words it; `None` where there is to be none.
    #[must_use]
    pub fn new_mode(&self) -> Option<u32> {
        match &self.after {
            After::Text { mode, .. } => Some(*mode),
            After::Unknown | After::Gone => None,
        }
    }
}

/// A change that the journal announces, and whose texts are kept: from here on it must be taken back or landed.
#[derive(Debug)]
#[must_use = "what has begun must be placed or undone"]
pub struct Begun(pub(super) Draft);

/// A change that is on disk.
#[derive(Debug)]
#[must_use = "what is placed must be landed or undone"]
pub struct Placed(pub(super) Draft);

/// A change whose commit is in the branch.
#[derive(Debug)]
pub struct Landed {
    /// The commit.
    pub commit: Oid,
    /// What it holds.
    pub draft: Draft,
}

impl Placed {
    /// What it is of.
    #[must_use]
    pub fn draft(&self) -> &Draft {
        &self.0
    }

    /// Notes what codemods made of a file.
    pub fn set(&mut self, path: &RepoPath, after: After) {
        if let Some(file) = self.0.files.iter_mut().find(|file| file.path == *path) {
            file.after = after;
        }
    }
}

impl From<Begun> for Draft {
    fn from(Begun(draft): Begun) -> Self {
        draft
    }
}

impl From<Placed> for Draft {
    fn from(Placed(draft): Placed) -> Self {
        draft
    }
}
