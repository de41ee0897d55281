//! `migrate init`: the first plan of a migration, written from a look at the tree.
//!
//! The plan is tried before it is written: what its rules could not change is left out by name, and a command of the project that does
//! not pass on the tree as it is stands in it as a comment only. Nothing but the plan is written into the tree.

mod attempt;
mod facts;
mod owners;
mod shape;
mod suites;
mod text;
mod usage;
mod yaml;

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;

pub use attempt::{Outcome, Tried};
use shape::{Entry, Found, Wave, waves};
use suites::Shown;
pub use suites::Suite;
use text::Draft;
pub use text::count;
use yaml::block;
pub use yaml::scalar;

use crate::cure;
use crate::event::Watch;
use crate::interrupt::Interrupt;
use crate::path::RepoPath;
use crate::plan::{Plan, Rename, load};
use crate::preview::{self, Foreseen, Wanted};
use crate::repo::Repo;
use crate::request::Request;
use crate::rewrite::violation::Kind;
use crate::rules;
use crate::scan::{self, Asked as ScanAsked, Fate, Scan};
use crate::stop::{Note, Stop};

/// What a plan may hold, as JSON Schema.
pub const SCHEMA: &str = include_str!("../../docs/plan.schema.json");

/// How often a plan is tried with fewer files before it is given up.
const MOST_ROUNDS: usize = 4;
/// The longest a name may be that is made of what is asked for.
const LONGEST_NAME: usize = 60;

/// What is to be migrated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A name becomes another.
    Rename {
        /// As it is.
        from: String,
        /// As it is to be.
        to: String,
    },
    /// A name goes, and what replaces it is still to be said.
    Symbol(String),
    /// Code becomes other code.
    Rewrite {
        /// As it is.
        before: String,
        /// As it is to be.
        after: String,
    },
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The plan's name.
    pub name: String,
    /// What it is to do.
    pub what: What,
    /// The ticket that commits name; by default the plan's name.
    pub issue: Option<String>,
    /// True when commands of the project are tried.
    pub tries: bool,
    /// True when a plan that is there may be written over.
    pub force: bool,
}

/// What was written.
#[derive(Debug)]
pub struct Written {
    /// The plan, from the top of the repository.
    pub path: String,
    /// How many files it lists, by its phases' titles.
    pub phases: Vec<(String, usize)>,
    /// How many places it is about.
    pub places: usize,
    /// What came of the project's commands.
    pub tried: Vec<Tried>,
    /// Files that could not be taken up, with the reason.
    pub left_out: Vec<(RepoPath, String)>,
    /// What replaces the old name is still to be written into it.
    pub is_open: bool,
    /// Why `check` will not take it as things are: changes of the user's in its files.
    pub not_ready: Option<String>,
    /// True when there are other plans beside it, so that it has to be named.
    pub has_others: bool,
}

/// The name of a plan for what is asked for.
#[must_use]
pub fn name_for(what: &What) -> String {
    let last = |name: &str| name.rsplit(['.', ':']).next().unwrap_or(name).to_owned();
    let text = match what {
        What::Rename { from, to } if last(from) == last(to) => format!("move {}", last(from)),
        What::Rename { from, to } => format!("rename {} {}", last(from), last(to)),
        What::Symbol(name) => format!("replace {}", last(name)),
        What::Rewrite { .. } => "rewrite".to_owned(),
    };
    let mut name = String::new();
    for c in text.to_lowercase().chars() {
        match c {
            c if c.is_ascii_lowercase() || c.is_ascii_digit() => name.push(c),
            _ if !name.is_empty() && !name.ends_with('-') => name.push('-'),
            _ => {}
        }
    }
    name.truncate(LONGEST_NAME);
    let name = name.trim_matches('-');
    if name.is_empty() { "migration".to_owned() } else { name.to_owned() }
}

/// The plan of that name, from the top of the repository.
#[must_use]
pub fn path_of(name: &str) -> String {
    format!("plans/{name}.yaml")
}

