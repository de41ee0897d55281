//! Who owns which file, as `CODEOWNERS` says. Pure.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::path::RepoPath;

/// Where hosts look for it, in their order.
pub const FILES: [&str; 4] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"];

/// The owners of the files of a repository.
#[derive(Debug, Default)]
pub struct Owners {
    patterns: GlobSet,
    owners: Vec<String>,
}

impl Owners {
    /// Reads the text of the file; a line that is no pattern says nothing.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let (mut patterns, mut owners) = (GlobSetBuilder::new(), Vec::new());
        for line in text.lines().map(|line| line.split(" #").next().unwrap_or(line).trim()) {
            // A section of GitLab's, or a comment.
            if line.starts_with(['#', '[', '^']) {
                continue;
            }
            let mut words = line.split_whitespace();
            let Some(pattern) = words.next() else { continue };
            let who = words.collect::<Vec<_>>().join(" ");
            for pattern in globs(pattern) {
                if let Ok(glob) = GlobBuilder::new(&pattern).literal_separator(true).build() {
                    patterns.add(glob);
                    owners.push(who.clone());
                }
            }
        }
        match patterns.build() {
            Ok(patterns) => Self { patterns, owners },
            Err(_) => Self::default(),
        }
    }

    /// Who owns a file: the last line that matches says it. Empty where nobody does.
    #[must_use]
    pub fn of(&self, path: &RepoPath) -> &str {
        self.patterns.matches(path.as_path()).last().and_then(|last| self.owners.get(*last)).map_or("", String::as_str)
    }
}

/// What a pattern of git's means: anchored where a slash is in it, and all below a folder.
fn globs(pattern: &str) -> Vec<String> {
    let anchored = pattern.trim_end_matches('/').contains('/');
    let inner = pattern.trim_start_matches('/');
    let start = if anchored { "" } else { "**/" };
    match inner.strip_suffix('/') {
        Some(folder) => vec![format!("{start}{folder}/**")],
        None if inner.ends_with('*') => vec![format!("{start}{inner}")],
        None => vec![format!("{start}{inner}"), format!("{start}{inner}/**")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_that_matches_says_who_owns_a_file() {
        let text = "# all\n*   @all\n*.rst @writers # docs\n/app/core/ @core @second\napp/web @web\ntests/ @qa\n/app/core/free.py\n[Section]\n";
        let owners = Owners::read(text);
        for (path, who) in [
            ("x.py", "@all"),
            ("deep/y.rst", "@writers"),
            ("app/core/a/b.py", "@core @second"),
            ("lib/app/core/a.py", "@all"),
            ("app/web/x.py", "@web"),
            ("deep/tests/x.py", "@qa"),
            ("app/core/free.py", ""),
        ] {
            assert_eq!(owners.of(&RepoPath::new(path).unwrap()), who, "{path}");
        }
    }
}
