//! One entry of a phase's `files`: the files it names, what holds for them, and its before/after blocks.

use std::rc::Rc;

use crate::path::RepoPath;
use crate::plan::edits;
use crate::plan::glob;
use crate::plan::guards::Guards;
use crate::plan::levels::Levels;
use crate::plan::lists;
use crate::plan::node::{Kind, Node};
use crate::plan::reader::{Entries, Reader};
use crate::plan::rule_names::{Names, rule_list};
use crate::plan::source::Span;
use crate::plan::view::quoted;
use crate::plan::{BlockEdit, Command, Expected, Files, Places, Risk, Run, Target, Treatment, group, treatment};

/// The keys that a phase and an entry of its files share.
pub const SHARED: [&str; 10] =
    ["scope", "risk", "impact", "recovery", "rules", "format", "level", "validate", "verify", "guards"];

/// The keys that say which files an entry is about.
const WHICH: [&str; 3] = ["path", "paths", "glob"];

/// What holds for every file of a plan, or of a phase, that does not say otherwise.
#[derive(Default)]
pub struct Defaults {
    scope: Option<String>,
    risk: Option<Risk>,
    impact: Option<String>,
    recovery: Option<String>,
    rules: Vec<usize>,
    /// True when rules are listed, known or not: those that are unknown are reported already.
    lists_rules: bool,
    validate: Vec<Command>,
    verify: Vec<Command>,
    format: Vec<Command>,
    guards: Guards,
    levels: Rc<Levels>,
    /// The level of those of a phase, or of an entry.
    level: Option<usize>,
}

impl Defaults {
    /// Reads what a plan says of all its files, to which all its rules apply.
    pub fn of_plan(reader: &mut Reader<'_>, entries: &Entries<'_>, rules: &Names, levels: Levels) -> Self {
        let [format, validate, verify] = ["format", "validate", "verify"].map(|key| lists::within(reader, entries, key, &[]));
        let guards = Guards::default().overruled(reader, entries.get("guards"));
        let levels = Rc::new(levels);
        Self { rules: (0..rules.count()).collect(), guards, format, validate, verify, levels, ..Self::default() }
    }

    /// These, overruled by what a phase or an entry says; its commands come after unless it replaces these.
    pub fn with(&self, reader: &mut Reader<'_>, entries: &Entries<'_>, rules: &Names) -> Self {
        let level = self.level.and_then(|level| self.levels.get(level));
        let of_level = level.into_iter().flat_map(|level| [&level.validate, &level.verify]);
        let size: usize = [&self.validate, &self.verify, &self.format].into_iter().chain(of_level).flatten().map(size).sum();
        if !reader.may_copy(size + self.rules.len() * size_of::<usize>()) {
            reader.report(
                entries.key("files"),
                "the phase's rules and commands are too much for so many files",
                "move long commands into a script",
            );
            return Self::default();
        }
        let mut line = |key: &str, default: &Option<String>| {
            let own = entries.get(key).and_then(|node| reader.line(node, &format!("`{key}`")).map(ToOwned::to_owned));
            own.or_else(|| default.clone())
        };
        let (impact, recovery) = (line("impact", &self.impact), line("recovery", &self.recovery));
        let scope = line("scope", &self.scope);
        if let (Some(node), Some(text)) = (entries.get("scope"), &scope)
            && text.contains(['(', ')'])
        {
            reader.report(node.span, "`scope` holds a parenthesis", "it stands in parentheses itself, as in `fix(SCOPE): …`");
        }
        let risks = [("LOW", Risk::Low), ("MEDIUM", Risk::Medium), ("HIGH", Risk::High), ("EXTREME", Risk::Extreme)];
        let risk = entries.get("risk").and_then(|node| reader.choice(node, "`risk`", &risks)).or(self.risk);
        let validate = lists::within(reader, entries, "validate", &self.validate);
        let verify = lists::within(reader, entries, "verify", &self.verify);
        let format = lists::within(reader, entries, "format", &self.format);
        let lists_rules = entries.get("rules").map_or(self.lists_rules, is_not_empty);
        let rules = rule_list(reader, entries, rules).unwrap_or_else(|| self.rules.clone());
        let guards = self.guards.overruled(reader, entries.get("guards"));
        let (levels, level) = (Rc::clone(&self.levels), self.levels.named(reader, entries).or(self.level));
        Self { scope, risk, impact, recovery, rules, lists_rules, validate, verify, format, guards, levels, level }
    }

    /// Reports levels that no phase and no entry names.
    pub fn unused_levels(&self, reader: &mut Reader<'_>) {
        self.levels.unused(reader);
    }

    fn into_target(self, files: Files, places: Places, edits: Vec<BlockEdit>) -> Target {
        let Self {
            scope,
            risk,
            impact,
            recovery,
            rules,
            lists_rules: _,
            mut validate,
            mut verify,
            format,
            guards,
            levels,
            level,
        } = self;
        let level = level.and_then(|level| levels.get(level));
        if let Some(level) = level {
            validate = [&level.validate[..], &validate].concat();
            verify = [&level.verify[..], &verify].concat();
        }
        let metrics = level.map_or_else(Vec::new, |level| level.metrics.clone());
        let (group, treatment, expected) = (None, Treatment::Rewrite, None);
        Target {
            files,
            group,
            treatment,
            scope,
            risk,
            impact,
            recovery,
            rules,
            edits,
            validate,
            verify,
            metrics,
            format,
            guards,
            expected,
            places,
        }
    }
}

