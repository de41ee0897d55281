//! Runs the command of a metric once, and reads its number.

use std::path::Path;

use crate::command::Outcome;
use crate::cure;
use crate::event::Event;
use crate::fault;
use crate::judge::logs::Whose;
use crate::judge::ruling::Account;
use crate::judge::{Isolated, Judge, Purpose, account, meddled, not_found};
use crate::measured;
use crate::metric::Scale;
use crate::metric::reading::{Left, NoNumber, Read, value};
use crate::path::RepoPath;
use crate::plan::Command;
use crate::plan::command::Resolved;
use crate::stop::{Note, Stop};
use crate::units::Call;

/// What is measured, and how.
#[derive(Debug, Clone, Copy)]
pub struct Measurement<'m> {
    /// The metric's name.
    pub name: &'m str,
    /// Its place in the plan, from 1.
    pub nth: usize,
    /// Its command.
    pub command: &'m Command,
    /// How its number is read.
    pub read: &'m Read,
    /// The file that is read.
    pub file: Option<&'m RepoPath>,
    /// What kind of number it is.
    pub scale: Scale,
    /// The id of the phase at whose gate it is looked at.
    pub phase: &'m str,
}

impl Judge<'_> {
    /// Measures once, in the work tree or in a copy of it: the number, or why there is none.
    ///
    /// # Errors
    /// [`Stop::Usage`] when the command is not there; [`Stop::Interrupted`]; and when what it wrote cannot be kept.
    pub fn measure(
        &self,
        measurement: Measurement<'_>,
        isolated: Option<&Isolated<'_>>,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Result<f64, NoNumber>, Stop> {
        let Measurement { command, read, phase, .. } = measurement;
        let call = Call { command: command.clone(), file: None, files: Vec::new(), label: None, unit: None };
        let shown = self.shown(&call, phase, None);
        let log = self.logs.file(Purpose::Metric, (measurement.nth, 0), phase, Whose::Phase)?;
        let folder = match isolated {
            Some(isolated) => isolated.copy.beside("measured"),
            None => log.with_extension("measured"),
        };
        cleared(&folder)?;
        let report = command.report.map(|_| folder.join("report.xml"));
        let fields = self.fields(&call, phase, None, report.as_deref());
        let Resolved { argv, shown: resolved } = command.run.resolve(&fields);
        let file = measurement.file.map(|file| self.top.join(file.as_path()));
        let wrapped = Resolved { argv: measured::argv(&folder, file.as_deref(), &argv), shown: resolved };
        fault::point("metric: before");
        let finished = self.start(command, &wrapped, isolated, &fields, &log)?;
        fault::point("metric: ended");
        let was_interrupted = matches!(finished.outcome, Outcome::Interrupted(_));
        let (outcome, tests) = (&finished.outcome, account::of(report.as_deref(), &log));
        let status = match outcome {
            Outcome::Passed => Some(0),
            Outcome::Failed(status) => Some(*status),
            _ => None,
        };
        let ended = outcome.to_string();
        let results = match &tests {
            Account::Report(Ok(results)) | Account::Text(Some(results)) => Ok(results),
            Account::Report(Err(why)) => Err(why.as_str()),
            Account::Text(None) => Err("it printed no line that sums up tests"),
        };
        let account = measured::read(&folder, file.is_some());
        let mut number = match &account {
            Ok(account) => {
                let text = account.text.as_deref().map_err(String::as_str);
                let (is_ok, took) = (status.is_some_and(|status| command.is_ok(status)), account.took);
                value(read, measurement.scale, Left { status, is_ok, ended: &ended, results, text, took, peak: account.peak })
            }
            Err(_) if status.is_none() => Err(NoNumber(format!("gave no number: its command {ended}"))),
            Err(why) => Err(NoNumber(format!("gave no number: {why}"))),
        };
        if let Some(isolated) = isolated.filter(|_| !was_interrupted)
            && let Some(meddled) = meddled(isolated, isolated.copy.touched()?)?
        {
            number = Err(NoNumber(format!("gave no number: its command {meddled}")));
        }
        let outcome = match &number {
            Ok(number) => measurement.scale.said(measurement.name, *number),
            Err(why) => format!("{} {why}", measurement.name),
        };
        account::conclude(&log, (&shown, finished.elapsed), &format!("{}: {outcome}", Purpose::Metric.word()))?;
        emit(Event::CommandFinished {
            unit: None,
            others: 0,
            command: shown,
            passed: number.is_ok(),
            outcome,
            verdict: if number.is_ok() { "measured" } else { "not-measured" }.to_owned(),
            tests: results.ok().map(|results| results.ran),
            failures: Vec::new(),
            attempt: 1,
            again: false,
            without_unit: false,
            millis: u64::try_from(finished.elapsed.as_millis()).unwrap_or(u64::MAX),
            log: log.display().to_string(),
            tail: String::from_utf8_lossy(&finished.tail).into_owned(),
            leaked: finished.leaked,
        });
        match &finished.outcome {
            Outcome::Interrupted(signal) => Err(Stop::Interrupted(*signal)),
            Outcome::NotFound(program) => Err(not_found(Purpose::Metric, &wrapped, program)),
            _ => Ok(number),
        }
    }
}

/// Makes the folder for what is measured, with nothing in it from before.
fn cleared(folder: &Path) -> Result<(), Stop> {
    account::clear(folder)?;
    std::fs::create_dir_all(folder).map_err(|error| {
        let message = format!("cannot make {}: {error}", folder.display());
        Stop::Refused(Note::new(message, cure::help(&error, "fix the cause, then run migrate again")))
    })
}
