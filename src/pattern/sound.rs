//! Whether a match may be rewritten: what it takes away is read nowhere else, and what it brings means nothing else there.

use std::cell::OnceCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use tree_sitter::Node;

use crate::pattern::bound::{Bound, Bounds};
use crate::pattern::crossing::Crossing;
use crate::pattern::evaluation::Evaluation;
use crate::pattern::layout::{Block, Layout};
use crate::pattern::matched::{Capture, Match, nodes};
use crate::pattern::meaning::Meanings;
use crate::pattern::outside::{Outside, Regions};
use crate::pattern::place::contains;
use crate::pattern::targets::set_in;
use crate::python::names::ScopeKind;
use crate::python::source::Source;

/// What a rule's two texts bind and read, as far as that decides what is sound.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flow {
    /// Metavariables that `after` has anywhere.
    pub(crate) kept: BTreeSet<String>,
    /// Metavariables that `after` binds.
    pub(crate) bound: BTreeSet<String>,
    /// Names that `after` binds.
    pub(crate) words: BTreeSet<String>,
    /// Names that `after` binds and `before` does not.
    pub(crate) new: BTreeSet<String>,
    /// Builtins that `after` reads and `before` does not.
    pub(crate) builtins: BTreeSet<String>,
    /// Metavariables of `after`, each with a name that a function or comprehension of `after` binds around it.
    pub(crate) hidden: Vec<(String, String)>,
    /// Metavariables that `before` binds.
    pub(crate) binds: BTreeSet<String>,
    /// Metavariables that `after` has in scopes of its own.
    pub(crate) crossing: Crossing,
    /// In which order and how often both evaluate their metavariables.
    pub(crate) evaluation: Evaluation,
    /// What `after` makes of what stands around it.
    pub(crate) outside: Outside,
}

/// What became of matches.
pub(crate) struct Judged<'t> {
    /// Those that may be rewritten, none inside another.
    pub(crate) matches: Vec<Match<'t>>,
    /// Those inside something that one of these captured.
    pub(crate) inner: Vec<Match<'t>>,
    /// The others, and why not.
    pub(crate) unsound: Vec<(Match<'t>, String)>,
}

/// The matches of a rule in a file under judgement.
pub(crate) struct Sound<'p, 't> {
    flow: &'p Flow,
    source: &'t Source<'t>,
    root: Node<'t>,
    meanings: &'p Meanings<'t>,
    bounds: &'p Bounds<'t>,
    layout: OnceCell<Layout<'t>>,
    regions: OnceCell<Regions<'t>>,
    /// The uses of each name, and of each name of each scope.
    uses: OnceCell<HashMap<&'t str, Vec<usize>>>,
    readers: OnceCell<HashMap<(usize, &'t str), Vec<usize>>>,
}

impl<'p, 't> Sound<'p, 't> {
    pub(crate) fn new(
        flow: &'p Flow,
        source: &'t Source<'t>,
        root: Node<'t>,
        meanings: &'p Meanings<'t>,
        bounds: &'p Bounds<'t>,
    ) -> Self {
        let (layout, regions, uses, readers) = (OnceCell::new(), OnceCell::new(), OnceCell::new(), OnceCell::new());
        Self { flow, source, root, meanings, bounds, layout, regions, uses, readers }
    }

