//! Why copies cannot be had at all, and why one of them could not be made or read.

use std::io;
use std::path::PathBuf;

use rustix::io::Errno;

use crate::cure;

/// Why there can be no copies of this tree here. Told once; what would have run in a copy then runs in the tree itself.
#[derive(Debug, thiserror::Error)]
pub enum Unavailable {
    /// A call of the sequence that makes a copy was refused.
    #[error("{call}: {error}")]
    Refused {
        /// What was tried, as words.
        call: String,
        /// What the system said.
        error: io::Error,
    },
    /// Something in the tree belongs to somebody else, and so could not be written in a copy although it can outside.
    #[error("{} belongs to user {owner} and group {group}, not to you", path.display())]
    Foreign {
        /// The first such entry.
        path: PathBuf,
        /// Its user.
        owner: u32,
        /// Its group.
        group: u32,
    },
    /// Another file system is mounted below the top of the tree: a copy would show the bare folder under it.
    #[error("another file system is mounted at {}", .0.display())]
    Mounted(PathBuf),
    /// The folder for scratch is inside what is to be copied.
    #[error("the scratch folder {} is inside the repository", .0.display())]
    ScratchInside(PathBuf),
    /// The folder for scratch is itself on an overlay, which cannot be the upper layer of another.
    #[error("the scratch folder {} is on an overlay file system", .0.display())]
    ScratchOnOverlay(PathBuf),
    /// Git's own folder for this tree is neither in the tree nor in the folder that it shares with other trees.
    #[error("git's folder {} is outside the tree and outside the repository", .0.display())]
    GitElsewhere(PathBuf),
    /// The program that is running does not call [`child`](crate::copies::child).
    #[error("this program does not know how to enter a copy")]
    NoChild,
    /// The system has no overlays.
    #[error("only Linux has what a copy is made of")]
    NotLinux,
}

impl Unavailable {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            // What a namespace or a lock lacks is not what a disk or a process lacks by the same word.
            Self::Refused { call, error } if call.starts_with("unshare") || call.starts_with("lock the copy") => {
                refused(call, error).to_owned()
            }
            Self::Refused { call, error } => cure::help(error, refused(call, error)).to_owned(),
            Self::Foreign { path, .. } => {
                format!(
                    "give it to yourself, such as by `sudo chown -R \"$(id -u):$(id -g)\" '{}'`, then run migrate again",
                    path.display()
                )
            }
            Self::Mounted(path) => format!("unmount {}, then run migrate again", path.display()),
            Self::ScratchInside(_) => "name a scratch folder outside the repository".to_owned(),
            Self::ScratchOnOverlay(_) => {
                "name a scratch folder on a disk or in memory (`tmpfs`), such as a mounted volume".to_owned()
            }
            Self::GitElsewhere(_) => "work in a tree made by `git clone` or `git worktree add`".to_owned(),
            Self::NoChild => "let it call `copies::child` before anything else".to_owned(),
            Self::NotLinux => "run migrate on Linux, such as in a container, to have them".to_owned(),
        }
    }

    pub(super) fn refused(call: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let call = call.into();
        move |error| Self::Refused { call, error }
    }
}

/// What to do when `call` was refused, by the usual reasons for its error.
fn refused(call: &str, error: &io::Error) -> &'static str {
    let call = call.split(' ').next().unwrap_or(call);
    match (call, cure::number(error)) {
        ("unshare" | "write", Some(Errno::PERM | Errno::ACCESS)) => {
            "allow namespaces: `sysctl kernel.unprivileged_userns_clone=1`, `sysctl kernel.apparmor_restrict_unprivileged_userns=0`, or \
             a container with `--cap-add SYS_ADMIN --security-opt seccomp=unconfined`"
        }
        ("unshare", Some(Errno::NOSPC)) => {
            "raise `sysctl user.max_user_namespaces`, `user.max_mnt_namespaces` and `user.max_pid_namespaces`"
        }
        ("unshare", Some(Errno::INVAL | Errno::NOSYS)) => "use a kernel that is built with user, mount and PID namespaces",
        ("mount", Some(Errno::PERM | Errno::ACCESS)) => {
            "allow mounts in namespaces: `sysctl kernel.apparmor_restrict_unprivileged_userns=0`, or a container with `--cap-add \
             SYS_ADMIN --security-opt apparmor=unconfined --security-opt seccomp=unconfined` whose /proc is not masked"
        }
        ("mount", Some(Errno::NODEV)) => "load the kernel's module for overlays, such as by `sudo modprobe overlay`",
        ("mount", Some(Errno::INVAL)) => {
            "use Linux 5.11 or later, and a scratch folder on a local disk or in memory (`tmpfs`); `dmesg` says what the overlay misses"
        }
        ("lock", Some(Errno::AGAIN)) => "let the command that is in the copy end first",
        ("mark", _) => "use a scratch folder on a file system that keeps extended attributes",
        _ => "see what the system's log says of it (`dmesg`)",
    }
}

/// Why a copy could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The system refused something in the scratch folder or the tree.
    #[error("cannot {act} {}: {source}", path.display())]
    Io {
        /// The call that failed, as a verb.
        act: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An index could not be read.
    #[error("cannot read the index {}: {reason}", path.display())]
    Index {
        /// Which one.
        path: PathBuf,
        /// What libgit2 said.
        reason: String,
    },
    /// The command was not started, as its copy could not be entered.
    #[error("the copy could not be entered: {0}")]
    NotEntered(Unavailable),
}

impl CopyError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Io { source, .. } => {
                cure::help(source, "make the file readable and the scratch folder writable, then run migrate again").to_owned()
            }
            Self::Index { .. } => {
                "see whether `git status` works; write the index anew by `git read-tree HEAD` if it does not".to_owned()
            }
            Self::NotEntered(why) => why.help(),
        }
    }

    pub(super) fn io(act: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { act, path, source }
    }
}
