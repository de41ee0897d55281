//! Whether a pattern fits at a place: goals on a stack, and the choices to come back to when one fails.
//!
//! The work at one place is bounded; where the bound is reached nothing fits, and the reason says so.

use std::rc::Rc;

use tree_sitter::Node;

use crate::pattern::before::{Before, Part, Takes};
use crate::pattern::matched::{Capture, nodes};
use crate::pattern::meaning::{Meanings, Stands};
use crate::pattern::view::{arguments, bare, equal, is_chain, is_expression, is_splat, is_statement, kind, leaf, parts, shown};

/// Goals that are tried at one place.
const MOST_STEPS: usize = 20_000;
/// Statements that one `...` may pass over.
const FARTHEST: usize = 200;
/// The same where only a reason is looked for.
pub(crate) const NEAR: usize = 20;
/// How deep a part and a node are compared before they are tried.
const LOOK: usize = 3;

/// What fits.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fitted<'t> {
    /// By the number of the metavariable.
    pub(crate) captures: Vec<(usize, Capture<'t>)>,
    /// The statements of the block that fit, for a pattern of statements.
    pub(crate) statements: Vec<Node<'t>>,
    pub(crate) passed: Vec<Node<'t>>,
    /// What `$_` stands for.
    pub(crate) unnamed: Vec<Node<'t>>,
    pub(crate) names: Vec<(usize, String)>,
}

/// Why a pattern does not fit at a place, where it came farthest.
#[derive(Debug, Clone)]
pub(crate) struct Miss {
    /// How many parts fitted before.
    pub(crate) progress: usize,
    pub(crate) reason: String,
}

/// Why a statement cannot stand between those that fit.
pub(crate) struct Related {
    pub(crate) reason: String,
    /// It gives another meaning to a name of theirs.
    pub(crate) binds: bool,
}

/// A goal failed; the reason is kept elsewhere.
struct Failed;

type Step = Result<(), Failed>;

