//! Names of the interpreter's own standard library, resolved by us and by CPython's compiler: its module `symtable`.
//!
//! `MIGRATE_FULL=1` compares every file, else every eighth.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use migrate::python::names::{Names, Scope, ScopeKind, Use};
use migrate::python::source::Source;
use migrate::python::syntax;
use serde_json::Value;

const SYMBOLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/symbols.py");

/// Differences that stay, with why they do: a part of the path, a part of the difference, the reason.
const ALLOWED: &[(&str, &str, &str)] = &[
    ("test/test_traceback.py", " Function f ", NORMALISED),
    ("test/test_unicode_identifiers.py", "", NORMALISED),
    ("test/test_named_expressions.py", "__x1 ", PRIVATE),
    ("test/test_type_params.py", "__T ", PRIVATE),
];

const NORMALISED: &str = "CPython brings identifiers into the form NFKC; here a name is the text that stands there";
const PRIVATE: &str = "CPython puts the class before a private name, and what a text binds outside is not found; here it is";

/// What was compared, and what came out differently.
#[derive(Default)]
struct Outcome {
    files: usize,
    scopes: usize,
    names: usize,
    /// Files that CPython refuses.
    refused: usize,
    /// Files that the grammar has holes for: their trees hold errors.
    holes: Vec<String>,
    differences: Vec<String>,
}

#[test]
fn names_resolve_as_cpython_resolves_them() {
    let full = std::env::var_os("MIGRATE_FULL").is_some_and(|value| value != "0");
    let paths: Vec<String> = library().into_iter().step_by(if full { 1 } else { 8 }).collect();
    let (left, right) = paths.split_at(paths.len() / 2);
    let outcomes =
        std::thread::scope(|scope| [left, right].map(|part| scope.spawn(|| compare(part))).map(|part| part.join().unwrap()));
    let mut whole = Outcome::default();
    for part in outcomes {
        whole.files += part.files;
        whole.scopes += part.scopes;
        whole.names += part.names;
        whole.refused += part.refused;
        whole.holes.extend(part.holes);
        whole.differences.extend(part.differences);
    }
    println!(
        "{} files, {} scopes, {} names compared; {} refused by CPython; holes: {:?}",
        whole.files, whole.scopes, whole.names, whole.refused, whole.holes
    );
    assert!(whole.files > 100 && whole.scopes > 1000 && whole.names > 10_000);
    assert!(whole.holes.len() * 100 < whole.files, "{:?}", whole.holes);
    let allowed =
        |difference: &&String| ALLOWED.iter().any(|(path, part, _)| difference.contains(path) && difference.contains(part));
    let wrong: Vec<&String> = whole.differences.iter().filter(|difference| !allowed(difference)).collect();
    assert!(
        wrong.is_empty(),
        "{} differences\n{}",
        wrong.len(),
        wrong.iter().map(|line| format!("{line}\n")).collect::<String>()
    );
}

