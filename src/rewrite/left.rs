//! Which violations a file's steps would leave, and why: the steps are applied, the result is looked at again, and what is found there
//! is followed back through the edits to where it stood.

use std::ops::Range;

use crate::edit::Edits;
use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::rewrite::follow::Follow;
use crate::rewrite::violation::{Kind, Violation, violations};
use crate::rewrite::{Remark, Step};

/// How far, in lines, a remark may be from a violation that it explains.
const NEAR: u32 = 10;

/// Why a violation stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// A lower-case fragment.
    pub reason: String,
    /// What to do about it.
    pub help: String,
}

/// For each of the violations of `rule` that were `found` in `file`, why `steps` leave it; `None` when it goes. `judge` says what is
/// wrong with the result: then nothing goes.
#[must_use]
pub fn left(
    file: &Parsed,
    rule: Step,
    found: &[Violation],
    steps: &[Step],
    judge: impl FnOnce(&Parsed) -> Option<Left>,
) -> Vec<Option<Left>> {
    let all =
        |reason: String, help: &str| found.iter().map(|_| Some(Left { reason: reason.clone(), help: help.into() })).collect();
    let mut bytes = file.source().bytes().to_vec();
    let (mut moves, mut remarks) = (Vec::new(), Vec::new());
    for step in steps {
        let source = match Source::new(&bytes) {
            Ok(source) => source,
            Err(error) => return all(error.to_string(), "write an edit for this file"),
        };
        let now = file.again(&source);
        match step.make(&now) {
            Ok(made) => {
                if !made.remarks.is_empty() {
                    let follow = Follow::new(&source, file.source());
                    remarks.extend(made.remarks.into_iter().filter(|remark| remark.left).map(|remark| remark.followed(&follow)));
                }
                moves.push(Moves::new(&source, &made.edits));
                let next = source.apply(&made.edits);
                bytes = next;
            }
            Err(error) => {
                let error = error.followed(&source, file.source());
                return all(format!("line {}: {error}", error.line), &error.help());
            }
        }
    }
    let source = match Source::new(&bytes) {
        Ok(source) => source,
        Err(error) => return all(error.to_string(), "write an edit for this file"),
    };
    let after = file.again(&source);
    if bytes != file.source().bytes()
        && let Some(Left { reason, help }) = judge(&after)
    {
        return all(reason, &help);
    }
    let remaining = match violations(&after, rule) {
        Ok(remaining) => remaining,
        Err(error) => return all(error.to_string(), "write an edit for this file"),
    };
    let mut stays = vec![false; found.len()];
    for one in &remaining {
        let old = moves.iter().rev().fold(one.range.clone(), |range, moves| moves.back(&range));
        let free = |at: &usize| !stays[*at] && found[*at].kind == one.kind;
        let candidates: Vec<usize> = (0..found.len()).filter(free).collect();
        let same = candidates.iter().find(|at| found[**at].range.start == old.start && found[**at].name == one.name);
        let inside = || candidates.iter().find(|at| old.start <= found[**at].range.start && found[**at].range.end <= old.end);
        // What is found nowhere in the old text was made by the steps; the guards speak of it.
        if let Some(at) = same.or_else(inside) {
            stays[*at] = true;
        }
    }
    if stays.contains(&true)
        && let Step::Rewrite(rewrite) = rule
        && let Ok(fits) = rewrite.pattern.find(file)
    {
        let help = "write an edit for this file, or change the rule";
        remarks.extend(fits.near.into_iter().map(|near| Remark::at(file.source(), near.at, near.reason, help)));
    }
    let left = |at: usize| stays[at].then(|| why(&found[at], found, &stays, &remarks));
    (0..found.len()).map(left).collect()
}

fn why(this: &Violation, found: &[Violation], stays: &[bool], remarks: &[Remark]) -> Left {
    let nearest = remarks.iter().min_by_key(|remark| remark.line.abs_diff(this.line));
    if let Some(remark) = nearest.filter(|remark| remark.line.abs_diff(this.line) <= NEAR) {
        return Left { reason: remark.message.clone(), help: remark.help.clone() };
    }
    let mut others = found.iter().zip(stays).filter(|(other, stays)| **stays && other.kind == Kind::Use);
    match others.find(|(other, _)| other.name == this.name && this.kind == Kind::Import) {
        Some((other, _)) => Left {
            reason: format!("{} is still used in line {}", this.name, other.line),
            help: "it goes with its last use".into(),
        },
        None => Left {
            reason: "no form of the rule fits here".into(),
            help: "write an edit for this file, or a rule for this form".into(),
        },
    }
}

/// Where the parts of a text stood before its edits.
struct Moves {
    /// The old range of each edit, and the new one; in order.
    edits: Vec<(Range<usize>, Range<usize>)>,
}

impl Moves {
    fn new(source: &Source, edits: &Edits) -> Self {
        let (mut old_end, mut new_end) = (0, 0);
        let moved = edits.iter().map(|edit| {
            let length = source.encoding().decode(&edit.text).text.len();
            let start = new_end + (edit.range.start - old_end);
            (old_end, new_end) = (edit.range.end, start + length);
            (edit.range.clone(), start..new_end)
        });
        Self { edits: moved.collect() }
    }

