//! Several commits taken back in one step of the protocol: what one costs in waits for the disk, all of them cost.
//!
//! Each still has a commit of its own, the very one that it would have alone. All of them are made first, on top of each other, and
//! nothing of the user's is touched meanwhile; then the files go from what they are to what the last of them holds, and the branch
//! moves over all. Killed on the way, all of them are taken back or none is.

use std::collections::BTreeSet;

use git2::Oid;

use crate::protocol::{Draft, DraftFile, Link, Protocol};
use crate::repo::Repo;
use crate::repo::target::Write;
use crate::stop::Stop;
use crate::takeback::{Preview, Reason, Work, changed_files, message, preview_onto};

/// How many units are taken back in one step.
const MOST_UNITS: usize = 64;

/// After how many files a step takes no more units: their texts are held in memory.
pub const MOST_FILES: usize = 256;

/// Cuts what is to be taken back, in its order, into what can be one step each; `files` says how many files one has.
pub fn steps<T>(backs: &[T], files: impl Fn(&T) -> usize) -> Vec<&[T]> {
    let (mut steps, mut start, mut sum) = (Vec::new(), 0, 0);
    for (at, back) in backs.iter().enumerate() {
        if at > start && (at - start == MOST_UNITS || sum + files(back) > MOST_FILES) {
            steps.push(&backs[start..at]);
            (start, sum) = (at, 0);
        }
        sum += files(back);
    }
    if start < backs.len() {
        steps.push(&backs[start..]);
    }
    steps
}

/// Takes them back in the order given; says by which commit each, and leaves out whose change is gone from the branch already. `None`
/// when that cannot be one step, with nothing touched: taken back one at a time, each finds out for itself what is in its way.
///
/// # Errors
/// As the protocol's; none is taken back then.
pub fn take_back_together(protocol: &mut Protocol<'_>, works: &[Work<'_>], reason: &Reason) -> Result<Option<Vec<Link>>, Stop> {
    // What keeps it from being drafted is told by whoever takes them back one at a time.
    let Ok(Some(draft)) = drafted(protocol, works, reason) else { return Ok(None) };
    let links = draft.chain.as_ref().map_or_else(Vec::new, |chain| chain.links().to_vec());
    let begun = protocol.begin(draft)?;
    let placed = protocol.place(begun)?;
    protocol.land(placed, "", &format!("revert (migrate): {} commits", links.len()))?;
    Ok(Some(links))
}

fn drafted(protocol: &Protocol<'_>, works: &[Work<'_>], reason: &Reason) -> Result<Option<Draft>, Stop> {
    let repo = protocol.repo;
    let tip = repo.tip()?;
    let (mut links, mut objects, mut head) = (Vec::new(), BTreeSet::new(), (tip.commit, repo.tree_of(tip.commit)?));
    for work in works {
        let (paths, tree) = match preview_onto(repo, tip.commit, head.1, *work)? {
            Preview::Changes(paths, tree) => (paths, tree),
            Preview::Nothing => continue,
            Preview::Conflict(_) => return Ok(None),
        };
        let commit = repo.commit_object(head.0, tree, &message(repo, *work, reason)?, protocol.identity)?;
        objects.insert(commit);
        head = (commit, tree);
        for path in &paths {
            objects.extend(repo.trees_towards(tree, path)?);
            objects.extend(repo.blob_in_tree(tree, path)?);
        }
        links.push(Link { commit, unit: work.unit.clone(), members: Vec::new(), reverts: Some(work.commit) });
    }
    let ([_, .., last], [.., Work { plan, phase, .. }]) = (links.as_slice(), works) else { return Ok(None) };
    let (_, tree) = head;
    let files = changed_files(repo, &tip, &repo.changed_between(repo.tree_of(tip.commit)?, tree)?, tree)?;
    if files.is_empty() || !all_as_in(repo, &files, tree)? {
        return Ok(None);
    }
    let (plan, phase, unit, reverts) = (plan.to_string(), phase.to_string(), last.unit.clone(), last.reverts);
    let chain = protocol.chain(links, &objects.into_iter().collect::<Vec<_>>())?;
    if chain.is_none() {
        return Ok(None);
    }
    Ok(Some(Draft { plan, phase, unit, members: Vec::new(), tip, files, reverts, verify: false, chain }))
}

/// True when git would store of each file what `tree` holds: of one that it converts it may be something else.
fn all_as_in(repo: &Repo, files: &[DraftFile], tree: Oid) -> Result<bool, Stop> {
    for file in files {
        let made = match (file.new_text(), file.new_mode()) {
            (Some(text), Some(mode)) => {
                let mode = file.before.as_ref().map_or(mode, |target| target.mode);
                Some((mode, repo.clean(&file.path, text, file.converted, Write::No)?))
            }
            _ => None,
        };
        if made != repo.file_in_tree(tree, &file.path)? {
            return Ok(false);
        }
    }
    Ok(true)
}
