//! A command that is measured: what it prints, the file that it writes, how long it takes and how much memory.
//!
//! The command is started by a hidden subcommand of this program, in the copy in which it is to run. That writes down, into a folder
//! beside the copy, what only the one who waits for a command can know. Standard output is kept apart from standard error, which the log
//! has together. A file counts only when the command wrote it: one that is as it was before is stale.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// The name of the subcommand.
const NAME: &str = "__measured";

/// This very program, as the commands that it starts begin with it.
const OWN_PROGRAM: &str = "/proc/self/exe";

/// More than this is not read of what a command wrote.
pub const LARGEST: u64 = 16 << 20;

/// What the subcommand ends with when there is no such program, when it may not be executed, and when it could not do its own work.
const NOT_FOUND: u8 = 127;
const NOT_EXECUTABLE: u8 = 126;
const BROKEN: u8 = 125;

/// What was measured of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// What it wrote: to its standard output, or to the file that was asked for; why that is not there, in words.
    pub text: Result<Vec<u8>, String>,
    /// How long it took.
    pub took: Duration,
    /// The most memory that one of its processes held, in KiB; none where the system does not say.
    pub peak: Option<u64>,
}

/// What the subcommand writes down.
#[derive(Debug, Serialize, Deserialize)]
struct Account {
    micros: u64,
    peak: Option<u64>,
    /// Why the file that was asked for does not count.
    file: Option<String>,
}

/// Where things stand in the folder.
fn account(folder: &Path) -> PathBuf {
    folder.join("account.json")
}

fn stdout(folder: &Path) -> PathBuf {
    folder.join("stdout")
}

fn file(folder: &Path) -> PathBuf {
    folder.join("file")
}

/// The command line that runs `argv` and writes down in `folder`, which is there, what is measured of it, and what it wrote to the `file`.
#[must_use]
pub fn argv(folder: &Path, file: Option<&Path>, argv: &[OsString]) -> Vec<OsString> {
    let file = file.map_or_else(OsString::new, |file| file.as_os_str().to_owned());
    let own = [OWN_PROGRAM.into(), NAME.into(), folder.as_os_str().to_owned(), file];
    own.into_iter().chain(argv.iter().cloned()).collect()
}

/// Reads what was measured of the command that was to write it down in `folder`; `asks_file` says whether it was to write a file.
///
/// # Errors
/// Why there is nothing, in words.
pub fn read(folder: &Path, asks_file: bool) -> Result<Measured, String> {
    let bytes = fs::read(account(folder)).map_err(|error| format!("what was measured cannot be read: {error}"))?;
    let account: Account =
        serde_json::from_slice(&bytes).map_err(|error| format!("what was measured cannot be read: {error}"))?;
    let text = match account.file {
        Some(why) => Err(why),
        None => limited(&if asks_file { file(folder) } else { stdout(folder) }),
    };
    Ok(Measured { text, took: Duration::from_micros(account.micros), peak: account.peak })
}

fn limited(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
    match read {
        Err(error) => Err(format!("what its command wrote cannot be read: {error}")),
        Ok(_) if bytes.len() as u64 > LARGEST => Err(format!("its command wrote more than {} MiB", LARGEST >> 20)),
        Ok(_) => Ok(bytes),
    }
}

/// Does what `args` ask for, if it is the hidden subcommand.
#[must_use]
pub fn child(args: &[OsString]) -> Option<ExitCode> {
    let (_, [name, args @ ..]) = args.split_first()? else { return None };
    (name == NAME).then(|| match args {
        [folder, file, program, rest @ ..] => {
            let file = (!file.is_empty()).then_some(Path::new(file));
            run(Path::new(folder), file, program, rest).unwrap_or_else(|error| {
                complain(&format!("what was measured cannot be kept: {error}"));
                ExitCode::from(BROKEN)
            })
        }
        _ => ExitCode::from(BROKEN),
    })
}

