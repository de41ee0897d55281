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
    name: String,
    email: String,
    offset_minutes: i32,
    /// Seconds since 1970 when the environment fixes the date; else the time of the commit is taken.
    fixed: Option<i64>,
}

impl Repo {
    /// Author and committer as `git commit` would take them now.
    ///
    /// # Errors
    /// [`RepoProblem::NoIdentity`] when git would refuse to commit.
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
        let text = String::from_utf8_lossy(&output.stdout);
        let fixed = std::env::var_os(format!("GIT_{role}_DATE")).is_some();
        parse(text.trim_end(), fixed).ok_or_else(|| RepoProblem::NoIdentity(format!("git var gave {:?}", text.trim_end())))
    }
}

/// Reads `Name <email> seconds +hhmm`.
fn parse(text: &str, fixed: bool) -> Option<Person> {
    let (name, rest) = text.split_once('<')?;
    let (email, rest) = rest.rsplit_once('>')?;
    let (seconds, offset) = rest.trim().split_once(' ')?;
    let hhmm: i32 = offset.parse().ok()?;
    Some(Person {
        name: name.trim_end().to_owned(),
        email: email.to_owned(),
        offset_minutes: hhmm / 100 * 60 + hhmm % 100,
        fixed: if fixed { Some(seconds.parse().ok()?) } else { None },
    })
}

impl Person {
    /// As commits name it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// As commits name it.
    #[must_use]
    pub fn email(&self) -> &str {
        &self.email
    }

    /// The signature for a commit made now.
    ///
    /// # Errors
    /// When libgit2 finds the name or email malformed.
    pub fn sign_now(&self) -> Result<Signature<'static>, RepoProblem> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs().cast_signed());
        Ok(Signature::new(&self.name, &self.email, &Time::new(self.fixed.unwrap_or(now), self.offset_minutes))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_var_prints_is_read_with_sign_and_half_hours() {
        let person = parse("A. Person <a@example.com> 1700000000 -0330", true).unwrap();
        assert_eq!((person.name.as_str(), person.email.as_str()), ("A. Person", "a@example.com"));
        assert_eq!((person.offset_minutes, person.fixed), (-210, Some(1_700_000_000)));
        assert_eq!(parse("nothing of the kind", false), None);
    }
}
