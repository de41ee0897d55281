//! Isolated copies of a work tree, at the very path of the tree.
//!
//! A copy is an overlay that is mounted over the work tree in namespaces of its own, which only the commands started in it see. Its
//! layers are, from below: the real tree as it is; a [`Pin`] of git's state and of files that candidates do not build on as they are
//! in the tree; and the copy's own files, to which all goes that commands write. So absolute paths, editable installs and caches are
//! those of the tree, its cost does not grow with the tree, and nothing that a command does reaches the tree.
//!
//! A copy is entered by this program itself, started again by [`Copy::argv`]. When the command has ended, or this process has,
//! however it did, nothing of it runs on and nothing stays mounted. What is not isolated: the home folder, `/tmp`, the network, and
//! whatever else is outside the work tree and git's folder. Sockets and pipes of the tree do not reach the other side; folders of
//! the tree cannot be renamed in one call; an ordinary user cannot become another by `sudo`.
//!
//! Nothing here knows plans, units or what a command is for.

mod child;
mod error;
mod kernel;
mod layer;
mod moved;
mod pin;
mod room;
mod run;
mod scratch;
mod stack;
mod touched;
mod tree;

pub use error::{CopyError, Unavailable};
pub use pin::Pin;
pub use touched::{Touch, Touched};

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;

use crate::copies::layer::{Layer, create_folder};
use crate::copies::room::{Room, Spec};
use crate::copies::run::{How, Run};
use crate::copies::scratch::{Scratch, remove_all};
use crate::copies::stack::Stack;
use crate::copies::tree::Tree;
use crate::path::RepoPath;

/// The hidden subcommand by which a copy is entered.
const ENTER: &str = "__copy";

/// The variable by which a program that does not know this subcommand, and does something else when it is tried, is kept from trying
/// copies in its turn, and so on without end.
const TRIED: &str = "MIGRATE_COPY_TRIED";

/// Where the tree to be copied is. The paths need not be in their shortest form.
#[derive(Debug, Clone, Copy)]
pub struct TreeFacts<'a> {
    /// The top of the work tree.
    pub top: &'a Path,
    /// The folder of this tree's own `HEAD` and index.
    pub git_folder: &'a Path,
    /// The folder of what trees of one repository share; the same as `git_folder` unless the tree is a linked one.
    pub common_folder: &'a Path,
}

/// What copies are made with, where it is not the usual.
#[derive(Debug, Clone, Copy, Default)]
pub struct Means<'a> {
    /// The folder for what the copies hold, outside the repository and not on an overlay; by default below the user's cache, else
    /// below the folder for temporary files, else in memory.
    pub scratch: Option<&'a Path>,
    /// The program that has [`child`]; by default the one that is running.
    pub program: Option<&'a Path>,
}

/// What a command has for itself beside the copy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Private {
    /// The folders for temporary files, `/tmp`, `/var/tmp` and `/dev/shm`, which are empty when it starts, and shared memory.
    pub tmp: bool,
    /// The network, of which it has the loopback alone: no other command is at its ports.
    pub network: bool,
}

impl Private {
    /// As the child gets it.
    fn word(self) -> &'static str {
        match (self.tmp, self.network) {
            (false, false) => "shared",
            (true, false) => "tmp",
            (false, true) => "network",
            (true, true) => "tmp+network",
        }
    }

    fn of_word(word: &OsStr) -> Option<Self> {
        let all = [(false, false), (true, false), (false, true), (true, true)].map(|(tmp, network)| Self { tmp, network });
        all.into_iter().find(|private| word == private.word())
    }
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Version {
    /// A regular file.
    File {
        /// All of it, as it is on disk.
        bytes: Vec<u8>,
        /// Whether its owner may execute it, which is all that git keeps of its mode.
        executable: bool,
    },
    /// A symbolic link.
    Link {
        /// What it holds.
        target: Vec<u8>,
    },
    /// Nothing.
    Absent,
}

/// What makes copies of one tree, for one run; can be shared by threads. All that it holds on disk goes with the last of it and
/// its pins and copies, or is cleared when copies are next made.
#[derive(Debug)]
pub struct Copies {
    run: Arc<Run>,
}