/// The files of the standard library, in order.
fn library() -> Vec<String> {
    let script = "import os, sysconfig\nfor top, folders, files in os.walk(sysconfig.get_paths()['stdlib']):\n    folders[:] = sorted(f for f in folders if f not in ('site-packages', '__pycache__'))\n    for file in sorted(files):\n        if file.endswith('.py'): print(os.path.join(top, file))";
    let output = Command::new("python3").args(["-c", script]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// What CPython says of each file.
fn symbols(paths: &[String]) -> Vec<Value> {
    let mut child = Command::new("python3").arg(SYMBOLS).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let list: String = paths.iter().map(|path| format!("{path}\n")).collect();
    let writer = std::thread::spawn(move || input.write_all(list.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

fn compare(paths: &[String]) -> Outcome {
    let mut outcome = Outcome::default();
    for answer in symbols(paths) {
        let path = answer["path"].as_str().unwrap();
        if answer["refused"].is_string() {
            outcome.refused += 1;
            continue;
        }
        let bytes = std::fs::read(path).unwrap();
        let source = Source::new(&bytes).unwrap();
        let tree = syntax::parse_within(&source, Duration::from_secs(10)).unwrap();
        if tree.root_node().has_error() {
            outcome.holes.push(path.to_owned());
            continue;
        }
        outcome.files += 1;
        let names = Names::new(&source, &tree, None);
        let theirs = answer["scopes"].as_array().unwrap();
        let inlined = answer["inlined"] == true;
        let file = File { path, source: &source, names: &names, theirs, annotations: answer["annotations"] == true, inlined };
        file.compare(&mut outcome);
    }
    outcome
}

struct File<'a> {
    path: &'a str,
    source: &'a Source<'a>,
    names: &'a Names<'a>,
    theirs: &'a [Value],
    /// Annotations are evaluated, so CPython says what they read.
    annotations: bool,
    /// Comprehensions are part of the function around them, which hides what they bind.
    inlined: bool,
}

impl File<'_> {
    fn compare(&self, outcome: &mut Outcome) {
        let seen = self.names_in_scopes();
        let mut pairs: HashMap<usize, usize> = HashMap::new();
        let mut taken = BTreeSet::from([0]);
        for (number, theirs) in self.theirs.iter().enumerate() {
            outcome.scopes += 1;
            let ours = if number == 0 { Some(0) } else { self.find(theirs, &pairs, &taken, &seen) };
            let Some(ours) = ours else {
                outcome
                    .differences
                    .push(format!("{}:{} has no scope {} {}", self.path, theirs["line"], theirs["kind"], theirs["name"]));
                continue;
            };
            taken.insert(ours);
            pairs.insert(number, ours);
        }
        let told = |scope: &Scope| !(self.inlined && scope.kind == ScopeKind::Comprehension);
        for (at, scope) in self.names.scopes.iter().enumerate().filter(|(at, scope)| !taken.contains(at) && told(scope)) {
            outcome.differences.push(format!("{} makes up a scope {:?} {:?}", self.at(at), scope.kind, scope.name));
        }
        let hidden = self.hidden();
        for (number, ours) in &pairs {
            self.compare_names(*number, *ours, &pairs, (&seen[*ours], &hidden), outcome);
        }
        let before = self.before_bound();
        for (ours, seen) in seen.iter().enumerate().filter(|_| self.annotations) {
            let numbers = pairs.iter().filter(|(_, of)| **of == ours).map(|(number, _)| *number);
            let known: Vec<_> = numbers.map(|number| self.theirs[number]["names"].as_object().unwrap()).collect();
            let made_up = |name: &&&str| !known.is_empty() && known.iter().all(|names| !names.contains_key(**name));
            for name in seen.iter().filter(made_up).filter(|name| ours != 0 || !before.contains(**name)) {
                outcome.differences.push(format!("{} {name} is made up", self.at(ours)));
            }
        }
    }

    /// Our scope for one of theirs.
    fn find(
        &self,
        theirs: &Value,
        pairs: &HashMap<usize, usize>,
        taken: &BTreeSet<usize>,
        seen: &[BTreeSet<&str>],
    ) -> Option<usize> {
        let parent = *pairs.get(&usize::try_from(theirs["parent"].as_u64()?).unwrap())?;
        let fits = |(at, scope): &(usize, &Scope)| {
            let line = u64::from(self.source.line(scope.range.start));
            let name = theirs["name"].as_str();
            let kind = match scope.kind {
                ScopeKind::Module => "module",
                ScopeKind::Class => "class",
                ScopeKind::Function => "function",
                ScopeKind::Comprehension => "comprehension",
                ScopeKind::TypeParameters => "type parameters",
            };
            let named = match scope.kind {
                ScopeKind::Class => scope.name == name,
                ScopeKind::Function => scope.name.or(Some("lambda")) == name,
                _ => true,
            };
            let around = self.around(scope, taken);
            !taken.contains(at) && around == Some(parent) && theirs["kind"] == kind && named && theirs["line"] == line
        };
        let candidates: Vec<usize> = self.names.scopes.iter().enumerate().filter(fits).map(|(at, _)| at).collect();
        let known: BTreeSet<&str> = theirs["names"].as_object()?.keys().map(String::as_str).collect();
        let found = candidates.iter().copied().find(|at| seen[*at] == known).or(candidates.first().copied());
        // CPython has a scope of its own for each bound and for the value of an alias; here they are one.
        let same = theirs["kind"] == "type parameters" && self.names.scopes[parent].kind == ScopeKind::TypeParameters;
        found.or(same.then_some(parent))
    }

    /// The scope around another, without comprehensions that are part of the function around them.
    fn around(&self, scope: &Scope, taken: &BTreeSet<usize>) -> Option<usize> {
        let mut around = scope.parent?;
        while self.inlined && self.names.scopes[around].kind == ScopeKind::Comprehension && !taken.contains(&around) {
            around = self.names.scopes[around].parent?;
        }
        Some(around)
    }

    /// The names that comprehensions bind, where they are part of the function around them.
    fn hidden(&self) -> BTreeSet<&str> {
        let comprehensions = self.names.scopes.iter().filter(|scope| self.inlined && scope.kind == ScopeKind::Comprehension);
        comprehensions.flat_map(|scope| scope.bindings.keys().copied()).collect()
    }

    /// What the body of a class reads before it binds it: CPython looks for that outside when it runs, and has it in the class alone.
    fn before_bound(&self) -> BTreeSet<&str> {
        let classes: Vec<&Scope> = self.names.scopes.iter().filter(|scope| scope.kind == ScopeKind::Class).collect();
        let binds =
            |class: &&Scope, read: &Use| class.range.contains(&read.range.start) && class.bindings.contains_key(read.name);
        let outside = self.names.uses.iter().filter(|read| read.scope == 0);
        outside.filter(|read| classes.iter().any(|class| binds(class, read))).map(|read| read.name).collect()
    }

    /// The names that each scope binds, declares or reads.
    fn names_in_scopes(&self) -> Vec<BTreeSet<&str>> {
        let mut seen: Vec<BTreeSet<&str>> = vec![BTreeSet::new(); self.names.scopes.len()];
        for (scope, seen) in self.names.scopes.iter().zip(&mut seen) {
            seen.extend(scope.bindings.keys().chain(&scope.globals).chain(&scope.nonlocals));
        }
        for read in self.names.uses.iter().filter(|read| !read.quoted) {
            seen[read.scope].insert(read.name);
        }
        seen
    }

    fn compare_names(
        &self,
        number: usize,
        ours: usize,
        pairs: &HashMap<usize, usize>,
        (seen, hidden): (&BTreeSet<&str>, &BTreeSet<&str>),
        outcome: &mut Outcome,
    ) {
        let theirs: BTreeMap<&str, &Value> =
            self.theirs[number]["names"].as_object().unwrap().iter().map(|(name, facts)| (name.as_str(), facts)).collect();
        for (name, facts) in &theirs {
            outcome.names += 1;
            let flags = facts["flags"].as_str().unwrap();
            // The compiler makes these itself, for `super` and for type parameters.
            let made = matches!(*name, "__class__" | "__classdict__" | "__type_params__" | "__conditional_annotations__");
            if hidden.contains(name) || made && !(flags.contains('l') && seen.contains(name)) {
                continue;
            }
            let owner = facts["owner"].as_u64().and_then(|owner| pairs.get(&usize::try_from(owner).unwrap()).copied());
            let expected = match () {
                () if flags.contains('l') => Place::Here,
                () if flags.contains('f') => match owner {
                    Some(owner) if owner == ours => Place::Here,
                    Some(owner) => Place::In(owner),
                    None => Place::Nowhere,
                },
                () => Place::Global,
            };
            let resolved = match self.names.resolve(ours, name) {
                Some(owner) if owner == ours => Place::Here,
                None | Some(0) => Place::Global,
                Some(owner) => Place::In(owner),
            };
            // What the module's own scope does not bind is global too.
            if resolved != expected && !(ours == 0 && expected == Place::Global && resolved == Place::Here) {
                outcome
                    .differences
                    .push(format!("{} {name} is {resolved:?}, CPython says {expected:?} ({flags})", self.at(ours)));
                continue;
            }
            let bindings = self.names.scopes[ours].bindings.get(name).map_or(&[][..], Vec::as_slice);
            let parameter = bindings.iter().any(|binding| binding.parameter);
            if parameter != flags.contains('p') {
                outcome.differences.push(format!("{} {name} parameter {parameter}, CPython says {flags}", self.at(ours)));
            }
            let owned = flags.contains('l') || ours == 0;
            let imported = bindings.iter().any(|binding| binding.import.is_some());
            if owned && flags.contains('i') && !imported {
                outcome.differences.push(format!("{} {name} imported {imported}, CPython says {flags}", self.at(ours)));
            }
            // `:=` in a comprehension binds in the scope around it; here the name is only passed on.
            let merged = self.inlined || self.names.scopes[ours].kind == ScopeKind::TypeParameters;
            let passed = merged || self.names.scopes[ours].kind == ScopeKind::Comprehension && !flags.contains(['l', 'r']);
            if !seen.contains(name) && flags.contains(['r', 'a', 'i', 'p']) && !passed {
                outcome.differences.push(format!("{} {name} is missed, CPython says {flags}", self.at(ours)));
            }
        }
    }

    fn at(&self, scope: usize) -> String {
        let scope = &self.names.scopes[scope];
        format!("{}:{} {:?} {}", self.path, self.source.line(scope.range.start), scope.kind, scope.name.unwrap_or("-"))
    }
}

/// Where a name belongs, seen from the scope that reads it.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Here,
    Global,
    In(usize),
    Nowhere,
}
