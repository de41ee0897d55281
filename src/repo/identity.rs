//! Who commits, as git resolves it: environment, configuration and their fallbacks, asked of git itself once per run.

use std::time::{SystemTime, UNIX_EPOCH};

use git2::{Signature, Time};

use crate::repo::{Repo, RepoProblem};

/// Author and committer of a run's commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Who wrote the change.
    pub author: Person,
    /// Who committed it.
    pub committer: Person,
}

/// One of the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Bytes of any encoding, as they are configured.
    name: Vec<u8>,
    email: Vec<u8>,
    offset_minutes: i32,
    /// Seconds since 1970 when the environment fixes the date; else the time of the commit is taken.
    fixed: Option<i64>,
}

impl Repo {
    /// Author and committer as `git commit` would take them now.
    ///
    /// # Errors
    /// [`RepoProblem::NoIdentity`] when git would refuse to commit, or would commit in the name of an empty address.
    pub fn identity(&self) -> Result<Identity, RepoProblem> {
        Ok(Identity { author: self.person("AUTHOR")?, committer: self.person("COMMITTER")? })
    }

    fn person(&self, role: &str) -> Result<Person, RepoProblem> {
        let output = self.git().output(&["var", &format!("GIT_{role}_IDENT")])?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let reason = said.lines().rev().find_map(|line| line.strip_prefix("fatal: ")).unwrap_or("no name or email is set");
            return Err(RepoProblem::NoIdentity(reason.to_owned()));
        }
        let text = output.stdout.trim_ascii_end();
        let fixed = std::env::var_os(format!("GIT_{role}_DATE")).is_some();
        let no_identity = |reason: String| RepoProblem::NoIdentity(reason);
        let person = parse(text, fixed).ok_or_else(|| no_identity(format!("git var gave {}", text.escape_ascii())))?;
        if person.email.is_empty() {
            return Err(no_identity(format!("the {} has an empty email address", role.to_lowercase())));
        }
        Ok(person)
    }
}

/// Reads `Name <email> seconds +hhmm`.
fn parse(text: &[u8], fixed: bool) -> Option<Person> {
    let (start, end) = (memchr::memchr(b'<', text)?, memchr::memrchr(b'>', text)?);
    let date = str::from_utf8(text.get(end + 1..)?).ok()?;
    let (seconds, offset) = date.trim().split_once(' ')?;
    let hhmm: i32 = offset.parse().ok()?;
    Some(Person {
        name: text[..start].trim_ascii_end().to_vec(),
        email: text.get(start + 1..end)?.to_vec(),
        offset_minutes: hhmm / 100 * 60 + hhmm % 100,
        fixed: if fixed { Some(seconds.parse().ok()?) } else { None },
    })
}

impl Person {
    /// The name, as it is configured.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// The address, as it is configured.
    #[must_use]
    pub fn email(&self) -> &[u8] {
        &self.email
    }

    fn now(&self) -> i64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs().cast_signed());
        self.fixed.unwrap_or(now)
    }

    /// Who did something and when, as logs have it: `Name <email> seconds +hhmm`.
    #[must_use]
    pub fn signed_now(&self) -> Vec<u8> {
        let sign = if self.offset_minutes < 0 { '-' } else { '+' };
        let (hours, minutes) = (self.offset_minutes.abs() / 60, self.offset_minutes.abs() % 60);
        let mut text = self.name.clone();
        text.extend_from_slice(b" <");
        text.extend_from_slice(&self.email);
        text.extend_from_slice(format!("> {} {sign}{hours:02}{minutes:02}", self.now()).as_bytes());
        text
    }

    /// As [`Person::signed_now`], for libgit2, which takes text only.
    ///
    /// # Errors
    /// When libgit2 finds the name or email malformed.
    pub(super) fn signature(&self) -> Result<Signature<'static>, RepoProblem> {
        let (name, email) = (String::from_utf8_lossy(&self.name), String::from_utf8_lossy(&self.email));
        Ok(Signature::new(&name, &email, &Time::new(self.now(), self.offset_minutes))?)
    }
}

/// The bytes as text of a commit: git takes each byte that is not UTF-8 for Latin-1 (`verify_utf8` of its sources).
pub(super) fn as_utf8(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| char::from(*byte)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_var_prints_is_read_with_sign_and_half_hours() {
        let person = parse(b"A. Person <a@example.com> 1700000000 -0330", true).unwrap();
        assert_eq!((person.name(), person.email()), (&b"A. Person"[..], &b"a@example.com"[..]));
        assert_eq!((person.offset_minutes, person.fixed), (-210, Some(1_700_000_000)));
        assert_eq!(person.signed_now(), b"A. Person <a@example.com> 1700000000 -0330");
        assert_eq!(parse(b"nothing of the kind", false), None);
        assert_eq!(parse(b"> upside < down", false), None);
    }

    #[test]
    fn bytes_that_are_not_utf8_are_latin1_to_a_commit() {
        for (bytes, text) in
            [(&b"J\xf6rg"[..], "J\u{f6}rg"), ("J\u{f6}rg".as_bytes(), "J\u{f6}rg"), (b"\xe2\x82A", "\u{e2}\u{82}A")]
        {
            assert_eq!(as_utf8(bytes), text);
        }
    }
}
