//! What is told afterwards: `migrate log`.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;

use crate::cli::LogArgs;
use crate::dispatch::{Session, printed};
use crate::log::{self, Subject};
use crate::path::unquote;
use crate::report::look::Look;
use crate::report::{json, log as log_text};
use crate::stop::Stop;
use crate::unit_id::UnitId;

impl Session<'_> {
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
}
