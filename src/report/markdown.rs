//! `migrate report --markdown`: the state of a plan for a pull request.
//!
//! Whatever names and texts hold, they are shown as they are and are no markup: characters that Markdown or HTML act upon are written as
//! references, those that a reader cannot see as escapes. Nothing here does I/O.

use std::fmt::Write;

use crate::report::escape;
use crate::report::kpis;
use crate::report::lines::left_words;
use crate::state::{Counts, State};
use crate::summary::{Left, Summary};
use crate::table::{Kpi, PhaseRows, Row};

/// More rows of a kind than this are told as a number.
const MOST: usize = 100;

/// The report.
#[must_use]
pub fn text(summary: &Summary) -> String {
    let table = &summary.table;
    let mut out = format!("# Migration {}\n\n", plain(&table.plan));
    let (digest, tip) = (code(&short(&table.digest)), code(&short(&summary.tip)));
    let done = if table.is_done() && table.violations_left == 0 { "done" } else { "not done" };
    let done = if table.is_done() && table.violations_left > 0 { "done, with violations left as the plan allows" } else { done };
    push(&mut out, format_args!("Plan {digest} on branch {} at {tip}: **{done}**, ", code(&summary.branch)));
    push(&mut out, format_args!("{} of {} units.\n", table.counts.done, table.counts.total));
    for problem in &table.problems {
        push(&mut out, format_args!("\n**Problem:** {}\n", plain(problem)));
    }
    for note in &table.notes {
        push(&mut out, format_args!("\nNote: {}\n", plain(note)));
    }
    push_phases(&mut out, summary);
    push_kpis(&mut out, &table.kpis);
    push_rows(&mut out, "Not landed", &table.phases, |state| {
        matches!(state, State::Failed | State::Quarantined | State::RolledBack | State::Outdated)
    });
    push_left(&mut out, &summary.left, table.violations_left);
    push_commits(&mut out, summary);
    out
}

fn push_phases(out: &mut String, summary: &Summary) {
    let used = |state: &&State| summary.table.counts.get(**state) > 0;
    let states: Vec<State> = State::ALL.iter().filter(used).copied().collect();
    let words: String = states.iter().map(|state| format!(" {} |", state.word())).collect();
    push(out, format_args!("\n## Phases\n\n| phase | units |{words} gate |\n|---|---:|{}---|\n", "---:|".repeat(states.len())));
    for phase in &summary.table.phases {
        let title = phase.phase.title.as_ref().map(|title| format!(", {}", plain(title))).unwrap_or_default();
        let cells = |counts: Counts| states.iter().map(|state| format!(" {} |", counts.get(*state))).collect::<String>();
        let (name, total) = (plain(&phase.phase.to_string()), phase.counts.total);
        let gate = phase.gate.map_or("none", |gate| gate.word());
        push(out, format_args!("| {name}{title} | {total} |{} {gate} |\n", cells(phase.counts)));
    }
}

fn push_kpis(out: &mut String, kpis: &[Kpi]) {
    if kpis.is_empty() {
        return;
    }
    push(out, format_args!("\n## Metrics\n\n| {} |\n|---|---:|---:|---:|---:|---|\n", kpis::HEADS.join(" | ")));
    for kpi in kpis {
        let cells = kpis::cells(kpi).map(|cell| plain(&cell));
        push(out, format_args!("| {} |\n", cells.join(" | ")));
    }
}

fn push_rows(out: &mut String, title: &str, phases: &[PhaseRows], takes: impl Fn(State) -> bool) {
    let rows: Vec<(&PhaseRows, &Row)> = phases
        .iter()
        .flat_map(|phase| phase.rows.iter().map(move |row| (phase, row)))
        .filter(|(_, row)| takes(row.state))
        .collect();
    if rows.is_empty() {
        return;
    }
    push(out, format_args!("\n## {title}\n\n| unit | phase | state | reason |\n|---|---|---|---|\n"));
    for (phase, row) in rows.iter().take(MOST) {
        let (unit, phase, state) = (code(&row.unit), plain(&phase.phase.id), row.state.word());
        let reason = row.note.as_deref().and_then(|note| note.lines().next()).unwrap_or_default();
        push(out, format_args!("| {unit} | {phase} | {state} | {} |\n", plain(reason)));
    }
    push_more(out, rows.len());
}

fn push_left(out: &mut String, left: &Left, allowed: usize) {
    let violations: usize = left.violating.iter().map(|(_, count)| count).sum();
    let undecided = match left.undecided {
        0 => String::new(),
        1 => " 1 place may be a violation.".to_owned(),
        many => format!(" {many} places may be violations."),
    };
    let allowed = left_words(allowed).map(|words| format!(" {words} in units that are done.")).unwrap_or_default();
    push(
        out,
        format_args!(
            "\n## Violations left\n\n{violations} in {} of {} files ({}% of the files have none).{undecided}{allowed}\n",
            left.violating.len(),
            left.files,
            left.percent,
        ),
    );
    if !left.violating.is_empty() {
        out.push_str("\n| file | violations |\n|---|---:|\n");
        left.violating.iter().take(MOST).for_each(|(file, count)| push(out, format_args!("| {} | {count} |\n", code(file))));
        push_more(out, left.violating.len());
    }
    if !left.unreadable.is_empty() {
        out.push_str("\n| not read | reason |\n|---|---|\n");
        left.unreadable
            .iter()
            .take(MOST)
            .for_each(|(file, why)| push(out, format_args!("| {} | {} |\n", code(file), plain(why))));
        push_more(out, left.unreadable.len());
    }
}