/// Writes a plan, while somebody may `watch` the scan and is `told` of the commands that are tried.
///
/// # Errors
/// [`Stop::Usage`] when the plan is there already, when nothing uses what is to be replaced, or the rule cannot be; whatever keeps the
/// tree from being read.
pub fn init(
    repo: &Repo,
    asked: &Asked,
    interrupt: &Interrupt,
    watch: Watch,
    told: &mut dyn FnMut(&Suite, Option<&Outcome>),
) -> Result<Written, Stop> {
    let path = path_of(&asked.name);
    let file = repo.top().join(&path);
    if !asked.force && file.symlink_metadata().is_ok() {
        let help = format!("go on with it by `migrate check --plan {path}`, choose another name, or write over it with --force");
        return Err(Stop::Usage(Note::new(format!("{path} is there already"), help)));
    }
    let tracked = repo.listing(|_| true)?.into_iter().map(|file| file.path).collect::<Vec<_>>();
    if !tracked.iter().any(|path| path.as_bytes().ends_with(b".py") || path.as_bytes().ends_with(b".pyi")) {
        let help = "go to a repository of Python code, and `git add` its files: only tracked files are migrated";
        return Err(Stop::Usage(Note::new("git tracks no Python file here", help)));
    }
    let probe = probe(repo, asked)?;
    let scan = scan::scan(repo, scan::What::Plan(&probe), &ScanAsked::default(), interrupt, watch)?;
    if scan.violations() == 0 {
        return Err(unused(repo, &probe, asked, &scan, interrupt)?);
    }
    let (mut waves, mut left_out) = (waves(found(repo, &scan)), Vec::new());
    part(&mut waves, &mut left_out, |file| {
        std::str::from_utf8(file.path.as_bytes()).is_err().then(|| "a plan cannot name it: it is not UTF-8".to_owned())
    });
    left_out.extend(doubtful(&scan, &waves));
    let first: Vec<RepoPath> = waves.iter().flat_map(Wave::files).take(3).map(|file| file.path.clone()).collect();
    let suites = Shown::of(repo.top(), &tracked).suites();
    let tried = match asked.tries {
        true => attempt::attempts(repo, suites, &first, interrupt, told)?,
        false => {
            let untried = |suite| Tried { suite, outcome: Outcome::Untried("--no-try was given".to_owned()) };
            suites.into_iter().map(untried).collect()
        }
    };
    let (rule, schema) = (rule(repo, asked, &scan), schema(repo));
    let is_open = matches!(asked.what, What::Symbol(_));
    let mut not_ready = None;
    let mut text = String::new();
    for _ in 0..MOST_ROUNDS {
        let (files, places) = size(&waves);
        let what = format!("{}: {} in {}", what(&asked.what), count(places, "place"), count(files, "file"));
        let (title, summary) = commit(&asked.what);
        let issue = asked.issue.as_deref();
        let (name, rule, tried) = (&asked.name, rule.clone(), &tried);
        let schema = schema.as_deref();
        text = Draft { name, issue, schema, what, title, summary, rule, waves: &waves, tried, left_out: &left_out }.text();
        if is_open {
            break;
        }
        let unfit = match unfit(repo, asked, &text) {
            Ok(unfit) => unfit,
            Err(Stop::Targets(problems)) => {
                let first = problems.iter().next().map(|problem| problem.message.clone());
                not_ready = Some(first.unwrap_or_else(|| "its files are not ready".to_owned()));
                break;
            }
            Err(stop) => return Err(stop),
        };
        if unfit.is_empty() {
            break;
        }
        part(&mut waves, &mut left_out, |file| unfit.get(&file.path).cloned());
        if waves.is_empty() {
            let why = left_out.first().map(|(file, why)| format!("{}: {why}", file.path)).unwrap_or_default();
            let message = match left_out.len() {
                1 => "the rule cannot change the one file that uses it".to_owned(),
                files => format!("the rule can change none of the {files} files that use it"),
            };
            return Err(Stop::Usage(Note::new(message, format!("the first: {why}"))));
        }
    }
    write(&file, &path, text.as_bytes(), asked.force)?;
    Ok(Written {
        path,
        phases: waves.iter().map(|wave| (wave.title.clone(), wave.files().count())).collect(),
        places: size(&waves).1,
        tried,
        left_out: left_out.into_iter().map(|(file, why)| (file.path, why)).collect(),
        is_open,
        not_ready,
        has_others: facts::plans(repo.top()) > 1,
    })
}

/// Keeps what a plan may hold beside git's own notes, where editors find it, and says how the plan names it; `None` where it cannot be
/// kept: a plan does without.
fn schema(repo: &Repo) -> Option<String> {
    let (folder, top) = (repo.state_folder(), repo.top());
    let file = folder.join("plan.schema.json");
    fs::create_dir_all(&folder).and_then(|()| fs::write(&file, SCHEMA)).ok()?;
    match file.strip_prefix(top) {
        Ok(inside) => Some(format!("../{}", inside.to_str()?)),
        Err(_) => Some(file.to_str()?.to_owned()),
    }
}

/// A plan that looks for the rule everywhere, strings and documents included.
fn probe(repo: &Repo, asked: &Asked) -> Result<Plan, Stop> {
    let rule = rule_text(asked, true, true, None);
    let text = format!(
        "version: 1\nname: {}\nissue: x\nrules:\n{rule}phases:\n  - id: P0\n    files: [{{ glob: \"**/*\" }}]\n",
        scalar(&asked.name)
    );
    let mut plan = load::parse(&format!("{} (not written)", path_of(&asked.name)), text.as_bytes()).map_err(Stop::Plan)?;
    rules::resolve(repo, &mut plan)?;
    Ok(plan)
}

