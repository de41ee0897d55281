//! Files that changed in the second in which git looked at them last.
//!
//! git compares times by the second. What was written no earlier than the index may have changed since without another time, so
//! git compares the content of such a file, until the index is written anew: then it is older, and is trusted. Whoever writes the
//! index must therefore find out which of them changed, and mark those as yet to be looked at (racy-git of git's documentation).

use git2::{ObjectType, Oid};

use crate::fs;
use crate::path::RepoPath;
use crate::repo::index::{EntryStat, Index};
use crate::repo::{Repo, RepoProblem, TICK};

impl Repo {
    /// Marks in `index`, which was read from a file modified at this second and nanosecond, what changed without git's noticing.
    pub(super) fn mark_racy(&self, index: &mut Index, (second, nanosecond): (i64, i64)) -> Result<(), RepoProblem> {
        let nanoseconds = |second: i64, nanosecond: i64| i128::from(second) * 1_000_000_000 + i128::from(nanosecond);
        let tick = TICK.as_nanos().cast_signed();
        for nth in index.modified_since(second) {
            let Ok(path) = RepoPath::new(index.name(nth)) else { continue };
            // Gone, or no file any more: git sees that. So it does a new time or size.
            let Ok(Some(found)) = fs::stat(self.top(), &path) else { continue };
            let (noted, now) = (index.stat(nth), EntryStat::new(&found));
            if !noted.looks_like(&now) {
                continue;
            }
            let (written, at) = noted.modified();
            let surely_earlier = nanoseconds(second, nanosecond) - nanoseconds(i64::from(written), i64::from(at)) > tick;
            if noted.is_exactly(&now) && surely_earlier {
                continue;
            }
            let holds = |oid: Oid| {
                let found = fs::read(self.top(), &path).ok()?;
                Some(Oid::hash_object(ObjectType::Blob, &found.bytes).ok()? == oid)
            };
            if !index.oid(nth).and_then(holds).unwrap_or(false) {
                index.look_again(nth);
            }
        }
        Ok(())
    }
}
