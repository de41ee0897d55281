//! Which files make which phase. Pure.
//!
//! Library code comes first, then tests, then documentation and examples: what breaks production is done while somebody looks, file by
//! file. Library code is parted where something is known of its risk: by who owns it, else by how often it changes.

use std::collections::BTreeMap;

use crate::path::RepoPath;

/// So few files of library code are one phase.
const ONE_PHASE: usize = 8;
/// So many owners get a phase of their own; those of few files share the last.
const MOST_OWNERS: usize = 4;
/// So many commits in a year make a file one that changes often, if it is among the quarter that changes most.
const OFTEN: usize = 4;
/// Tests of so many files in one folder are named by a pattern.
const BY_PATTERN: usize = 10;
/// So many files are put together to one unit.
const BY_FOLDER: usize = 20;

/// Folders and names of what is run to test.
const TEST_FOLDERS: [&str; 4] = ["test", "tests", "testing", "conftest"];
/// Folders of what is only read or tried.
const DOC_FOLDERS: [&str; 7] = ["doc", "docs", "documentation", "example", "examples", "samples", "tutorial"];
/// Endings of documents.
const DOC_ENDINGS: [&str; 3] = [".md", ".markdown", ".rst"];

/// A file in which there is something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where it is.
    pub path: RepoPath,
    /// How many places there are in it.
    pub places: usize,
    /// How many commits of the last year changed it.
    pub commits: usize,
    /// Who owns it, as `CODEOWNERS` writes it; empty where nobody does.
    pub owners: String,
}

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Library,
    Tests,
    Docs,
}

/// A phase to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wave {
    /// What stands as its title.
    pub title: String,
    /// True when its first failure ends it; else files that fail are set aside.
    pub stops: bool,
    /// True when the files of a folder are put together.
    pub by_folder: bool,
    /// Its files.
    pub entries: Vec<Entry>,
}

/// An entry of a phase's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// One file.
    File(Found),
    /// All files of one ending below a folder, without some.
    Below {
        /// The folder.
        folder: String,
        /// The ending, with its dot.
        ending: String,
        /// What is in it now.
        files: Vec<Found>,
    },
}

impl Wave {
    /// The files of its entries.
    pub fn files(&self) -> impl Iterator<Item = &Found> {
        self.entries.iter().flat_map(|entry| match entry {
            Entry::File(file) => std::slice::from_ref(file),
            Entry::Below { files, .. } => files,
        })
    }
}

/// Puts files into phases, in the order in which they are best done.
#[must_use]
pub fn waves(mut files: Vec<Found>) -> Vec<Wave> {
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let mut of_kind: BTreeMap<Kind, Vec<Found>> = BTreeMap::new();
    for file in files {
        of_kind.entry(kind(&file.path)).or_default().push(file);
    }
    let mut waves = Vec::new();
    for (kind, files) in of_kind {
        match kind {
            Kind::Library => waves.extend(library(files)),
            Kind::Tests => waves.push(rest("Tests", files)),
            Kind::Docs => waves.push(rest("Documentation and examples", files)),
        }
    }
    waves
}

fn kind(path: &RepoPath) -> Kind {
    let text = String::from_utf8_lossy(path.as_bytes()).to_lowercase();
    let mut parts: Vec<&str> = text.split('/').collect();
    let name = parts.pop().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or(name);
    // The outermost folder tells: `docs/tests/` is documentation, `tests/examples/` are tests.
    for part in parts {
        if TEST_FOLDERS.contains(&part) {
            return Kind::Tests;
        }
        if DOC_FOLDERS.contains(&part) {
            return Kind::Docs;
        }
    }
    match () {
        () if DOC_ENDINGS.iter().any(|ending| name.ends_with(ending)) => Kind::Docs,
        () if stem.starts_with("test_") || stem.ends_with("_test") || ["tests", "conftest"].contains(&stem) => Kind::Tests,
        () => Kind::Library,
    }
}

fn library(files: Vec<Found>) -> Vec<Wave> {
    let wave = |title: String, stops, files: Vec<Found>| Wave {
        title,
        stops,
        by_folder: false,
        entries: files.into_iter().map(Entry::File).collect(),
    };
    if files.len() <= ONE_PHASE {
        return vec![wave("Library code".to_owned(), true, files)];
    }
    let mut owned: BTreeMap<String, Vec<Found>> = BTreeMap::new();
    for file in &files {
        owned.entry(file.owners.clone()).or_default().push(file.clone());
    }
    if owned.len() > 1 {
        let mut owned: Vec<(String, Vec<Found>)> = owned.into_iter().collect();
        let commits = |files: &[Found]| files.iter().map(|file| file.commits).sum::<usize>();
        owned.sort_by_key(|(owners, files)| (owners.is_empty(), std::cmp::Reverse(commits(files))));
        let others: Vec<Found> = owned.split_off(MOST_OWNERS.min(owned.len())).into_iter().flat_map(|(_, files)| files).collect();
        let mut waves: Vec<Wave> = Vec::new();
        for (owners, files) in owned {
            let title =
                if owners.is_empty() { "Library code that nobody owns".to_owned() } else { format!("Library code of {owners}") };
            waves.push(wave(title, waves.is_empty(), files));
        }
        if !others.is_empty() {
            waves.push(wave("Library code of others".to_owned(), false, others));
        }
        return waves;
    }
    let mut commits: Vec<usize> = files.iter().map(|file| file.commits).collect();
    commits.sort_unstable();
    let often = commits[commits.len() * 3 / 4].max(OFTEN);
    let (hot, cold): (Vec<Found>, Vec<Found>) = files.into_iter().partition(|file| file.commits >= often);
    if hot.is_empty() || cold.is_empty() {
        return vec![wave("Library code".to_owned(), true, if hot.is_empty() { cold } else { hot })];
    }
    vec![wave("Library code that changes often".to_owned(), true, hot), wave("Other library code".to_owned(), false, cold)]
}

