//! What is asked of a run, and whether it goes on where an earlier one stopped.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use globset::GlobSet;

use crate::event::Event;
use crate::interrupt::Ask;
use crate::journal::{AskedFile, Record, RunStarted};
use crate::path::RepoPath;
use crate::plan::Plan;
use crate::plan::glob::matcher;
use crate::repo::RepoProblem;
use crate::repo::others::Others;
use crate::schedule::request::takes;
use crate::state::State;
use crate::stop::{Note, Stop};
use crate::survey::{FileStanding, Standing};
use crate::units::{Member, Unit};

/// What is asked of a run.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Only this phase, by its place in the plan.
    pub phase: Option<usize>,
    /// Only these files; they are tried again even when they were given up before. All when there is none.
    pub files: Vec<Named>,
    /// The states in which units that were given up are tried again.
    pub retry: BTreeSet<State>,
    /// True when a phase may be run although an earlier one is not done.
    pub out_of_order: bool,
    /// Commands that are not asked, by their texts in the plan: they are known to fail.
    pub red_ok: Vec<String>,
    /// True when this is what an interrupted run was asked for.
    pub goes_on: bool,
    /// Who is asked before something is pushed or deployed; none where nobody can be.
    pub ask: Option<Ask>,
    /// True when a gate that waits for a person lets the run go on.
    pub passes_pause: bool,
    /// True when commands are to run in the work tree itself, and not in copies of it.
    pub in_place: bool,
    /// True when no command is spared because it passed on the same tree before.
    pub no_cache: bool,
    /// How many candidates are judged side by side in them; as many as there are cores when nothing is said.
    pub jobs: Option<usize>,
    /// The branch to make and to run on, if it is not the one of HEAD.
    pub branch: Option<String>,
    /// The folder for what these copies hold, if it is not the usual one.
    pub scratch: Option<PathBuf>,
    /// What is let pass that is refused otherwise.
    pub leave: Leave,
    /// The plan's own file, when it is in the repository: its changes concern no unit.
    pub plan_file: Option<RepoPath>,
}

/// Files that were asked for, ready to be found among the units.
#[derive(Debug, Clone)]
pub struct Named {
    asked: AskedFile,
    pattern: Option<GlobSet>,
}

impl Named {
    /// What was asked for.
    ///
    /// # Errors
    /// [`Stop::Usage`] when it is a pattern that does not parse.
    pub fn new(asked: AskedFile) -> Result<Self, Stop> {
        let AskedFile::Pattern(text) = &asked else { return Ok(Self { asked, pattern: None }) };
        match matcher(std::slice::from_ref(text)) {
            Ok(set) => Ok(Self { pattern: Some(set), asked }),
            Err(error) => {
                let message = format!("{text} is not a pattern of files: {}", error.kind());
                Err(Stop::Usage(Note::new(message, "write it like \"tests/**/*.py\"")))
            }
        }
    }

    /// True for a text with characters that patterns are made of.
    #[must_use]
    pub fn is_pattern(text: &[u8]) -> bool {
        text.iter().any(|byte| b"*?[{".contains(byte))
    }

    /// As it is written down.
    #[must_use]
    pub fn asked(&self) -> &AskedFile {
        &self.asked
    }

    fn holds(&self, path: &RepoPath) -> bool {
        match (&self.asked, &self.pattern) {
            (AskedFile::Path(named), _) => named == path,
            (AskedFile::Pattern(_), set) => set.as_ref().is_some_and(|set| set.is_match(path.as_path())),
        }
    }
}

/// What a run lets pass.
#[derive(Debug, Clone, Copy, Default)]
pub struct Leave {
    /// Changes in tracked files that are not the plan's.
    pub dirty: bool,
    /// A HEAD that is on no branch.
    pub detached: bool,
    /// Hooks that `git commit` would run; they are not run, and each commit says so.
    pub hooks: bool,
    /// A plan that changed since the run that is resumed.
    pub changed_plan: bool,
}

impl Request {
    /// True when the file is among those asked for.
    #[must_use]
    pub fn covers(&self, file: &Member) -> bool {
        self.phase.is_none_or(|phase| phase == file.phase)
            && (self.files.is_empty() || self.files.iter().any(|named| named.holds(&file.path)))
    }