impl Copies {
    /// Finds out whether copies of this tree can be made here, by making one and writing into it. The tree is not written.
    ///
    /// Costs a few milliseconds; for an ordinary user, in addition, one look at each file of the tree.
    ///
    /// # Errors
    /// An [`Unavailable`] with the reason and what to do about it.
    pub fn open(facts: &TreeFacts<'_>, means: &Means<'_>) -> Result<Self, Unavailable> {
        if !cfg!(target_os = "linux") {
            return Err(Unavailable::NotLinux);
        }
        if std::env::var_os(TRIED).is_some() {
            return Err(Unavailable::NoChild);
        }
        let tree = Tree::new(facts)?;
        tree.refuse_mounts_below()?;
        let scratch = Scratch::open(means.scratch, &tree)?;
        let how = how(&scratch)?;
        if how == How::User {
            tree.refuse_foreign()?;
        }
        let program = means.program.map_or_else(|| PathBuf::from("/proc/self/exe"), Path::to_owned);
        let copies = Self { run: Arc::new(Run { tree, scratch, program, how }) };
        copies.probe()?;
        Ok(copies)
    }

    /// Keeps git's state as it is now for the copies to come. Each of `files` shows in them as it is given here, whatever the tree has:
    /// meant for tracked files that the user has changed.
    ///
    /// A pin is to be [renewed](Self::renew) when a commit has landed. Objects are not kept: copies read the repository's own.
    ///
    /// # Errors
    /// When something of git's cannot be read, or the scratch folder not be written.
    pub fn pin(&self, files: &BTreeMap<RepoPath, Version>) -> Result<Pin, CopyError> {
        Pin::make(&self.run, files)
    }

    /// Keeps it as it is now in the place of an old pin: cheaper than a new one when no copy and no clone of the old one is left.
    ///
    /// # Errors
    /// As for a new one.
    pub fn renew(&self, pin: Pin, files: &BTreeMap<RepoPath, Version>) -> Result<Pin, CopyError> {
        pin.renew(files)
    }

    /// Makes a copy that shows `files` as they are given here, above `pin`. It should name all files that may change in the tree while
    /// the copy is in use, those included that are to show as they are: of any other that changes, a command may see old and new.
    ///
    /// Source files get a time of change by which Python does not take bytecode of the tree for theirs.
    ///
    /// # Errors
    /// When the scratch folder cannot be written, or when of `files` one is a file and another is below it.
    pub fn copy(&self, pin: &Pin, files: &BTreeMap<RepoPath, Version>) -> Result<Copy, CopyError> {
        let mut copy = Copy::empty(pin)?;
        let (run, below) = (&pin.made.run, pin.stack());
        let mut layer = Layer::create(&copy.room.upper(), &run.tree.top, &below, run.mark())?;
        let hidden = layer.put_all(files)?;
        layer.finish()?;
        copy.put = files.iter().map(|(path, version)| (path.as_path().to_owned(), version.clone())).collect();
        copy.put.extend(hidden.into_iter().map(|path| (path, Version::Absent)));
        Ok(copy)
    }

    /// Enters a copy and writes into it.
    fn probe(&self) -> Result<(), Unavailable> {
        let made = Pin::bare(&self.run).and_then(|pin| {
            let (run, below, copy) = (&self.run, pin.stack(), Copy::empty(&pin)?);
            Layer::create(&copy.room.upper(), &run.tree.top, &below, run.mark())?.finish()?;
            Ok(copy)
        });
        let copy = made.map_err(|error| match error {
            CopyError::Io { act, path, source } => Unavailable::refused(format!("{act} {}", path.display()))(source),
            CopyError::NotEntered(why) => why,
            CopyError::Index { .. } => Unavailable::refused("read the index")(std::io::Error::other(error.to_string())),
        })?;
        let argv = self.run.wrap(copy.room.folder(), Private::default(), &[]);
        let output = Command::new(&argv[0]).args(&argv[1..]).env(TRIED, "1").stdin(Stdio::null()).output();
        let output = output.map_err(Unavailable::refused(format!("start {}", self.run.program.display())))?;
        match (copy.room.trouble(), output.status.success()) {
            (Some(why), _) => Err(why),
            (None, true) => Ok(()),
            (None, false) => {
                let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
                let said = if said.is_empty() { output.status.to_string() } else { said };
                Err(Unavailable::refused(format!("run {}", self.run.program.display()))(std::io::Error::other(said)))
            }
        }
    }
}