    /// The matches that may be rewritten, some of them inside what others captured, and why the rest may not.
    pub(crate) fn judge(&self, matches: Vec<Match<'t>>) -> Judged<'t> {
        let mut unsound = Vec::new();
        let mut sound = Vec::new();
        for one in matches {
            match self.unsound(&one) {
                Some(reason) => unsound.push((one, reason)),
                None => sound.push(one),
            }
        }
        // What one match leaves unsound may be what another one relied on.
        loop {
            let verdicts: Vec<Option<String>> = sound.iter().map(|one| self.unsound_among(one, &sound)).collect();
            if verdicts.iter().all(Option::is_none) {
                break;
            }
            let (mut still, pairs) = (Vec::new(), sound.into_iter().zip(verdicts));
            for (one, verdict) in pairs {
                match verdict {
                    Some(reason) => unsound.push((one, reason)),
                    None => still.push(one),
                }
            }
            sound = still;
        }
        // One that holds another is longer.
        sound.sort_by_key(|one| (Reverse(one.range.len()), one.range.start));
        let mut judged = Judged { matches: Vec::new(), inner: Vec::new(), unsound };
        let mut ends: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
        for one in sound {
            let around =
                |node: &Node<'t>| ends.range(..=node.start_byte()).next_back().filter(|(_, (end, _))| *end > node.start_byte());
            let holders = one.nodes.iter().filter_map(|node| Some((node, around(node)?.1.1)));
            let holders: Vec<(&Node, &Match)> = holders.map(|(node, number)| (node, &judged.matches[number])).collect();
            if holders.iter().any(|(node, holder)| !holder.captures(**node)) {
                continue;
            }
            if !holders.is_empty() {
                judged.inner.push(one);
                continue;
            }
            ends.extend(one.nodes.iter().map(|node| (node.start_byte(), (node.end_byte(), judged.matches.len()))));
            judged.matches.push(one);
        }
        judged.matches.sort_by_key(|one| one.range.start);
        judged.inner.sort_by_key(|one| (one.range.start, one.range.end));
        judged
    }

    /// Why a match cannot be rewritten, whatever becomes of the others.
    fn unsound(&self, one: &Match<'t>) -> Option<String> {
        let clash = self.flow.new.iter().find_map(|name| self.clash(one, name));
        clash
            .or_else(|| self.flow.builtins.iter().find_map(|name| self.no_builtin(one, name)))
            .or_else(|| self.hides(one))
            .or_else(|| self.flow.crossing.refuses(self.source, self.root, self.meanings, one))
            .or_else(|| {
                let place = self.lost_place(one)?;
                Some(format!("`{}` is set here, which others may read", &self.meanings.text[place.byte_range()]))
            })
            .or_else(|| self.flow.evaluation.refuses(self.source, one))
            .or_else(|| {
                let regions = self.regions.get_or_init(|| Regions::new(self.root));
                self.flow.outside.refuses(regions, &one.range).map(str::to_owned)
            })
    }

    /// Why a match cannot be rewritten when these are.
    fn unsound_among(&self, one: &Match<'t>, all: &[Match<'t>]) -> Option<String> {
        let mut seen: BTreeSet<(usize, &str)> = BTreeSet::new();
        for node in &one.nodes {
            for bound in self.bounds.within(&node.byte_range()) {
                let inner = bound.scope != 0 && is_in(one, &self.meanings.names.scopes[bound.scope].range);
                if inner || self.stays(one, bound) || !seen.insert((bound.scope, bound.name)) {
                    continue;
                }
                if let Some(reason) = self.still_needed(one, bound, all) {
                    return Some(reason);
                }
            }
        }
        None
    }

    /// Why a builtin that `after` reads is none in the place of the match.
    fn no_builtin(&self, one: &Match<'t>, name: &str) -> Option<String> {
        let names = self.meanings.names;
        let owner = names.resolve(one.scope, name)?;
        let binding = names.scopes[owner].bindings.get(name)?.first()?;
        Some(format!("the rule writes `{name}`, which is no builtin here (line {})", self.source.line(binding.range.start)))
    }

    /// Why what a metavariable holds would mean something else in its place in `after`.
    fn hides(&self, one: &Match<'t>) -> Option<String> {
        let names = self.meanings.names;
        self.flow.hidden.iter().find_map(|(variable, name)| {
            let inside = nodes(one.captures.get(variable)?).into_iter().map(|node| node.byte_range()).find(|range| {
                let mut reads = self.meanings.uses_in(range).map(|number| &names.uses[number]).filter(|read| read.name == name);
                let own = |scope: usize| scope != 0 && contains(range, &names.scopes[scope].range);
                reads.any(|read| !names.resolve(read.scope, name).is_some_and(own))
            });
            inside.map(|_| format!("the rule binds `{name}` around `${variable}`, which reads a `{name}` of this file"))
        })
    }