    /// True when some file of the unit is among those asked for.
    #[must_use]
    pub fn covers_unit(&self, unit: &Unit) -> bool {
        unit.files.iter().any(|file| self.covers(file))
    }

    /// The files of a unit about which the run has to do something: those that were asked for and are to be taken up, and with any of
    /// them, where the unit is all or nothing, the others that are not done.
    pub fn taken<'s>(&self, standing: &'s Standing) -> Vec<&'s Member> {
        let takes = |file: &&FileStanding| self.covers(&file.file) && takes(file.state, !self.files.is_empty(), &self.retry);
        let whole = standing.unit.is_atomic() && standing.files.iter().any(|file| takes(&file));
        let taken = standing.files.iter().filter(|file| if whole { !file.state.is_done() } else { takes(file) });
        taken.map(|file| &file.file).collect()
    }

    /// A unit as far as it was asked for, and as far as it was not; where it is all or nothing, as a whole.
    #[must_use]
    pub fn parted(&self, standing: &Standing) -> [Option<Standing>; 2] {
        let whole = standing.unit.is_atomic() && self.covers_unit(&standing.unit);
        [true, false].map(|asked| {
            let files = standing.files.iter().filter(|file| (whole || self.covers(&file.file)) == asked);
            let files: Vec<FileStanding> = files.cloned().collect();
            (!files.is_empty()).then(|| Standing { unit: standing.unit.clone(), files })
        })
    }

    /// True when the run has to do something about a unit.
    #[must_use]
    pub fn takes(&self, standing: &Standing) -> bool {
        !self.taken(standing).is_empty()
    }

    /// How many candidates are judged side by side where that can be.
    #[must_use]
    pub fn jobs(&self) -> usize {
        self.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
    }

    /// True when everything is asked for.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.phase.is_none() && self.files.is_empty()
    }

    /// Fails while tracked files have changes, the plan's own aside: it is read once, and each commit names its digest.
    ///
    /// # Errors
    /// [`Stop::Refused`], with the files.
    pub fn refuse_dirty(&self, others: &Others) -> Result<(), Stop> {
        let dirty: Vec<RepoPath> = others.paths().filter(|path| Some(*path) != self.plan_file.as_ref()).cloned().collect();
        if dirty.is_empty() || self.leave.dirty {
            return Ok(());
        }
        Err(RepoProblem::Dirty(dirty).into())
    }

    /// Fails when a command that is not to be asked is none of the plan's that judge units.
    ///
    /// # Errors
    /// [`Stop::Usage`].
    pub fn refuse_unknown_commands(&self, plan: &Plan) -> Result<(), Stop> {
        let targets = plan.phases.iter().flat_map(|phase| &phase.targets);
        let known: BTreeSet<String> = targets
            .flat_map(|target| target.validate.iter().chain(&target.verify))
            .map(|command| command.run.to_string())
            .collect();
        let Some(name) = self.red_ok.iter().find(|name| !known.contains(*name)) else { return Ok(()) };
        let near = crate::path::nearest(name, known.iter().map(String::as_str));
        let help = match near.first() {
            None => "give the text of one as the plan has it".to_owned(),
            Some(near) => format!("did you mean --red-ok '{near}'?"),
        };
        Err(Stop::Usage(Note::new(format!("no validate or verify command of the plan is `{name}`"), help)))
    }

    /// Fails when a file that was asked for is no unit, or no unit is in a state that was asked for: a misspelt name must not look
    /// like success.
    ///
    /// # Errors
    /// [`Stop::Usage`].
    pub fn refuse_unknown(&self, plan: &Plan, units: &[Standing]) -> Result<(), Stop> {
        for named in &self.files {
            let mut files = units.iter().flat_map(|standing| &standing.unit.files);
            if !files.any(|file| self.covers(file) && named.holds(&file.path)) {
                return Err(unknown(plan, named, units));
            }
        }
        let mut asked = units.iter().flat_map(|standing| &standing.files).filter(|file| self.covers(&file.file));
        // Of a run that goes on, some may have been tried again already.
        if self.goes_on || self.retry.is_empty() || asked.any(|file| self.retry.contains(&file.state)) {
            return Ok(());
        }
        let words: Vec<&str> = self.retry.iter().map(|state| state.word()).collect();
        let message = format!("no unit that was asked for is {}: there is nothing to retry", words.join(" or "));
        Err(Stop::Usage(Note::new(message, "`migrate status` shows where each unit stands; run without --retry")))
    }
}