fn run(folder: &Path, asked: Option<&Path>, program: &OsStr, args: &[OsString]) -> io::Result<ExitCode> {
    let out = File::create(stdout(folder))?;
    let before = asked.and_then(|asked| fs::metadata(asked).ok());
    let started = Instant::now();
    let status = match Command::new(program).args(args).stdin(Stdio::null()).stdout(out).status() {
        Ok(status) => status,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            complain(&format!("{}: not found", program.to_string_lossy()));
            return Ok(ExitCode::from(NOT_FOUND));
        }
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            complain(&format!("{}: Permission denied", program.to_string_lossy()));
            return Ok(ExitCode::from(NOT_EXECUTABLE));
        }
        Err(error) => return Err(error),
    };
    let took = started.elapsed();
    let why = asked.and_then(|asked| kept(asked, before.as_ref(), &file(folder)).err());
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let written = serde_json::to_vec(&Account { micros, peak: peak(), file: why })?;
    fs::write(account(folder), written)?;
    // What the log shows.
    let copied = File::open(stdout(folder)).and_then(|mut out| io::copy(&mut out, &mut io::stdout()));
    copied.and_then(|_| io::stdout().flush())?;
    Ok(match (status.code(), status.signal()) {
        (Some(code), _) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        (None, signal) => ExitCode::from(u8::try_from(128 + signal.unwrap_or_default()).unwrap_or(1)),
    })
}

/// Keeps the file that the command was to write.
fn kept(asked: &Path, before: Option<&Metadata>, to: &Path) -> Result<(), String> {
    let shown = asked.display();
    let now = fs::metadata(asked).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("its command wrote no file {shown}"),
        _ => format!("its file {shown} cannot be read: {error}"),
    })?;
    if !now.is_file() {
        return Err(format!("{shown} is no file"));
    }
    let state = |of: &Metadata| (of.ino(), of.len(), of.mtime(), of.mtime_nsec(), of.ctime(), of.ctime_nsec());
    if before.is_some_and(|before| state(before) == state(&now)) {
        return Err(format!("its file {shown} is stale: it was there before, and its command did not write it"));
    }
    fs::copy(asked, to).map(drop).map_err(|error| format!("its file {shown} cannot be read: {error}"))
}

/// The most memory that one process among those that were waited for held, in KiB.
#[cfg(target_os = "linux")]
fn peak() -> Option<u64> {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::uninit();
    #[expect(unsafe_code, reason = "a foreign call that fills a structure of plain numbers")]
    // SAFETY: getrusage(2) writes the whole structure when it returns 0, and it is read only then.
    let usage = unsafe { (libc::getrusage(libc::RUSAGE_CHILDREN, usage.as_mut_ptr()) == 0).then(|| usage.assume_init()) };
    u64::try_from(usage?.ru_maxrss).ok()
}

#[cfg(not(target_os = "linux"))]
fn peak() -> Option<u64> {
    None
}

fn complain(what: &str) {
    // There is nobody left to tell when even this cannot be written.
    let (Ok(()) | Err(_)) = writeln!(io::stderr(), "migrate: {what}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(script: &str, asked: Option<&str>) -> Result<Measured, String> {
        let folder = tempfile::tempdir().unwrap();
        let asked = asked.map(|name| folder.path().join(name));
        let argv: Vec<OsString> = ["-c", script].map(Into::into).to_vec();
        let script_args = [argv, vec!["sh".into(), folder.path().into()]].concat();
        run(folder.path(), asked.as_deref(), OsStr::new("sh"), &script_args).map_err(|error| error.to_string())?;
        read(folder.path(), asked.is_some())
    }

    #[test]
    fn output_time_and_memory_are_measured() {
        let found = measured("echo 512; echo noise >&2; sleep 0.05", None).unwrap();
        assert_eq!(found.text.unwrap(), b"512\n");
        assert!(found.took >= Duration::from_millis(50));
        assert!(found.peak.unwrap() > 100);
    }

    #[test]
    fn a_file_counts_only_when_the_command_wrote_it() {
        let found = measured("echo 7 >$1/out.json", Some("out.json")).unwrap();
        assert_eq!(found.text.unwrap(), b"7\n");
        assert!(measured("true", Some("out.json")).unwrap().text.unwrap_err().contains("wrote no file"));
        let folder = tempfile::tempdir().unwrap();
        let old = folder.path().join("old.json");
        fs::write(&old, "1").unwrap();
        run(folder.path(), Some(&old), OsStr::new("true"), &[]).unwrap();
        assert!(read(folder.path(), true).unwrap().text.unwrap_err().contains("is stale"));
        assert!(measured("mkdir $1/d", Some("d")).unwrap().text.unwrap_err().contains("is no file"));
    }

    #[test]
    fn a_program_that_is_not_there_measures_nothing() {
        let folder = tempfile::tempdir().unwrap();
        run(folder.path(), None, OsStr::new("no-such-program"), &[]).unwrap();
        assert!(read(folder.path(), false).is_err());
    }
}
