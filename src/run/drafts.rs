//! What external codemods made of a unit's files, kept while commands judge it: a codemod need not answer the same when it is asked again,
//! and a run that goes on after it was interrupted has to end in the same commits.

use git2::{ObjectType, Oid};

use crate::event::Event;
use crate::journal::{DraftedFile, Record};
use crate::plan::RuleKind;
use crate::protocol::{After, Draft};
use crate::repo::RepoProblem;
use crate::repo::inflight::Hold;
use crate::run::Run;
use crate::run::ended::Failure;
use crate::stop::Stop;
use crate::unit::{self, Made};
use crate::units::{Member, Unit};

/// So much of a command's output is given to a codemod that tries again, in bytes.
const MOST_FEEDBACK: usize = 8 << 10;

impl Run<'_> {
    /// Keeps what became of the texts of a unit.
    pub(super) fn keep_draft(&mut self, unit: &Unit, draft: &Draft, made: &[(Member, Made)]) -> Result<(), Stop> {
        // Of a file that comes there is no blob by which it would be known again.
        if draft.files.iter().any(|file| file.before.is_none()) {
            return Ok(());
        }
        let (mut files, mut kept) = (Vec::new(), self.kept.clone());
        for (file, (_, of)) in draft.files.iter().zip(made) {
            let (Some(before), Some(after)) = (&file.before, file.new_text()) else { continue };
            let after = self.repo.write_object(ObjectType::Blob, after)?;
            kept.push(after);
            let (path, before, rules) = (file.path.clone(), before.blob.to_string(), of.rules.clone());
            files.push(DraftedFile { path, before, after: after.to_string(), rules });
        }
        kept.sort_unstable();
        kept.dedup();
        self.kept.clone_from(&kept);
        let Some(keeper) = self.repo.keeper(&kept)? else { return Ok(()) };
        let aside = self.repo.write_hold_aside(keeper)?;
        kept.push(keeper);
        self.repo.sync_objects(&kept, vec![aside.clone()])?;
        self.repo.hold(Hold::Drafts, &aside)?;
        let (plan, digest, unit) = (self.plan.name.clone(), self.digest.clone(), unit.id.clone());
        let base = draft.tip.commit.to_string();
        Ok(self.journal.append(Record::Drafted { plan, digest, unit, base, files })?)
    }

    /// Takes over what a run that was interrupted kept of the unit, if its files are as they were then. False when there is nothing, or
    /// it is gone.
    pub(super) fn take_kept_draft(&self, unit: &Unit, draft: &mut Draft, made: &mut [(Member, Made)]) -> Result<bool, Stop> {
        let Some(kept) = self.kept_draft(unit, draft.tip.commit) else { return Ok(false) };
        let mut found = Vec::with_capacity(kept.len());
        let texts = |at: &usize| draft.files[*at].before.is_some() && draft.files[*at].after != After::Gone;
        for at in (0..draft.files.len()).filter(texts) {
            let file = &draft.files[at];
            let is_same = |kept: &&DraftedFile| {
                kept.path == file.path && file.before.as_ref().is_some_and(|target| target.blob.to_string() == kept.before)
            };
            let Some(kept) = kept.iter().find(is_same) else { return Ok(false) };
            let bytes = match Oid::from_str(&kept.after).map_err(RepoProblem::from).and_then(|blob| self.repo.blob(blob)) {
                Ok(bytes) => bytes,
                // Somebody removed the reference, and git the object: the codemod is asked again.
                Err(_) => return Ok(false),
            };
            let of = Made { bytes: bytes.clone(), rules: kept.rules.clone(), ..Made::default() };
            let before = file.old_text().unwrap_or_default();
            // The plan is the one under which it passed its guards.
            let Ok(of) = unit::check(&self.callables, self.plan, &made[at].0, before, of) else { return Ok(false) };
            found.push((at, of));
        }
        for (at, of) in found {
            let mode = draft.files[at].old_mode();
            draft.files[at].after = After::Text { bytes: of.bytes.clone(), mode };
            made[at].1 = of;
        }
        Ok(true)
    }

    /// True when a codemod of the unit is to be told why what it made failed, and to try once more.
    pub(super) fn may_try_again(&self, unit: &Unit, failure: &Failure, tried: u32) -> bool {
        // What was red before may be what the codemod is to turn green.
        !failure.reverted && self.most_attempts(unit) > tried
    }

    /// How often the codemods of a unit are tried at most; 0 for once.
    pub(super) fn most_attempts(&self, unit: &Unit) -> u32 {
        let rules = unit.files.iter().flat_map(|file| &self.plan.target(file).rules);
        let attempts = rules.filter_map(|rule| match &self.plan.rules[*rule].kind {
            RuleKind::Command(command) => Some(command.attempts),
            _ => None,
        });
        attempts.max().unwrap_or_default()
    }

    /// Makes ready for the next attempt: the codemods get the reason and the end of the output.
    pub(super) fn try_again(&mut self, unit: &Unit, failure: Failure, nth: u32, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let output = failure.log.as_deref().and_then(|log| std::fs::read(log).ok()).unwrap_or_default();
        let tail = String::from_utf8_lossy(&output[output.len().saturating_sub(MOST_FEEDBACK)..]).into_owned();
        emit(Event::Warning {
            message: format!("{}: {}; its codemods try again (attempt {nth})", unit.id, failure.reason),
            help: None,
        });
        self.judge.give_feedback(format!("{}\n{}\n\n{tail}", failure.reason, failure.help));
        // What was kept failed: a run that goes on from here must not take it.
        let (plan, digest, base) = (self.plan.name.clone(), self.digest.clone(), self.held.tip().commit.to_string());
        self.journal.note(Record::Drafted { plan, digest, unit: unit.id.clone(), base, files: Vec::new() })?;
        Ok(())
    }

    /// What a run that was interrupted kept of the unit, on the same tip and under the same plan.
    fn kept_draft(&self, unit: &Unit, tip: Oid) -> Option<&[DraftedFile]> {
        match kept(self.journal.records())? {
            Record::Drafted { plan, digest, unit: of, base, files } => {
                let is_same = *plan == self.plan.name && *digest == self.digest && *of == unit.id && *base == tip.to_string();
                (is_same && !files.is_empty()).then_some(files)
            }
            _ => None,
        }
    }

    /// Lets go of what was kept of units that have ended.
    pub(super) fn let_drafts_go(&mut self) -> Result<(), Stop> {
        self.kept.clear();
        Ok(self.repo.let_drafts_go()?)
    }

    /// Lets go of what a run kept that was killed just after its unit had ended.
    pub(super) fn let_stale_drafts_go(&self) -> Result<(), Stop> {
        if kept(self.journal.records()).is_none() { Ok(self.repo.let_drafts_go()?) } else { Ok(()) }
    }
}

/// The last draft that was kept, whose unit has neither landed nor failed since, nor its run ended.
fn kept(records: &[Record]) -> Option<&Record> {
    let mut kept: Option<&Record> = None;
    for record in records {
        match (record, kept) {
            (Record::Drafted { .. }, _) => kept = Some(record),
            (Record::RunFinished { .. } | Record::Committed { .. }, _) => kept = None,
            (Record::Failed { unit, .. } | Record::Quarantined { unit, .. }, Some(Record::Drafted { unit: of, .. }))
                if unit == of =>
            {
                kept = None;
            }
            _ => {}
        }
    }
    kept
}
