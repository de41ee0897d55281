//! Only one run at a time per work tree: an advisory lock that the kernel releases when its holder dies, however it dies.
//!
//! The file's text says who holds it, for the message only; the lock is the flock, so a stale text blocks nobody.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use fd_lock::RwLock;

/// Why the lock was not had.
#[derive(Debug, thiserror::Error)]
pub enum LockProblem {
    /// Another run holds it.
    #[error("another migrate is at work in this repository: {holder}")]
    Held {
        /// What the holder wrote of itself.
        holder: String,
    },
    /// The system refused.
    #[error("cannot lock {}: {source}", path.display())]
    Io {
        /// The lock's file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Runs `act` while holding the lock in `folder`; `what` says what the holder does.
///
/// # Errors
/// [`LockProblem::Held`] at once when somebody else holds it; never waits.
pub fn holding<T>(folder: &Path, what: &str, act: impl FnOnce() -> T) -> Result<T, LockProblem> {
    let path = folder.join("lock");
    let io = |source| LockProblem::Io { path: path.clone(), source };
    std::fs::create_dir_all(folder).map_err(io)?;
    if folder.is_symlink() {
        return Err(io(io::Error::other("the folder is a symbolic link, which is not followed")));
    }
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
        .open(&path)
        .map_err(io)?;
    let mut lock = RwLock::new(file);
    let mut guard = match lock.try_write() {
        Ok(guard) => guard,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            let holder = std::fs::read_to_string(&path).unwrap_or_default();
            let holder = if holder.trim().is_empty() { "it has not said who it is".to_owned() } else { holder.trim().to_owned() };
            return Err(LockProblem::Held { holder });
        }
        Err(error) => return Err(io(error)),
    };
    sign(&mut guard, what).map_err(io)?;
    Ok(act())
}

fn sign(file: &mut File, what: &str) -> io::Result<()> {
    let mut host = String::new();
    // Only for the message: a system without /proc says nothing of its name.
    if let Ok(mut name) = File::open("/proc/sys/kernel/hostname") {
        name.read_to_string(&mut host)?;
    }
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    writeln!(file, "{what}, process {}, host {}, since {}", std::process::id(), host.trim(), written(since))
}

/// A moment as people write it, in UTC.
fn written(seconds: u64) -> String {
    let (mut day, second) = (seconds / 86_400, seconds % 86_400);
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while day >= 365 + u64::from(leap(year)) {
        day -= 365 + u64::from(leap(year));
        year += 1;
    }
    let mut month = 1;
    for days in [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < days {
            break;
        }
        day -= days;
        month += 1;
    }
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year}-{month:02}-{:02} {hour:02}:{minute:02}:{second:02} UTC", day + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_people_do() {
        for (seconds, expected) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_827_696, "2000-02-29 12:34:56 UTC"),
            (1_767_225_599, "2025-12-31 23:59:59 UTC"),
            (1_795_838_424, "2026-11-28 04:00:24 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
        ] {
            assert_eq!(written(seconds), expected);
        }
    }

    #[test]
    fn the_second_is_told_who_the_first_is_and_a_dead_one_blocks_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let inner = holding(folder.path(), "run", || holding(folder.path(), "run", || ())).unwrap();
        let Err(LockProblem::Held { holder }) = inner else { panic!("two hold the lock") };
        assert!(holder.contains(&format!("process {}", std::process::id())), "{holder}");
        assert!(holding(folder.path(), "run", || ()).is_ok());
    }
}