fn push_commits(out: &mut String, summary: &Summary) {
    for (phase, made) in &summary.commits {
        push(out, format_args!("\n## Commits of {}\n\n", plain(phase)));
        for made in made {
            let back = if made.takes_back { " takes back:" } else { "" };
            push(out, format_args!("- {}{back} {}\n", code(&short(&made.commit)), plain(&made.subject)));
        }
    }
}

/// Says how many rows are not shown.
fn push_more(out: &mut String, rows: usize) {
    if rows > MOST {
        push(out, format_args!("\nAnd {} more: `migrate status` and `migrate scan` list them.\n", rows - MOST));
    }
}

fn short(id: &str) -> String {
    id.chars().take(12).collect()
}

/// A name, set as code. Backticks could not hold every name in a table.
fn code(text: &str) -> String {
    format!("<code>{}</code>", plain(text))
}

/// A text as one line of Markdown that is no markup, and mentions nobody.
fn plain(text: &str) -> String {
    let shown = escape::line(text.as_bytes());
    let chars: Vec<char> = shown.chars().collect();
    let mut out = String::with_capacity(shown.len());
    let is_word = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(|c| c.is_alphanumeric());
    for (at, c) in chars.iter().enumerate() {
        match c {
            '_' if is_word(at.checked_sub(1)) && is_word(Some(at + 1)) => out.push('_'),
            // A comment behind it keeps a forge from taking a name for a person.
            '@' => out.push_str("&#64;<!-- -->"),
            ':' if chars.get(at + 1) == Some(&'/') => push(&mut out, format_args!("&#58;")),
            '&' | '<' | '>' | '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '~' | '$' => {
                push(&mut out, format_args!("&#{};", u32::from(*c)));
            }
            c => out.push(*c),
        }
    }
    out
}

fn push(out: &mut String, args: std::fmt::Arguments<'_>) {
    out.write_fmt(args).expect("writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::*;
    use crate::event::PhaseLabel;
    use crate::summary::{Made, Percent};
    use crate::table::{GateState, StatusTable};

    fn summary(unit: &str, note: &str) -> Summary {
        let row = |unit: &str, state, note: Option<&str>| Row {
            unit: unit.into(),
            state,
            commit: None,
            note: note.map(Into::into),
            verdict: None,
            violations_left: 0,
            files: Vec::new(),
        };
        let phase = PhaseLabel { ordinal: 1, id: "P0".into(), title: Some("Core | first".into()) };
        let rows = vec![row("a.py", State::Committed, None), row(unit, State::Quarantined, Some(note))];
        let phase = PhaseRows { gate: Some(GateState::Failed), ..PhaseRows::new(phase, rows) };
        Summary {
            branch: "main".into(),
            tip: "0123456789abcdef".into(),
            table: StatusTable::new("demo".into(), "fedcba98765432".into(), vec![phase]),
            left: Left {
                files: 4,
                violating: vec![(unit.into(), 2)],
                percent: Percent(754),
                undecided: 1,
                unreadable: Vec::new(),
            },
            commits: vec![(
                "P0".into(),
                vec![Made { commit: "abcdef0123456789".into(), subject: "fix(a): x".into(), takes_back: false }],
            )],
        }
    }

    #[test]
    fn a_plan_is_told_by_phase_unit_violation_and_commit() {
        let want = "# Migration demo

Plan <code>fedcba987654</code> on branch <code>main</code> at <code>0123456789ab</code>: **not done**, 1 of 2 units.

## Phases

| phase | units | committed | quarantined | gate |
|---|---:|---:|---:|---|
| phase 1 (P0), Core &#124; first | 2 | 1 | 1 | failed |

## Not landed

| unit | phase | state | reason |
|---|---|---|---|
| <code>b.py</code> | P0 | quarantined | validate &#96;x&#96; failed |

## Violations left

2 in 1 of 4 files (75.4% of the files have none). 1 place may be a violation.

| file | violations |
|---|---:|
| <code>b.py</code> | 2 |

## Commits of P0

- <code>abcdef012345</code> fix(a): x
";
        assert_eq!(text(&summary("b.py", "validate `x` failed\nmore")), want);
    }

    proptest! {
        #[test]
        fn names_of_any_characters_stay_in_their_cell_and_are_no_markup(name in any::<String>()) {
            let odd = format!("{name}|`<script>*\\|__init__\n# @all \u{202e}[x](http://y)\u{1b}[2J~~$a$");
            let (odd, tame) = (text(&summary(&odd, &odd)), text(&summary("b.py", "no")));
            assert_eq!(odd.lines().count(), tame.lines().count());
            for (odd, tame) in odd.lines().zip(tame.lines()) {
                for mark in ["|", "`", "*", "\\", "~", "[", "]", "$", "\u{202e}", "\u{1b}", "://", "<s"] {
                    assert_eq!(odd.matches(mark).count(), tame.matches(mark).count(), "{mark} in {odd}");
                }
            }
        }
    }
}
