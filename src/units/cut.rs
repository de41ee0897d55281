//! Which files make up a unit together.

use std::collections::BTreeMap;

use crate::path::RepoPath;
use crate::plan::Plan;
use crate::unit_id::UnitId;
use crate::units::{Member, Unit};

/// The groups that files are known to belong to, by commits and journal: a group that has begun keeps its files.
pub type Pins = BTreeMap<RepoPath, UnitId>;

/// Puts the selected files of `plan`, which are in its order, together to units.
#[must_use]
pub fn cut(_plan: &Plan, files: Vec<Member>, _pins: &Pins) -> Vec<Unit> {
    files.into_iter().map(Unit::of).collect()
}
