//! One file as HEAD, the index and the disk have it: the same in all three, or refused with its own word.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use git2::{ObjectType, Oid, Tree};

use crate::fs::{self, FileProblem, Found};
use crate::path::RepoPath;
use crate::repo::stage::literal;
use crate::repo::{Repo, RepoProblem, Tip};

/// A tracked file that is the same in HEAD, index and work tree.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where it is.
    pub path: RepoPath,
    /// Its mode in the tree, such as `0o100644`.
    pub mode: u32,
    /// Its blob in the tree.
    pub blob: Oid,
    /// What is on disk; its bytes differ from the blob's where git converts line endings and the like.
    pub found: Found,
}

/// Why a file cannot be migrated.
#[derive(Debug, thiserror::Error)]
pub enum TargetProblem {
    /// It is neither in HEAD nor on disk.
    #[error("{0} does not exist")]
    Missing(RepoPath),
    /// It is on disk only.
    #[error("{0} is not tracked by git")]
    Untracked(RepoPath),
    /// It is on disk only, and git is told to ignore it.
    #[error("{0} is ignored by git")]
    Ignored(RepoPath),
    /// Staged, in no commit yet.
    #[error("{0} is added but in no commit yet")]
    OnlyStaged(RepoPath),
    /// A folder.
    #[error("{0} is a folder")]
    Folder(RepoPath),
    /// A symbolic link, or behind one.
    #[error("{0} is a symbolic link, or lies behind one")]
    Link(RepoPath),
    /// Another repository's file.
    #[error("{path} is in the submodule {submodule}")]
    Submodule {
        /// The file.
        path: RepoPath,
        /// The submodule.
        submodule: RepoPath,
    },
    /// Something is where a file is to be made.
    #[error("{0} exists already")]
    Exists(RepoPath),
    /// What is to be the folder of a new file is something else.
    #[error("{path} cannot be made: {by} is no folder")]
    Blocked {
        /// The file.
        path: RepoPath,
        /// What is in its way.
        by: RepoPath,
    },
    /// In the commit, gone from disk.
    #[error("{0} is deleted in the work tree")]
    Deleted(RepoPath),
    /// The index differs from HEAD.
    #[error("{0} has staged changes")]
    Staged(RepoPath),
    /// The disk differs from HEAD.
    #[error("{0} has uncommitted changes")]
    Dirty(RepoPath),
    /// It is in the commit as no `git add` would put it there today: whatever is changed, all its line endings change too.
    #[error("{0} is in the commit with line endings that git converts")]
    LineEndings(RepoPath),
    /// A merge left it in conflict.
    #[error("{0} is in conflict")]
    Conflicted(RepoPath),
    /// git is told not to look at the file.
    #[error("{path} is marked {mark}")]
    Marked {
        /// The file.
        path: RepoPath,
        /// `assume-unchanged` or `skip-worktree`.
        mark: &'static str,
    },
    /// It could not be read, or is no plain file.
    #[error("{0}")]
    File(#[from] FileProblem),
    /// The repository could not tell.
    #[error("{0}")]
    Repo(#[from] RepoProblem),
}

impl TargetProblem {
    /// True when the plan names what can never be migrated here; false when the state of the repository is in the way.
    #[must_use]
    pub fn is_of_the_plan(&self) -> bool {
        matches!(
            self,
            Self::Missing(_)
                | Self::Untracked(_)
                | Self::Ignored(_)
                | Self::Folder(_)
                | Self::Link(_)
                | Self::Submodule { .. }
                | Self::Exists(_)
                | Self::Blocked { .. }
        )
    }

    /// What to do next, for people.
    #[must_use]
    pub fn help(&self) -> Cow<'static, str> {
        let help = match self {
            Self::Missing(_) => "correct the path, or take it out of the plan",
            Self::Untracked(_) | Self::OnlyStaged(_) => {
                "commit it first: only what is in a commit can be migrated and taken back"
            }
            Self::Ignored(_) => "take it out of the plan: git does not keep it",
            Self::Folder(_) => "name the files, or use a glob",
            Self::Link(_) => "name the file that the link points to",
            Self::Submodule { .. } => "run migrate inside the submodule",
            Self::Exists(_) => "remove it, give the new file another path, or take the entry out of the plan",
            Self::Blocked { .. } => "give the new file another path, or take the entry out of the plan",
            Self::Deleted(_) => "restore it, or take it out of the plan",
            Self::Staged(_) | Self::Dirty(_) | Self::Conflicted(_) => "commit or stash your changes to this file first",
            Self::LineEndings(_) => "commit it converted first: git add --renormalize, then git commit",
            Self::Marked { .. } => "take the mark off with git update-index",
            Self::File(problem) => problem.help("nothing was changed; look at the file and run again"),
            Self::Repo(problem) => return problem.help(),
        };
        help.into()
    }
}

/// Which of a run's paths git converts between work tree and repository.
#[derive(Debug, Default)]
pub struct Conversions {
    converted: BTreeSet<RepoPath>,
    /// Files that stay in the commit with CRLF, while git converts something else in them.
    half: BTreeSet<RepoPath>,
}

impl Conversions {
    /// True when the file's bytes on disk are not what git stores.
    #[must_use]
    pub fn apply_to(&self, path: &RepoPath) -> bool {
        self.converted.contains(path)
    }
}

/// How many bytes of paths are given to git as arguments at once.
const ARGUMENTS: usize = 64 << 10;

impl Repo {
    /// Finds out by the attributes of `paths` which of them git converts: one call of git for all, and one more where line endings
    /// are among it.
    ///
    /// # Errors
    /// When git cannot tell.
    pub fn conversions(&self, paths: &[RepoPath]) -> Result<Conversions, RepoProblem> {
        let mut input = Vec::new();
        for path in paths {
            input.extend_from_slice(path.as_bytes());
            input.push(0);
        }
        let args = ["check-attr", "-z", "--stdin", "filter", "text", "eol", "ident", "working-tree-encoding", "crlf"];
        let text = self.git().ask(&args, &input)?;
        let (mut lines, mut converted) = (BTreeSet::new(), BTreeSet::new());
        let fields: Vec<&[u8]> = text.split(|byte| *byte == 0).collect();
        for field in fields.chunks_exact(3) {
            let applies = match (field[1], field[2]) {
                (b"text" | b"crlf", b"unspecified") => self.settings.converts_lines,
                (_, b"unspecified" | b"unset") => false,
                _ => true,
            };
            let kind = if matches!(field[1], b"text" | b"crlf" | b"eol") { &mut lines } else { &mut converted };
            if applies && let Ok(path) = RepoPath::new(field[0]) {
                kind.insert(path);
            }
        }
        let kept = self.keep_their_crlf(&lines)?;
        let half = kept.intersection(&converted).cloned().collect();
        converted.extend(lines.into_iter().filter(|path| !kept.contains(path)));
        Ok(Conversions { converted, half })
    }

