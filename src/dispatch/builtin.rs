//! `migrate builtin`, by which a run starts what is built in as it starts any other command.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::builtin::judge;
use crate::cli::BuiltinArgs;
use crate::dispatch::{opened, path_of, printed};
use crate::interpreter;
use crate::judge::INTERPRETER;
use crate::path::RepoPath;
use crate::plan::Builtin;
use crate::report::builtin as printer;
use crate::stop::{Note, Stop};

/// Judges the files and prints what was found; gives whether there is no problem. The last line of the output says how many there are.
///
/// # Errors
/// When the repository cannot be read, or what was found not be written.
pub(super) fn run(args: &BuiltinArgs) -> Result<bool, Stop> {
    let (here, repo) = opened()?;
    let (_, builtin) = Builtin::ALL.into_iter().find(|(word, _)| *word == args.what).unwrap_or(Builtin::ALL[0]);
    // A run gives paths from the top, where it starts commands.
    let path = |text: &OsStr| match here == repo.top() {
        true => RepoPath::new(text.as_bytes()).or_else(|_| path_of(&here, &repo, text)),
        false => path_of(&here, &repo, text),
    };
    let files: Vec<RepoPath> = args.files.iter().map(|text| path(text)).collect::<Result<_, _>>()?;
    let asked = std::env::var_os(INTERPRETER).and_then(|file| interpreter::kept(&PathBuf::from(file)));
    let asked = asked.unwrap_or_else(|| interpreter::ask(repo.top()));
    let judged = judge(&repo, builtin, &files, &asked)?;
    if let Some(report) = std::env::var_os("MIGRATE_REPORT") {
        let write = || -> io::Result<()> {
            let mut out = BufWriter::new(File::create(&report)?);
            printer::write_junit(&mut out, builtin, &judged)?;
            out.flush()
        };
        write().map_err(|error| {
            let message = format!("{}: cannot write the report: {error}", report.display());
            Stop::Refused(Note::new(message, "fix the cause, then run migrate again"))
        })?;
    }
    printed(printer::write(&mut io::stdout(), builtin, &judged))?;
    Ok(judged.problems.is_empty())
}
