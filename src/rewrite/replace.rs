//! Every place that fits a rule's pattern becomes what the rule says.
//!
//! The policy, where there is a choice:
//! - Only what differs is written: arguments, comments and line breaks that the replacement has too stay where they are. Where
//!   statements are replaced by others, the new ones stand in the place of the last, and what `...` passed over before them.
//! - A captured expression is its own source text, in parentheses where it needs them in its new place.
//! - A comment inside what is written anew, and not inside something captured, goes above the statement, one for tools behind
//!   it; or the match is left.
//! - A match that cannot be replaced soundly is left and said in a remark; the others are replaced all the same. The result is
//!   parsed before anything is said to be done.
//! - A call that is captured and that the replacement leaves out is said in a remark.
//! - A match inside something that another match captured is replaced first, and captured as it is then.

mod align;
mod behind;
#[cfg(test)]
mod comment_tests;
mod comments;
mod cuts;
mod fill;
#[cfg(test)]
mod fstring_tests;
#[cfg(test)]
mod import_tests;
#[cfg(test)]
mod indent_tests;
mod one;
#[cfg(test)]
mod peer_tests;
#[cfg(test)]
mod property_tests;
mod quotes;
mod shift;
#[cfg(test)]
mod tests;
mod written;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::time::Instant;

use tree_sitter::Node;

use crate::edit::{Edit, Edits};
use crate::pattern::after::{Template, TemplateError};
use crate::pattern::matched::{Capture, Match};
use crate::pattern::view::shown;
use crate::plan::{Comments, Rewrite};
use crate::python::parsed::Parsed;
use crate::python::precedence::Rank;
use crate::python::source::Source;
use crate::python::syntax;
use crate::python::version::{self, Newest};
use crate::rewrite::error::{Problem, RewriteError};
use crate::rewrite::importing::{Importing, Needed};
use crate::rewrite::replace::behind::Moved;
use crate::rewrite::replace::comments::Above;
use crate::rewrite::replace::one::One;
use crate::rewrite::replace::written::{Original, Written};
use crate::rewrite::statement::Removal;
use crate::rewrite::{Made, Remark, directive, statement};

/// Why a match is left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refusal {
    message: String,
    help: String,
}

impl Refusal {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }
}

/// What is known of one match.
struct Site<'x, 't> {
    /// The file's text.
    text: &'x str,
    captures: &'x BTreeMap<String, Capture<'t>>,
    /// How each import that the template wants is called here.
    names: Vec<String>,
    /// How tightly expressions bind that have become others, by the ids of their nodes.
    ranks: &'x HashMap<usize, Rank>,
}

/// What the rule changes.
///
/// # Errors
/// [`RewriteError`] when the file cannot be parsed, or cannot hold the new text.
pub(crate) fn replace(file: &Parsed, rule: &Rewrite) -> Result<Made, RewriteError> {
    let source = file.source();
    let failed = |error| RewriteError::at(source, 0, Problem::Parse(error));
    let found = rule.pattern.find(file).map_err(failed)?;
    let template = Template::new(&rule.after).map_err(|error| {
        let problem = match error {
            TemplateError::Source(error) => Problem::Source(error),
            TemplateError::Parse(error) => Problem::Parse(error),
        };
        RewriteError::at(source, 0, problem)
    })?;
    let mut matches: Vec<&Match> = found.matches.iter().chain(&found.nested).collect();
    // Inner ones first, so that what holds them takes them as they have become.
    matches.sort_by_key(|one| (one.range.len(), one.range.start));
    let work = Work {
        file,
        template: &template,
        deprecated: rule.pattern.deprecated(),
        comments: rule.comments,
        end: Instant::now() + file.deadline(),
    };
    let mut made = work.all(matches)?;
    made.remarks.extend(found.near.iter().map(|miss| {
        let help = "write an edit for this file, or another rule for this case";
        Remark::at(source, miss.at, miss.reason.clone(), help)
    }));
    made.remarks.sort();
    made.remarks.dedup();
    Ok(made)
}

/// A rule at work on a file.
struct Work<'f, 'p, 'x> {
    file: &'f Parsed<'p>,
    template: &'x Template,
    deprecated: &'x [String],
    comments: Comments,
    /// When it has taken too long.
    end: Instant,
}

/// What comes of some matches: edits, or those that cannot be replaced, by their numbers.
enum Attempt {
    Edits(Vec<Edit>, Vec<Remark>),
    Refused(Vec<(usize, Refusal)>),
}

