//! What git's configuration says of a repository, asked of git once when it is opened, and kept as bytes.
//!
//! Which values are true is git's to say: whatever is not spelled as git itself spells it is handed to `git config --type=bool`,
//! and what git refuses there is an error with the key in it. Only `core.sharedRepository`, which git answers no question about,
//! is read here, as git's `git_config_perm` reads it.

use std::collections::BTreeMap;

use crate::repo::git::{Git, GitProblem};
use crate::repo::shared::Shared;

/// The settings that this tool goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    /// Commits are signed (`commit.gpgSign`).
    pub(super) signs: bool,
    /// The executable bit on disk counts (`core.fileMode`).
    pub(super) modes_count: bool,
    /// Names are found in another case too (`core.ignoreCase`).
    pub(super) ignores_case: bool,
    /// Line endings are converted where no attribute says otherwise (`core.autocrlf`).
    pub(super) converts_lines: bool,
    /// Programs of the user convert files between disk and repository (`filter.NAME.smudge` and the like), that of LFS aside.
    pub(super) filters: bool,
    /// A log of a branch is begun where there is none (`core.logAllRefUpdates`).
    pub(super) begins_logs: bool,
    /// The modes of what is written into git's folder (`core.sharedRepository`).
    pub(super) shared: Shared,
}

impl Settings {
    /// What `config`, as `git` gave it, says.
    ///
    /// # Errors
    /// When git refuses a value.
    pub(super) fn new(config: &Config, git: &Git) -> Result<Self, GitProblem> {
        let is = |key| config.boolean(key, git);
        Ok(Self {
            signs: is("commit.gpgsign")?.unwrap_or(false),
            modes_count: is("core.filemode")?.unwrap_or(true),
            ignores_case: is("core.ignorecase")?.unwrap_or(false),
            converts_lines: config.says("core.autocrlf", b"input") || is("core.autocrlf")?.unwrap_or(false),
            filters: config.0.keys().any(|key| key.starts_with(b"filter.") && !key.starts_with(b"filter.lfs.")),
            begins_logs: config.says("core.logallrefupdates", b"always") || is("core.logallrefupdates")?.unwrap_or(true),
            shared: match config.0.get(b"core.sharedrepository".as_slice()) {
                None => Shared::No,
                Some(value) => Shared::parse(value.as_deref(), || Ok(is("core.sharedrepository")?.unwrap_or(false)))?,
            },
        })
    }
}

/// The effective configuration; of a key with several values the last. A key may stand without a value, which is not the empty one.
#[derive(Debug, Default)]
pub(super) struct Config(BTreeMap<Vec<u8>, Option<Vec<u8>>>);

impl Config {
    /// Reads `git config --list --null`: `key\nvalue\0`, or `key\0` without a value.
    pub(super) fn parse(text: &[u8]) -> Self {
        let mut config = BTreeMap::new();
        for line in text.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
            let (key, value) = match memchr::memchr(b'\n', line) {
                Some(at) => (&line[..at], Some(line[at + 1..].to_vec())),
                None => (line, None),
            };
            config.insert(key.to_ascii_lowercase(), value);
        }
        Self(config)
    }

    /// The value of a key in lower case, for people.
    pub(super) fn shown(&self, key: &str) -> Option<String> {
        self.0.get(key.as_bytes())?.as_deref().map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// True when the value is this word, in whatever case.
    fn says(&self, key: &str, word: &[u8]) -> bool {
        self.0.get(key.as_bytes()).is_some_and(|value| value.as_deref().is_some_and(|value| value.eq_ignore_ascii_case(word)))
    }

    fn boolean(&self, key: &str, git: &Git) -> Result<Option<bool>, GitProblem> {
        Ok(match self.0.get(key.as_bytes()).map(Option::as_deref) {
            None => None,
            // As git itself writes it, which spares the question.
            Some(None | Some(b"true")) => Some(true),
            Some(Some(b"false")) => Some(false),
            Some(Some(_)) => Some(git.ask(&["config", "--type=bool", "--get", key], b"")?.starts_with(b"true")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_key_without_a_value_is_not_an_empty_one_and_later_values_win() {
        let config = Config::parse(b"core.Bare\nfalse\0a.b\0core.bare\ntrue\0m.v\nx\ny\0e.f\n\0l.n\nJ\xf6rg\0");
        let value = |key: &str| config.0.get(key.as_bytes()).cloned().flatten();
        assert_eq!(value("core.bare").as_deref(), Some(&b"true"[..]));
        assert_eq!(value("m.v").as_deref(), Some(&b"x\ny"[..]));
        assert_eq!(value("l.n").as_deref(), Some(&b"J\xf6rg"[..]));
        assert_eq!((config.0.get(&b"a.b"[..]), value("e.f")), (Some(&None), Some(Vec::new())));
    }

    /// The settings of a new repository whose configuration ends with `text`.
    fn settings(text: &str) -> Result<Settings, GitProblem> {
        let top = tempfile::tempdir().unwrap();
        let init = Command::new("git").args(["init", "-q"]).arg(top.path()).env("GIT_CONFIG_NOSYSTEM", "1").status();
        assert!(init.unwrap().success());
        let file = top.path().join(".git/config");
        std::fs::write(&file, "[core]\n\tbare = false\n".to_owned() + text).unwrap();
        let git = Git::at(top.path());
        Settings::new(&Config::parse(&git.ask(&["config", "--local", "--list", "--null"], b"").unwrap()), &git)
    }

    #[test]
    fn booleans_are_what_git_takes_them_for() {
        for word in ["true", "True", "TRUE", "yes", "On", "1", "2", "0x10", "2k", "-1", "\" 1\""] {
            let set =
                settings(&format!("[commit]\n\tgpgSign = {word}\n[core]\n\tfileMode = {word}\n\tautocrlf = {word}\n")).unwrap();
            assert!(set.signs && set.modes_count && set.converts_lines, "{word}");
        }
        for word in ["false", "False", "NO", "off", "0", "", "0x0"] {
            let text = format!("[commit]\n\tgpgSign = {word}\n[core]\n\tfileMode = {word}\n\tlogAllRefUpdates = {word}\n");
            let set = settings(&text).unwrap();
            assert!(!set.signs && !set.modes_count && !set.begins_logs, "{word:?}");
        }
        let set = settings("[commit]\n\tgpgSign\n[core]\n\tautocrlf = Input\n\tlogAllRefUpdates = Always\n").unwrap();
        assert!(set.signs && set.converts_lines && set.begins_logs);
    }

    #[test]
    fn what_git_refuses_is_refused_with_its_key() {
        for (text, key) in [
            ("[commit]\n\tgpgSign = maybe\n", "commit.gpgsign"),
            ("[core]\n\tfileMode = 08\n", "core.filemode"),
            ("[core]\n\tautocrlf = inputs\n", "core.autocrlf"),
            ("[core]\n\tsharedRepository = Group\n", "core.sharedrepository"),
            ("[core]\n\tsharedRepository = 0440\n", "core.sharedrepository"),
        ] {
            let problem = settings(text).unwrap_err().to_string();
            assert!(problem.contains(key), "{text}: {problem}");
        }
    }
}
