//! External codemods, which run in copies while a unit is drafted, or on the files in the work tree once it has begun.

use crate::event::Event;
use crate::fs;
use crate::path::RepoPath;
use crate::protocol::undo::on_disk;
use crate::protocol::{After, Draft, DraftFile, Placed};
use crate::run::Run;
use crate::run::ended::{Ended, Failure};
use crate::run::judging::{Candidate, version};
use crate::stop::{Note, Stop};
use crate::unit::segments::{self, Segment};
use crate::unit::sound::{Warning, Warnings};
use crate::unit::{self, Made, codemod};
use crate::units::{Call, Member, Unit};

/// What the transforms made of a file, and what is on disk, which the last of them may have yet to reach.
type Transformed = (Made, Vec<u8>);

/// Where the codemods of a unit work on its files.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Bench {
    /// In the work tree, where the unit has begun.
    Tree,
    /// In copies of it, each of which shows the unit's files as far as they are known.
    Copies,
}

/// How far the codemods of a unit came.
#[derive(Default)]
struct Progress {
    /// How many files' were begun.
    begun: usize,
    /// What is on disk of those that ended.
    done: Vec<Vec<u8>>,
}

impl Run<'_> {
    /// Runs the transforms of those files of a unit among whose rules are external codemods, which are the ones of which it is not known
    /// what becomes; the others are on disk already. What a codemod leaves of a file is its work and nobody else's, however it ended: it
    /// is noted, so that it can be taken back. Says how the unit ended, if it did.
    pub(super) fn transform(
        &mut self,
        unit: &Unit,
        mut placed: Placed,
        made: &mut [(Member, Made)],
        emit: &mut dyn FnMut(Event),
    ) -> Result<(Placed, Result<Option<Ended>, Stop>), Stop> {
        let unknown: Vec<usize> = (0..made.len()).filter(|at| placed.draft().files[*at].after == After::Unknown).collect();
        if unknown.is_empty() {
            return Ok((placed, Ok(None)));
        }
        let mut left = Progress::default();
        let ended = self.transform_all(Bench::Tree, (unit, placed.draft()), &unknown, (made, &mut left), emit);
        for (nth, at) in unknown.into_iter().enumerate() {
            let file = placed.draft().files[at].clone();
            let mode = file.old_mode();
            let now = || fs::read(self.repo.top(), &file.path).ok().map(|found| found.bytes);
            let bytes = match nth {
                // Whatever is there besides what its own codemod left is somebody's edit.
                nth if nth < left.done.len() => Some(left.done[nth].clone()),
                nth if nth < left.begun => now(),
                // Its codemod has not begun.
                _ => file.old_text().map(<[u8]>::to_vec),
            };
            if let Some(bytes) = bytes {
                placed.set(&file.path, After::Text { bytes, mode });
            }
        }
        let is_same = placed.draft().files.iter().all(|file| file.old_text() == file.new_text());
        let ended = match ended {
            Ok(None) if is_same => Ok(Some(Ended::Unchanged)),
            ended => ended,
        };
        Ok((self.protocol().transformed(placed)?, ended))
    }

    /// Runs them in copies, before anything of the unit is written, and fills in what becomes of its files. Says how the unit ended, if
    /// it did.
    pub(super) fn transform_in_copies(
        &mut self,
        unit: &Unit,
        draft: &mut Draft,
        made: &mut [(Member, Made)],
        emit: &mut dyn FnMut(Event),
    ) -> Result<Option<Ended>, Stop> {
        let unknown: Vec<usize> = (0..made.len()).filter(|at| draft.files[*at].after == After::Unknown).collect();
        if unknown.is_empty() {
            return Ok(None);
        }
        let mut left = Progress::default();
        let ended = self.transform_all(Bench::Copies, (unit, draft), &unknown, (made, &mut left), emit)?;
        if ended.is_some() {
            return Ok(ended);
        }
        for (at, bytes) in unknown.iter().zip(left.done) {
            let mode = draft.files[*at].old_mode();
            draft.files[*at].after = After::Text { bytes, mode };
        }
        let is_same = draft.files.iter().all(|file| file.old_text() == file.new_text());
        Ok(is_same.then_some(Ended::Unchanged))
    }

    fn transform_all(
        &mut self,
        bench: Bench,
        (unit, draft): (&Unit, &Draft),
        unknown: &[usize],
        (made, left): (&mut [(Member, Made)], &mut Progress),
        emit: &mut dyn FnMut(Event),
    ) -> Result<Option<Ended>, Stop> {
        let own: Vec<RepoPath> = unit.paths().cloned().collect();
        for at in unknown {
            if bench == Bench::Tree && draft.files.len() > 1 {
                self.protocol().transforming(&draft.files[*at].path)?;
            }
            left.begun += 1;
            let siblings = so_far(draft, unknown, &left.done);
            match self.codemods(bench, (unit, &own), (&draft.files[*at], &siblings), &made[*at].0, emit)? {
                Ok((of, now)) => {
                    made[*at].1 = of;
                    left.done.push(now);
                    if bench == Bench::Tree {
                        self.refuse_changed_siblings(draft, unknown, &left.done)?;
                    }
                }
                Err(failure) => return Ok(Some(Ended::Failed(failure))),
            }
        }
        // Only now are all the unit's files as they shall be.
        for (at, now) in unknown.iter().zip(&mut left.done) {
            let ((file, of), drafted) = (&mut made[*at], &draft.files[*at]);
            let before = drafted.old_text().unwrap_or_default();
            if of.bytes != before || *now != before {
                match unit::check(&self.callables, self.plan, file, before, std::mem::take(of)) {
                    Ok(checked) => *of = checked,
                    Err(unsound) => return Ok(Some(Ended::Failed(unsound.into()))),
                }
            } else {
                let shown = self.commands_of(file).unwrap_or_default();
                let known = (before, std::mem::take(&mut of.warnings.before));
                match codemod::unmoved(&self.callables, self.plan, file, &shown, known) {
                    Ok(told) => of.warnings = Warnings { after: told.clone(), before: told },
                    Err(unsound) => return Ok(Some(Ended::Failed(unsound.into()))),
                }
            }
            if of.bytes != *now {
                if bench == Bench::Tree {
                    fs::replace(self.repo.top(), &file.path, now, &of.bytes, &drafted.aside)?;
                }
                now.clone_from(&of.bytes);
            }
        }
        Ok(None)
    }

    /// Fails when a file of the unit is not what it was left as, now that another one's codemod has ended: that, or somebody, changed it.
    fn refuse_changed_siblings(&self, draft: &Draft, unknown: &[usize], done: &[Vec<u8>]) -> Result<(), Stop> {
        for (at, file) in draft.files.iter().enumerate() {
            let expected = match unknown.iter().position(|other| *other == at) {
                Some(nth) => done.get(nth).map(Vec::as_slice).or(file.old_text()),
                None => file.new_text(),
            };
            if on_disk(self.repo, &file.path)?.as_deref() != expected {
                let message = format!("{} was changed while a codemod was at work on another file of its unit", file.path);
                let help = format!(
                    "see `git diff -- {}`; if the codemod did it, correct it: it may change its own file only",
                    file.path
                );
                return Err(Stop::NeedsYou(Note::new(message, help)));
            }
        }
        Ok(())
    }

    /// Runs the transforms of one file one after the other; they are not judged yet.
    fn codemods(
        &mut self,
        bench: Bench,
        (unit, own): (&Unit, &[RepoPath]),
        (drafted, siblings): (&DraftFile, &Candidate),
        file: &Member,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Result<Transformed, Failure>, Stop> {
        let (repo, plan) = (self.repo, self.plan);
        let before = drafted.old_text().unwrap_or_default().to_vec();
        let mut made = Made { bytes: before.clone(), ..Made::default() };
        let mut on_disk = before.clone();
        let mut names = segments::names(plan, file).into_iter();
        for segment in segments::segments(plan, file) {
            match segment {
                Segment::Pure(steps) => match unit::apply(repo.top(), &file.path, &before, &made.bytes, &steps) {
                    Ok(applied) => {
                        let names = names.by_ref().take(steps.len()).zip(applied.changed);
                        made.rules.extend(names.filter(|(_, changed)| *changed).map(|(name, _)| name.to_owned()));
                        made.warnings.before.extend(applied.remarks.into_iter().map(Warning::from));
                        made.bytes = applied.bytes.unwrap_or(made.bytes);
                    }
                    Err(unsound) => return Ok(Err(unsound.into())),
                },
                Segment::Codemod(command) => {
                    if bench == Bench::Tree && made.bytes != on_disk {
                        fs::replace(repo.top(), &file.path, &on_disk, &made.bytes, &drafted.aside)?;
                    }
                    on_disk = match self.codemod(bench, (unit, own), (drafted, siblings), command, &made.bytes, emit)? {
                        Ok(now) => now,
                        Err(failure) => return Ok(Err(failure)),
                    };
                    let call = Call::of_file(command, &file.path);
                    let shown = self.judge.shown(&call, &plan.phases[unit.phase].id, Some(&unit.id));
                    match codemod::told(plan, file, &shown, &before, (&made.bytes, &on_disk)) {
                        Ok(told) => made.warnings.before.extend(told),
                        Err(unsound) => return Ok(Err(unsound.into())),
                    }
                    let name = names.next().filter(|_| on_disk != made.bytes);
                    made.rules.extend(name.map(ToOwned::to_owned));
                    made.bytes.clone_from(&on_disk);
                }
            }
        }
        Ok(Ok((made, on_disk)))
    }
}

/// What is known of the unit's files while the codemods of one are at work: all but those that are still to be transformed.
fn so_far(draft: &Draft, unknown: &[usize], done: &[Vec<u8>]) -> Candidate {
    let known = draft.files.iter().enumerate().filter_map(|(at, file)| {
        let transformed = unknown.iter().position(|other| *other == at).and_then(|nth| done.get(nth));
        let mode = file.old_mode();
        let after = transformed.map_or_else(|| file.after.clone(), |bytes| After::Text { bytes: bytes.clone(), mode });
        Some((file.path.clone(), version(&after)?))
    });
    known.collect()
}