fn is_not_empty(node: &Node) -> bool {
    !matches!(&node.kind, Kind::List(list) if list.is_empty())
}

fn size(command: &Command) -> usize {
    let texts = match &command.run {
        Run::Shell(text) => text.len(),
        Run::Argv(words) => words.iter().map(|word| word.len() + size_of::<String>()).sum(),
        Run::Builtin(_) => 0,
    };
    let patterns: usize = command.only.iter().map(|pattern| pattern.len() + size_of::<String>()).sum();
    texts + patterns + size_of::<Command>()
}

/// Reads the list of a phase's files.
pub fn targets(reader: &mut Reader<'_>, node: &Node, defaults: &Defaults, rules: &Names) -> Vec<Target> {
    let Some(items) = reader.list(node, "`files`") else { return Vec::new() };
    if items.is_empty() {
        reader.report(node.span, "the phase has no files", "list at least one file, or remove the phase");
    }
    items.iter().filter_map(|item| target(reader, item, defaults, rules)).collect()
}

fn target(reader: &mut Reader<'_>, node: &Node, defaults: &Defaults, rules: &Names) -> Option<Target> {
    if matches!(node.kind, Kind::Scalar(..)) {
        let path = path(reader, node)?;
        if defaults.rules.is_empty() && !defaults.lists_rules {
            nothing_to_do(reader, node.span);
        }
        let places = Places { files: vec![node.span], ..Places::default() };
        let none = Entries::none(node.span);
        return Some(defaults.with(reader, &none, rules).into_target(Files::Paths(vec![path]), places, Vec::new()));
    }
    let own = ["exclude", "group", "label", "edits", "violations"];
    let known: Vec<&str> = WHICH.into_iter().chain(own).chain(treatment::KEYS).chain(SHARED).collect();
    let entries = reader.map(node, "the entry", &known)?;
    let own = defaults.with(reader, &entries, rules);
    let which = entries.chosen(&WHICH);
    let (group, label) = group::read(reader, &entries, &which);
    let (treatment, treated) = treatment::read(reader, &entries, &which, path);
    let (edits, edit_places) = edits::read(reader, &entries);
    if treatment.is_rewrite() && own.rules.is_empty() && !own.lists_rules && !entries.get("edits").is_some_and(is_not_empty) {
        nothing_to_do(reader, which.first().map_or_else(|| entries.key("path"), |key| entries.key(key)));
    }
    if treatment.is_rewrite() && entries.get("edits").is_some() && which != ["path"] {
        let help = "edits belong to one file: give it an entry of its own with `path`";
        reader.report(entries.key("edits"), "`edits` for more than one file", help);
    }
    if entries.get("exclude").is_some() && which != ["glob"] {
        reader.report(entries.key("exclude"), "`exclude` without `glob`", "remove it: files that are listed are not excluded");
    }
    let (files, places) = match which[..] {
        [one] => files(reader, &entries, one)?,
        [] => {
            reader.report(entries.key("path"), "the entry names no files", "add `path`, `paths` or `glob`");
            return None;
        }
        [first, second, ..] => {
            let message = format!("the entry has both `{first}` and `{second}`");
            reader.report(entries.key(second), message, "make it two entries");
            return None;
        }
    };
    let expected = entries.get("violations").and_then(|node| {
        let number = reader.number(node, "`violations`", 0, u32::MAX)?;
        Some(Expected { violations: usize::try_from(number).unwrap_or(usize::MAX), place: node.span })
    });
    let places = Places { files: places, edits: edit_places, treatment: treated, label };
    let target = Target { group, expected, ..own.into_target(files, places, edits) };
    Some(match treatment {
        Treatment::Rewrite => target,
        treatment => Target { treatment, rules: Vec::new(), edits: Vec::new(), expected: None, ..target },
    })
}

fn nothing_to_do(reader: &mut Reader<'_>, span: Span) {
    reader.report(span, "nothing to do for this file", "give it `edits`, or `rules` out of those of the plan");
}

fn files(reader: &mut Reader<'_>, entries: &Entries<'_>, which: &str) -> Option<(Files, Vec<Span>)> {
    let node = entries.get(which)?;
    match which {
        "path" => path(reader, node).map(|path| (Files::Paths(vec![path]), vec![node.span])),
        "paths" => {
            let items = reader.list(node, "`paths`")?;
            if items.is_empty() {
                reader.report(node.span, "`paths` is empty", "list at least one file, or remove the entry");
            }
            let read = items.iter().filter_map(|item| path(reader, item).map(|path| (path, item.span)));
            let (paths, places) = read.unzip();
            Some((Files::Paths(paths), places))
        }
        _ => {
            let (include, places) = glob::read(reader, node, "`glob`");
            let (exclude, _) = entries.get("exclude").map_or_else(Default::default, |node| glob::read(reader, node, "`exclude`"));
            Some((Files::Glob { include, exclude }, places))
        }
    }
}

fn path(reader: &mut Reader<'_>, node: &Node) -> Option<RepoPath> {
    let text = reader.text(node, "the path")?;
    match RepoPath::new(text) {
        Ok(path) => Some(path),
        Err(problem) => {
            let folder = text.strip_suffix('/').filter(|folder| RepoPath::new(*folder).is_ok());
            let help = match folder.map(glob::below) {
                Some(below) => format!("that is a folder: its files are taken by glob: {below}"),
                None => "give the path from the top of the repository, as `git ls-files` shows it".to_owned(),
            };
            reader.report(node.span, format!("{}: {problem}", quoted(text)), help);
            None
        }
    }
}
