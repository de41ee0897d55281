//! The commands that look ahead: `migrate diff`, `migrate check` and `migrate run --dry-run`.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::Duration;

use crate::cli::{CheckArgs, DiffArgs, RunArgs};
use crate::dispatch::forecast::Beheld;
use crate::dispatch::{Session, printed};
use crate::examples::{self, Failure, Tried};
use crate::interrupt::{Interrupt, Signal};
use crate::journal::Journal;
use crate::path::RepoPath;
use crate::plan::command::Fields;
use crate::plan::diagnostics::Problem;
use crate::preview::missing::{missing, undecided};
use crate::preview::{self, Foreseen, Foresight, Texts, Wanted, What};
use crate::repo::short;
use crate::report::ahead::{Checked, FileAhead, ProblemFound};
use crate::report::diff::stat::Stat;
use crate::report::diff::{self, Style};
use crate::report::lines::time;
use crate::report::look::Look;
use crate::report::looking::Looking;
use crate::report::pager::Pager;
use crate::report::repeats::Repeats;
use crate::report::{json, text};
use crate::request::{Leave, Request};
use crate::rules;
use crate::run::{self, Rehearsed, Whereabouts};
use crate::scan::expect::unexpected;
use crate::state::Counts;
use crate::stop::{Note, Stop};
use crate::survey;
use crate::unit::sound::{Unsound, Warning};
use crate::units::Member;

