//! From the texts of a rule to a pattern, and everything that can be wrong with them.

use std::collections::{BTreeMap, BTreeSet};

use tree_sitter::Node;

use crate::pattern::before::{Before, Builder, Part};
use crate::pattern::checks;
use crate::pattern::constraint::Constraint;
use crate::pattern::crossing::Crossing;
use crate::pattern::evaluation::Evaluation;
use crate::pattern::find::find;
use crate::pattern::hints::hints;
use crate::pattern::holes::{Holed, Take};
use crate::pattern::outside::Outside;
use crate::pattern::place::Conditions;
use crate::pattern::snippet::{Snippet, Spot, Stand, referred};
use crate::pattern::sound::Flow;
use crate::pattern::strays::strays;
use crate::pattern::view::{arguments, parts};
use crate::pattern::{Pattern, PatternProblem, Side};
use crate::python::builtins::is_builtin;
use crate::python::names::{Names, Use};
use crate::python::parsed::Parsed;
use crate::python::source::{Source, SourceError};

/// Longer texts are no patterns.
const MOST_BYTES: usize = 64 << 10;
/// The name in `where` for the whole match.
const WHOLE: &str = "match";

/// See [`Pattern::compile`].
pub(crate) fn compile(
    before: &str,
    after: &str,
    constraints: &BTreeMap<String, Constraint>,
) -> Result<Pattern, Vec<PatternProblem>> {
    let (old, new) = (Holed::new(before), Holed::new(after));
    let sources = (read(Side::Before, before, &old), read(Side::After, after, &new));
    let (old_source, new_source) = match sources {
        (Ok(old), Ok(new)) => (old, new),
        (old, new) => return Err(old.err().into_iter().chain(new.err()).collect()),
    };
    let (old_file, new_file) = (Parsed::new(&old_source, None), Parsed::new(&new_source, None));
    let old = Snippet { side: Side::Before, original: before, holed: &old, file: &old_file };
    let new = Snippet { side: Side::After, original: after, holed: &new, file: &new_file };
    let wrong = |snippet: &Snippet| match strays(snippet) {
        strays if strays.is_empty() => snippet.syntax(),
        strays => strays,
    };
    let mut problems = wrong(&old);
    problems.extend(wrong(&new));
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut pattern = Texts { old, new }.pattern(constraints)?;
    pattern.texts = (before.to_owned(), after.to_owned(), constraints.clone());
    Ok(pattern)
}

fn read<'a>(side: Side, original: &str, holed: &'a Holed) -> Result<Source<'a>, PatternProblem> {
    let refuse = |message: String, help: &str| PatternProblem { side: side.clone(), at: 0, message, help: help.to_owned() };
    if original.len() > MOST_BYTES {
        return Err(refuse(format!("more than {MOST_BYTES} bytes"), "a pattern is a few lines; take `edits` for the rest"));
    }
    let source = Source::new(holed.text.as_bytes()).map_err(|error: SourceError| refuse(error.to_string(), ""))?;
    if source.text() != holed.text {
        return Err(refuse(
            "a text with an encoding or line endings of its own".to_owned(),
            "a pattern is UTF-8 with line feeds",
        ));
    }
    Ok(source)
}

/// The two texts of a rule.
struct Texts<'a> {
    old: Snippet<'a>,
    new: Snippet<'a>,
}