    /// An attribute or element that a metavariable sets and `after` does not have: it can be read from anywhere.
    fn lost_place(&self, one: &Match<'t>) -> Option<Node<'t>> {
        let lost = one.captures.iter().filter(|(name, _)| !self.flow.kept.contains(*name) && !self.flow.bound.contains(*name));
        let places = lost.flat_map(|(_, capture)| nodes(capture)).flat_map(|node| set_in(self.root, node));
        places.min_by_key(Node::start_byte)
    }

    /// Why `after` cannot bind a new name in the place of the match.
    fn clash(&self, one: &Match<'t>, name: &str) -> Option<String> {
        let names = self.meanings.names;
        let owner = names.resolve(one.scope, name);
        let bindings = owner.and_then(|owner| names.scopes[owner].bindings.get(name));
        let elsewhere = bindings.and_then(|all| all.iter().find(|binding| !is_in(one, &binding.range)));
        if let Some(binding) = elsewhere {
            let line = self.source.line(binding.range.start);
            return Some(format!("the rule binds `{name}`, which means something here already (line {line})"));
        }
        let uses = self.uses_of(name);
        let read = uses
            .iter()
            .map(|number| &names.uses[*number])
            .find(|read| !is_in(one, &read.range) && names.path(read.scope, name).any(|scope| scope == one.scope))?;
        let line = self.source.line(read.range.start);
        Some(format!("the rule binds `{name}`, which is read in line {line}"))
    }

    fn uses_of(&self, name: &str) -> &[usize] {
        let uses = self.uses.get_or_init(|| {
            let mut index: HashMap<&'t str, Vec<usize>> = HashMap::new();
            for (number, name) in self.meanings.names.uses.iter().enumerate() {
                index.entry(name.name).or_default().push(number);
            }
            index
        });
        uses.get(name).map_or(&[], Vec::as_slice)
    }

    /// The uses that read a name of a scope.
    fn readers(&self, bound: &Bound<'t>) -> &[usize] {
        let readers = self.readers.get_or_init(|| {
            let names = self.meanings.names;
            let mut index: HashMap<(usize, &'t str), Vec<usize>> = HashMap::new();
            for (number, name) in names.uses.iter().enumerate() {
                if let Some(owner) = names.resolve(name.scope, name.name) {
                    index.entry((owner, name.name)).or_default().push(number);
                }
            }
            index
        });
        readers.get(&(bound.scope, bound.name)).map_or(&[], Vec::as_slice)
    }

    /// The block that a match of statements stands in.
    fn block_of(&self, one: &Match<'t>) -> Option<&Block<'t>> {
        self.layout.get_or_init(|| Layout::new(self.root, self.meanings.text)).block_of(one.range.start)
    }

    /// True when what `after` writes still binds the name.
    fn stays(&self, one: &Match<'t>, bound: &Bound<'t>) -> bool {
        if bound.unbinds {
            return true;
        }
        let holder =
            one.captures.iter().find(|(_, capture)| nodes(capture).iter().any(|node| contains(&node.byte_range(), &bound.range)));
        match holder {
            Some((name, Capture::One(node))) if node.byte_range() == bound.range => {
                self.flow.bound.contains(name) || self.flow.kept.contains(name)
            }
            Some((name, _)) => self.flow.kept.contains(name),
            None => self.flow.words.contains(bound.name) || self.is_bound_again(one, bound),
        }
    }

    /// True for a name that a metavariable of `before` holds more than once, and that `after` binds by it.
    fn is_bound_again(&self, one: &Match<'t>, bound: &Bound<'t>) -> bool {
        let text = self.meanings.text;
        let is_name = |node: &Node| node.kind() == "identifier" && text[node.byte_range()] == *bound.name;
        let mut held = one.captures.iter().filter(|(name, _)| self.flow.bound.contains(*name));
        held.any(|(_, capture)| matches!(capture, Capture::One(node) if is_name(node)))
            && self.meanings.names.resolve(one.scope, bound.name) == Some(bound.scope)
    }

    /// Why the file needs a name that the match takes away.
    fn still_needed(&self, one: &Match<'t>, bound: &Bound<'t>, all: &[Match<'t>]) -> Option<String> {
        let names = self.meanings.names;
        let scope = &names.scopes[bound.scope];
        if scope.kind == ScopeKind::Class {
            return Some(format!("`{}` is an attribute of the class", bound.name));
        }
        if bound.scope == 0 && names.exports.contains(bound.name) {
            return Some(format!("`{}` is in `__all__`", bound.name));
        }
        let block = self.block_of(one);
        let looped = block.is_none_or(|block| block.looped);
        let again = block.and_then(|block| block.assigned_from(bound.name, one.range.end));
        let excused = |at: usize, scope: usize| {
            let same_run = self.owner(scope) == self.owner(bound.scope);
            let earlier = !looped && at < one.range.start;
            (same_run && (earlier || again.is_some_and(|again| at >= again))) || self.goes(one, at)
        };
        let reads = self.readers(bound).iter().map(|number| &names.uses[*number]);
        let reads = reads.filter(|read| !excused(read.range.start, read.scope)).map(|read| read.range.start);
        let unbound = self.bounds.unbinding();
        let unbound = unbound.filter(|other| other.scope == bound.scope && other.name == bound.name);
        let unbound = unbound.filter(|other| !excused(other.range.start, other.scope)).map(|other| other.range.start);
        let first = reads.chain(unbound).filter(|at| !self.is_others(one, bound, all, *at)).min()?;
        Some(format!("`{}` is read again in line {}", bound.name, self.source.line(first)))
    }

    /// The scope whose code runs when that of `scope` does: comprehensions run in place.
    fn owner(&self, scope: usize) -> usize {
        let mut at = scope;
        while let (ScopeKind::Comprehension, Some(parent)) =
            (self.meanings.names.scopes[at].kind, self.meanings.names.scopes[at].parent)
        {
            at = parent;
        }
        at
    }

    /// True for a place in the match that is not written again.
    fn goes(&self, one: &Match<'t>, at: usize) -> bool {
        if !one.nodes.iter().any(|node| node.byte_range().contains(&at)) {
            return false;
        }
        // A metavariable that binds the name is written again on purpose.
        let is_name = |name: &String, node: &Node| self.flow.binds.contains(name) && node.kind() == "identifier";
        let holds = |name: &String, node: &Node| node.byte_range().contains(&at) && !is_name(name, node);
        let mut kept = one.captures.iter().filter(|(name, _)| self.flow.kept.contains(*name));
        !kept.any(|(name, capture)| nodes(capture).iter().any(|node| holds(name, node)))
    }

    /// True for a place in another match that binds the name itself before.
    fn is_others(&self, one: &Match<'t>, bound: &Bound<'t>, all: &[Match<'t>], at: usize) -> bool {
        let others = all.iter().filter(|other| other.range != one.range);
        others.filter(|other| self.goes(other, at)).any(|other| {
            let mut bindings = other.nodes.iter().flat_map(|node| self.bounds.within(&node.byte_range()));
            bindings
                .any(|other| other.name == bound.name && other.scope == bound.scope && !other.unbinds && other.range.start < at)
        })
    }
}

fn is_in(one: &Match, range: &Range<usize>) -> bool {
    one.nodes.iter().any(|node| contains(&node.byte_range(), range))
}
