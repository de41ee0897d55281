//! How the lines of captured code are indented anew when the code comes to stand elsewhere.
//!
//! Lines that hang below a bracket keep their distance to the line that opens it, lines that are aligned with something their
//! distance to that. Lines inside string literals never move.

use crate::python::source::leading_blanks;
use crate::rewrite::replace::written::Written;

/// Captured code that stood behind `old` on its line and comes to stand behind `new`.
pub(super) fn shifted(text: &Written, old: &str, new: &str) -> Written {
    let (old, new) = (old.trim_start_matches('\u{feff}'), new.trim_start_matches('\u{feff}'));
    let (from, to) = (leading_blanks(old), leading_blanks(new));
    let mut leads: Vec<&str> = Vec::new();
    for line in text.moving_lines() {
        let lead = leading_blanks(line);
        if !line[lead.len()..].starts_with([')', ']', '}']) {
            leads.push(lead);
        }
    }
    let column = old.chars().count();
    let tabs = old.contains('\t') || new.contains('\t') || leads.iter().any(|lead| lead.contains('\t'));
    let is_beside = |lead: &&str| old.len() == from.len() && *lead == old;
    if !tabs && !hangs(&text.text) && !leads.is_empty() && leads.iter().all(|lead| lead.len() >= column) {
        return text.moved(|line| {
            let lead = leading_blanks(line).len();
            match lead >= column {
                true => Some((lead, " ".repeat(new.chars().count() + lead - column))),
                false => Some((lead, to.to_owned())),
            }
        });
    }
    if from == to || (new.len() > to.len() && leads.iter().any(is_beside)) {
        return text.clone();
    }
    text.moved(|line| prefix(line, from, to))
}

fn prefix(line: &str, from: &str, to: &str) -> Option<(usize, String)> {
    line.starts_with(from).then(|| (from.len(), to.to_owned()))
}

/// True when the first line ends in an opening bracket.
fn hangs(text: &str) -> bool {
    let first = text.lines().next().unwrap_or("");
    let code = first.split('#').next().unwrap_or(first).trim_end();
    code.is_empty() || code.ends_with(['(', '[', '{'])
}