/// The rule as it stands in the plan: it reads strings and documents where it finds something there.
fn rule(repo: &Repo, asked: &Asked, scan: &Scan) -> String {
    let of_kind = |kind| scan.places.iter().filter(|place| place.counts() && place.violation.kind == kind).count();
    let usage = matches!(asked.what, What::Symbol(_)).then(|| usage::usage(repo, scan));
    rule_text(asked, of_kind(Kind::String) > 0, of_kind(Kind::Doc) > 0, usage.as_deref())
}

fn rule_text(asked: &Asked, strings: bool, docs: bool, usage: Option<&[String]>) -> String {
    let mut out = format!("  {}:\n", asked.name);
    match (&asked.what, usage) {
        (What::Rename { from, to }, _) => {
            out += &format!("    rename:\n      from: {}\n      to: {}\n", scalar(from), scalar(to));
        }
        (What::Symbol(name), None) => out += &format!("    rename:\n      from: {}\n      to: what.replaces.it\n", scalar(name)),
        (What::Symbol(name), Some(usage)) => {
            out += "    # WRITE HERE what replaces it: a dotted name behind `to`. Where more than the name changes, put a `rewrite`\n";
            out += "    # with `before` and `after` in its place. Until then `migrate check` refuses the plan. How it is used:\n";
            usage.iter().for_each(|line| out += &format!("    #   {line}\n"));
            out += &format!("    rename:\n      from: {}\n      to: \"\"\n", scalar(name));
        }
        (What::Rewrite { before, after }, _) => {
            out += &format!("    rewrite:\n      before: {}      after: {}", block(before, 8), block(after, 8));
        }
    }
    for (key, wanted, why) in
        [("strings", strings, "as `mock.patch` names it"), ("docs", docs, "in docstrings and documents too")]
    {
        if wanted {
            out += &format!("{:<42}  # {why}\n", format!("      {key}: true"));
        }
    }
    out
}

/// Why nothing is to be done: nothing uses what is asked for, or not any more.
fn unused(repo: &Repo, probe: &Plan, asked: &Asked, scan: &Scan, interrupt: &Interrupt) -> Result<Stop, Stop> {
    let judged = rules::dead(repo, probe, [0], interrupt)?;
    let of_rule = format!("the rule {} matches nothing: ", asked.name);
    let dead = judged.errors.first().map(|problem| problem.message.strip_prefix(&of_rule).unwrap_or(&problem.message).to_owned());
    let message = match (dead, scan.places.len()) {
        (Some(why), _) => why,
        (None, 0) => "nothing uses it any more: this was migrated before".to_owned(),
        (None, undecided) => format!("of {} it cannot be told whether they use it", count(undecided, "place")),
    };
    let help = match &asked.what {
        What::Rename { from, .. } | What::Symbol(from) => {
            format!("write the name as an import would; `migrate scan --symbol {from}` looks for it")
        }
        What::Rewrite { .. } => "write `before` as the code is, with the imports that say what its names are".to_owned(),
    };
    Ok(Stop::Usage(Note::new(message, help)))
}

/// The files in which there is something to do, with what is known of them.
fn found(repo: &Repo, scan: &Scan) -> Vec<Found> {
    let mut places: BTreeMap<&RepoPath, usize> = BTreeMap::new();
    for place in scan.places.iter().filter(|place| place.counts()) {
        *places.entry(&place.path).or_default() += 1;
    }
    let (commits, owners) = (facts::commits(repo), facts::owners(repo.top()));
    let found = |(path, places): (&RepoPath, usize)| Found {
        path: path.clone(),
        places,
        commits: commits.get(path).copied().unwrap_or(0),
        owners: owners.of(path).to_owned(),
    };
    places.into_iter().map(found).collect()
}

/// Files of which only doubtful places are known, with the first of these.
fn doubtful(scan: &Scan, waves: &[Wave]) -> Vec<(Found, String)> {
    let mut doubtful: BTreeMap<&RepoPath, (usize, String)> = BTreeMap::new();
    let taken: HashSet<&RepoPath> = waves.iter().flat_map(Wave::files).map(|file| &file.path).collect();
    for place in scan.places.iter().filter(|place| !taken.contains(&place.path)) {
        if let Fate::Undecided(why) = &place.fate {
            let why = || format!("line {}: undecided: {why}", place.violation.line);
            doubtful.entry(&place.path).or_insert_with(|| (0, why())).0 += 1;
        }
    }
    let found = |path: &RepoPath, places| Found { path: path.clone(), places, commits: 0, owners: String::new() };
    doubtful.into_iter().map(|(path, (places, why))| (found(path, places), why)).collect()
}