/// How overlays can be mounted by this user, by what may be set on a folder of `scratch`.
fn how(scratch: &Scratch) -> Result<How, Unavailable> {
    let probe = scratch.name("mark");
    std::fs::create_dir(&probe).map_err(Unavailable::refused(format!("make {}", probe.display())))?;
    let mark = |how: How| rustix::fs::lsetxattr(&probe, how.mark(), b"n", rustix::fs::XattrFlags::empty());
    let root = rustix::process::geteuid().is_root();
    if root && mark(How::Root).is_ok() {
        return Ok(How::Root);
    }
    mark(How::User).map_err(|errno| Unavailable::refused(format!("mark {}", probe.display()))(errno.into()))?;
    Ok(if root { How::Contained } else { How::User })
}

/// A copy of the tree in which commands can be run, one after the other. Its folder is removed when it is dropped.
#[derive(Debug)]
pub struct Copy {
    room: Room,
    pin: Pin,
    /// What it showed before any command was run in it, beside its layers below.
    put: BTreeMap<PathBuf, Version>,
}

impl Copy {
    /// The command line that runs `argv` in this copy. An empty one stays empty.
    ///
    /// It is to be started by this process itself, in the folder in which the command shall start; it must not outlive the thread that
    /// starts it. Its standard input is empty. It ends with the command's own status or signal; a program that is not there makes it
    /// end with 127 as a shell would. When the copy cannot be entered it says so, ends with 125, and [`Copy::trouble`] tells why.
    #[must_use]
    pub fn argv(&self, argv: &[OsString]) -> Vec<OsString> {
        self.argv_with(Private::default(), argv)
    }

    /// The same for a command that has some things for itself.
    #[must_use]
    pub fn argv_with(&self, private: Private, argv: &[OsString]) -> Vec<OsString> {
        match argv.is_empty() {
            true => Vec::new(),
            false => self.pin.made.run.wrap(self.room.folder(), private, argv),
        }
    }

    /// A place beside the copy, of this name, that shows in it as it does outside: for what a command is to hand over.
    #[must_use]
    pub fn beside(&self, name: &str) -> PathBuf {
        self.room.folder().join("beside").join(name)
    }

    /// Why a command was not started, if the copy could not be entered.
    #[must_use]
    pub fn trouble(&self) -> Option<Unavailable> {
        self.room.trouble()
    }

    /// The file or link at `path` as the copy has it now.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, path: &RepoPath) -> Result<Version, CopyError> {
        self.stack().read(path.as_path())
    }

    /// Its folders, to be filled.
    fn empty(pin: &Pin) -> Result<Self, CopyError> {
        let (made, run) = (&pin.made, &pin.made.run);
        let room = Room::at(&run.scratch.name("copy"));
        create_folder(room.folder())?;
        let copy = Self { room, pin: pin.clone(), put: BTreeMap::new() };
        create_folder(&copy.room.work())?;
        create_folder(&copy.beside(""))?;
        let git = run.tree.outer_git().zip(made.git.as_ref()).map(|(outer, pin)| (outer.to_owned(), pin.clone()));
        if let Some((outer, pin)) = &git {
            let below = Stack::new(vec![pin.clone(), outer.clone()], run.mark());
            Layer::create(&copy.room.git_upper(), outer, &below, run.mark())?.finish()?;
            create_folder(&copy.room.git_work())?;
        }
        let spec = Spec { how: run.how, top: run.tree.top.clone(), pin: made.tree.clone(), git };
        spec.write(&copy.room.spec()).map_err(CopyError::io("write", copy.room.spec()))?;
        copy.room.make_ready().map_err(CopyError::io("write into", copy.room.folder()))?;
        Ok(copy)
    }

    /// What the copy shows.
    fn stack(&self) -> Stack {
        self.pin.stack().under(&self.room.upper())
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // What cannot be removed now is cleared when copies are next made.
        let (Ok(()) | Err(_)) = remove_all(self.room.folder());
    }
}

/// Enters a copy if `args`, the program's own name first, are what [`Copy::argv`] made; gives what to exit with. To be called before
/// anything else, as it must find the process without a second thread.
#[must_use]
pub fn child(args: &[OsString]) -> Option<ExitCode> {
    child::main(args)
}
