//! What the journal of this work tree remembers of the units' last attempts. It is known only here: a clone starts without it.

use std::collections::{BTreeMap, BTreeSet};

use git2::Oid;

use crate::journal::{Announcement, Record, files_of};
use crate::path::RepoPath;
use crate::repo::Repo;
use crate::schedule::standing::Attempt;
use crate::stop::Stop;
use crate::units::Pins;
use crate::verdict::VerdictKind;

/// The last attempts at the files of a plan, under this very digest of it.
#[derive(Debug, Default)]
pub struct Attempts<'r> {
    failed: BTreeMap<RepoPath, (Attempt, &'r str, Option<VerdictKind>)>,
    /// The blobs in which an external codemod found nothing to do.
    unchanged: BTreeMap<RepoPath, &'r str>,
}

impl<'r> Attempts<'r> {
    /// Folds the records. An attempt counts until the unit is begun anew.
    #[must_use]
    pub fn of(records: &'r [Record], plan: &str, digest: &str) -> Self {
        let mut attempts = Self::default();
        for record in records {
            match record {
                Record::Quarantined { plan: of, digest: by, unit, files, reason, verdict } if of == plan && by == digest => {
                    attempts.fail(files_of(unit, files), (Attempt::Quarantined, reason, *verdict));
                }
                Record::Failed { plan: of, digest: by, unit, files, reason, verdict } if of == plan && by == digest => {
                    attempts.fail(files_of(unit, files), (Attempt::Failed, reason, *verdict));
                }
                Record::Unchanged { plan: of, digest: by, unit, files, blob } if of == plan && by == digest => {
                    attempts.unchanged.extend(files_of(unit, files).into_iter().map(|file| (file, blob.as_str())));
                }
                Record::Begun(begun) if begun.plan == plan => {
                    for file in begun.tried() {
                        attempts.failed.remove(&file);
                    }
                }
                _ => {}
            }
        }
        attempts
    }

    fn fail(&mut self, files: Vec<RepoPath>, how: (Attempt, &'r str, Option<VerdictKind>)) {
        self.failed.extend(files.into_iter().map(|file| (file, how)));
    }

    /// How the last attempt at a file ended, why, and how a command judged it, if one did.
    #[must_use]
    pub fn last(&self, file: &RepoPath) -> (Attempt, Option<&'r str>, Option<VerdictKind>) {
        self.failed.get(file).map_or((Attempt::None, None, None), |(attempt, why, verdict)| (*attempt, Some(why), *verdict))
    }

    /// True when an external codemod found nothing to do in the file as it is at `tip`.
    ///
    /// # Errors
    /// When the tree cannot be read.
    pub fn found_nothing(&self, repo: &Repo, tip: Oid, file: &RepoPath) -> Result<bool, Stop> {
        let Some(blob) = self.unchanged.get(file) else { return Ok(false) };
        Ok(repo.file_in(tip, file)?.is_some_and(|(_, now)| now.to_string() == **blob))
    }
}

/// The files of the unit that a run has begun and not ended: it is working on them now, or was killed while it did.
#[must_use]
pub fn under_way(records: &[Record], plan: &str) -> BTreeSet<RepoPath> {
    let mut files = BTreeSet::new();
    for record in records {
        match record {
            Record::Begun(begun) => {
                files = if begun.plan == plan { begun.tried().collect() } else { BTreeSet::new() };
            }
            Record::Committed { .. } | Record::Abandoned { .. } => files.clear(),
            _ => {}
        }
    }
    files
}

/// The groups that files belong to by the journal.
#[must_use]
pub fn pins(records: &[Record], plan: &str) -> Pins {
    let begun = records.iter().filter_map(|record| match record {
        Record::Begun(begun) if begun.plan == plan => Some(begun),
        _ => None,
    });
    let units = begun.flat_map(Announcement::units);
    units.flat_map(|(unit, members, _)| members.iter().map(|file| (file.clone(), unit.clone()))).collect()
}
