//! What the repository knows of its files: how often they change, and who owns them. What cannot be read is not known.

use std::collections::HashMap;
use std::path::Path;

use crate::init::owners::{FILES, Owners};
use crate::path::RepoPath;
use crate::repo::Repo;

/// So many commits are looked at.
const MOST_COMMITS: &str = "--max-count=5000";

/// How many commits of the last year changed each file.
pub(super) fn commits(repo: &Repo) -> HashMap<RepoPath, usize> {
    let args = ["log", "--since=1.year", MOST_COMMITS, "--no-renames", "--name-only", "--format=", "-z", "HEAD"];
    let said = repo.git().ask(&args, b"").unwrap_or_default();
    let mut commits: HashMap<RepoPath, usize> = HashMap::new();
    for path in said.split(|byte| *byte == 0).map(<[u8]>::trim_ascii).filter(|path| !path.is_empty()) {
        if let Ok(path) = RepoPath::new(path) {
            *commits.entry(path).or_default() += 1;
        }
    }
    commits
}

/// Who owns the files of the tree at `top`.
pub(super) fn owners(top: &Path) -> Owners {
    let text = FILES.iter().find_map(|file| std::fs::read_to_string(top.join(file)).ok());
    text.map_or_else(Owners::default, |text| Owners::read(&text))
}

/// How many plans there are.
pub(super) fn plans(top: &Path) -> usize {
    let is_plan = |path: &Path| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
    std::fs::read_dir(top.join("plans"))
        .map(|entries| entries.filter_map(Result::ok).filter(|entry| is_plan(&entry.path())).count())
        .unwrap_or(0)
}
