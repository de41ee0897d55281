//! What a unit's commit says, put together from the plan, the change and the judgement. Pure.

use crate::message::render::{Phase, render, render_template};
use crate::message::trailers::Applied;
use crate::message::{Changes, LineChange, Lines, Message, scope_of};
use crate::path::quote;
use crate::plan::Plan;
use crate::rewrite::changes::{ImportedName, ImportsChanged, changed_lines};
use crate::stop::Note;
use crate::units::Member;

/// A message ready to be committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    /// The whole of it.
    pub message: String,
    /// Its first line.
    pub subject: String,
    /// Lines that came in.
    pub lines_added: usize,
    /// Lines that went.
    pub lines_removed: usize,
}

/// What became of a unit's file.
#[derive(Debug, Clone, Copy)]
pub struct Rewritten<'a> {
    /// The bytes as they were.
    pub before: &'a [u8],
    /// The bytes as they are.
    pub after: &'a [u8],
    /// The names whose imports came or went.
    pub imports: &'a ImportsChanged,
    /// What changed it, in order: `edits` and names of rules.
    pub rules: &'a [String],
}

/// Writes the message for `unit`, whose file was `rewritten` and judged by the commands `validated`.
///
/// # Errors
/// When the plan's own template fails with these values.
pub fn commit(
    plan: &Plan,
    digest: &str,
    unit: &Member,
    rewritten: &Rewritten,
    validated: &[String],
    hooks_skipped: bool,
) -> Result<Composed, Note> {
    let (phase, target) = (&plan.phases[unit.phase], plan.target(unit));
    let Rewritten { before, after, imports, rules } = *rewritten;
    let changed = changed_lines(before, after);
    let message = Message {
        scope: target.scope.clone().unwrap_or_else(|| scope_of(&unit.path)),
        title: plan.commit.title.clone(),
        name: quote(unit.path.file_name()),
        issue: plan.issue.clone(),
        summary: plan.commit.summary.trim_end().to_owned(),
        changes: Changes {
            remove: imports.removed.iter().map(shown).collect(),
            add: imports.added.iter().map(shown).collect(),
            lines: changed.iter().map(|change| LineChange { old: lines(&change.old), new: lines(&change.new) }).collect(),
            transform: plan.commit.transform.clone(),
            validate: validated.to_vec(),
        },
        impact: target.impact.clone(),
        risk: target.risk,
        recovery: target.recovery.clone(),
        footer: plan.commit.footer.as_ref().map(|footer| footer.trim_end_matches('\n').to_owned()),
        trailers: Applied {
            plan: plan.name.clone(),
            digest: digest.to_owned(),
            phase: phase.id.clone(),
            unit: unit.path.as_bytes().to_vec(),
            files: Vec::new(),
            left: Vec::new(),
            rules: rules.to_vec(),
            hooks_skipped,
        },
    };
    let text = match &plan.commit.message {
        None => render(&message),
        Some(template) => {
            let place = Phase { ordinal: unit.phase + 1, title: phase.title.as_deref() };
            render_template(template, &message, place)
                .map_err(|error| Note::new(error.to_string(), "correct commit.message in the plan; `migrate check` tries it"))?
        }
    };
    let subject = text.lines().next().unwrap_or_default().to_owned();
    let count = |side: fn(&crate::rewrite::changes::LineChange) -> &std::ops::Range<u32>| -> usize {
        changed.iter().map(|change| (side(change).end - side(change).start) as usize).sum()
    };
    let (lines_added, lines_removed) = (count(|change| &change.new), count(|change| &change.old));
    Ok(Composed { message: text, subject, lines_added, lines_removed })
}

fn lines(range: &std::ops::Range<u32>) -> Lines {
    Lines::new(range.start.saturating_sub(1), range.end.saturating_sub(range.start))
}

/// As the seed's format names an import: with parentheses when the text calls it.
fn shown(name: &ImportedName) -> String {
    format!("{}{} import", name.name, if name.called { "()" } else { "" })
}
