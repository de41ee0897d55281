//! Judges a result against the file as it was, before anything is written: no new syntax error, no `await` where there can be
//! none, no name that nothing binds. Pure.

use std::collections::HashSet;

use crate::python::builtins::is_builtin;
use crate::python::names::{Meaning, Names, Use};
use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::python::syntax::SyntaxProblem;

/// Something that the change broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// In the new text, from 1.
    pub line: u32,
    /// In the new text, from 1.
    pub column: u32,
    /// Which guard: `syntax`, `await` or `unbound`.
    pub rule: &'static str,
    /// A lower-case fragment.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// Compares `after` with `before`. A name that a star import, `exec` or `globals` may bind is not doubted.
///
/// # Errors
/// Every [`Finding`] that `before` did not have.
pub fn check(before: &Parsed, after: &Parsed) -> Result<(), Vec<Finding>> {
    let mut findings = new_problems(before, after);
    // A tree of broken text binds and reads at random.
    if findings.is_empty() {
        findings = new_unbound(before, after);
    }
    if findings.is_empty() { Ok(()) } else { Err(findings) }
}

/// Problems of `after` that no line of the same text had in `before`.
fn new_problems(before: &Parsed, after: &Parsed) -> Vec<Finding> {
    let mut known: Vec<_> = before.problems().iter().map(|problem| key(before.source(), problem)).collect();
    let mut findings = Vec::new();
    for problem in after.problems() {
        let key = key(after.source(), problem);
        if let Some(at) = known.iter().position(|other| *other == key) {
            known.swap_remove(at);
            continue;
        }
        let awaits = ["await", "asynchronous", "async "].iter().any(|word| problem.message.contains(word));
        let (rule, help) = match awaits {
            true => (
                "await",
                "make the function around it `async def`, and its callers await it, or call something that is not a coroutine",
            ),
            false => ("syntax", "correct the rule or the edit that wrote this line"),
        };
        let SyntaxProblem { line, column, message } = problem.clone();
        findings.push(Finding { line, column, rule, message, help: help.to_owned() });
    }
    findings
}

/// What makes a problem the same one after lines have moved.
fn key<'a>(source: &Source<'a>, problem: &SyntaxProblem) -> (String, &'a [u8]) {
    let mut lines = source.bytes().split(|byte| *byte == b'\n');
    let line = lines.nth(problem.line.saturating_sub(1) as usize).unwrap_or_default();
    (problem.message.clone(), line.trim_ascii())
}

fn new_unbound(before: &Parsed, after: &Parsed) -> Vec<Finding> {
    let (Ok(old), Ok(names)) = (before.names(), after.names()) else { return Vec::new() };
    let new = after.source();
    let known: HashSet<&str> = unbound(old).into_iter().map(|(name, _)| name).collect();
    if names.uses.iter().any(|read| matches!(read.name, "exec" | "execfile" | "globals")) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let mut told: HashSet<&str> = HashSet::new();
    for (name, at) in unbound(names) {
        if !known.contains(name) && told.insert(name) {
            findings.push(Finding {
                line: new.line(at),
                column: new.column(at),
                rule: "unbound",
                message: format!("nothing binds {name}"),
                help: format!("import {name} where it is used, or keep what bound it"),
            });
        }
    }
    findings
}

/// The names that are read and that nothing binds, with where.
fn unbound<'a>(names: &Names<'a>) -> Vec<(&'a str, usize)> {
    let nothing = |read: &&Use| names.meaning(read.scope, read.name) == Meaning::Unbound { star: false };
    let uses = names.uses.iter().filter(nothing).filter(|read| !is_builtin(read.name));
    uses.map(|read| (read.name, read.range.start)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text before, the text after, and the lines and rules of what is found.
    type Case<'a> = (&'a str, &'a str, &'a [(u32, &'a str)]);

    #[track_caller]
    fn check_all(cases: &[Case]) {
        for (before, after, want) in cases {
            let (old, new) = (Source::new(before.as_bytes()).unwrap(), Source::new(after.as_bytes()).unwrap());
            let found = check(&Parsed::new(&old, None), &Parsed::new(&new, None)).err().unwrap_or_default();
            let found: Vec<(u32, &str)> = found.iter().map(|finding| (finding.line, finding.rule)).collect();
            assert_eq!(found, *want, "{after}");
        }
    }

    #[test]
    fn new_syntax_errors_are_found_and_old_ones_are_not() {
        check_all(&[
            ("a = 1\n", "a = 2\n", &[]),
            ("a = 1\n", "a = (\n", &[(2, "syntax")]),
            ("if a: b\n", "if a:\n", &[(1, "syntax")]),
            ("print 'a'\nb = 1\n", "c = 1\nprint 'a'\n", &[]),
            ("print 'a'\n", "print 'a'\nprint 'a'\n", &[(2, "syntax")]),
            ("def f(): return 1\n", "return 1\n", &[(1, "syntax")]),
        ]);
    }

    #[test]
    fn await_needs_an_async_function() {
        check_all(&[
            ("async def f(): g()\n", "async def f(): await g()\n", &[]),
            ("def f(): g()\n", "def f(): await g()\n", &[(1, "await")]),
            ("def f():\n    x\n", "def f():\n    async with x: pass\n", &[(2, "await")]),
            ("def f():\n    x\n", "def f():\n    async for a in x: pass\n", &[(2, "await")]),
            ("def f(x): x\n", "def f(x): return [a async for a in x]\n", &[(1, "await")]),
            ("async def f(x): x\n", "async def f(x): return [await a async for a in x if await a]\n", &[]),
            ("async def f(x): x\n", "async def f(x): return lambda: await x\n", &[(1, "await")]),
            ("x\n", "await x\n", &[(1, "await")]),
            ("def f(x): await x\n", "a = 1\ndef f(x): await x\n", &[]),
        ]);
    }

    #[test]
    fn names_that_nothing_binds_any_more_are_found() {
        check_all(&[
            ("from m import f\nf()\n", "f()\n", &[(1, "unbound")]),
            ("from m import f\nf()\n", "from m import g\nf()\ng()\nf()\n", &[(2, "unbound")]),
            ("f()\n", "x = 1\nf()\n", &[]),
            ("from m import *\nf()\n", "from m import *\ng()\n", &[]),
            ("exec('f = 1')\n", "exec('f = 1')\ng()\n", &[]),
            ("x = 1\n", "x = len(__file__)\n", &[]),
            ("def f():\n    import m\n    m.x\n", "def f():\n    m.x\n", &[(2, "unbound")]),
            ("class A:\n    x = 1\n", "class A:\n    x = 1\n    def f(self): return x\n", &[(3, "unbound")]),
            ("def f(a): return a\n", "def f[T: int](*a: T, **k) -> T: return [b for b in a if (c := b)], c, k\n", &[]),
            ("try: pass\nexcept E: pass\n", "try: pass\nexcept E as e: e\nwith E as (a, b): a, b\nfor i, *j in E: i, j\n", &[]),
            (
                "x\n",
                "match x:\n    case [a, {'k': b, **c}, A(d, e=f), (g as h), *i] if a: a, b, c, d, f, g, h, i\n",
                &[(2, "unbound")],
            ),
            ("x\n", "type A[T] = list[T]\ndef f(x: A): global y; y = 1\ny\n", &[]),
        ]);
    }
}
