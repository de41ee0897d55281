//! Why a rule matches nothing, in words, with what in the tree it most likely means. Nothing here does I/O but through [`Program`].

use std::cell::OnceCell;
use std::collections::BTreeSet;

use crate::plan::diagnostics::Problem;
use crate::plan::names::{SideNames, side_names};
use crate::plan::source::Span;
use crate::plan::{Rule, RuleKind, nearest};
use crate::program::{Known, Program};
use crate::rules::liveness::Doubt;

/// What to do about a rule that matches nothing.
const HELP: &str = "correct the rule, or give it `may_match_nothing: true` if that is meant";

/// Says of rules what is wrong with them.
pub struct Teller<'r> {
    program: Program<'r>,
    /// All names that the tree's files import, and its modules.
    names: OnceCell<BTreeSet<String>>,
}

impl<'r> Teller<'r> {
    /// One that knows the modules of the tree.
    pub fn new(program: Program<'r>) -> Self {
        Self { program, names: OnceCell::new() }
    }

    /// The problem of a rule that never matched.
    pub fn dead(&self, rule: &Rule) -> Problem {
        let (why, help) = match &rule.kind {
            RuleKind::Rename(rename) => (self.unused(std::slice::from_ref(&rename.from)), None),
            RuleKind::Rewrite(rewrite) => match side_names(&rewrite.before) {
                SideNames { imported, bare } if imported.is_empty() && !bare.is_empty() => self.unexplained(&bare[0].0),
                SideNames { imported, .. } if imported.is_empty() => ("nothing fits its `before`".to_owned(), None),
                SideNames { imported, .. } => (self.unused(&imported), None),
            },
            RuleKind::Command(_) => ("it is a command".to_owned(), None),
        };
        let message = format!("the rule {} matches nothing: {why}", rule.name);
        Problem::at(rule.place, message, help.unwrap_or_else(|| HELP.to_owned()))
    }

    /// The first of these names that nothing imports, down to the part that is wrong, and what is there in its place.
    pub fn unused(&self, names: &[String]) -> String {
        let Some((part, whole)) = names.iter().find_map(|name| Some((self.unknown(name)?, name))) else {
            return match names {
                [name] => format!("nothing uses {name}"),
                _ => "nothing fits its `before`".to_owned(),
            };
        };
        let verb = if part.len() < whole.len() { "no file imports" } else { "nothing imports or uses" };
        match self.near(part) {
            Some(near) => format!("{verb} {part} (did you mean {near}?)"),
            None => format!("{verb} {part}"),
        }
    }

    /// The shortest beginning of a name that means nothing here.
    fn unknown<'n>(&self, name: &'n str) -> Option<&'n str> {
        let ends = name.match_indices('.').map(|(at, _)| at).chain([name.len()]);
        ends.map(|end| &name[..end]).find(|part| {
            let is_there = matches!(self.program.look_up(part), Known::Module | Known::Inside { .. });
            !is_there && !self.names().contains(*part)
        })
    }

    /// The name that is there and most like one that is not: one beside it, else any with as many parts.
    fn near(&self, part: &str) -> Option<String> {
        let (above, last) = part.rsplit_once('.').unwrap_or(("", part));
        let inside = |name: &&String| name.rsplit_once('.').map_or("", |(above, _)| above) == above;
        let module = self.program.file(above).map(|(_, module)| module);
        let defined = module.iter().flat_map(|module| module.definitions.keys().map(String::as_str));
        let beside = self.names().iter().filter(inside).map(|name| name.rsplit('.').next().unwrap_or(name));
        let beside: Vec<&str> = beside.chain(defined).collect();
        let joined = |last: &str| if above.is_empty() { last.to_owned() } else { format!("{above}.{last}") };
        if let Some(near) = nearest(last, &beside) {
            return Some(joined(near));
        }
        let depth = |name: &str| name.matches('.').count();
        let alike: Vec<&str> = self.names().iter().map(String::as_str).filter(|name| depth(name) == depth(part)).collect();
        nearest(part, &alike).map(str::to_owned)
    }

    /// Of a `before` whose name nothing explains: what it could mean.
    fn unexplained(&self, name: &str) -> (String, Option<String>) {
        let end = format!(".{name}");
        let whole = self.names().iter().find_map(|whole| whole.strip_suffix(&end));
        let help = whole.map(|module| format!("write `from {module} import {name}` above it in `before`"));
        (format!("no import in its `before` says what {name} is"), help)
    }

    fn names(&self) -> &BTreeSet<String> {
        self.names.get_or_init(|| self.program.names())
    }
}