/// A phase of what is not run in production.
fn rest(title: &str, files: Vec<Found>) -> Wave {
    let by_folder = files.len() > BY_FOLDER;
    let mut by_place: BTreeMap<(String, String), Vec<Found>> = BTreeMap::new();
    for file in files {
        by_place.entry(place(&file.path)).or_default().push(file);
    }
    let mut entries = Vec::new();
    for ((folder, ending), files) in by_place {
        if files.len() >= BY_PATTERN && !folder.is_empty() && !ending.is_empty() {
            entries.push(Entry::Below { folder, ending, files });
        } else {
            entries.extend(files.into_iter().map(Entry::File));
        }
    }
    Wave { title: title.to_owned(), stops: false, by_folder, entries }
}

/// The topmost folder of a kind that a file is in, and its ending; no folder where a pattern could not be written plainly.
fn place(path: &RepoPath) -> (String, String) {
    let Ok(text) = std::str::from_utf8(path.as_bytes()) else { return Default::default() };
    let parts: Vec<&str> = text.split('/').collect();
    let folders = &parts[..parts.len() - 1];
    let is_named = |part: &&&str| {
        let part = part.to_lowercase();
        TEST_FOLDERS.contains(&part.as_str()) || DOC_FOLDERS.contains(&part.as_str())
    };
    let Some(last) = folders.iter().find(is_named).and_then(|named| folders.iter().position(|part| part == named)) else {
        return Default::default();
    };
    let folder = folders[..=last].join("/");
    let plain = folder.chars().all(|c| c.is_ascii_alphanumeric() || "/_-.".contains(c));
    let ending = parts[parts.len() - 1].rsplit_once('.').map(|(_, ending)| format!(".{ending}")).unwrap_or_default();
    if plain { (folder, ending) } else { Default::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, commits: usize, owners: &str) -> Found {
        Found { path: RepoPath::new(path).unwrap(), places: 1, commits, owners: owners.to_owned() }
    }

    /// Each phase as `TITLE!: entry entry`, with a mark where it stops.
    fn shown(files: Vec<Found>) -> Vec<String> {
        let entry = |entry: &Entry| match entry {
            Entry::File(file) => file.path.to_string(),
            Entry::Below { folder, ending, files } => format!("{folder}/**/*{ending}({})", files.len()),
        };
        let wave = |wave: Wave| {
            let entries: Vec<String> = wave.entries.iter().map(entry).collect();
            format!("{}{}: {}", wave.title, if wave.stops { "!" } else { "" }, entries.join(" "))
        };
        waves(files).into_iter().map(wave).collect()
    }

    #[test]
    fn library_code_comes_first_then_tests_then_documentation() {
        let files =
            ["docs/a.rst", "README.md", "tests/b.py", "app/test_c.py", "app/c.py", "setup.py", "docs/conf.py", "examples/e.py"];
        assert_eq!(
            shown(files.map(|path| found(path, 0, "")).to_vec()),
            [
                "Library code!: app/c.py setup.py",
                "Tests: app/test_c.py tests/b.py",
                "Documentation and examples: README.md docs/conf.py docs/a.rst examples/e.py",
            ]
        );
    }

    #[test]
    fn what_changes_often_is_a_phase_of_its_own_where_something_does() {
        let files =
            |often: usize| (0..12).map(|at| found(&format!("app/m{at:02}.py"), if at < 3 { often } else { 1 }, "")).collect();
        assert_eq!(shown(files(1)).len(), 1);
        let shown = shown(files(9));
        assert_eq!(shown[0], "Library code that changes often!: app/m00.py app/m01.py app/m02.py");
        assert!(shown[1].starts_with("Other library code: app/m03.py") && shown.len() == 2, "{shown:?}");
    }

    #[test]
    fn each_owner_of_library_code_has_a_phase_the_one_whose_code_changes_most_first() {
        let owner = |at: usize| ["@a", "@b", "@c", "@d", "@e", ""][at % 6];
        let files = (0..18).map(|at| found(&format!("m{at:02}.py"), at % 6, owner(at))).collect();
        let titles: Vec<String> = waves(files).into_iter().map(|wave| wave.title).collect();
        let expected = ["@e", "@d", "@c", "@b", "others"].map(|owner| format!("Library code of {owner}"));
        assert_eq!(titles, expected);
    }

    #[test]
    fn many_tests_of_one_folder_are_named_by_a_pattern() {
        let mut files: Vec<Found> = (0..25).map(|at| found(&format!("tests/unit/t{at}.py"), 0, "")).collect();
        files.push(found("app/test_x.py", 0, ""));
        assert_eq!(shown(files.clone()), ["Tests: app/test_x.py tests/**/*.py(25)"]);
        assert!(waves(files)[0].by_folder);
        let odd = (0..12).map(|at| found(&format!("te sts/tests/t{at}.py"), 0, "")).collect::<Vec<_>>();
        assert_eq!(waves(odd)[0].entries.len(), 12, "a folder that a pattern could not name is listed");
    }
}