impl<'f> Work<'f, '_, '_> {
    /// Replaces all matches that can be; each one that cannot is left, and the others are tried again without it.
    fn all(&self, mut matches: Vec<&Match<'f>>) -> Result<Made, RewriteError> {
        let mut remarks = Vec::new();
        loop {
            let refused = match self.attempt(&matches)? {
                Attempt::Refused(refused) => refused,
                Attempt::Edits(edits, said) => match self.judged(edits) {
                    Ok(edits) => {
                        remarks.extend(said);
                        return Ok(Made { edits, remarks });
                    }
                    Err(refusal) => self.unsound(&matches, &refusal)?,
                },
            };
            remarks.extend(refused.iter().map(|(number, refusal)| {
                let message = format!("this is left as it is: {}", refusal.message);
                Remark::at(self.file.source(), matches[*number].range.start, message, refusal.help.clone())
            }));
            let left: HashSet<usize> = refused.into_iter().map(|(number, _)| number).collect();
            let kept = matches.iter().enumerate().filter(|(number, _)| !left.contains(number));
            matches = kept.map(|(_, one)| *one).collect();
        }
    }

    /// Those of the matches that cannot be replaced even alone; all of them when each one can.
    fn unsound(&self, matches: &[&Match<'f>], refusal: &Refusal) -> Result<Vec<(usize, Refusal)>, RewriteError> {
        let mut refused = Vec::new();
        for (number, one) in matches.iter().enumerate() {
            self.in_time(one)?;
            match self.attempt(&[*one])? {
                Attempt::Refused(alone) => refused.extend(alone.into_iter().map(|(_, refusal)| (number, refusal))),
                Attempt::Edits(edits, _) => refused.extend(self.judged(edits).err().map(|refusal| (number, refusal))),
            }
        }
        if refused.is_empty() {
            refused = (0..matches.len()).map(|number| (number, refusal.clone())).collect();
        }
        Ok(refused)
    }

    fn attempt(&self, matches: &[&Match<'f>]) -> Result<Attempt, RewriteError> {
        let source = self.file.source();
        let failed = |error| RewriteError::at(source, 0, Problem::Parse(error));
        let (names, root) = (self.file.names().map_err(failed)?, self.file.tree().map_err(failed)?.root_node());
        let gone: HashSet<usize> = matches.iter().flat_map(|one| one.names.iter().map(|(number, _)| *number)).collect();
        let mut importing = Importing::new(self.file, self.deprecated, self.template.reads(), gone.clone()).map_err(failed)?;
        let mut original = Original::new(source, root);
        let habits = (quotes::commonest([root], source.text()), source.indent());
        let mut blocks = Blocks::default();
        let mut ranks = HashMap::new();
        let (mut above, mut behind) = (Above::default(), Vec::new());
        let (mut refused, mut said) = (Vec::new(), Vec::new());
        let (mut changed, mut lost): (Vec<Range<usize>>, HashSet<usize>) = (Vec::new(), gone);
        let holders = holders(matches);
        for (number, one) in matches.iter().enumerate() {
            self.in_time(one)?;
            if holders[number].iter().any(|other| !self.keeps(matches[*other], one)) {
                continue;
            }
            let mut needs = Vec::new();
            let origins = one.names.iter().map(|(read, name)| importing.origins(&names.uses[*read], name));
            let old = origins.into_iter().find(|old| !old.is_empty()).unwrap_or_default();
            for wanted in self.template.wanted() {
                let (scope, at, old) = (one.scope, one.range.start, old.as_slice());
                let local = importing.local(wanted, Needed { scope, at, old });
                needs.push(local.map_err(|barred| Refusal::new(barred.message, barred.help)));
            }
            let nested = holders[number].iter().any(|other| !passes(matches[*other], one));
            let replaced = needs.into_iter().collect::<Result<Vec<String>, Refusal>>().and_then(|local| {
                let site = Site { text: source.text(), captures: &one.captures, names: local, ranks: &ranks };
                One { source, root, template: self.template, original: &original, site, comments: self.comments, habits, nested }
                    .replace(one)
            });
            match replaced {
                Err(refusal) => refused.push((number, refusal)),
                Ok(new) => {
                    said.extend(one.dropped.iter().map(|(name, node)| self.dropped(name, *node)));
                    let dropped = |at: usize| {
                        new.changes.iter().map(|(range, _)| range).chain(&new.removed).any(|range| range.contains(&at))
                            && !new.copied.iter().any(|range| range.contains(&at))
                    };
                    let first = names.uses.partition_point(|read| read.range.start < one.range.start);
                    let reads = names.uses.iter().enumerate().skip(first);
                    let reads = reads.take_while(|(_, read)| read.range.start < one.range.end);
                    lost.extend(reads.filter(|(_, read)| dropped(read.range.start)).map(|(number, _)| number));
                    ranks.extend(new.rank);
                    above.extend(new.above);
                    behind.extend(new.behind);
                    let end = new.changes.last().filter(|(_, text)| text.is_one_line()).map(|(range, _)| range.end);
                    for range in &new.removed {
                        let comments = comments::within(root, range, &new.copied);
                        let removal = blocks.remove(source, root, range, &comments);
                        behind.extend(removal.lost.into_iter().map(|(at, comment)| Moved { at, comment, end }));
                        for edit in removal.edits {
                            original.change(edit.range, Written::from(String::from_utf8_lossy(&edit.text).as_ref()));
                        }
                    }
                    for (range, text) in new.changes {
                        changed.push(range.clone());
                        original.change(range, text);
                    }
                }
            }
        }
        if !refused.is_empty() {
            return Ok(Attempt::Refused(refused));
        }
        let imports = importing.finish(lost);
        let (mut edits, mut remarks) = (imports.edits, imports.remarks);
        remarks.extend(matches.iter().flat_map(|one| &one.names).filter_map(|(read, _)| {
            let read = &names.uses[*read];
            let (star, _) = names.star_over(read)?;
            let message = format!(
                "{} is taken to be the module, though the star import in line {} may bring another",
                read.name,
                source.line(star.range.start)
            );
            Some(Remark::on_change(source, read.range.start, message, "import by name what the star import is there for"))
        }));
        for range in &imports.removed {
            let removal = blocks.remove(source, root, range, &statement::comments(source, range));
            edits.extend(removal.edits);
            remarks.extend(removal.lost.into_iter().map(|(at, comment)| directive::lost(source, at, &comment)));
        }
        let changes = original.into_changes();
        let (comments, lost) = behind::finish(source, root, behind, &changes);
        remarks.extend(lost);
        edits.extend(above.finish(source, root, changes));
        edits.extend(comments);
        remarks.extend(said);
        Ok(Attempt::Edits(joined(edits), remarks))
    }

    /// Lets no match begin that comes too late.
    fn in_time(&self, one: &Match) -> Result<(), RewriteError> {
        let late = || RewriteError::at(self.file.source(), one.range.start, Problem::Slow(self.file.deadline()));
        if Instant::now() > self.end { Err(late()) } else { Ok(()) }
    }

    /// That something is not done any more, which the metavariable of this name held.
    fn dropped(&self, name: &str, node: Node) -> Remark {
        let (why, help) = match name {
            "_" => ("`$_` stands for it".to_owned(), "write a metavariable in `before` and `after` to keep it".to_owned()),
            name => (format!("`after` has no `${name}`"), format!("write `${name}` in `after` to keep it")),
        };
        let message = format!("`{}` is not evaluated any more: {why}", shown(self.file.source().text(), node));
        Remark::on_change(self.file.source(), node.start_byte(), message, help)
    }

    /// True when a match keeps all of another inside it.
    fn keeps(&self, outer: &Match, inner: &Match) -> bool {
        let written = |name: &String| self.template.holes().iter().any(|hole| hole.name == *name);
        let captured = || outer.captures.iter().filter(|(name, _)| written(name)).map(|(_, captured)| captured);
        inner.nodes.iter().all(|node| {
            holds(&outer.passed, *node)
                || captured().any(|captured| match captured {
                    Capture::One(one) => holds(&[*one], *node),
                    Capture::Run(all) => holds(all, *node),
                })
        })
    }

    /// What of a captured expression an f-string takes since Python 3.12 only, unless the file or the rule needs that anyway.
    fn unreadable_by_old_pythons(&self, made: &Source) -> Option<String> {
        let in_f_string = |newest: &Newest| newest.minor == 12 && newest.what.contains("f-string");
        let found = version::needed(made).into_iter().find(in_f_string)?;
        let rule = Source::new(self.template.text().as_bytes()).ok()?;
        let known = [self.file.source(), &rule].into_iter().any(|text| version::needed(text).iter().any(|one| one.minor >= 12));
        (!known).then_some(found.what)
    }

    /// The edits in the file's encoding, when what they make is Python as much as the file was.
    fn judged(&self, edits: Vec<Edit>) -> Result<Edits, Refusal> {
        let source = self.file.source();
        let encoding = source.encoding();
        let encoded = edits.into_iter().map(|edit| {
            let text = encoding.encode(&String::from_utf8_lossy(&edit.text))?;
            Some(Edit::new(edit.range, text))
        });
        let Some(encoded) = encoded.collect::<Option<Vec<Edit>>>() else {
            let message = format!("the new text has characters that {} cannot hold", encoding.name());
            return Err(Refusal::new(message, "convert the file to UTF-8 first"));
        };
        let by_hand = "write an edit for this file, or another rule for this case";
        let edits = Edits::new(encoded).map_err(|_| Refusal::new("two changes claim the same text", by_hand))?;
        if edits.is_empty() {
            return Ok(edits);
        }
        let bytes = source.apply(&edits);
        let made = Source::new(&bytes).map_err(|error| Refusal::new(error.to_string(), by_hand))?;
        // Where `await` may stand is judged by the guard of that name.
        let real = |problem: &&syntax::SyntaxProblem| !problem.message.contains("outside");
        let new = syntax::errors(&made);
        let known = self.file.problems().iter().filter(real).count();
        match new.iter().filter(real).nth(known) {
            None => match self.unreadable_by_old_pythons(&made) {
                Some(what) => Err(Refusal::new(format!("what would stand here needs Python 3.12: {what}"), by_hand)),
                None => Ok(edits),
            },
            Some(problem) => {
                Err(Refusal::new(format!("what would stand here is not valid Python: {}", problem.message), by_hand))
            }
        }
    }
}

/// Which statements of which blocks go.
#[derive(Debug, Default)]
struct Blocks {
    gone: HashMap<usize, HashSet<usize>>,
}

impl Blocks {
    /// Takes a statement out; the last one of a block leaves `pass`.
    fn remove(&mut self, source: &Source, root: Node, range: &Range<usize>, comments: &[usize]) -> Removal {
        let mut node = root.descendant_for_byte_range(range.start, range.end);
        while let Some(inner) = node.filter(|inner| !fill::is_statement(*inner)) {
            node = inner.parent();
        }
        let block = node.and_then(|node| node.parent()).filter(|block| block.kind() == "block");
        let only = block.is_some_and(|block| {
            let gone = self.gone.entry(block.id()).or_default();
            gone.insert(range.start);
            gone.len() == cuts::entries(block).len()
        });
        statement::remove(source, range, comments, only)
    }
}

/// Edits with those that insert at one place made one.
fn joined(edits: Vec<Edit>) -> Vec<Edit> {
    let mut joined: Vec<Edit> = Vec::new();
    for edit in edits {
        let same = joined.iter_mut().find(|other| other.range.is_empty() && other.range == edit.range);
        match same {
            Some(other) => other.text.extend(edit.text),
            None => joined.push(edit),
        }
    }
    joined
}

/// For each match those that it lies in, by their numbers.
fn holders(matches: &[&Match]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..matches.len()).collect();
    order.sort_by_key(|number| (matches[*number].range.start, Reverse(matches[*number].range.end)));
    let mut holders = vec![Vec::new(); matches.len()];
    let mut open: Vec<usize> = Vec::new();
    for number in order {
        let range = &matches[number].range;
        open.retain(|other| matches[*other].range.end > range.start);
        holders[number] = open.iter().copied().filter(|other| is_within(range, &matches[*other].range)).collect();
        open.push(number);
    }
    holders
}

/// True when a match stands in statements that another one passes over, which stay where they are.
fn passes(outer: &Match, inner: &Match) -> bool {
    inner.nodes.iter().all(|node| holds(&outer.passed, *node))
}

/// True when one of `nodes` is a node or holds it.
fn holds(nodes: &[Node], inner: Node) -> bool {
    nodes.iter().any(|node| node.start_byte() <= inner.start_byte() && inner.end_byte() <= node.end_byte())
}

/// True for a range that lies in another and is not all of it.
fn is_within(inner: &Range<usize>, outer: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end && inner != outer
}