impl<'a> Texts<'a> {
    fn pattern(&self, constraints: &BTreeMap<String, Constraint>) -> Result<Pattern, Vec<PatternProblem>> {
        let no_tree = |error: crate::python::syntax::ParseError| {
            vec![PatternProblem { side: Side::Before, at: 0, message: error.to_string(), help: String::new() }]
        };
        let (old_names, new_names) = (names(&self.old).map_err(no_tree)?, names(&self.new).map_err(no_tree)?);
        let (old_top, old_body) = self.old.split().map_err(no_tree)?;
        let (new_top, new_body) = self.new.split().map_err(no_tree)?;
        let mut imports = self.old.import_problems(old_names, &old_top);
        imports.extend(self.new.import_problems(new_names, &new_top));
        let mut problems = imports;
        problems.extend(checks::unused(&self.old, old_names));
        let (old_spots, new_spots) = (self.old.spots(&old_body), self.new.spots(&new_body));
        problems.extend(checks::metavariables((&self.old, &old_spots), &self.old, &old_spots));
        problems.extend(checks::metavariables((&self.old, &old_spots), &self.new, &new_spots));
        problems.extend(checks::meanings(&self.old, old_names));
        let (old_alone, new_alone) = (alone(&old_body), alone(&new_body));
        // An expression that becomes a statement, or nothing, is one that stands alone as a statement.
        let expression = old_alone.filter(|_| new_alone.is_some());
        let only_names = names_only(&old_spots, &new_spots);
        let (before, found) = Builder::new(&self.old, old_names, only_names).build(&old_body, expression);
        problems.extend(found);
        problems.extend(checks::shape(&self.old, &before, &old_body));
        let conditions = conditions(&before, constraints).unwrap_or_else(|found| {
            problems.extend(found);
            Vec::new()
        });
        if !problems.is_empty() {
            problems.sort();
            problems.dedup();
            return Err(problems);
        }
        let roots = (self.old.file.tree().map_err(no_tree)?.root_node(), self.new.file.tree().map_err(no_tree)?.root_node());
        let evaluation = Evaluation::new((roots.0, &old_spots), (roots.1, &new_spots));
        let crossing = Crossing::new((old_names, &old_spots), (new_names, &new_spots));
        let binds = old_spots.iter().filter(|spot| spot.bound).map(|spot| spot.hole.name.clone()).collect();
        let outside = Outside::new(roots.0, roots.1);
        let flow = Flow { evaluation, crossing, outside, binds, ..flow(old_names, new_names, &new_spots) };
        let referred_to = |names: &Names<'a>| -> BTreeSet<String> {
            let from = names.imports.iter().filter(|import| import.from.is_some());
            let named = from.flat_map(|import| import.items.iter().map(|item| import.imported(item)));
            named.chain(names.uses.iter().filter_map(|name| referred(names, name))).collect()
        };
        let kept = referred_to(new_names);
        let special = special(old_names, roots.0);
        let goes = |name: &String| !kept.contains(name) && !special.contains(name);
        let deprecated: Vec<String> = referred_to(old_names).into_iter().filter(goes).collect();
        let wanted = wanted(&before);
        let words = words(&before, &deprecated, &wanted);
        let texts = <(String, String, BTreeMap<String, Constraint>)>::default();
        let hints = hints((&self.old, &old_body), (&self.new, &new_body));
        let pattern = Pattern { before, flow, conditions, wanted, deprecated, words, texts, hints };
        self.own_output(&pattern, &new_body)?;
        Ok(pattern)
    }

    /// What a rule writes must not be what it looks for, or it would never come to an end.
    fn own_output(&self, pattern: &Pattern, body: &[Node<'a>]) -> Result<(), Vec<PatternProblem>> {
        let found = find(pattern, self.new.file, false).map(|found| found.matches).unwrap_or_default();
        let Some(first) = found.first() else { return Ok(()) };
        let at = first.nodes.first().or(body.first()).map_or(0, Node::start_byte);
        let message = "`before` fits what `after` writes";
        let help = "a rule that is applied twice must change nothing the second time: make `before` more exact";
        Err(vec![self.new.problem(at, message, help)])
    }
}

/// The compiled `where`.
fn conditions(
    before: &Before,
    constraints: &BTreeMap<String, Constraint>,
) -> Result<Vec<(Option<usize>, Conditions)>, Vec<PatternProblem>> {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for (name, constraint) in constraints {
        let side = Side::Where(name.clone());
        let slot = before.slot(name);
        if slot.is_none() && name != WHOLE {
            let message = format!("`before` has no metavariable `${name}`");
            let known: Vec<String> = before.slots.iter().map(|slot| format!("`{slot}`")).collect();
            let help = format!("conditions are on {}", [known, vec![format!("`{WHOLE}`")]].concat().join(", "));
            problems.push(PatternProblem { side, at: 0, message, help });
            continue;
        }
        match Conditions::new(constraint) {
            Ok(conditions) => found.push((slot, conditions)),
            Err(message) => {
                let message = format!("not a regular expression: {message}");
                let help = "the syntax is that of the Rust crate regex".to_owned();
                problems.push(PatternProblem { side, at: 0, message, help });
            }
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

fn names<'s, 'a>(snippet: &'s Snippet<'a>) -> Result<&'s Names<'a>, crate::python::syntax::ParseError> {
    snippet.file.names()
}

/// The expression, when that is all there is.
fn alone<'t>(body: &[Node<'t>]) -> Option<Node<'t>> {
    let [statement] = body else { return None };
    let parts = parts(*statement);
    let [expression] = parts.as_slice() else { return None };
    let is_statement = matches!(expression.kind(), "assignment" | "augmented_assignment");
    (statement.kind() == "expression_statement" && !is_statement).then_some(*expression)
}

