//! The append-only record of runs, in `$GIT_DIR/migrate/journal`: one line per record, synced before the act it announces.
//!
//! It speeds recovery and is never the truth: git and the disk are. Each line is a checksum and a JSON record; a torn last line is
//! cut, by whoever wrote it as soon as it fails, else by the next one who opens. Format rules: `Opened.format` names the version; a
//! newer one is refused by an older tool; new fields are optional, so that an older record reads as before. Nothing here talks to
//! git.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::fault;

mod record;

pub use record::{Also, Announcement, AskedFile, DraftedFile, FileChange, Record, RunStarted, files_of};

/// The version of the records that this tool writes.
pub const FORMAT: u32 = 4;

/// Why a journal could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalProblem {
    /// The system refused.
    #[error("cannot {act} the journal {}: {source}", path.display())]
    Io {
        /// The call that failed, as a verb.
        act: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A record that is not the last is broken.
    #[error("line {line} of the journal {} is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// 1-based.
        line: usize,
    },
    /// Written by a later version of this tool.
    #[error("the journal {} has format {format}; this migrate knows {FORMAT}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// What it says of itself.
        format: u32,
    },
}

/// The open journal.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    records: Vec<Record>,
    /// How long the file is as far as it is whole.
    length: u64,
    /// What failed, when the file may hold since then what this knows nothing of: nothing more is appended.
    broken: Option<(&'static str, String)>,
}

impl Journal {
    /// Opens the journal in `folder`, making both where there are none, and cuts a torn last line.
    ///
    /// # Errors
    /// When the system refuses, a record before the last is damaged, or a newer tool wrote it.
    pub fn open(folder: &Path) -> Result<Self, JournalProblem> {
        let path = folder.join("journal");
        let io = |act| {
            let path = path.clone();
            move |source| JournalProblem::Io { act, path, source }
        };
        std::fs::create_dir_all(folder).map_err(io("make the folder of"))?;
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
            .open(&path)
            .map_err(io("open"))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(io("read"))?;
        let (records, whole) = decode(&text, &path)?;
        if whole < text.len() {
            file.set_len(whole as u64).map_err(io("cut the torn end of"))?;
            file.seek(SeekFrom::End(0)).map_err(io("seek in"))?;
        }
        let mut journal = Self { file, path: path.clone(), records, length: whole as u64, broken: None };
        let written = journal.records.iter().rev().find_map(|record| match record {
            Record::Opened { format } => Some(*format),
            _ => None,
        });
        // Also below the records of an older tool: it must not take the newer ones for damage.
        if written.is_none_or(|format| format < FORMAT) {
            journal.append(Record::Opened { format: FORMAT })?;
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(io("sync the folder of"))?;
        }
        Ok(journal)
    }

    /// Reads the records in `folder` without opening them for writing; none where there is no journal.
    ///
    /// # Errors
    /// As for [`Journal::open`].
    pub fn read(folder: &Path) -> Result<Vec<Record>, JournalProblem> {
        let path = folder.join("journal");
        match std::fs::read(&path) {
            Ok(text) => Ok(decode(&text, &path)?.0),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(source) => Err(JournalProblem::Io { act: "read", path, source }),
        }
    }

    /// All records, oldest first.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The commit that the last change to begin came to, if it came so far: prepared, and perhaps in the branch.
    #[must_use]
    pub fn prepared(&self) -> Option<&str> {
        let last = self.records.iter().rev().find_map(|record| match record {
            Record::Prepared { commit } | Record::Committed { commit } => Some(Some(commit.as_str())),
            Record::Begun(_) | Record::Abandoned { .. } => Some(None),
            _ => None,
        });
        last.flatten()
    }

    /// Appends a record and syncs it to disk. A crash leaves the whole line or a torn one, which the next [`Journal::open`] cuts.
    ///
    /// # Errors
    /// When the system refuses; nothing may then be done that the record announces.
    pub fn append(&mut self, record: Record) -> Result<(), JournalProblem> {
        self.append_all([record])
    }

    /// The same for several, which are synced once. A crash leaves some of the first of them.
    ///
    /// # Errors
    /// As for [`Journal::append`].
    pub fn append_all(&mut self, records: impl IntoIterator<Item = Record>) -> Result<(), JournalProblem> {
        for record in records {
            self.note(record)?;
        }
        self.file.sync_data().map_err(|source| {
            // What the system dropped of the file is not known: a later line must not come to stand behind a hole.
            self.broken = Some(("sync", source.to_string()));
            JournalProblem::Io { act: "sync", path: self.path.clone(), source }
        })?;
        fault::point("journal: synced");
        Ok(())
    }

