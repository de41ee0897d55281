use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Who may import whom: a module imports from the layers above its own in this list, and from nothing else.
const LAYERS: &[(&str, &[&str])] = &[
    (
        "words and ground",
        &["cure", "dotted", "edit", "fault", "git_env", "interpreter", "interrupt", "path", "results", "state", "verdict"],
    ),
    ("words made of words", &["taken"]),
    ("what can be said, what Python is", &["event", "python", "unit_id"]),
    ("the language of rules, what the tree's modules are, what numbers say", &["metric", "pattern", "program"]),
    (
        "mechanisms that know one thing",
        &["board", "command", "date", "fs", "journal", "lock", "measured", "plan", "ratchet", "table"],
    ),
    ("mechanisms that join two", &["copies", "message", "repo", "rewrite"]),
    ("what judges rules and results", &["examples", "guard"]),
    ("plan times tree, and how things end", &["stop", "units"]),
    ("policy, which is pure", &["schedule"]),
    ("one unit", &["compose", "judge", "protocol", "unit"]),
    ("what recovery needs, what is built in", &["builtin", "recover", "takeback"]),
    ("what became of units", &["rules", "survey"]),
    ("the plan against the tree", &["scan", "unready"]),
    ("what is asked, and what it comes to", &["forecast", "request"]),
    ("making ready for it, and what follows", &["held", "ready", "recovery"]),
    ("the commands, of which none imports another", &["log", "preview", "rollback", "run", "status"]),
    ("the commands that begin with what others find, what a shell offers", &["complete", "init", "summary"]),
    ("exit codes, and what can be typed", &["cli", "exit"]),
    ("printing", &["report"]),
    ("the face", &["dispatch"]),
];

fn top() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files_below(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| endings.iter().any(|wanted| ending == *wanted)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The source without its unit tests, which may import whatever they like.
fn product_code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    match text.find("#[cfg(test)]\nmod tests {") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

fn module_of(path: &Path) -> String {
    let below = path.strip_prefix(top().join("src")).unwrap();
    below.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned()
}

fn is_test_file(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| stem.to_str().unwrap().ends_with("tests"))
}

