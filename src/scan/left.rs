//! Which violations a file's steps would leave, and why: what the steps make of the file is looked at, and what is found there is
//! followed back through their edits to where it stood.

use crate::python::parsed::Parsed;
use crate::rewrite::error::RewriteError;
use crate::rewrite::violation::{Kind, Violation, violations};
use crate::rewrite::{Course, Remark, Step};

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

/// For each of the violations of `rule` that were `found` in `file`, why its steps, which took this `course`, leave it; `None` when it
/// goes. `after` is what they make of the file.
#[must_use]
pub fn left(file: &Parsed, rule: Step, found: &[Violation], course: &Course, after: &Parsed) -> Vec<Option<Left>> {
    let remaining = match violations(after, rule) {
        Ok(remaining) => remaining,
        Err(error) => return all(found, error.to_string(), "write an edit for this file"),
    };
    let mut stays = vec![false; found.len()];
    for one in &remaining {
        let old = course.moves.iter().rev().fold(one.range.clone(), |range, moves| moves.back(&range));
        let free = |at: &usize| !stays[*at] && found[*at].kind == one.kind;
        let candidates: Vec<usize> = (0..found.len()).filter(free).collect();
        let same = candidates.iter().find(|at| found[**at].range.start == old.start && found[**at].name == one.name);
        let inside = || candidates.iter().find(|at| old.start <= found[**at].range.start && found[**at].range.end <= old.end);
        // What is found nowhere in the old text was made by the steps; the guards speak of it.
        if let Some(at) = same.or_else(inside) {
            stays[*at] = true;
        }
    }
    let mut remarks = course.left.clone();
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

/// That all stay, for one reason.
#[must_use]
pub fn all(found: &[Violation], reason: impl Into<String>, help: impl Into<String>) -> Vec<Option<Left>> {
    let left = Left { reason: reason.into(), help: help.into() };
    vec![Some(left); found.len()]
}

/// That all stay, since a step cannot be done.
#[must_use]
pub fn refused(found: &[Violation], error: &RewriteError) -> Vec<Option<Left>> {
    all(found, format!("line {}: {error}", error.line), error.help())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{BlockEdit, Rename};
    use crate::python::source::Source;
    use crate::rewrite::course;

    /// Why the steps leave what was found.
    fn left_by(file: &Parsed, rule: Step, found: &[Violation], steps: &[Step]) -> Vec<Option<Left>> {
        let course = match course(file, steps) {
            Ok(course) => course,
            Err(error) => return refused(found, &error),
        };
        let bytes = course.applied.bytes.clone().unwrap_or_else(|| file.source().bytes().to_vec());
        let source = Source::new(&bytes).unwrap();
        left(file, rule, found, &course, &file.again(&source))
    }

    /// The lines of what stays, with the reasons.
    fn lines_left(text: &str, module: &str, edits: &[BlockEdit]) -> Vec<(u32, String)> {
        let rename = Rename { from: "a.b.f".into(), to: "a.c.g".into(), ..Rename::default() };
        let source = Source::new(text.as_bytes()).unwrap();
        let file = Parsed::new(&source, Some(module));
        let found = violations(&file, Step::Rename(&rename)).unwrap();
        let left = left_by(&file, Step::Rename(&rename), &found, &[Step::Edits(edits), Step::Rename(&rename)]);
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
    fn what_a_rule_says_of_its_changes_is_no_reason_for_what_stays() {
        let rule = "{before: \"import a\\na.f($A, $B)\", after: \"import b\\nb.f($A)\"}";
        let text =
            format!("version: 1\nname: x\nissue: y\nrules: {{r: {{rewrite: {rule}}}}}\nphases: [{{id: P0, files: [a.py]}}]\n");
        let plan = crate::plan::load::parse("x", text.as_bytes()).unwrap_or_else(|found| panic!("{}", found.render(false, 100)));
        let crate::plan::RuleKind::Rewrite(rule) = &plan.rules[0].kind else { panic!("no rewrite") };
        let source = Source::new(b"import a\na.f(c(), d())\n\n\na.f\n").unwrap();
        let (file, rule) = (Parsed::new(&source, None), Step::Rewrite(rule));
        let found = violations(&file, rule).unwrap();
        let left = left_by(&file, rule, &found, &[rule]);
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
}