impl Session<'_> {
    pub(super) fn dry_run(&self, args: &RunArgs) -> Result<(), Stop> {
        let request = self.request(args)?;
        preview::would_start(&self.repo, &request)?;
        let whereabouts = Whereabouts::find(&self.repo, &self.plan, &request);
        let in_tree = match &whereabouts {
            Whereabouts::Copies { some_at_tree } => *some_at_tree,
            Whereabouts::Nowhere | Whereabouts::Tree | Whereabouts::TreeForWant(_) => true,
        };
        // What would keep a run from starting is told at the end: what it would do can be shown all the same.
        let blocked = if in_tree { request.refuse_dirty(&self.repo.others()?) } else { Ok(()) };
        let judged = rules::judge(&self.repo, &self.plan, &Interrupt::none())?;
        self.tell(judged.warnings.iter().cloned());
        if let Err(stop) = judged.refuse(&self.plan) {
            // What is not committed may be all that there is to find.
            return blocked.and(Err(stop));
        }
        self.foresee(
            &request,
            View { run: Some(whereabouts), json: args.json, style: Style::Lines, stat: None, pager: None },
            BTreeMap::new(),
        )
        .and(blocked)
    }

    pub(super) fn diff(&self, args: &DiffArgs) -> Result<(), Stop> {
        let files = args.files.iter().map(|text| self.named(text)).collect::<Result<_, _>>()?;
        let (in_place, scratch) = (args.place.in_place, self.scratch(&args.place));
        let (phase, plan_file) = (self.phase(args.phase.as_deref())?, self.plan_file.clone());
        let request = Request { phase, files, in_place, scratch, leave: LOOKS, plan_file, ..Request::default() };
        let rehearsed = self.rehearsed(args.run_commands, &request)?;
        let pager = if args.no_pager || args.json { None } else { self.pager() };
        let style = if args.word_diff { Style::Words } else { Style::Lines };
        self.foresee(&request, View { run: None, json: args.json, style, stat: args.stat.then(Stat::default), pager }, rehearsed)
    }

    /// The pager that git would use, where the result goes to a terminal.
    fn pager(&self) -> Option<String> {
        let said = io::stdout().is_terminal().then(|| self.repo.git().ask(&["var", "GIT_PAGER"], b""));
        said.and_then(Result::ok).map(|said| String::from_utf8_lossy(&said).into_owned())
    }

    /// What becomes of files once the commands that draft had their say, by path and phase; nothing when that is not wanted.
    fn rehearsed(&self, wanted: bool, request: &Request) -> Result<Rehearsals, Stop> {
        let mut all = Rehearsals::new();
        if !wanted {
            return Ok(all);
        }
        let mut each = |files: &[Member], rehearsed: Rehearsed| {
            let (mut changes, other) = match rehearsed {
                Rehearsed::Changes(changes) => (changes, None),
                Rehearsed::Nothing => (Vec::new(), None),
                Rehearsed::Fails { reason, help } => (Vec::new(), Some(Unsound { reason, help })),
            };
            for file in files {
                let change = changes.iter().position(|change| change.path == file.path).map(|at| changes.swap_remove(at));
                let what = match (change, &other) {
                    (Some(change), _) => {
                        Drafted::Changes(Texts { before: change.before, after: change.after, mode: change.mode })
                    }
                    (None, Some(unsound)) => Drafted::Fails(unsound.clone()),
                    (None, None) => Drafted::Nothing,
                };
                all.insert((file.path.clone(), file.phase), what);
            }
            Ok(())
        };
        self.listen(false, (&Looking::stderr(), &Arc::default()), |watch, emit| {
            run::rehearse(&self.repo, &self.plan, request, (self.interrupt, watch), &mut each, emit)
        })?;
        Ok(all)
    }

    fn foresee(&self, request: &Request, view: View, mut rehearsed: Rehearsals) -> Result<(), Stop> {
        let View { run, json: as_json, style, mut stat, mut pager } = view;
        let with_commands = run.is_some();
        let (mut out, look) = (io::stdout(), Look::of(&io::stdout()));
        let mut paged = Pager::default();
        let mut is_closed = false;
        let (mut failed, mut repeats) = (0, Repeats::new(self.detail));
        let mut ahead = Beheld::default();
        let looking = Looking::unless(as_json);
        let foresight =
            preview::foresee(&self.repo, &self.plan, request, Wanted::Texts, &|looked| looking.at(looked), |mut foreseen| {
                looking.clear();
                if let Some(pager) = pager.take() {
                    paged = Pager::open(&pager);
                }
                drafted(&mut foreseen, &mut rehearsed);
                ahead.see(&self.plan, &foreseen);
                if as_json {
                    failed += usize::from(matches!(foreseen.what, What::Unsound(_)));
                    return printed(json::line(&mut out, &FileAhead::of(&self.plan, &foreseen, with_commands)));
                }
                let phase = self.plan.phase_label(foreseen.phase);
                match &foreseen.what {
                    What::Change { texts, warnings } => {
                        if let Some(Texts { before, after, mode }) = texts {
                            let texts = [before.as_deref(), after.as_deref()];
                            match &mut stat {
                                Some(stat) => stat.add(&foreseen.file, texts),
                                None => {
                                    let written = diff::write(&mut out, (look, style), &foreseen.file, texts, *mode);
                                    is_closed = written.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
                                    printed(written)?;
                                }
                            }
                            // Whoever leaves the pager has seen enough.
                            if is_closed && paged.is_open() {
                                return Err(Stop::Unbegun(Signal::Interrupt));
                            }
                        }
                        self.warn(&mut repeats, &foreseen.file, warnings);
                    }
                    What::NeedsCodemod => {
                        self.aside(&format!(
                            "{phase}: {}: an external codemod; --run-commands shows what it does",
                            foreseen.file
                        ));
                    }
                    What::Nothing(warnings) => {
                        if foreseen.is_unit {
                            self.aside(&format!("{phase}: {}: nothing to do", foreseen.file));
                        }
                        self.warn(&mut repeats, &foreseen.file, warnings);
                    }
                    What::Unsound(unsound) => {
                        failed += 1;
                        self.unsound(&mut repeats, &foreseen, unsound);
                    }
                }
                if with_commands {
                    for command in &foreseen.commands {
                        self.aside(&format!("{phase}: {}: would run: {command}", foreseen.file));
                    }
                }
                Ok(())
            });
        looking.clear();
        if is_closed && paged.is_open() {
            return Ok(());
        }
        let foresight = foresight?;
        let forecast = run.map(|whereabouts| self.forecast(request, &whereabouts, &ahead, &foresight));
        let Foresight { passed_over, blocked, .. } = foresight;
        if let Some(stat) = stat {
            printed(text::result(&mut out, &stat.text(look)))?;
        }
        if with_commands && !as_json {
            for (at, phase) in self.plan.phases.iter().enumerate().filter(|(at, _)| request.phase.is_none_or(|only| only == *at))
            {
                let fields = Fields {
                    file: None,
                    files: &[],
                    report: None,
                    feedback: None,
                    plan: &self.plan.name,
                    phase: &phase.id,
                    unit: None,
                };
                for command in &phase.gate {
                    self.aside(&format!(
                        "{}: gate: would run: {}",
                        self.plan.phase_label(at),
                        command.run.resolve(&fields).shown
                    ));
                }
                for metric in phase.gate_metrics.iter().filter_map(|name| self.plan.metric(name)) {
                    let how = metric.command().map_or_else(
                        || "looks at the branch and the tree".to_owned(),
                        |command| format!("would run: {}", command.run.resolve(&fields).shown),
                    );
                    self.aside(&format!("{}: gate: metric {}: {how}", self.plan.phase_label(at), metric.name));
                }
            }
        }
        self.warn_of_more(&repeats);
        if let Some(forecast) = forecast.filter(|_| !as_json) {
            self.aside(&format!("a run would make {}", forecast.words(short(&self.repo.tip()?.branch))));
        }
        paged.close();
        blocked.map_or(Ok(()), Err)?;
        refuse_failed(failed)?;
        if with_commands { refuse_given_up(passed_over) } else { Ok(()) }
    }

    pub(super) fn check(&self, args: &CheckArgs) -> Result<(), Stop> {
        if let Some(record) = &args.ratchet {
            return self.ratchet(record, args.update, args.json);
        }
        let (phase, in_place) = (self.phase(args.phase.as_deref())?, args.place.in_place);
        let (scratch, plan_file) = (self.scratch(&args.place), self.plan_file.clone());
        let request = Request { phase, in_place, scratch, leave: LOOKS, plan_file, ..Request::default() };
        let (mut changes, mut nothing, mut open) = (0, 0, 0);
        let mut ahead = Beheld::default();
        let mut repeats = Repeats::new(self.detail);
        let mut wrong = Vec::new();
        for Tried { rule, failures } in examples::tried(&self.plan, |_| true) {
            wrong.extend(failures.iter().map(|Failure { example, why }| {
                let message = format!("the rule {} {}", rule.name, why.said(example));
                Problem::at(example.place, message, "`migrate test` shows the difference")
            }));
        }
        let judged = rules::judge(&self.repo, &self.plan, &Interrupt::none())?;
        let useless = judged.errors.len();
        let departed = rules::departed(&self.repo, &self.plan)?;
        let of_plan = self.plan.warnings.iter().cloned().chain(judged.warnings).chain(judged.errors);
        let mut found: Vec<Problem> = of_plan.chain(departed).chain(undecided(&self.repo, &self.plan)).collect();
        self.tell(found.iter().cloned());
        found.extend(wrong.iter().cloned());
        let wrong = self.plan.problems(wrong);
        text::problems(&mut io::stderr(), Look::of(&io::stderr()), &wrong);
        let whereabouts = Whereabouts::find(&self.repo, &self.plan, &request);
        if let Some(said) = whereabouts.said() {
            let help = whereabouts.help().map(|help| format!("; help: {help}")).unwrap_or_default();
            self.aside(&format!("{said}{help}"));
        }
        for (at, phase) in self.plan.phases.iter().enumerate().filter(|(at, _)| request.phase.is_none_or(|only| only == *at)) {
            let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            if let Some(budget) = phase.budget {
                self.aside(&format!("{}: its budget is {}", self.plan.phase_label(at), time(millis(budget))));
            }
        }
        let looking = Looking::stderr();
        let watch = |looked| looking.at(looked);
        let mut unfit = missing(&self.repo, &self.plan);
        unfit.extend(unexpected(&self.repo, &self.plan, request.phase, self.interrupt, &watch)?);
        looking.clear();
        let records = Journal::read(&self.repo.state_folder())?;
        unfit.extend(survey::debts(&self.repo, &records, self.repo.tip()?.commit)?.iter().map(|(begun, _)| {
            let message = format!("{} is committed and not verified yet", begun.unit);
            Problem::whole(message, "`migrate run` verifies it first")
        }));
        found.extend(unfit.iter().cloned());
        let unfit = self.plan.problems(unfit);
        text::problems(&mut io::stderr(), Look::of(&io::stderr()), &unfit);
        let mut rehearsed = self.rehearsed(args.run_commands, &request)?;
        let foresight = preview::foresee(&self.repo, &self.plan, &request, Wanted::Verdicts, &watch, |mut foreseen| {
            looking.clear();
            drafted(&mut foreseen, &mut rehearsed);
            ahead.see(&self.plan, &foreseen);
            match &foreseen.what {
                What::Change { warnings, .. } => {
                    changes += 1;
                    self.warn(&mut repeats, &foreseen.file, warnings);
                }
                What::Nothing(warnings) => {
                    nothing += usize::from(foreseen.is_unit);
                    self.warn(&mut repeats, &foreseen.file, warnings);
                }
                What::NeedsCodemod => open += 1,
                What::Unsound(unsound) => {
                    self.unsound(&mut repeats, &foreseen, unsound);
                }
            }
            Ok(())
        })?;
        looking.clear();
        self.warn_of_more(&repeats);
        let (passed_over, failed) = (foresight.passed_over, ahead.refused.len());
        let forecast = self.forecast(&request, &whereabouts, &ahead, &foresight);
        let (blocked, nothing) = (foresight.blocked, nothing + passed_over.done);
        let is_wrong = failed + useless + wrong.count() + unfit.count() + passed_over.open() > 0;
        if args.json {
            let problems = found.iter().map(|problem| ProblemFound::of(&self.plan, problem)).collect();
            let (ok, plan, refused) = (!is_wrong && blocked.is_none(), self.plan.name.as_str(), ahead.refused.as_slice());
            let checked = Checked { plan, ok, changes, nothing, undecided: open, refused, problems, forecast: &forecast };
            printed(json::line(&mut io::stdout(), &checked))?;
        } else {
            self.tell_ahead(&forecast, &ahead)?;
        }
        let mut said = format!("{changes} to change, {nothing} done or with nothing to do, {failed} that cannot be changed");
        if open > 0 {
            said.push_str(&format!(", {open} that --run-commands can tell"));
        }
        let given_up = passed_over.words(|state| !state.is_done());
        if !given_up.is_empty() {
            said.push_str(&format!(", {given_up}"));
        }
        match wrong.count() {
            0 => {}
            1 => said.push_str("; 1 example that does not hold"),
            count => said.push_str(&format!("; {count} examples that do not hold")),
        }
        match unfit.count() {
            0 => {}
            1 => said.push_str("; 1 other problem"),
            count => said.push_str(&format!("; {count} other problems")),
        }
        match useless {
            0 => {}
            1 => said.push_str("; 1 rule that matches nothing or leads nowhere"),
            count => said.push_str(&format!("; {count} rules that match nothing or lead nowhere")),
        }
        if !args.json {
            printed(text::line(&mut io::stdout(), &said))?;
        }
        blocked.map_or(Ok(()), Err)?;
        refuse_failed(failed)?;
        if useless > 0 {
            return Err(Stop::Failed(Note::new("rules match nothing or lead nowhere", "correct them: each is named above")));
        }
        if wrong.count() > 0 {
            return Err(Stop::Failed(Note::new("not every example holds", "correct the rules or the examples")));
        }
        match unfit.count() {
            0 => refuse_given_up(passed_over),
            _ => Err(Stop::Failed(Note::new("not everything is as the plan says", "correct it where it is marked above"))),
        }
    }

    /// Writes problems and warnings at their places in the plan.
    fn tell(&self, found: impl IntoIterator<Item = Problem>) {
        text::problems(&mut io::stderr(), Look::of(&io::stderr()), &self.plan.problems(found));
    }

    fn aside(&self, what: &str) {
        text::aside(&mut io::stderr(), Look::of(&io::stderr()), what);
    }

    fn warn(&self, repeats: &mut Repeats, unit: &RepoPath, warnings: &[Warning]) {
        for warning in warnings {
            if repeats.shows(&warning.message) {
                let look = (Look::of(&io::stderr()), &self.files);
                text::warning(&mut io::stderr(), look, unit, warning, repeats.help(&warning.help));
            }
        }
    }

    fn warn_of_more(&self, repeats: &Repeats) {
        for words in repeats.rest() {
            text::remark(&mut io::stderr(), Look::of(&io::stderr()), &words);
        }
    }

    fn unsound(&self, repeats: &mut Repeats, foreseen: &Foreseen, unsound: &Unsound) {
        let what = format!("{}: {}: {}", self.plan.phase_label(foreseen.phase), foreseen.file, unsound.reason);
        let look = (Look::of(&io::stderr()), &self.files);
        text::unsound(&mut io::stderr(), look, &foreseen.file, &what, repeats.help(&unsound.help));
    }
}

