//! Verdicts that are kept: a command that passed on a tree is not run on the same tree again.
//!
//! Only what passes is kept: what failed may have been put right by something outside the tree. What tells one question from another is
//! the tree, the phase, the command as it is run, and the file and the unit where it names them.

use std::collections::BTreeMap;
use std::sync::Mutex;

use git2::Oid;

use crate::judge::{CallKey, locked};

/// A question whose answer is known: the tree, the phase and the call.
type Known = (Oid, String, CallKey);

/// The passes that are known.
#[derive(Debug, Default)]
pub struct Cache {
    /// How many tests ran, where that is known.
    passed: Mutex<BTreeMap<Known, Option<usize>>>,
}

impl Cache {
    /// That a call passed on this tree, and how many tests it ran where that is known; `None` when it is not known to have passed.
    #[must_use]
    pub fn passed(&self, tree: Oid, phase: &str, call: &CallKey) -> Option<Option<usize>> {
        locked(&self.passed).get(&(tree, phase.to_owned(), call.clone())).copied()
    }

    /// Keeps that a call passed on this tree. False when that was known.
    pub fn keep(&self, tree: Oid, phase: &str, call: &CallKey, tests: Option<usize>) -> bool {
        locked(&self.passed).insert((tree, phase.to_owned(), call.clone()), tests).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_counts_for_the_same_call_in_the_same_phase_on_the_same_tree_alone() {
        let cache = Cache::default();
        let tree = |nth: u8| Oid::from_bytes(&[nth; 20]).unwrap();
        let call = |shown: &str| CallKey { shown: shown.into(), file: None, unit: None };
        assert!(cache.keep(tree(1), "P0", &call("pytest"), Some(3)));
        assert!(!cache.keep(tree(1), "P0", &call("pytest"), Some(3)), "it was known");
        for (nth, phase, shown, want) in
            [(1, "P0", "pytest", Some(Some(3))), (2, "P0", "pytest", None), (1, "P1", "pytest", None), (1, "P0", "tox", None)]
        {
            assert_eq!(cache.passed(tree(nth), phase, &call(shown)), want, "{nth} {phase} {shown}");
        }
    }
}