    /// Appends a record that may be lost, because what it says can be found out again: not synced.
    ///
    /// # Errors
    /// When the system refuses; what was written of the line is cut off again.
    pub fn note(&mut self, record: Record) -> Result<(), JournalProblem> {
        if let Some((act, said)) = &self.broken {
            return Err(JournalProblem::Io { act, path: self.path.clone(), source: io::Error::other(said.clone()) });
        }
        let line = encode(&record);
        if let Err(source) = self.file.write_all(&line) {
            // Where even that is refused, nothing more may come behind the torn line.
            if let Err(cut) = self.file.set_len(self.length) {
                self.broken = Some(("cut the torn end of", cut.to_string()));
            }
            return Err(JournalProblem::Io { act: "append to", path: self.path.clone(), source });
        }
        fault::point("journal: written");
        self.length += line.len() as u64;
        self.records.push(record);
        Ok(())
    }
}

fn checksum(json: &[u8]) -> String {
    let digest = Sha256::digest(json);
    digest[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn encode(record: &Record) -> Vec<u8> {
    let json = serde_json::to_vec(record).expect("a record is plain data with string keys");
    let mut line = format!("{} ", checksum(&json)).into_bytes();
    line.extend_from_slice(&json);
    line.push(b'\n');
    line
}

/// The records of a journal's text, and how many bytes of it are whole.
fn decode(text: &[u8], path: &Path) -> Result<(Vec<Record>, usize), JournalProblem> {
    let mut records = Vec::new();
    let mut whole = 0;
    for (at, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let Some(record) = decode_line(line) else {
            if whole + line.len() == text.len() {
                break;
            }
            return Err(JournalProblem::Damaged { path: path.to_owned(), line: at + 1 });
        };
        if let Record::Opened { format } = record
            && format > FORMAT
        {
            return Err(JournalProblem::Newer { path: path.to_owned(), format });
        }
        records.push(record);
        whole += line.len();
    }
    Ok((records, whole))
}

fn decode_line(line: &[u8]) -> Option<Record> {
    let line = line.strip_suffix(b"\n")?;
    let (sum, json) = line.split_at_checked(8)?;
    let json = json.strip_prefix(b" ")?;
    if checksum(json).as_bytes() != sum {
        return None;
    }
    serde_json::from_slice(json).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn abandoned(reason: &str) -> Record {
        Record::Abandoned { reason: reason.to_owned() }
    }

    #[test]
    fn what_is_appended_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        journal.append(abandoned("one")).unwrap();
        journal.append(abandoned("two\nlines")).unwrap();
        let again = Journal::open(folder.path()).unwrap();
        assert_eq!(again.records(), [Record::Opened { format: FORMAT }, abandoned("one"), abandoned("two\nlines")]);
        assert_eq!(Journal::read(folder.path()).unwrap(), again.records());
    }

    #[test]
    fn a_torn_last_line_is_cut_wherever_it_tore() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        journal.append(abandoned("one")).unwrap();
        let whole = std::fs::read(folder.path().join("journal")).unwrap();
        let last = encode(&abandoned("two"));
        for cut in 1..last.len() {
            let mut torn = whole.clone();
            torn.extend_from_slice(&last[..cut]);
            std::fs::write(folder.path().join("journal"), torn).unwrap();
            let mut journal = Journal::open(folder.path()).unwrap();
            assert_eq!(journal.records().len(), 2, "cut at {cut}");
            journal.append(abandoned("three")).unwrap();
            assert_eq!(Journal::read(folder.path()).unwrap().len(), 3, "cut at {cut}");
        }
    }

    #[test]
    fn a_line_that_could_only_be_written_in_part_never_joins_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        journal.append(abandoned("one")).unwrap();
        let path = folder.path().join("journal");
        // Who may only read writes nothing, and may not cut either.
        let writable = std::mem::replace(&mut journal.file, File::open(&path).unwrap());
        assert!(matches!(journal.append(abandoned("two")), Err(JournalProblem::Io { act: "append to", .. })));
        journal.file = writable;
        assert!(matches!(journal.append(abandoned("three")), Err(JournalProblem::Io { act: "cut the torn end of", .. })));
        assert_eq!(Journal::open(folder.path()).unwrap().records(), [Record::Opened { format: FORMAT }, abandoned("one")]);
    }

    #[test]
    fn the_commit_that_was_prepared_last_is_known_until_it_is_abandoned() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        let commit = || "c".to_owned();
        for (record, prepared) in [
            (abandoned("none"), None),
            (Record::Prepared { commit: commit() }, Some("c")),
            (Record::RunFinished { done: false }, Some("c")),
            (Record::Committed { commit: commit() }, Some("c")),
            (abandoned("ended"), None),
        ] {
            journal.note(record).unwrap();
            assert_eq!(journal.prepared(), prepared);
        }
    }

    #[test]
    fn damage_before_the_last_line_and_newer_formats_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        journal.append(abandoned("one")).unwrap();
        let path = folder.path().join("journal");
        let mut text = std::fs::read(&path).unwrap();
        text[12] ^= 1;
        std::fs::write(&path, &text).unwrap();
        assert!(matches!(Journal::open(folder.path()), Err(JournalProblem::Damaged { line: 1, .. })));
        std::fs::write(&path, encode(&Record::Opened { format: 9 })).unwrap();
        assert!(matches!(Journal::open(folder.path()), Err(JournalProblem::Newer { format: 9, .. })));
    }
}
