//! What all copies of one run have in common.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::copies::Private;
use crate::copies::scratch::Scratch;
use crate::copies::tree::Tree;

/// The tree, where its copies are kept, and how they are mounted.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) tree: Tree,
    pub(super) scratch: Scratch,
    /// This very program, which makes the namespace for each command.
    pub(super) program: PathBuf,
    pub(super) how: How,
}

/// How overlays are mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// As root of the system.
    Root,
    /// As root of a container, who has no say over the `trusted` attributes.
    Contained,
    /// In a user namespace.
    User,
}

impl How {
    const ALL: [Self; 3] = [Self::Root, Self::Contained, Self::User];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Contained => "contained",
            Self::User => "user",
        }
    }

    pub(super) fn named(name: &OsStr) -> Option<Self> {
        Self::ALL.into_iter().find(|how| name == how.name())
    }

    /// Options of the mount. With these the upper layer holds whole files at their own paths, and nothing that only a mount could
    /// tell. In a user namespace they are so anyway, and saying it is refused.
    pub(super) fn options(self) -> &'static str {
        match self {
            Self::Root => "redirect_dir=off,metacopy=off,index=off",
            Self::Contained | Self::User => "userxattr",
        }
    }

    /// The attribute of folders that hide what layers below have in them.
    pub(super) fn mark(self) -> &'static str {
        match self {
            Self::Root => "trusted.overlay.opaque",
            Self::Contained | Self::User => "user.overlay.opaque",
        }
    }
}

impl Run {
    pub(super) fn mark(&self) -> &'static str {
        self.how.mark()
    }

    /// What starts `argv` in the copy that is kept in `folder`; nothing in it tries the copy instead.
    pub(super) fn wrap(&self, folder: &Path, private: Private, argv: &[OsString]) -> Vec<OsString> {
        let parent = std::process::id().to_string().into();
        let own = [self.program.clone().into(), super::ENTER.into(), parent, folder.into(), private.word().into()];
        own.into_iter().chain(argv.iter().cloned()).collect()
    }
}
