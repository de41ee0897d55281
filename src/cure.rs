//! What to do about an error of the system.

use std::error::Error;
use std::io::{self, ErrorKind};

use rustix::io::Errno;

/// What to do about `error`, for people: the cure of its cause where the system's word for it tells one, else `otherwise`.
#[must_use]
pub fn help(error: &io::Error, otherwise: &'static str) -> &'static str {
    match (number(error), error.kind()) {
        (Some(Errno::MFILE | Errno::NFILE), _) => {
            "the limit of open files is reached (`ulimit -n`, or the system's); raise it, then run migrate again"
        }
        (_, ErrorKind::WouldBlock) => {
            "the limit of processes or threads is reached (`ulimit -u`, or the container's pids limit); end some or raise it, then run migrate again"
        }
        (_, ErrorKind::OutOfMemory) => "the memory is used up; end other programs or raise the limit, then run migrate again",
        (_, ErrorKind::StorageFull) => "make room on the disk (`df` and `df -i` show what is used up), then run migrate again",
        (_, ErrorKind::QuotaExceeded) => "your quota of the disk is used up; make room or raise it, then run migrate again",
        (_, ErrorKind::ArgumentListTooLong) => {
            "one command line holds more than the system takes; make the units smaller (`max_files`), then run migrate again"
        }
        (_, ErrorKind::ReadOnlyFilesystem) => "mount the file system so that it can be written, then run migrate again",
        _ => otherwise,
    }
}

/// The same for the message of a library that keeps of an error only the system's text, at its end and never translated.
#[must_use]
pub fn help_by_text(message: &str, otherwise: &'static str) -> &'static str {
    let known = [Errno::MFILE, Errno::NFILE, Errno::AGAIN, Errno::NOMEM, Errno::NOSPC, Errno::DQUOT, Errno::ROFS];
    let said = |errno: &Errno| {
        let text = io::Error::from(*errno).to_string();
        text.rsplit_once(" (os error").is_some_and(|(text, _)| message.ends_with(text))
    };
    known.into_iter().find(said).map_or(otherwise, |errno| help(&errno.into(), otherwise))
}

/// The system's number for the error, or for the error that it names.
#[must_use]
pub fn number(error: &io::Error) -> Option<Errno> {
    let cause = || error.source()?.downcast_ref::<io::Error>().and_then(Errno::from_io_error);
    Errno::from_io_error(error).or_else(cause)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_limit_that_is_reached_is_named_with_what_raises_it() {
        for (errno, words) in [
            (Errno::AGAIN, ["processes or threads", "`ulimit -u`", "pids limit"]),
            (Errno::NOMEM, ["memory", "end other programs", "raise"]),
            (Errno::MFILE, ["open files", "`ulimit -n`", "raise"]),
            (Errno::NFILE, ["open files", "the system's", "raise"]),
            (Errno::NOSPC, ["make room", "`df`", "`df -i`"]),
            (Errno::DQUOT, ["quota", "make room", "raise"]),
            (Errno::TOOBIG, ["command line", "smaller", "`max_files`"]),
            (Errno::ROFS, ["mount", "file system", "written"]),
        ] {
            let plain = io::Error::from(errno);
            let named = crate::fs::named("write", Path::new("x"), &plain);
            assert_eq!(named.to_string(), format!("write x: {plain}"));
            let twice = crate::fs::named("make", Path::new("y"), &named);
            assert_eq!(twice.to_string(), format!("make y: write x: {plain}"));
            for error in [plain, named, twice] {
                let help = help(&error, "no cure");
                assert!(words.iter().all(|word| help.contains(word)) && help.ends_with("run migrate again"), "{error}: {help}");
            }
        }
    }

    #[test]
    fn an_error_of_which_only_the_text_is_left_is_known_by_it() {
        let full = help_by_text("could not write 'x': No space left on device", "no cure");
        assert!(full.contains("make room"), "{full}");
        assert_eq!(help_by_text("the object No space left on device is damaged", "no cure"), "no cure");
        assert_eq!(help_by_text("", "no cure"), "no cure");
    }

    #[test]
    fn any_other_error_has_the_help_of_its_place() {
        for errno in [Errno::NOENT, Errno::ACCESS, Errno::IO] {
            assert_eq!(help(&errno.into(), "look there"), "look there");
        }
        assert_eq!(help(&io::Error::other("odd"), "look there"), "look there");
    }
}
