//! The examples of a plan's rules, tried: each text becomes exactly what the plan says, and stays so when the rule is applied again.
//!
//! Nothing here does I/O. An example need not be a whole module: `await` or `return` may stand outside a function.

use crate::plan::{Example, Plan, Rule, RuleKind};
use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::rewrite::{self, Remark, Step};

/// A rule whose examples were tried.
#[derive(Debug)]
pub struct Tried<'p> {
    /// The rule.
    pub rule: &'p Rule,
    /// What failed; all other examples are as they should be.
    pub failures: Vec<Failure<'p>>,
}

/// An example that is not as it should be.
#[derive(Debug)]
pub struct Failure<'p> {
    /// Which.
    pub example: &'p Example,
    /// Why.
    pub why: Why,
}

/// Why an example is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The rule makes another text of it.
    Other {
        /// What it makes.
        found: Vec<u8>,
        /// What it said of the text.
        remarks: Vec<Remark>,
    },
    /// The rule changes its own result again.
    Unstable {
        /// The result.
        once: Vec<u8>,
        /// What becomes of it.
        twice: Vec<u8>,
    },
    /// The rule cannot be applied to it.
    Refused {
        /// From 1, in the example.
        line: u32,
        /// What the rule says.
        reason: String,
    },
}

impl Tried<'_> {
    /// How many examples the rule has.
    #[must_use]
    pub fn count(&self) -> usize {
        self.rule.examples.len()
    }
}

impl Why {
    /// What is wrong, as a fragment after the rule's name.
    #[must_use]
    pub fn said(&self, example: &Example) -> String {
        match self {
            Self::Other { .. } if example.before == example.after => "changes an example that it must leave alone".to_owned(),
            Self::Other { found, .. } if is_same(found, example.before.as_bytes()) => "leaves an example as it is".to_owned(),
            Self::Other { .. } => "gives another text than an example says".to_owned(),
            Self::Unstable { .. } => "changes what it made of an example again".to_owned(),
            Self::Refused { line, reason } => format!("cannot be applied to an example: in its line {line}, {reason}"),
        }
    }
}

/// Tries the examples of those rules of `plan` that `wanted` picks; an external command has none.
#[must_use]
pub fn tried(plan: &Plan, wanted: impl Fn(&Rule) -> bool) -> Vec<Tried<'_>> {
    plan.rules.iter().filter(|rule| wanted(rule)).filter_map(try_rule).collect()
}

fn try_rule(rule: &Rule) -> Option<Tried<'_>> {
    let step = match &rule.kind {
        RuleKind::Rename(rename) => Step::Rename(rename),
        RuleKind::Rewrite(rewrite) => Step::Rewrite(rewrite),
        RuleKind::Command(_) => return None,
    };
    let failures = rule.examples.iter().filter_map(|example| Some(Failure { example, why: judge(step, example).err()? }));
    Some(Tried { rule, failures: failures.collect() })
}

fn judge(step: Step, example: &Example) -> Result<(), Why> {
    let (found, remarks) = apply(step, example.before.as_bytes())?;
    if !is_same(&found, example.after.as_bytes()) {
        return Err(Why::Other { found, remarks });
    }
    let (twice, _) = apply(step, &found)?;
    if twice == found { Ok(()) } else { Err(Why::Unstable { once: found, twice }) }
}

fn apply(step: Step, text: &[u8]) -> Result<(Vec<u8>, Vec<Remark>), Why> {
    let source = Source::new(text).map_err(rewrite::refused);
    let applied = source.and_then(|source| rewrite::apply(&Parsed::new(&source, None), &[step]));
    let applied = applied.map_err(|error| Why::Refused { line: error.line, reason: error.to_string() })?;
    Ok((applied.bytes.unwrap_or_else(|| text.to_vec()), applied.remarks))
}

/// True for texts that differ, if at all, in the end of their last line.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let without_end = |text: &[u8]| text.strip_suffix(b"\n").unwrap_or(text).to_vec();
    without_end(one) == without_end(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::load::parse;

    fn said(examples: &str) -> Vec<String> {
        let text = format!(
            "version: 1\nname: x\nissue: y\nrules:\n  r:\n    rename: {{ from: m.f, to: m.g }}\n    examples:\n{examples}\
             phases: [{{ id: P0, files: [a.py] }}]\n"
        );
        let plan = parse("x", text.as_bytes()).unwrap_or_else(|problems| panic!("{}", problems.render(false, 100)));
        let tried = tried(&plan, |_| true);
        assert_eq!(tried[0].count(), plan.rules[0].examples.len());
        tried[0].failures.iter().map(|failure| failure.why.said(failure.example)).collect()
    }

    #[test]
    fn an_example_is_as_the_rule_makes_it_or_says_how_not() {
        for (example, expected) in [
            ("before: \"import m\\nawait m.f()\", after: \"import m\\nawait m.g()\\n\"", None),
            ("unchanged: \"import n\\nn.f()\"", None),
            ("unchanged: \"import m\\nm.f()\"", Some("changes an example that it must leave alone")),
            ("before: \"import n\\nn.f()\", after: \"import n\\nn.g()\"", Some("leaves an example as it is")),
            ("before: \"import m\\nm.f()\", after: \"import m\\nm.g( )\"", Some("gives another text than an example says")),
            ("before: \"import m\\nm.f()\", after: \"import m\\nm.g()\\n\\n\"", Some("gives another text than an example says")),
        ] {
            assert_eq!(said(&format!("      - {{ {example} }}\n")), Vec::from_iter(expected), "{example}");
        }
    }
}
