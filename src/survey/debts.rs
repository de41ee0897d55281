//! Verifications that are owed on a branch: of commits that landed and that nobody judged, or that failed and still stand.

use git2::Oid;

use crate::journal::{Announcement, Record};
use crate::recover;
use crate::repo::Repo;
use crate::stop::Stop;
use crate::takeback;

/// The commits up to `tip` whose verification the journal says is owed, oldest first, each with the change that made it. What was taken
/// back since, by whatever means, is owed nothing.
///
/// # Errors
/// When the history cannot be read.
pub fn debts(repo: &Repo, records: &[Record], tip: Oid) -> Result<Vec<(Announcement, Oid)>, Stop> {
    let mut found = Vec::new();
    for (begun, commit) in recover::open(records).unverified {
        let Ok(commit) = Oid::from_str(&commit) else { continue };
        if repo.contains(tip, commit)? && !takeback::is_undone(repo, tip, commit)? {
            found.push((begun, commit));
        }
    }
    Ok(found)
}
