//! What is told afterwards: `migrate status`, `migrate log` and `migrate report`.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::board;
use crate::cli::{LogArgs, ReportArgs, StatusArgs};
use crate::dispatch::output::Output;
use crate::dispatch::{Session, below, printed};
use crate::log::{self, Subject};
use crate::path::unquote;
use crate::report::look::{self, Look};
use crate::report::looking::Looking;
use crate::report::{json, log as log_text, markdown, status as status_text, text};
use crate::status::{self, Asked};
use crate::stop::{Note, Stop};
use crate::summary;
use crate::unit_id::UnitId;

impl Session<'_> {
    /// Shows where units stand.
    pub(super) fn status(&self, args: &StatusArgs) -> Result<(), Stop> {
        let asked = Asked { below: below(&args.paths, &self.here, &self.repo)?, phase: self.phase(args.phase.as_deref())? };
        let looking = if args.json { Looking::none() } else { Looking::stderr() };
        let table = status::table(&self.repo, &self.plan, &asked, &|looked| looking.at(looked));
        looking.clear();
        let (table, mut out) = (table?, io::stdout());
        let running = board::seen(&self.repo.state_folder());
        let written = if args.json {
            json::line(&mut out, &status_text::Told { table: &table, running: running.as_ref() })
        } else {
            if let Some(running) = &running {
                let look = Look::of(&io::stdout());
                let columns = if look.terminal { look::columns(&io::stdout()) } else { usize::MAX };
                printed(status_text::write_running(&mut out, look, running, columns))?;
            }
            status_text::write(&mut out, Look::of(&io::stdout()), &table, self.detail)
        };
        printed(written)?;
        let what =
            if args.paths.is_empty() && args.phase.is_none() { "the plan is not done" } else { "what was asked for is not done" };
        match args.fail && !table.is_done() {
            true if table.counts.left() == 0 && table.counts.given_up() > 0 => {
                let help = "`migrate run --retry quarantined rolled-back` tries again what was given up";
                Err(Stop::NotDone(Note::new(what, help)))
            }
            true => Err(Stop::NotDone(Note::new(what, "`migrate run` goes on with it"))),
            false => Ok(()),
        }
    }

    /// Shows what became of one file or unit.
    pub(super) fn log(&self, args: &LogArgs) -> Result<(), Stop> {
        let history = log::history(&self.repo, &self.plan, &self.subject(&args.subject)?)?;
        let mut out = io::stdout();
        printed(if args.json {
            json::line(&mut out, &history)
        } else {
            log_text::write(&mut out, Look::of(&io::stdout()), &history, &self.here)
        })
    }

    /// What a person means: a unit by its name, a group by the name that the plan gives it, or a file.
    fn subject(&self, typed: &OsStr) -> Result<Subject, Stop> {
        let named = typed.to_str().and_then(unquote).unwrap_or_else(|| typed.as_bytes().to_vec());
        if let Some(unit) = UnitId::new(named).filter(|unit| unit.file().is_none()) {
            return Ok(Subject::Unit(unit));
        }
        let is_group = |name: &str| {
            let targets = self.plan.phases.iter().flat_map(|phase| &phase.targets);
            targets.filter_map(|target| target.group.as_ref()).any(|group| group.name == name)
        };
        match typed.to_str() {
            Some(name) if is_group(name) => Ok(Subject::Unit(UnitId::of_group(name))),
            _ => self.path(typed).map(Subject::File),
        }
    }

    /// Writes the state of the plan for a pull request.
    pub(super) fn report(&self, args: &ReportArgs) -> Result<(), Stop> {
        let file = args.markdown.as_deref().filter(|file| *file != Path::new("-"));
        let output = file.map(|file| Output::at(&self.here, &self.repo, file)).transpose()?;
        let looking = Looking::unless(args.json);
        let summary = summary::summary(&self.repo, &self.plan, &|looked| looking.at(looked));
        looking.clear();
        let summary = summary?;
        if args.json {
            return printed(json::line(&mut io::stdout(), &summary));
        }
        let report = markdown::text(&summary);
        match output {
            Some(output) => output.write(&report),
            None => printed(text::result(&mut io::stdout(), &report)),
        }
    }
}