/// How many files phases hold, and how many places are in them.
fn size(waves: &[Wave]) -> (usize, usize) {
    let files = || waves.iter().flat_map(Wave::files);
    (files().count(), files().map(|file| file.places).sum())
}

/// Takes out of phases the files that `unfit` gives a reason against.
fn part(waves: &mut Vec<Wave>, left_out: &mut Vec<(Found, String)>, unfit: impl Fn(&Found) -> Option<String>) {
    for wave in waves.iter_mut() {
        let mut keep = |file: &Found| match unfit(file) {
            Some(why) => {
                left_out.push((file.clone(), why));
                false
            }
            None => true,
        };
        wave.entries.retain_mut(|entry| match entry {
            Entry::File(file) => keep(file),
            Entry::Below { files, .. } => {
                files.retain(&mut keep);
                !files.is_empty()
            }
        });
    }
    waves.retain(|wave| !wave.entries.is_empty());
}

/// The files that a run of this plan could not change, with the reason.
fn unfit(repo: &Repo, asked: &Asked, text: &str) -> Result<BTreeMap<RepoPath, String>, Stop> {
    let mut plan = load::parse(&format!("{} (not written)", path_of(&asked.name)), text.as_bytes()).map_err(Stop::Plan)?;
    rules::resolve(repo, &mut plan)?;
    let judged = rules::judge(repo, &plan, &Interrupt::none())?;
    if let Some(problem) = judged.errors.first() {
        return Err(Stop::Usage(Note::new(problem.message.clone(), problem.help.clone())));
    }
    let mut unfit = BTreeMap::new();
    let foresight =
        preview::foresee(repo, &plan, &Request::default(), Wanted::Verdicts, &|_| {}, |Foreseen { file, what, .. }| {
            if let preview::What::Unsound(unsound) = what {
                unfit.insert(file, unsound.reason.to_string());
            }
            Ok(())
        })?;
    foresight.blocked.map_or(Ok(unfit), Err)
}

/// What a plan does, in a line.
fn what(what: &What) -> String {
    match what {
        What::Rename { from, to } => format!("Renames {from} to {to}"),
        What::Symbol(name) => format!("Replaces {name}"),
        What::Rewrite { before, .. } => {
            let call = before.trim_end().lines().last().unwrap_or_default().trim();
            format!("Rewrites `{call}`")
        }
    }
}

/// Title and summary of its commits.
fn commit(what: &What) -> (String, String) {
    let last = |name: &str| name.rsplit(['.', ':']).next().unwrap_or(name).to_owned();
    let dotted = |name: &str| name.replace(':', ".");
    match what {
        What::Rename { from, to } if last(from) == last(to) => {
            let rename = Rename { to: to.replace(':', "."), ..Rename::default() };
            (format!("import {} from {}", last(from), rename.import().0), format!("Use {} in place of {from}.", dotted(to)))
        }
        What::Rename { from, to } => {
            (format!("rename {} to {}", last(from), last(to)), format!("Use {} in place of {from}.", dotted(to)))
        }
        What::Symbol(name) => (format!("replace {}", last(name)), format!("Replace the deprecated {name}.")),
        What::Rewrite { before, after } => {
            let call = |text: &str| text.trim_end().lines().last().unwrap_or_default().trim().to_owned();
            ("rewrite deprecated calls".to_owned(), format!("Write `{}` in place of `{}`.", call(after), call(before)))
        }
    }
}

/// Writes the plan; one that came to be there meanwhile is left unless that was allowed.
fn write(file: &PathBuf, path: &str, text: &[u8], over: bool) -> Result<(), Stop> {
    let write = || -> io::Result<()> {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut opened = match over {
            true => OpenOptions::new().write(true).create(true).truncate(true).open(file)?,
            false => OpenOptions::new().write(true).create_new(true).open(file)?,
        };
        opened.write_all(text)?;
        opened.sync_all()
    };
    write().map_err(|error| {
        let help = cure::help(&error, "fix the cause, then run migrate init again");
        Stop::Refused(Note::new(format!("cannot write {path}: {error}"), help))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_named_by_what_it_does() {
        let rename = |from: &str, to: &str| What::Rename { from: from.into(), to: to.into() };
        for (what, name) in [
            (rename("a.b.old_name", "a.c.NewName"), "rename-old-name-newname"),
            (rename("a.b.f", "a.c.f"), "move-f"),
            (rename("a.Ä", "a.Ö"), "rename"),
            (What::Symbol("a.b.getLogger".into()), "replace-getlogger"),
            (What::Rewrite { before: String::new(), after: String::new() }, "rewrite"),
        ] {
            assert_eq!(name_for(&what), name, "{what:?}");
        }
    }
}
