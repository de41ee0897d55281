//! What a unit becomes: made by its rules, codemods, formatter and hooks on top of the tip, and not yet judged or written.

use crate::event::{Activity, Event};
use crate::path::RepoPath;
use crate::protocol::{After, Draft, DraftFile};
use crate::repo::Tip;
use crate::rewrite::follow::Spot;
use crate::run::ended::Ended;
use crate::run::{Run, listed};
use crate::stop::Stop;
use crate::unit::sound::Warning;
use crate::unit::{self, Made, Outcome, Prepared};
use crate::units::{Member, Unit, calls};

/// An attempt at a unit, or at a part of one.
pub(super) struct Attempt {
    pub(super) part: Unit,
    /// Those of its files that change.
    pub(super) changed: Unit,
    /// What they build on.
    pub(super) tip: Tip,
    /// What became of each of them.
    pub(super) made: Vec<(Member, Made)>,
    /// The others, with what there is to tell of them.
    pub(super) unchanged: Vec<(Member, Vec<Warning>)>,
}

impl Attempt {
    /// Tells of files that stay as they were, or are put back, what a person finds in them.
    pub(super) fn tell_before(&self, emit: &mut dyn FnMut(Event)) {
        for (file, made) in &self.made {
            made.warnings.before.iter().for_each(|warning| emit(warned(&file.path, warning.clone())));
        }
    }

    /// The same where nothing was to be done in any.
    pub(super) fn tell_unchanged(self, emit: &mut dyn FnMut(Event)) {
        let known = self.made.into_iter().map(|(file, made)| (file, made.warnings.before));
        told(&known.chain(self.unchanged).collect::<Vec<_>>(), emit);
    }
}

/// What came of drafting a unit.
pub(super) enum Drafting {
    /// There is something to judge and to land.
    Made(Box<Attempt>, Box<Draft>),
    /// The unit ended: nothing is to be done, or it cannot be.
    Ended(Ended),
    /// Somebody else committed meanwhile.
    Void,
}

impl Run<'_> {
    /// Makes the draft of a unit, or of a part of one, on the tip as it is.
    pub(super) fn draft(&mut self, part: &Unit, emit: &mut dyn FnMut(Event)) -> Result<Drafting, Stop> {
        let name = part.id.to_string();
        emit(Event::Doing { unit: name.clone(), activity: Activity::Reading });
        let tip = self.held.tip().clone();
        let prepared = unit::prepare(self.repo, self.plan, &tip, &part.files, &self.conversions, &self.callables)?;
        let (mut files, mut made, mut unchanged) = (Vec::new(), Vec::new(), Vec::new());
        for Prepared { file, target, mode, converted, outcome } in prepared {
            let (after, of) = match outcome {
                Outcome::Unchanged(warnings) => {
                    unchanged.push((file, warnings));
                    continue;
                }
                Outcome::Unsound(unsound) => return Ok(Drafting::Ended(Ended::Failed(unsound.into()))),
                Outcome::Changed(made) => (After::Text { bytes: made.bytes.clone(), mode }, made),
                Outcome::Gone => (After::Gone, Made::default()),
                Outcome::NeedsCodemod => (After::Unknown, Made::default()),
            };
            files.push(DraftFile::new(file.path.clone(), target, converted, after)?);
            made.push((file, of));
        }
        if files.is_empty() {
            told(&unchanged, emit);
            return Ok(Drafting::Ended(Ended::Unchanged));
        }
        let changed = Unit { files: made.iter().map(|(file, _)| file.clone()).collect(), ..part.clone() };
        let mut draft = Draft {
            plan: self.plan.name.clone(),
            phase: self.plan.phases[part.phase].id.clone(),
            unit: part.id.clone(),
            members: self.whole(part).map_or_else(Vec::new, listed),
            tip: tip.clone(),
            files,
            reverts: None,
            chain: None,
            verify: !calls(self.plan, &changed.files, |target| &target.verify).is_empty(),
        };
        let mut work = Attempt { part: part.clone(), changed, tip, made, unchanged };
        let by_commands = self.is_drafted_by_commands(&work.changed);
        if by_commands && !(self.has_begun && self.take_kept_draft(&work.changed, &mut draft, &mut work.made)?) {
            match self.draft_by_commands(&work.changed, &mut draft, &mut work.made, emit)? {
                _ if *self.held.tip() != work.tip => return Ok(Drafting::Void),
                None if self.has_begun => self.keep_draft(&work.changed, &draft, &work.made)?,
                None => {}
                Some(ended) => {
                    if matches!(ended, Ended::Unchanged) {
                        work.tell_unchanged(emit);
                    }
                    return Ok(Drafting::Ended(ended));
                }
            }
        }
        Ok(Drafting::Made(Box::new(work), Box::new(draft)))
    }
}

pub(super) fn told(warnings: &[(Member, Vec<Warning>)], emit: &mut dyn FnMut(Event)) {
    for (file, warnings) in warnings {
        warnings.iter().for_each(|warning| emit(warned(&file.path, warning.clone())));
    }
}

/// What the listener is told of a unit's file.
pub(super) fn warned(unit: &RepoPath, warning: Warning) -> Event {
    let Warning { spot: Spot { line, column, written }, guard, message, help } = warning;
    let guard = guard.map(|guard| guard.word().to_owned());
    Event::UnitWarned { unit: unit.to_string(), line, column, written, guard, message, help }
}