/// The warning of a rule of which it cannot be known whether it ever matched.
pub fn undecided(rule: &Rule, doubt: &Doubt) -> Problem {
    let (why, help) = match doubt {
        Doubt::Shallow => {
            ("whether it ever did is not known in a shallow clone".to_owned(), "`git fetch --unshallow` brings the history")
        }
        Doubt::Unread(path) => (format!("{path} holds its words and cannot be read"), "fix the file, or leave the rule as it is"),
    };
    Problem::warning(rule.place, format!("the rule {} matches nothing: {why}", rule.name), help)
}

/// The problem of a rename to what a module of the tree, or a class in it, lacks.
pub fn missing(rule: &Rule, to: &str, owner: &str, name: &str) -> Problem {
    let message = format!("the rule {} leads to {to}, and {owner} has no {name}", rule.name);
    Problem::at(rule.place, message, format!("correct `to`, or write {name} first: what imports it would fail"))
}

/// The warning of a rename to a name that nobody sees in its module, where the module may have it all the same.
pub fn unseen(program: &Program, known: &Known, (rule, place): (&str, Span), to: &str) -> Option<Problem> {
    let (Known::Inside { module } | Known::Perhaps { module }) = known else { return None };
    let name = to.strip_prefix(module.as_str())?.trim_start_matches(['.', ':']).split('.').next()?;
    let (path, file) = program.file(module)?;
    if !file.open || name.is_empty() || file.definitions.contains_key(name) {
        return None;
    }
    let message = format!("the rule {rule} leads to {to}, and whether {module} has {name} is not known");
    let help =
        format!("nothing in {path} binds {name}, and `exec`, `globals()` or a `__getattr__` there may: look whether it does");
    Some(Problem::warning(place, message, help))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::RepoPath;
    use crate::plan::load::parse;

    const FILES: &[(&str, &str)] = &[
        ("app/__init__.py", ""),
        ("app/old.py", "def f(): pass\ndef fetch(): pass\n"),
        ("a.py", "from app.old import f\nimport requests\nfrom lib.text import ugettext\nf()\n"),
    ];

    fn said(rule: &str) -> (String, String) {
        let text = format!("version: 1\nname: x\nissue: y\nrules: {{ r: {rule} }}\nphases: [{{ id: P0, files: [a.py] }}]\n");
        let plan = parse("x", text.as_bytes()).unwrap_or_else(|problems| panic!("{}", problems.render(false, 100)));
        let read = |path: &RepoPath| {
            FILES.iter().find(|(name, _)| name.as_bytes() == path.as_bytes()).map(|(_, text)| text.as_bytes().to_vec())
        };
        let program = Program::new(FILES.iter().map(|(path, _)| RepoPath::new(*path).unwrap()), read);
        let problem = Teller::new(program).dead(&plan.rules[0]);
        (problem.message.strip_prefix("the rule r matches nothing: ").unwrap().to_owned(), problem.help)
    }

    #[test]
    fn why_a_rule_matches_nothing_is_told_with_the_name_that_is_there() {
        for (rule, want) in [
            ("{ rename: { from: app.olld, to: app.new } }", "nothing imports or uses app.olld (did you mean app.old?)"),
            ("{ rename: { from: app.olld.f, to: app.new.f } }", "no file imports app.olld (did you mean app.old?)"),
            (
                "{ rename: { from: app.old.fetsh, to: app.new.f } }",
                "nothing imports or uses app.old.fetsh (did you mean app.old.fetch?)",
            ),
            ("{ rename: { from: app.old.fetch, to: app.new.f } }", "nothing uses app.old.fetch"),
            (
                "{ rename: { from: lib.text.uggettext, to: x.f } }",
                "nothing imports or uses lib.text.uggettext (did you mean lib.text.ugettext?)",
            ),
            ("{ rename: { from: reqests.get, to: x.f } }", "no file imports reqests (did you mean requests?)"),
            ("{ rename: { from: zope.component, to: x.f } }", "no file imports zope"),
            ("{ rename: { from: os.getcwdu, to: os.getcwd } }", "nothing uses os.getcwdu"),
            (
                "{ rewrite: { before: \"from app.olld import f\\nf($X)\", after: g($X) } }",
                "no file imports app.olld (did you mean app.old?)",
            ),
            (
                "{ rewrite: { before: \"from app.olld import f\\nf($X)\", after: \"from app.olld import f\\nf($X, 1)\" } }",
                "no file imports app.olld (did you mean app.old?)",
            ),
            ("{ rewrite: { before: \"$X.gone($Y)\", after: $X.here($Y) } }", "nothing fits its `before`"),
            ("{ rewrite: { before: f($X), after: g($X) } }", "no import in its `before` says what f is"),
        ] {
            assert_eq!(said(rule).0, want, "{rule}");
        }
        assert_eq!(said("{ rename: { from: zope, to: x } }").1, HELP);
        assert_eq!(said("{ rewrite: { before: f($X), after: g($X) } }").1, "write `from app.old import f` above it in `before`");
    }
}