#[derive(Clone)]
enum Goal<'p, 't> {
    Part(usize, Node<'t>),
    /// The same where the node stands for itself without the `*` that it begins with.
    Behind(usize, Node<'t>),
    List(List<'p, 't>),
    /// The run or gap that the list is at takes so many nodes, or more.
    Take(List<'p, 't>, usize),
    Arguments {
        plain: &'p [usize],
        keywords: &'p [usize],
        nodes: Rc<[Node<'t>]>,
        skip: usize,
    },
}

/// The rest of a list of parts against the rest of a list of nodes.
#[derive(Clone)]
struct List<'p, 't> {
    parts: &'p [usize],
    nodes: Rc<[Node<'t>]>,
    at: usize,
    /// Statements of a block: more may follow.
    open: bool,
}

impl<'t> List<'_, 't> {
    fn next(&self, taken: usize) -> Self {
        Self { parts: &self.parts[1..], nodes: Rc::clone(&self.nodes), at: self.at + taken, open: self.open }
    }
}

/// Where to go on when something fails.
struct Choice<'p, 't> {
    goals: Vec<Goal<'p, 't>>,
    sizes: [usize; 5],
    progress: usize,
}

/// One attempt at one place.
pub(crate) struct Fit<'p, 't> {
    before: &'p Before,
    meanings: &'p Meanings<'t>,
    /// Whether reasons are wanted.
    explain: bool,
    goals: Vec<Goal<'p, 't>>,
    choices: Vec<Choice<'p, 't>>,
    fitted: Fitted<'t>,
    progress: usize,
    best: Option<Miss>,
    /// Says whether a statement may stand between those that fit.
    between: &'p dyn Fn(&Fitted<'t>, Node<'t>) -> Option<Related>,
}

impl<'p, 't> Fit<'p, 't> {
    pub(crate) fn new(
        before: &'p Before,
        meanings: &'p Meanings<'t>,
        explain: bool,
        between: &'p dyn Fn(&Fitted<'t>, Node<'t>) -> Option<Related>,
    ) -> Self {
        Self {
            before,
            meanings,
            explain,
            goals: Vec::new(),
            choices: Vec::new(),
            fitted: Fitted::default(),
            progress: 0,
            best: None,
            between,
        }
    }

    /// An expression.
    pub(crate) fn expression(mut self, part: usize, node: Node<'t>) -> Result<Fitted<'t>, Option<Miss>> {
        self.goals.push(Goal::Behind(part, node));
        self.run()
    }

    /// The statements of a block from one on.
    pub(crate) fn sequence(mut self, parts: &'p [usize], nodes: &Rc<[Node<'t>]>, at: usize) -> Result<Fitted<'t>, Option<Miss>> {
        self.goals.push(Goal::List(List { parts, nodes: Rc::clone(nodes), at, open: true }));
        self.run()
    }

    fn run(mut self) -> Result<Fitted<'t>, Option<Miss>> {
        let mut steps = 0;
        while let Some(goal) = self.goals.pop() {
            steps += 1;
            if steps > MOST_STEPS {
                let reason = "there are too many ways in which the pattern could fit here".to_owned();
                return Err(self.explain.then_some(Miss { progress: usize::MAX, reason }));
            }
            if self.step(goal).is_ok() {
                continue;
            }
            let Some(choice) = self.choices.pop() else { return Err(self.best) };
            self.goals = choice.goals;
            self.progress = choice.progress;
            self.fitted.captures.truncate(choice.sizes[0]);
            self.fitted.statements.truncate(choice.sizes[1]);
            self.fitted.passed.truncate(choice.sizes[2]);
            self.fitted.names.truncate(choice.sizes[3]);
            self.fitted.unnamed.truncate(choice.sizes[4]);
        }
        Ok(self.fitted)
    }

    fn step(&mut self, goal: Goal<'p, 't>) -> Step {
        match goal {
            Goal::Part(part, node) if is_splat(self.meanings.text, node) => self.splat(part, node),
            Goal::Part(part, node) | Goal::Behind(part, node) => self.part(part, node),
            Goal::List(list) => self.list(list),
            Goal::Take(list, taken) => self.take(list, taken),
            Goal::Arguments { plain, keywords, nodes, skip } => self.arguments(plain, keywords, nodes, skip),
        }
    }

    fn fail(&mut self, reason: impl FnOnce() -> String) -> Step {
        if self.explain && self.best.as_ref().is_none_or(|best| best.progress < self.progress) {
            self.best = Some(Miss { progress: self.progress, reason: reason() });
        }
        Err(Failed)
    }

    /// Comes back to this goal instead when what follows fails.
    fn or_else(&mut self, goal: Goal<'p, 't>) {
        let mut goals = self.goals.clone();
        goals.push(goal);
        let fitted = &self.fitted;
        let sizes =
            [fitted.captures.len(), fitted.statements.len(), fitted.passed.len(), fitted.names.len(), fitted.unnamed.len()];
        self.choices.push(Choice { goals, sizes, progress: self.progress });
    }

    /// A node that is a splat, though the tree has another.
    fn splat(&mut self, number: usize, node: Node<'t>) -> Step {
        let before = self.before;
        match &before.parts[number] {
            Part::Tree { kind, parts } if kind == "list_splat" && parts.len() == 2 => {
                self.goals.push(Goal::Behind(parts[1], node));
                self.progress += 1;
                Ok(())
            }
            Part::Hole { .. } => {
                let shown = self.shown(node);
                self.fail(|| format!("`{shown}` is not an expression, as `{}` has to be", before.written(number)))
            }
            _ => self.differs(number, node),
        }
    }

    fn part(&mut self, number: usize, node: Node<'t>) -> Step {
        let inner = bare(node);
        if inner.is_error() || inner.is_missing() {
            return self.fail(|| "the file cannot be parsed here".to_owned());
        }
        let before = self.before;
        let text = self.meanings.text;
        match &before.parts[number] {
            Part::Hole { slot, takes, .. } => {
                let node = if node.kind() == "as_pattern_target" { inner } else { node };
                let right = match takes {
                    Takes::Statement => is_statement(node),
                    Takes::Expression => is_expression(node),
                    Takes::Name => inner.kind() == "identifier",
                };
                if !right || node.has_error() {
                    let what = match takes {
                        Takes::Statement => "a statement",
                        Takes::Expression => "an expression",
                        Takes::Name => "a name",
                    };
                    let shown = self.shown(node);
                    return self.fail(|| format!("`{shown}` is not {what}, as `{}` has to be", before.written(number)));
                }
                self.bind(*slot, Capture::One(node))?;
            }
            Part::Name(wanted) => match self.meanings.qualified(inner).filter(|_| is_chain(inner)) {
                Some((name, whole)) if whole == *wanted => self.fitted.names.push((name, whole)),
                _ => return self.differs(number, node),
            },
            Part::Word(word) => {
                if inner.kind() != "identifier" || text[inner.byte_range()] != *word {
                    return self.differs(number, node);
                }
                let name = self.meanings.use_at(inner.start_byte());
                match name.map(|name| self.meanings.stands(&self.meanings.names.uses[name])) {
                    Some(Stands::For(other)) if other != *word => {
                        return self.fail(|| format!("`{word}` is imported and stands for {other} here"));
                    }
                    Some(Stands::Several(_)) => return self.fail(|| format!("`{word}` may stand for several things here")),
                    _ => {}
                }
            }
            Part::Leaf { kind: wanted, text: value } => {
                if kind(inner) != *wanted || leaf(inner, &text[inner.byte_range()]).as_ref() != Some(value) {
                    return self.differs(number, node);
                }
            }
            Part::Tree { kind: wanted, parts: numbers } => {
                if kind(inner) != *wanted {
                    return self.differs(number, node);
                }
                let nodes = parts(inner).into();
                self.goals.push(Goal::List(List { parts: numbers, nodes, at: 0, open: false }));
            }
            Part::Arguments { plain, keywords } => {
                if !matches!(inner.kind(), "argument_list" | "generator_expression") {
                    return self.differs(number, node);
                }
                let nodes: Rc<[Node]> = arguments(inner).into();
                let wanted = plain.len() + keywords.len();
                if nodes.len() != wanted && !plain.iter().any(|part| before.is_run(*part)) {
                    let found = nodes.len();
                    return self.fail(|| format!("the call has {} and the pattern {wanted}", count(found, "argument")));
                }
                self.goals.push(Goal::Arguments { plain, keywords, nodes, skip: 0 });
            }
            Part::Gap => return Err(Failed),
        }
        self.progress += 1;
        Ok(())
    }

    fn shown(&self, node: Node) -> String {
        shown(self.meanings.text, node)
    }

    fn differs(&mut self, number: usize, node: Node<'t>) -> Step {
        let (shown, wanted) = (self.shown(node), self.before.written(number));
        let wants = match &self.before.parts[number] {
            Part::Tree { kind, .. } => kind.as_str(),
            _ => "",
        };
        let awaited = bare(node).kind() == "await";
        self.fail(|| match wants {
            "await" if !awaited => format!("`{shown}` is not awaited"),
            _ if awaited && wants != "await" && wants != "expression_statement" => format!("`{shown}` is awaited"),
            _ => format!("`{shown}` stands where the pattern has `{wanted}`"),
        })
    }

    /// A metavariable stands for the same thing wherever it stands.
    fn bind(&mut self, slot: Option<usize>, capture: Capture<'t>) -> Step {
        let Some(slot) = slot else {
            self.fitted.unnamed.extend(nodes(&capture));
            return Ok(());
        };
        let text = self.meanings.text;
        let Some((_, known)) = self.fitted.captures.iter().find(|(other, _)| *other == slot) else {
            self.fitted.captures.push((slot, capture));
            return Ok(());
        };
        let (old, new) = (nodes(known), nodes(&capture));
        if old.len() == new.len() && old.iter().zip(&new).all(|(old, new)| equal(text, *old, *new)) {
            return Ok(());
        }
        let name = &self.before.slots[slot];
        let (old, new) = (old.first().map(|node| self.shown(*node)), new.first().map(|node| self.shown(*node)));
        self.fail(|| format!("`${name}` is `{}` and then `{}`", old.unwrap_or_default(), new.unwrap_or_default()))
    }

    fn list(&mut self, list: List<'p, 't>) -> Step {
        let Some(part) = list.parts.first().copied() else {
            if list.open || list.at == list.nodes.len() {
                return Ok(());
            }
            let extra = list.nodes[list.at];
            let shown = self.shown(extra);
            return self.fail(|| match extra.kind() {
                "else_clause" => "there is an `else` that the pattern has not".to_owned(),
                "elif_clause" => "there is an `elif` that the pattern has not".to_owned(),
                "finally_clause" => "there is a `finally` that the pattern has not".to_owned(),
                _ => format!("`{shown}` is more than the pattern has"),
            });
        };
        if self.before.is_run(part) {
            let rest = &list.parts[1..];
            if list.open || rest.iter().any(|part| self.before.is_run(*part)) {
                self.goals.push(Goal::Take(list, 0));
                return Ok(());
            }
            return match (list.nodes.len() - list.at).checked_sub(rest.len()) {
                Some(taken) => self.took(&list, taken),
                None => self.fail(|| "there is less here than the pattern has".to_owned()),
            };
        }
        let Some(node) = list.nodes.get(list.at).copied() else {
            let wanted = self.before.written(part);
            return self.fail(|| format!("there is no `{wanted}` here"));
        };
        if list.open {
            self.fitted.statements.push(node);
        }
        self.goals.push(Goal::List(list.next(1)));
        self.goals.push(Goal::Part(part, node));
        Ok(())
    }

    /// The first part takes `taken` nodes, and more when the rest does not fit then.
    fn take(&mut self, list: List<'p, 't>, taken: usize) -> Step {
        let mut taken = taken;
        let is_gap = matches!(self.before.parts[list.parts[0]], Part::Gap);
        let farthest = if self.explain { NEAR } else { FARTHEST };
        loop {
            if let Some(last) = taken.checked_sub(1).filter(|_| is_gap) {
                let passed = list.nodes[list.at + last];
                if let Some(related) = (self.between)(&self.fitted, passed) {
                    if related.binds {
                        // What looked like the next statement was another one that happens to begin like it.
                        self.best = None;
                    }
                    return self.fail(|| related.reason);
                }
            }
            let more = list.at + taken < list.nodes.len();
            let wanted = list.parts.get(1).copied();
            let possible = match (wanted, list.nodes.get(list.at + taken)) {
                (Some(part), Some(node)) => self.possible(part, *node),
                (Some(part), None) => self.before.is_run(part),
                (None, _) => true,
            };
            if possible {
                if more && taken < farthest {
                    self.or_else(Goal::Take(list.clone(), taken + 1));
                }
                return self.took(&list, taken);
            }
            if !more || taken >= farthest {
                let wanted = wanted.map_or("", |part| self.before.written(part));
                return self.fail(|| format!("no `{wanted}` follows"));
            }
            taken += 1;
        }
    }

    /// A look at whether a part could fit at all: the kinds of the uppermost nodes.
    fn possible(&self, part: usize, node: Node<'t>) -> bool {
        // Where reasons are wanted, what is tried says more than what is not.
        let mut pending = vec![(part, node, if self.explain { 1 } else { LOOK })];
        while let Some((part, node, left)) = pending.pop() {
            let Part::Tree { kind: wanted, parts: numbers } = &self.before.parts[part] else { continue };
            let inner = bare(node);
            if is_splat(self.meanings.text, inner) {
                continue;
            }
            if kind(inner) != *wanted {
                return false;
            }
            let counted = left > 0 && matches!(wanted.as_str(), "expression_statement" | "assignment" | "await");
            if counted && !numbers.iter().any(|part| self.before.is_run(*part)) {
                let nodes = parts(inner);
                if nodes.len() != numbers.len() {
                    return false;
                }
                pending.extend(numbers.iter().zip(nodes).map(|(part, node)| (*part, node, left - 1)));
            }
        }
        true
    }

    fn took(&mut self, list: &List<'p, 't>, taken: usize) -> Step {
        let run = &list.nodes[list.at..list.at + taken];
        match &self.before.parts[list.parts[0]] {
            Part::Gap => self.fitted.passed.extend(run),
            Part::Hole { slot, .. } => {
                if let Some(broken) = run.iter().find(|node| node.has_error() || node.is_missing()) {
                    let shown = self.shown(*broken);
                    return self.fail(|| format!("`{shown}` cannot be parsed"));
                }
                if list.open {
                    self.fitted.statements.extend(run);
                }
                self.bind(*slot, Capture::Run(run.to_vec()))?;
            }
            _ => return Err(Failed),
        }
        self.goals.push(Goal::List(list.next(taken)));
        Ok(())
    }

    /// Finds an argument for the first keyword; when there is no keyword left, the others are a list.
    fn arguments(&mut self, plain: &'p [usize], keywords: &'p [usize], nodes: Rc<[Node<'t>]>, skip: usize) -> Step {
        let Some((first, rest)) = keywords.split_first() else {
            self.goals.push(Goal::List(List { parts: plain, nodes, at: 0, open: false }));
            return Ok(());
        };
        let before = self.before;
        let wanted = match &before.parts[*first] {
            Part::Tree { parts, .. } => parts.first().and_then(|name| match &before.parts[*name] {
                Part::Leaf { text, .. } => Some(text.as_str()),
                _ => None,
            }),
            _ => None,
        };
        let text = self.meanings.text;
        let fits = |node: &Node| {
            let name = node.child_by_field_name("name").filter(|_| node.kind() == "keyword_argument");
            name.is_some_and(|name| wanted.is_none_or(|wanted| text[name.byte_range()] == *wanted))
        };
        let Some(at) = (skip..nodes.len()).find(|at| fits(&nodes[*at])) else {
            let wanted = before.written(*first);
            return self.fail(|| format!("there is no argument `{wanted}`"));
        };
        if wanted.is_none() && nodes[at + 1..].iter().any(fits) {
            let nodes = Rc::clone(&nodes);
            self.or_else(Goal::Arguments { plain, keywords, nodes, skip: at + 1 });
        }
        let left = nodes.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, node)| *node).collect();
        self.goals.push(Goal::Arguments { plain, keywords: rest, nodes: left, skip: 0 });
        self.goals.push(Goal::Part(*first, nodes[at]));
        Ok(())
    }
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
