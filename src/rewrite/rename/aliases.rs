//! Chains that go to what is renamed through a name that an assignment gives: `k = m` and then `k.f`.

use crate::dotted::covers;
use crate::edit::Edit;
use crate::python::names::{Meaning, Use};
use crate::rewrite::error::{Problem, RewriteError};
use crate::rewrite::rename::plan::Work;
use crate::rewrite::rename::{itself, limits};

/// Plans the rename in every chain that begins with an assigned name.
pub(super) fn plan(work: &mut Work) -> Result<(), RewriteError> {
    let names = work.names;
    for read in &names.uses {
        let Some(target) = names.target(read) else { continue };
        let from = work.rename.from.as_str();
        let reaches = |base: &String| base != from && covers(base, from) && work.rename.is_old(&read.qualified(base));
        match names.means(target) {
            Meaning::Imported(base) if reaches(&base) => chain(work, read, &base)?,
            Meaning::Several(bases) if bases.iter().any(reaches) => {
                let kind = Problem::Undecided { name: read.name.to_owned(), choices: bases };
                return Err(work.error(read.range.start, kind));
            }
            Meaning::Imported(_) | Meaning::Several(_) | Meaning::Local | Meaning::Unbound { .. } => {}
        }
    }
    Ok(())
}

/// Writes one chain anew whose first name stands for `base`.
fn chain(work: &mut Work, read: &Use, base: &str) -> Result<(), RewriteError> {
    let (from, to) = (work.rename.from.as_str(), work.rename.to.as_str());
    let parts = &read.attributes[..from[base.len()..].matches('.').count()];
    let new: Vec<&str> = to.strip_prefix(base).and_then(|rest| rest.strip_prefix('.')).unwrap_or("").split('.').collect();
    if itself::has_new(work) {
        itself::remark(work, read.range.start, from);
        return Ok(());
    }
    if !covers(base, to) || new.len() != parts.len() {
        return Err(work.error(read.range.start, Problem::Alias { name: read.name.to_owned(), of: base.to_owned() }));
    }
    limits::check(work, read, &read.whole(), to)?;
    for ((old, range), new) in parts.iter().zip(new) {
        if *old != new {
            work.edit(Edit::new(range.clone(), new));
        }
    }
    Ok(())
}
