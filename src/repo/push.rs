//! Pushes commits, as `git push` does: never by force, and nothing where the remote has what is not here.

use std::process::Output;

use git2::Oid;

use crate::repo::{Repo, RepoProblem};

/// What became of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pushed {
    /// The remote has the commit.
    Done,
    /// It did not take it, for this reason.
    Refused(String),
}

impl Repo {
    /// True when there is a remote of this name.
    ///
    /// # Errors
    /// When git cannot be asked.
    pub fn has_remote(&self, remote: &str) -> Result<bool, RepoProblem> {
        Ok(self.git().output(&["remote", "get-url", remote])?.status.success())
    }

    /// Pushes a commit to a branch of a remote.
    ///
    /// # Errors
    /// When git cannot be started.
    pub fn push(&self, remote: &str, branch: &str, commit: Oid) -> Result<Pushed, RepoProblem> {
        let refspec = format!("{commit}:refs/heads/{branch}");
        let Output { status, stderr, .. } = self.git().output(&["push", "--porcelain", remote, &refspec])?;
        if status.success() {
            return Ok(Pushed::Done);
        }
        let said = String::from_utf8_lossy(&stderr);
        let telling = |line: &&str| line.starts_with("error:") || line.starts_with("fatal:") || line.starts_with("remote:");
        let why = said.lines().find(telling).or_else(|| said.lines().find(|line| !line.trim().is_empty()));
        Ok(Pushed::Refused(why.unwrap_or("git push failed").trim().to_owned()))
    }
}
