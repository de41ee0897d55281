//! The variables a command gets: ours, less those by which git tells its own children which repository they serve.

use std::ffi::OsString;

use crate::git_env::LOCAL_VARS;

/// The inherited variables less git's local ones, then `extra`; a later one of the same name wins.
pub(super) fn of_child(
    inherited: impl Iterator<Item = (OsString, OsString)>,
    extra: &[(OsString, OsString)],
) -> Vec<(OsString, OsString)> {
    inherited.filter(|(name, _)| LOCAL_VARS.iter().all(|local| name != local)).chain(extra.iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn the_list_covers_what_git_itself_calls_local() {
        let output = Command::new("git").args(["rev-parse", "--local-env-vars"]).output().unwrap();
        let names = String::from_utf8(output.stdout).unwrap();
        assert!(names.lines().count() > 10);
        for name in names.lines() {
            assert!(LOCAL_VARS.contains(&name), "{name}");
        }
    }

    #[test]
    fn local_variables_go_others_stay_and_what_is_given_comes_last() {
        let pair = |name: &str, value: &str| (OsString::from(name), OsString::from(value));
        let inherited = [pair("GIT_DIR", "/x"), pair("GIT_AUTHOR_NAME", "A"), pair("PATH", "/bin")];
        let given = [pair("MIGRATE_UNIT", "a.py")];
        assert_eq!(
            of_child(inherited.into_iter(), &given),
            [pair("GIT_AUTHOR_NAME", "A"), pair("PATH", "/bin"), pair("MIGRATE_UNIT", "a.py")]
        );
    }
}
