//! The message of a revert: what `git revert --no-edit` writes, the reason, and the trailers; and the way back from it.

use memchr::memmem;

use crate::message::line::escape;
use crate::message::trailers::{Reverted, Trailers, render, trailers};

/// Begins git's sentence about what a commit reverts.
const SENTENCE: &[u8] = b"This reverts commit ";

/// The message of the revert that `reverted` describes, of a commit whose message is `original`.
///
/// `reason` is a sentence for people, such as `` verification failed: `make test` ended with 1 ``.
#[must_use]
pub fn revert(original: &[u8], reason: &str, reverted: &Reverted) -> String {
    let text = plain(original, &reverted.commit);
    format!("{text}\nReason: {}\n\n{}", escape(reason, &[]), render(&reverted.clone().into()))
}

/// The message of a commit that takes back the one unit that `reverted` names, out of a commit that holds more. It has no sentence
/// that git or a forge would take for the revert of the whole.
#[must_use]
pub fn part(original: &[u8], unit: &str, reason: &str, reverted: &Reverted) -> String {
    let subject = String::from_utf8_lossy(subject(original)).into_owned();
    format!(
        "Revert {unit} of \"{}\"\n\nThis takes back what commit {} changed in {unit}, and nothing else of it.\n\nReason: {}\n\n{}",
        escape(&subject, &[]),
        reverted.commit,
        escape(reason, &[]),
        render(&reverted.clone().into())
    )
}

/// What `git revert --no-edit` writes for a commit with one parent.
#[must_use]
pub fn plain(original: &[u8], commit: &str) -> String {
    let subject = String::from_utf8_lossy(subject(original));
    let title = match subject.strip_prefix("Revert \"") {
        // Like git: a revert is applied again, but a revert of a revert stays one.
        Some(rest) if !rest.starts_with("Revert \"") => format!("Reapply \"{rest}"),
        _ => format!("Revert \"{subject}\""),
    };
    format!("{title}\n\nThis reverts commit {commit}.\n")
}

/// A commit that a message says it takes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    /// As the message names it: in full by us and by `git revert`, else perhaps shortened.
    pub commit: String,
    /// Our own account of it, when it is one of ours.
    pub ours: Option<Reverted>,
    /// False when only the unit of our account is back, out of a commit that holds more.
    pub whole: bool,
}

/// The commits that a message says it reverts, wholly or in part.
#[must_use]
pub fn reverted(message: &[u8]) -> Vec<Undone> {
    let mut found: Vec<Undone> = trailers(message)
        .into_iter()
        .filter_map(|block| match block {
            Trailers::Reverted(ours) => Some(Undone { commit: ours.commit.clone(), ours: Some(ours), whole: false }),
            Trailers::Applied(_) => None,
        })
        .collect();
    for at in memmem::find_iter(message, SENTENCE) {
        if at > 0 && message[at - 1] != b'\n' {
            continue;
        }
        let rest = &message[at + SENTENCE.len()..];
        let len = rest.iter().take_while(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(*byte)).count();
        let commit: String = rest[..len].iter().map(|byte| char::from(*byte)).collect();
        let is_end = rest.get(len).is_none_or(|byte| b".,( \r\n".contains(byte));
        if !(7..=64).contains(&len) || !is_end {
            continue;
        }
        match found.iter_mut().find(|known| known.commit == commit) {
            Some(known) => known.whole = true,
            None => found.push(Undone { commit, ours: None, whole: true }),
        }
    }
    found
}

/// The first line that is not blank, as git takes it for the subject.
fn subject(message: &[u8]) -> &[u8] {
    message.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty()).unwrap_or_default()
}