    /// Those of `paths` whose CRLF git leaves as it is, in either direction, though it converts line endings: where it decides by
    /// the content, and the index has CRLF already.
    fn keep_their_crlf(&self, paths: &BTreeSet<RepoPath>) -> Result<BTreeSet<RepoPath>, RepoProblem> {
        let mut kept = BTreeSet::new();
        let mut left = paths.iter().peekable();
        while left.peek().is_some() {
            let mut args: Vec<OsString> = ["ls-files", "--eol", "-z", "--"].map(OsString::from).into();
            let mut size = 0;
            while let Some(path) = left.next_if(|_| size < ARGUMENTS) {
                size += path.as_bytes().len();
                args.push(literal(path));
            }
            // `i/crlf  w/crlf  attr/text=auto   \tpath`; no attribute is a decision by the content too.
            for line in self.git().ask(&args, b"")?.split(|byte| *byte == 0) {
                let Some(tab) = memchr::memchr(b'\t', line) else { continue };
                let said = String::from_utf8_lossy(&line[..tab]);
                let (index, attribute) = said.split_once(" w/").unwrap_or_default();
                let attribute = attribute.split_once(" attr/").map_or("", |(_, attribute)| attribute.trim());
                let by_content = attribute.is_empty() || attribute.starts_with("text=auto");
                if by_content
                    && matches!(index.trim(), "i/crlf" | "i/mixed")
                    && let Ok(path) = RepoPath::new(&line[tab + 1..])
                {
                    kept.insert(path);
                }
            }
        }
        Ok(kept)
    }