/// The metavariables that stand where only a name can in one of the texts.
fn names_only(old: &[Spot], new: &[Spot]) -> Vec<String> {
    let only = old.iter().chain(new).filter(|spot| spot.stand == Stand::Name && spot.hole.take == Take::One);
    only.map(|spot| spot.hole.name.clone()).filter(|name| name != "_").collect()
}

fn flow(old: &Names, new: &Names, spots: &[Spot]) -> Flow {
    let words = |names: &Names| -> BTreeSet<String> {
        let scope = names.scopes.first();
        let bound = scope.into_iter().flat_map(|scope| scope.bindings.iter());
        let own = bound.filter(|(_, bindings)| bindings.iter().any(|binding| binding.import.is_none() && !binding.unbinds));
        own.map(|(name, _)| (*name).to_owned()).filter(|name| !name.starts_with(crate::pattern::holes::MARK)).collect()
    };
    let (before, words) = (words(old), words(new));
    let named = |spots: Vec<&Spot>| spots.into_iter().map(|spot| spot.hole.name.clone()).collect();
    let said: BTreeSet<&str> = old.uses.iter().map(|name| name.name).collect();
    let meant = new.uses.iter().filter(|name| new.resolve(name.scope, name.name).is_none() && is_builtin(name.name));
    Flow {
        builtins: meant.map(|name| name.name.to_owned()).filter(|name| !said.contains(name.as_str())).collect(),
        hidden: hidden(old, new, spots),
        kept: named(spots.iter().collect()),
        evaluation: Evaluation::default(),
        crossing: Crossing::default(),
        outside: Outside::default(),
        binds: BTreeSet::new(),
        bound: named(spots.iter().filter(|spot| spot.bound).collect()),
        new: words.difference(&before).cloned().collect(),
        words,
    }
}

/// The names that scopes of `after` bind around its metavariables, and that `before` does not know.
fn hidden(old: &Names, new: &Names, spots: &[Spot]) -> Vec<(String, String)> {
    let known = |name: &str| {
        old.uses.iter().any(|read| read.name == name) || old.scopes.iter().any(|scope| scope.bindings.contains_key(name))
    };
    let mut found = Vec::new();
    for spot in spots {
        let Ok(number) = new.uses.binary_search_by_key(&spot.hole.range.start, |read| read.range.start) else { continue };
        let mut at = Some(new.uses[number].scope);
        while let Some(scope) = at.filter(|scope| *scope != 0).map(|scope| &new.scopes[scope]) {
            let own = scope.bindings.keys().filter(|name| !name.starts_with(crate::pattern::holes::MARK) && !known(name));
            found.extend(own.map(|name| (spot.hole.name.clone(), (*name).to_owned())));
            at = scope.parent;
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The names that a text calls only with a constant among the arguments: it is about these calls, and not about all of the name.
fn special(names: &Names, root: Node) -> BTreeSet<String> {
    const CONSTANTS: [&str; 6] = ["integer", "float", "string", "true", "false", "none"];
    let is_constant = |argument: Node| {
        let value = argument.child_by_field_name("value").filter(|_| argument.kind() == "keyword_argument").unwrap_or(argument);
        CONSTANTS.contains(&value.kind())
    };
    let is_special = |read: &Use| {
        let node = root.descendant_for_byte_range(read.whole().start, read.whole().end);
        let call = node.and_then(|node| node.parent()).filter(|call| call.kind() == "call" && read.called);
        call.and_then(|call| call.child_by_field_name("arguments"))
            .is_some_and(|list| arguments(list).into_iter().any(is_constant))
    };
    let (mut found, mut others) = (BTreeSet::new(), BTreeSet::new());
    for read in &names.uses {
        let whole = referred(names, read);
        if is_special(read) { found.extend(whole) } else { others.extend(whole) }
    }
    &found - &others
}

/// The qualified names that a match has to have.
fn wanted(before: &Before) -> Vec<String> {
    let mut names: Vec<String> = before
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Name(name) => Some(name.clone()),
            _ => None,
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

fn words(before: &Before, deprecated: &[String], wanted: &[String]) -> Vec<String> {
    let last = |name: &String| name.rsplit('.').next().unwrap_or(name).to_owned();
    let mut words: Vec<String> = deprecated.iter().chain(wanted).map(last).collect();
    words.sort();
    words.dedup();
    if words.is_empty() {
        // Each of its own words is in every match; the longest is the rarest.
        let own = before.parts.iter().filter_map(|part| match part {
            Part::Word(word) => Some(word),
            Part::Leaf { kind, text } if kind == "identifier" => Some(text),
            _ => None,
        });
        words.extend(own.filter(|word| word.is_ascii()).max_by_key(|word| word.len()).cloned());
    }
    words
}