    /// The old place of a new one; all of what an edit replaced for a place inside it.
    fn back(&self, range: &Range<usize>) -> Range<usize> {
        self.byte(range.start).start..self.byte(range.end.saturating_sub(1).max(range.start)).end
    }

    fn byte(&self, at: usize) -> Range<usize> {
        match self.edits.iter().take_while(|(_, new)| new.start <= at).last() {
            None => at..at + 1,
            Some((old, new)) if at < new.end => old.clone(),
            Some((old, new)) => old.end + (at - new.end)..old.end + (at - new.end) + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::Edit;
    use crate::plan::{BlockEdit, Rename};

    /// The lines of what stays, with the reasons.
    fn lines_left(text: &str, module: &str, edits: &[BlockEdit]) -> Vec<(u32, String)> {
        let rename = Rename { from: "a.b.f".into(), to: "a.c.g".into(), ..Rename::default() };
        let source = Source::new(text.as_bytes()).unwrap();
        let file = Parsed::new(&source, Some(module));
        let found = violations(&file, Step::Rename(&rename)).unwrap();
        let left = left(&file, Step::Rename(&rename), &found, &[Step::Edits(edits), Step::Rename(&rename)], |_| None);
        found.iter().zip(left).filter_map(|(found, left)| Some((found.line, left?.reason))).collect()
    }

    #[test]
    fn what_a_rename_takes_along_is_not_left() {
        for text in ["from a.b import f\nf(f)\n", "import a.b\na.b.f()\n", "# coding: latin-1\nfrom a.b import f\n'é'; f()\n"] {
            assert_eq!(lines_left(text, "m", &[]), [], "{text}");
        }
    }

    #[test]
    fn a_rename_that_is_refused_leaves_everything_with_its_reason() {
        let text = "import a.b as m\nm.f()\ntry:\n    import a.b as n\nexcept E:\n    n = None\nn.f()\n";
        let left = lines_left(text, "m", &[]);
        assert_eq!(left.len(), 1, "{left:?}");
        assert!(left[0].0 == 2 && left[0].1.starts_with("line 7: n is a.b or something else"), "{left:?}");
    }

    #[test]
    fn nothing_goes_when_the_result_is_not_sound() {
        let rename = Rename { from: "a.b.f".into(), to: "a.c.g".into(), ..Rename::default() };
        let source = Source::new(b"from a.b import f\nf()\n").unwrap();
        let (file, rule) = (Parsed::new(&source, None), Step::Rename(&rename));
        let found = violations(&file, rule).unwrap();
        let unsound = Left { reason: "no".into(), help: "do".into() };
        assert_eq!(left(&file, rule, &found, &[rule], |_| Some(unsound.clone())), [Some(unsound.clone()), Some(unsound.clone())]);
        assert_eq!(left(&file, rule, &found, &[], |_| Some(unsound)).len(), 2);
    }

    #[test]
    fn what_a_rule_says_of_its_changes_is_no_reason_for_what_stays() {
        let rule = "{before: \"import a\\na.f($A, $B)\", after: \"import b\\nb.f($A)\"}";
        let text =
            format!("version: 1\nname: x\nissue: y\nrules: {{r: {{rewrite: {rule}}}}}\nphases: [{{id: P0, files: [a.py]}}]\n");
        let plan = crate::plan::load::parse("x", text.as_bytes()).unwrap_or_else(|found| panic!("{}", found.render(false, 100)));
        let crate::plan::RuleKind::Rewrite(rule) = &plan.rules[0].kind else { panic!("no rewrite") };
        let source = Source::new(b"import a\na.f(c(), d())\n\n\na.f\n").unwrap();
        let (file, rule) = (Parsed::new(&source, None), Step::Rewrite(rule));
        let found = violations(&file, rule).unwrap();
        let left = left(&file, rule, &found, &[rule], |_| None);
        let stays: Vec<(u32, String)> =
            found.iter().zip(left).filter_map(|(found, left)| Some((found.line, left?.reason))).collect();
        assert_eq!(stays, [(5, "`a.f` is not called here".to_owned())]);
    }

    #[test]
    fn the_files_own_edits_count_too() {
        let text = "x = 1\nimport a.b as m\nm.f()\ntry:\n    import a.b as n\nexcept E:\n    n = None\nn.f()\n";
        let edit = BlockEdit { near: None, before: "n.f()".into(), after: "g()\ng()".into() };
        assert_eq!(lines_left(text, "m", &[edit]), []);
    }

    #[test]
    fn places_are_followed_back_through_edits() {
        let source = Source::new(b"abcdefgh").unwrap();
        let edits = Edits::new(vec![Edit::new(1..1, "++"), Edit::new(3..5, "-"), Edit::new(7..8, "")]).unwrap();
        assert_eq!(source.apply(&edits), b"a++bc-fg");
        let moves = Moves::new(&source, &edits);
        for (new, old) in [(0..1, 0..1), (1..2, 1..1), (3..5, 1..3), (5..6, 3..5), (6..7, 5..6), (4..7, 2..6)] {
            assert_eq!(moves.back(&new), old, "{new:?}");
        }
    }
}