    /// The blob that `git add` would make of `bytes` at `path`; written when `write` is given.
    ///
    /// # Errors
    /// When git or its filters fail.
    pub fn clean(&self, path: &RepoPath, bytes: &[u8], converted: bool, write: Write) -> Result<Oid, RepoProblem> {
        if !converted {
            return Ok(match write {
                Write::Yes => self.write_object(ObjectType::Blob, bytes)?,
                Write::No => Oid::hash_object(ObjectType::Blob, bytes)?,
            });
        }
        let mut path_arg = b"--path=".to_vec();
        path_arg.extend_from_slice(path.as_bytes());
        let path_arg = OsString::from_vec(path_arg);
        let mut args = vec!["hash-object".into(), "--stdin".into(), path_arg];
        if write == Write::Yes {
            args.insert(1, "-w".into());
        }
        let said = self.git().ask(&args, bytes)?;
        Ok(Oid::from_str(String::from_utf8_lossy(&said).trim())?)
    }

    /// The bytes that a checkout would put on disk for `blob` at `path`.
    ///
    /// # Errors
    /// When the blob is missing, or git or its filters fail.
    pub fn smudge(&self, path: &RepoPath, blob: Oid, converted: bool) -> Result<Vec<u8>, RepoProblem> {
        if !converted {
            return self.blob(blob);
        }
        let mut path_arg = b"--path=".to_vec();
        path_arg.extend_from_slice(path.as_bytes());
        let args = ["cat-file".into(), "--filters".into(), OsString::from_vec(path_arg), blob.to_string().into()];
        Ok(self.git().ask(&args, b"")?)
    }

    /// Looks at one file and makes sure that HEAD, index and disk agree on it.
    ///
    /// # Errors
    /// [`TargetProblem`], one word for each way in which they do not.
    pub fn target(&self, tip: &Tip, path: &RepoPath, conversions: &Conversions) -> Result<Target, TargetProblem> {
        let (mode, blob) = match self.file_in(tip.commit, path)? {
            Some(file @ (0o100_644 | 0o100_755, _)) => file,
            _ => {
                let tree = self.inner.find_commit(tip.commit).and_then(|commit| commit.tree()).map_err(RepoProblem::from)?;
                self.in_tree(&tree, path)?
            }
        };
        self.index_agrees(path, mode, blob)?;
        let found = fs::read(self.top(), path).map_err(|problem| match problem {
            FileProblem::Missing { path } => TargetProblem::Deleted(path),
            FileProblem::Link { path } => TargetProblem::Link(path),
            problem => TargetProblem::File(problem),
        })?;
        if found.stat.st_nlink > 1 {
            return Err(FileProblem::HardLinked { path: path.clone() }.into());
        }
        let other_mode = self.settings.modes_count && (mode == 0o100_755) != (found.stat.st_mode & 0o100 != 0);
        if conversions.half.contains(path) {
            return Err(TargetProblem::LineEndings(path.clone()));
        }
        let converted = conversions.apply_to(path);
        if other_mode || self.clean(path, &found.bytes, converted, Write::No)? != blob {
            // It is what the commit holds, and yet not what git would store of it.
            let unlike_itself = !other_mode && converted && self.clean(path, &found.bytes, false, Write::No)? == blob;
            let problem = if unlike_itself { TargetProblem::LineEndings } else { TargetProblem::Dirty };
            return Err(problem(path.clone()));
        }
        Ok(Target { path: path.clone(), mode, blob, found })
    }

    /// Makes sure that a file can be made at `path`: HEAD, index and disk have nothing there, and git would keep it.
    ///
    /// # Errors
    /// [`TargetProblem`], one word for each way in which it cannot.
    pub fn free(&self, tip: &Tip, path: &RepoPath) -> Result<(), TargetProblem> {
        let bytes = path.as_bytes();
        for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
            let Ok(above) = RepoPath::new(&bytes[..at]) else { continue };
            let on_disk = above.below(self.top()).symlink_metadata();
            let in_head = self.file_in(tip.commit, &above)?.map(|(mode, _)| mode);
            if in_head == Some(0o160_000) {
                return Err(TargetProblem::Submodule { path: path.clone(), submodule: above });
            }
            if in_head.is_some_and(|mode| mode != 0o040_000) || on_disk.is_ok_and(|file| !file.is_dir()) {
                return Err(TargetProblem::Blocked { path: path.clone(), by: above });
            }
        }
        let in_index = self.with_index(|index| index.entry(bytes).is_some())?;
        let in_index = match in_index {
            Some(is_there) => is_there,
            None => self.staged(path)?.is_some(),
        };
        let there = path.below(self.top()).symlink_metadata().is_ok();
        if in_index || there || self.file_in(tip.commit, path)?.is_some() {
            return Err(TargetProblem::Exists(path.clone()));
        }
        if self.ignores(path)? { Err(TargetProblem::Ignored(path.clone())) } else { Ok(()) }
    }

