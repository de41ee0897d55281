//! How a name is used, for a person who has yet to say what replaces it.

use std::collections::BTreeMap;

use crate::init::count;
use crate::path::RepoPath;
use crate::repo::Repo;
use crate::rewrite::violation::Kind;
use crate::scan::{Place, Scan};

/// So many ways of using it are shown.
const MOST: usize = 8;
/// So long a line is shown.
const LONGEST: usize = 70;

/// The lines on which it is used, the commonest first, each with a place.
pub(super) fn usage(repo: &Repo, scan: &Scan) -> Vec<String> {
    let mut seen: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let mut texts: BTreeMap<&RepoPath, Vec<String>> = BTreeMap::new();
    let is_use = |place: &&Place| place.counts() && place.violation.kind == Kind::Use;
    for place in scan.places.iter().filter(is_use) {
        let read = || {
            let bytes = std::fs::read(place.path.below(repo.top())).unwrap_or_default();
            String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()
        };
        let lines = texts.entry(&place.path).or_insert_with(read);
        let Some(line) = lines.get(place.violation.line as usize - 1) else { continue };
        let shown: String = line.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect();
        let at = format!("{}:{}", place.path, place.violation.line);
        seen.entry(shown).or_insert((0, at)).0 += 1;
    }
    let mut lines: Vec<(String, (usize, String))> = seen.into_iter().collect();
    lines.sort_by_key(|(_, (times, _))| std::cmp::Reverse(*times));
    let more = lines.len().saturating_sub(MOST);
    lines.truncate(MOST);
    let mut shown: Vec<String> =
        lines.into_iter().map(|(line, (times, at))| format!("{:>8}  {line}    ({at})", count(times, "time"))).collect();
    if more > 0 {
        shown.push(format!("and {more} other ways; `migrate scan` lists them all"));
    }
    shown
}
