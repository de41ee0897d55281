//! Whether anybody but this tool moved the index or HEAD since a moment that was marked.
//!
//! The mark follows this tool's own moves, and only from exactly where it stands: whatever somebody else did in between leaves it
//! behind for good. There is one mark; who sets it anew takes it from whoever set it before, who is then told "moved".

use crate::repo::stage::Identity;
use crate::repo::{Repo, RepoProblem, Tip};

/// Where index and HEAD stood, carried along by what this tool did since.
#[derive(Debug, Default)]
pub(super) struct Mark {
    serial: u64,
    at: Option<(Identity, Tip)>,
}

impl Repo {
    /// Marks where index and HEAD stand now.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub(super) fn set_mark(&self) -> Result<u64, RepoProblem> {
        let at = (self.index_identity()?, self.tip()?);
        let mut mark = self.mark.borrow_mut();
        mark.serial += 1;
        mark.at = Some(at);
        Ok(mark.serial)
    }

    /// True when only this tool moved index and HEAD since the mark was set; false also when that cannot be told.
    pub(super) fn stands_at_mark(&self, serial: u64) -> bool {
        let mark = self.mark.borrow();
        mark.serial == serial
            && mark.at.as_ref().is_some_and(|(index, tip)| {
                self.index_identity().is_ok_and(|now| now == *index) && self.tip().is_ok_and(|now| now == *tip)
            })
    }

    /// Carries the mark along when this tool replaced the index.
    pub(super) fn index_replaced(&self, from: &Identity, to: &Identity) {
        if let Some((index, _)) = &mut self.mark.borrow_mut().at
            && index == from
        {
            index.clone_from(to);
        }
    }

    /// Carries the mark along when this tool moved the branch.
    pub(super) fn branch_moved(&self, from: &Tip, to: &Tip) {
        if let Some((_, tip)) = &mut self.mark.borrow_mut().at
            && tip == from
        {
            tip.clone_from(to);
        }
    }
}