    /// True when git is told to ignore an untracked file at `path`.
    fn ignores(&self, path: &RepoPath) -> Result<bool, RepoProblem> {
        let below = OsString::from_vec([b"./", path.as_bytes()].concat());
        let ask = [OsString::from("check-ignore"), "--quiet".into(), "--".into(), below];
        Ok(self.git().output(&ask)?.status.success())
    }

    fn in_tree(&self, tree: &Tree<'_>, path: &RepoPath) -> Result<(u32, Oid), TargetProblem> {
        if let Ok(entry) = tree.get_path(path.as_path()) {
            let mode = entry.filemode().cast_unsigned();
            return match mode {
                0o040_000 => Err(TargetProblem::Folder(path.clone())),
                0o120_000 => Err(TargetProblem::Link(path.clone())),
                0o160_000 => Err(TargetProblem::Submodule { path: path.clone(), submodule: path.clone() }),
                mode => Ok((mode, entry.id())),
            };
        }
        Err(self.why_not_in_tree(tree, path)?)
    }

    fn why_not_in_tree(&self, tree: &Tree<'_>, path: &RepoPath) -> Result<TargetProblem, TargetProblem> {
        let bytes = path.as_bytes();
        for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
            let Ok(above) = RepoPath::new(&bytes[..at]) else { continue };
            match tree.get_path(above.as_path()).map(|entry| entry.filemode()) {
                Ok(0o160_000) => return Ok(TargetProblem::Submodule { path: path.clone(), submodule: above }),
                Ok(0o120_000) => return Ok(TargetProblem::Link(path.clone())),
                _ => {}
            }
        }
        if self.with_index(|index| index.entry(bytes).is_some())?.unwrap_or(false) {
            return Ok(TargetProblem::OnlyStaged(path.clone()));
        }
        let Ok(there) = path.below(self.top()).symlink_metadata() else { return Ok(TargetProblem::Missing(path.clone())) };
        if there.is_dir() {
            return Ok(TargetProblem::Folder(path.clone()));
        }
        if self.ignores(path)? {
            return Ok(TargetProblem::Ignored(path.clone()));
        }
        Ok(if there.is_symlink() { TargetProblem::Link(path.clone()) } else { TargetProblem::Untracked(path.clone()) })
    }

    /// The mark that keeps git from looking at a file, by git's own account.
    fn mark_by_git(&self, path: &RepoPath) -> Result<Option<&'static str>, RepoProblem> {
        let args = [OsString::from("ls-files"), "-v".into(), "-z".into(), "--".into(), literal(path)];
        Ok(match self.git().ask(&args, b"")?.first() {
            Some(b'S') => Some("skip-worktree"),
            Some(tag) if tag.is_ascii_lowercase() => Some("assume-unchanged"),
            _ => None,
        })
    }

    fn index_agrees(&self, path: &RepoPath, mode: u32, blob: Oid) -> Result<(), TargetProblem> {
        let Some(entry) = self.with_index(|index| index.entry(path.as_bytes()))? else {
            // A split or sparse index: git says whether the entry is HEAD's.
            if let Some(mark) = self.mark_by_git(path)? {
                return Err(TargetProblem::Marked { path: path.clone(), mark });
            }
            return match self.staged(path)? == Some((mode, blob)) {
                true => Ok(()),
                false => Err(TargetProblem::Staged(path.clone())),
            };
        };
        let Some(entry) = entry else { return Err(TargetProblem::Staged(path.clone())) };
        if entry.stage != 0 {
            return Err(TargetProblem::Conflicted(path.clone()));
        }
        let mark = if entry.assume_unchanged { Some("assume-unchanged") } else { None };
        if let Some(mark) = mark.or(entry.skip_worktree.then_some("skip-worktree")) {
            return Err(TargetProblem::Marked { path: path.clone(), mark });
        }
        if entry.oid != blob || entry.mode != mode {
            return Err(TargetProblem::Staged(path.clone()));
        }
        Ok(())
    }
}

/// Whether an object is stored or only named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// Stored, and synced.
    Yes,
    /// Only its name is wanted.
    No,
}