/// How what is ahead is shown.
struct View {
    /// Where commands would run, where they are named.
    run: Option<Whereabouts>,
    /// True when it is for programs.
    json: bool,
    style: Style,
    /// Where changes are only counted.
    stat: Option<Stat>,
    /// The person's pager, where there is one.
    pager: Option<String>,
}

/// What a look lets pass that a run would refuse before it begins.
const LOOKS: Leave = Leave { dirty: true, detached: true, hooks: false, changed_plan: true };

/// What the commands that draft make of a file.
enum Drafted {
    Changes(Texts),
    Nothing,
    Fails(Unsound),
}

/// Such by path and phase.
type Rehearsals = BTreeMap<(RepoPath, usize), Drafted>;

/// Puts what the commands make of a file in the place of what its rules alone would.
fn drafted(foreseen: &mut Foreseen, rehearsed: &mut Rehearsals) {
    let what = match rehearsed.remove(&(foreseen.file.clone(), foreseen.phase)) {
        None => return,
        Some(Drafted::Nothing) => What::Nothing(Vec::new()),
        Some(Drafted::Fails(unsound)) => What::Unsound(unsound),
        Some(Drafted::Changes(texts)) => {
            let warnings = match &mut foreseen.what {
                What::Change { warnings, .. } => std::mem::take(warnings),
                _ => Vec::new(),
            };
            What::Change { warnings, texts: Some(texts) }
        }
    };
    foreseen.what = what;
}

/// Fails when a run would leave units that are not done.
fn refuse_given_up(passed_over: Counts) -> Result<(), Stop> {
    if passed_over.open() == 0 {
        return Ok(());
    }
    let words = passed_over.words(|state| !state.is_done());
    let help = "`migrate status` says why; `migrate run --retry quarantined rolled-back` tries them again";
    Err(Stop::NotDone(Note::new(format!("a run would leave units that are not done: {words}"), help)))
}

fn refuse_failed(failed: usize) -> Result<(), Stop> {
    match failed {
        0 => Ok(()),
        1 => Err(Stop::Failed(Note::new("1 unit would fail", "correct its edits or rules in the plan"))),
        failed => Err(Stop::Failed(Note::new(format!("{failed} units would fail"), "correct their edits or rules in the plan"))),
    }
}