fn unknown(plan: &Plan, named: &Named, units: &[Standing]) -> Stop {
    let (message, name) = match &named.asked {
        AskedFile::Path(path) => (format!("{path} is no unit of the plan {}", plan.name), path.to_string()),
        AskedFile::Pattern(text) => (format!("no unit of the plan {} matches {text}", plan.name), text.clone()),
    };
    let names: Vec<String> = units.iter().flat_map(|standing| standing.unit.paths().map(ToString::to_string)).collect();
    let near = crate::path::nearest(&name, names.iter().map(String::as_str));
    let help = match near.as_slice() {
        [] => "`migrate status` lists the units; a glob's files are units only if the rules find something".to_owned(),
        near => format!("did you mean {}? `migrate status` lists the units", near.join(", ")),
    };
    Stop::Usage(Note::new(message, help))
}

/// What the journal knows of the last run of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// What it was asked to do.
    pub started: RunStarted,
    /// False when it was killed or interrupted.
    pub finished: bool,
    /// True when nothing of it was left.
    pub done: bool,
}

/// The last run of the plan called `name`.
#[must_use]
pub fn earlier(records: &[Record], name: &str) -> Option<Earlier> {
    let mut last = None;
    let mut ours = false;
    for record in records {
        match record {
            Record::RunStarted(started) => {
                ours = started.plan == name;
                if ours {
                    last = Some(Earlier { started: started.clone(), finished: false, done: false });
                }
            }
            Record::RunFinished { done } if ours => {
                if let Some(earlier) = &mut last {
                    (earlier.finished, earlier.done) = (true, *done);
                }
            }
            _ => {}
        }
    }
    last
}

/// A plan that changed in the middle of a run is named: part of the units would be made by one plan and part by another.
///
/// # Errors
/// [`Stop::Usage`] when the run was interrupted and nobody said to go on with the plan as it is now.
pub fn refuse_changed_plan(
    plan: &Plan,
    digest: &str,
    earlier: Option<&Earlier>,
    leave: Leave,
    emit: &mut dyn FnMut(Event),
) -> Result<(), Stop> {
    let Some(earlier) = earlier.filter(|earlier| earlier.started.digest != digest && !earlier.done) else { return Ok(()) };
    let changed = differing(&earlier.started.parts, &plan.parts());
    let (old, new) = (short_digest(&earlier.started.digest), short_digest(digest));
    let message = format!("the plan {} changed since the last run, from {old} to {new}: {}", plan.name, changed.join(", "));
    if earlier.finished || leave.changed_plan {
        emit(Event::Warning { message, help: None });
        return Ok(());
    }
    Err(Stop::Usage(Note::new(message, "undo the change, or pass --plan-changed to go on with the plan as it is now")))
}

fn short_digest(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// The names of the parts that are not the same in both.
fn differing(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Vec<String> {
    let mut names: Vec<&String> = old.keys().chain(new.keys()).filter(|name| old.get(*name) != new.get(*name)).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_one_file_and_a_pattern_those_that_match() {
        let path = |text: &str| RepoPath::new(text).unwrap();
        let one = Named::new(AskedFile::Path(path("tests/a.py"))).unwrap();
        let many = Named::new(AskedFile::Pattern("tests/**/*.py".into())).unwrap();
        for (file, by_path, by_pattern) in [("tests/a.py", true, true), ("tests/x/b.py", false, true), ("a.py", false, false)] {
            assert_eq!((one.holds(&path(file)), many.holds(&path(file))), (by_path, by_pattern), "{file}");
        }
        assert!(matches!(Named::new(AskedFile::Pattern("a[b".into())), Err(Stop::Usage(_))));
        assert!(Named::is_pattern(b"tests/*.py") && !Named::is_pattern(b"tests/a.py"));
    }
}
