//! What the journal of this work tree remembers of the units' last attempts. It is known only here: a clone starts without it.

use std::collections::BTreeMap;

use git2::Oid;

use crate::journal::Record;
use crate::path::RepoPath;
use crate::repo::Repo;
use crate::schedule::standing::Attempt;
use crate::stop::Stop;

/// The last attempts at the units of a plan, under this very digest of it.
#[derive(Debug, Default)]
pub struct Attempts<'r> {
    failed: BTreeMap<&'r RepoPath, (Attempt, &'r str)>,
    /// The blobs in which an external codemod found nothing to do.
    unchanged: BTreeMap<&'r RepoPath, &'r str>,
}

impl<'r> Attempts<'r> {
    /// Folds the records. An attempt counts until the unit is begun anew.
    #[must_use]
    pub fn of(records: &'r [Record], plan: &str, digest: &str) -> Self {
        let mut attempts = Self::default();
        for record in records {
            match record {
                Record::Quarantined { plan: of, digest: by, unit, reason } if of == plan && by == digest => {
                    attempts.failed.insert(unit, (Attempt::Quarantined, reason));
                }
                Record::Failed { plan: of, digest: by, unit, reason } if of == plan && by == digest => {
                    attempts.failed.insert(unit, (Attempt::Failed, reason));
                }
                Record::Unchanged { plan: of, digest: by, unit, blob } if of == plan && by == digest => {
                    attempts.unchanged.insert(unit, blob);
                }
                Record::Begun(begun) if begun.plan == plan => {
                    attempts.failed.remove(&begun.unit);
                }
                _ => {}
            }
        }
        attempts
    }

    /// How the last attempt at a unit ended, and why.
    #[must_use]
    pub fn last(&self, unit: &RepoPath) -> (Attempt, Option<String>) {
        match self.failed.get(unit) {
            Some((attempt, reason)) => (*attempt, Some((*reason).to_owned())),
            None => (Attempt::None, None),
        }
    }

    /// True when an external codemod found nothing to do in the unit's file as it is at `tip`.
    ///
    /// # Errors
    /// When the tree cannot be read.
    pub fn found_nothing(&self, repo: &Repo, tip: Oid, unit: &RepoPath) -> Result<bool, Stop> {
        let Some(blob) = self.unchanged.get(unit) else { return Ok(false) };
        Ok(repo.file_in(tip, unit)?.is_some_and(|(_, now)| now.to_string() == **blob))
    }
}

/// The unit that a run has begun and not ended: it is working on it now, or was killed while it did.
#[must_use]
pub fn under_way<'r>(records: &'r [Record], plan: &str) -> Option<&'r RepoPath> {
    let mut unit = None;
    for record in records {
        match record {
            Record::Begun(begun) => unit = (begun.plan == plan).then_some(&begun.unit),
            Record::Committed { .. } | Record::Abandoned { .. } => unit = None,
            _ => {}
        }
    }
    unit
}