#[test]
fn imports_go_down_the_layers_only() {
    let layer: BTreeMap<&str, usize> =
        LAYERS.iter().enumerate().flat_map(|(at, (_, modules))| modules.iter().map(move |module| (*module, at))).collect();
    let mut wrong = Vec::new();
    for path in files_below(&top().join("src"), &["rs"]) {
        let module = module_of(&path);
        if module == "main" || module == "lib" || is_test_file(&path) {
            continue;
        }
        let own = layer.get(module.as_str()).unwrap_or_else(|| panic!("the module {module} has no layer"));
        let text = product_code(&path);
        for (at, _) in text.match_indices("crate::") {
            let name: String = text[at + 7..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            match layer.get(name.as_str()) {
                Some(other) if *other < *own || name == module => {}
                _ => wrong.push(format!("{} imports {name}", path.display())),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// How many lines the engine has, tests aside. Any change may lower it; one that raises it says why in its message.
const ENGINE: usize = 19_140;

#[test]
fn the_engine_stays_small() {
    let rooms = ["guard", "pattern", "python", "rewrite"].map(|room| top().join("src").join(room));
    let files = rooms.iter().flat_map(|room| files_below(room, &["rs"])).filter(|path| !is_test_file(path));
    let lines: usize = files
        .filter(|path| path.parent().is_none_or(|folder| !folder.ends_with("tests")))
        .map(|path| product_code(&path).lines().count())
        .sum();
    assert!(lines <= ENGINE, "the engine has {lines} lines");
    assert!(lines + 100 > ENGINE, "the engine has {lines} lines: lower the number");
}

#[test]
fn no_source_file_holds_two_ideas() {
    for folder in ["src", "tests", "examples", "benches"] {
        for path in files_below(&top().join(folder), &["rs"]) {
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            assert!(lines <= 600, "{} has {lines} lines: look for the second idea", path.display());
        }
    }
    assert!(fs::read_to_string(top().join("src/main.rs")).unwrap().lines().count() <= 30, "main.rs decides nothing");
}

#[test]
fn nothing_is_left_over() {
    let leftovers = [
        "to".to_owned() + "do!(",
        "un".to_owned() + "implemented!(",
        "db".to_owned() + "g!(",
        "FIX".to_owned() + "ME",
        "TO".to_owned() + "DO",
        "XX".to_owned() + "X",
    ];
    for folder in ["src", "tests", "examples", "benches", "plans"] {
        for path in files_below(&top().join(folder), &["rs", "py", "yaml", "md"]) {
            let text = fs::read_to_string(&path).unwrap();
            for word in &leftovers {
                assert!(!text.contains(word.as_str()), "{} holds {word}", path.display());
            }
        }
    }
}

#[test]
fn only_the_printers_print() {
    for path in files_below(&top().join("src"), &["rs"]) {
        let text = product_code(&path);
        let printer = module_of(&path) == "report";
        for word in ["println!", "eprintln!", "print!(", "eprint!("] {
            assert!(printer || !text.contains(word), "{} prints by {word}", path.display());
        }
    }
}

/// The names of all functions of the source and the tests.
fn functions() -> BTreeSet<String> {
    let mut functions = BTreeSet::new();
    for folder in ["src", "tests"] {
        for path in files_below(&top().join(folder), &["rs"]) {
            let text = fs::read_to_string(&path).unwrap();
            for (at, _) in text.match_indices("fn ") {
                functions.insert(text[at + 3..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect());
            }
        }
    }
    functions
}

#[test]
fn every_trap_of_copies_names_a_test_that_exists() {
    let (text, tests) = (fs::read_to_string(top().join("docs/copies.md")).unwrap(), functions());
    let (_, traps) = text.split_once("| trap | test |").expect("there is a table of traps");
    let rows: Vec<&str> = traps.lines().filter(|line| line.starts_with("| ") && !line.starts_with("|---")).collect();
    for row in &rows {
        let (_, named) = row.trim_end_matches(" |").rsplit_once(" | ").unwrap();
        let names: Vec<&str> = named.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty() && names.iter().all(|name| tests.contains(*name)), "names no test that is there: {row}");
    }
    assert!(rows.len() >= 10, "only {} traps were found", rows.len());
}

#[test]
fn every_section_of_the_remediation_plan_stands_in_the_plan() {
    let text = fs::read_to_string(top().join("docs/numbers.md")).unwrap();
    let plan = fs::read_to_string(top().join("plans/websocket-ssot.yaml")).unwrap();
    let (_, table) = text.split_once("| section | what it asks | in the plan |").expect("there is a table of sections");
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("|---")).collect();
    for row in &rows {
        let (_, named) = row.trim_end_matches(" |").rsplit_once(" | ").unwrap();
        let words: Vec<&str> = named.split('`').skip(1).step_by(2).collect();
        assert!(!words.is_empty(), "names nothing of the plan: {row}");
        for word in words {
            assert!(plan.contains(word), "the plan does not hold `{word}`: {row}");
        }
    }
    let sections: BTreeSet<&str> = rows.iter().filter_map(|row| row.trim_start_matches("| ").split(' ').next()).collect();
    assert_eq!(sections.len(), 10, "{sections:?}");
}

#[test]
fn every_promise_names_a_test_that_exists() {
    let (promises, tests) = (fs::read_to_string(top().join("docs/promise.md")).unwrap(), functions());
    let mut count = 0;
    for line in promises.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())) {
        count += 1;
        let (_, named) = line.split_once("(test").unwrap_or_else(|| panic!("names no test: {line}"));
        for name in named.split('`').skip(1).step_by(2) {
            assert!(tests.contains(name), "a promise names a test that is not there: {name}");
        }
    }
    assert!(count >= 10, "only {count} promises were found");
}

#[test]
fn every_command_in_the_readme_is_run_by_ci() {
    let (readme, ci) = (fs::read_to_string(top().join("README.md")).unwrap(), fs::read_to_string(top().join(".ci/run")).unwrap());
    let mut shell = false;
    let mut count = 0;
    for line in readme.lines() {
        if line.starts_with("```") {
            shell = line == "```sh";
        } else if shell && line.starts_with("cargo ") {
            count += 1;
            let command = line.split("  #").next().unwrap().trim();
            assert!(ci.lines().any(|run| run.trim() == command), "CI does not run `{command}`");
        }
    }
    assert!(count >= 2, "the README names its two commands");
}

#[test]
fn the_changelog_has_this_version() {
    let changelog = fs::read_to_string(top().join("CHANGELOG.md")).unwrap();
    assert!(changelog.contains(&format!("## {}", env!("CARGO_PKG_VERSION"))));
}
