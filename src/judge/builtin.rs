//! What is built in: what it needs to judge, and how what it says is put in a line.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::interpreter;
use crate::judge::ruling::Ruling;
use crate::results::TestId;
use crate::verdict::VerdictKind;

/// The variable that names the file with what the interpreter said.
pub const INTERPRETER: &str = "MIGRATE_INTERPRETER";

/// How a line begins that says what could not be decided.
pub const UNDECIDED: &str = "undecided: ";

/// So many problems are told with a verdict.
const MOST_TOLD: usize = 3;

/// The file that keeps what the interpreter says of itself, asked for the first time it is needed. Where it cannot be kept each command
/// asks by itself.
pub(super) fn interpreter(asked: &OnceLock<Option<PathBuf>>, top: &Path, file: &Path) -> Option<PathBuf> {
    let ask = || interpreter::keep(file, &interpreter::ask(top)).ok().map(|()| file.to_owned());
    asked.get_or_init(ask).clone()
}

/// The same ruling, told by the problems themselves as `log` has them with their places.
pub(super) fn told(ruling: Ruling, log: &str) -> Ruling {
    if ruling.kind == VerdictKind::RedBefore {
        return ruling.worded("found only what was there before".to_owned());
    }
    if ruling.failures.is_empty() || ruling.kind != VerdictKind::Failed {
        return ruling;
    }
    let lines: Vec<&str> = log.lines().filter(|line| ruling.failures.iter().any(|problem| is_of(line, problem))).collect();
    let more = ruling.failures.len().saturating_sub(MOST_TOLD);
    let shown = lines.iter().take(MOST_TOLD).copied().collect::<Vec<_>>().join("; ");
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    ruling.worded(format!("failed: {shown}{more}"))
}

/// True for the line `a.py:3:8: message` of a problem.
fn is_of(line: &str, problem: &TestId) -> bool {
    let rest = line.strip_prefix(problem.class()).and_then(|rest| rest.strip_prefix(':'));
    let place = rest.and_then(|rest| rest.strip_suffix(problem.name())).and_then(|place| place.strip_suffix(": "));
    place.is_some_and(|place| place.bytes().all(|byte| byte == b':' || byte.is_ascii_digit()))
}

/// What a log says that could not be decided.
pub(super) fn undecided(log: &str) -> Option<String> {
    log.lines().find_map(|line| line.strip_prefix(UNDECIDED)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_told_by_its_line() {
        let problem = TestId::new("a b.py", "no module `x`: y");
        assert!(is_of("a b.py:3:12: no module `x`: y", &problem));
        for other in ["b.py:3:12: no module `x`: y", "a b.py:3:12: z: no module `x`: y", "a b.py: no module `x`: y:", ""] {
            assert!(!is_of(other, &problem), "{other}");
        }
        assert_eq!(undecided("x\nundecided: 2 imports not looked up: y\n").as_deref(), Some("2 imports not looked up: y"));
    }
}
