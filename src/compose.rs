//! What a unit's commit says, put together from the plan, the change and the judgement. Pure.

use crate::message::changes::{ImportedName, ImportsChanged, changed_lines};
use crate::message::render::{Phase, render, render_template};
use crate::message::trailers::{Applied, Together};
use crate::message::{Changes, FileChanges, LineChange, Lines, Message, scope_of};
use crate::path::{RepoPath, quote};
use crate::plan::Plan;
use crate::stop::Note;
use crate::unit_id::UnitId;
use crate::units::{Member, Role};

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

/// What became of a file of a unit.
#[derive(Debug, Clone, Copy)]
pub struct Rewritten<'a> {
    /// Which.
    pub file: &'a Member,
    /// The bytes as they were; `None` where there was no file.
    pub before: Option<&'a [u8]>,
    /// The bytes as they are; `None` where there is no file.
    pub after: Option<&'a [u8]>,
    /// The names whose imports came or went.
    pub imports: &'a ImportsChanged,
    /// What changed it, in order: `edits` and names of rules.
    pub rules: &'a [String],
}

/// Writes the message for the unit called `id`, whose `members` are told where it is a group, and of which these files were changed and
/// judged by the commands `validated`, by them together with others where `judged` says so.
///
/// # Errors
/// When the plan's own template fails with these values.
pub fn commit(
    plan: &Plan,
    digest: &str,
    (id, members): (&UnitId, &[RepoPath]),
    files: &[Rewritten],
    validated: &[String],
    (hooks_skipped, judged): (bool, Option<Together>),
) -> Result<Composed, Note> {
    let Some(first) = files.first() else { return Err(Note::new("a commit of no file", "run migrate again")) };
    let (phase, target) = (&plan.phases[first.file.phase], plan.target(first.file));
    let targets = || files.iter().map(|file| plan.target(file.file));
    let one = files.len() == 1 && members.is_empty() && plan.role(first.file) == Role::Rewrite;
    let of_one = if one { file_changes(plan, first) } else { None };
    let (remove, add, lines) = match of_one {
        Some(FileChanges::Rewritten { remove, add, lines, .. }) => (remove, add, lines),
        _ => Default::default(),
    };
    let listed = |own: bool| {
        let is_own = |path: &RepoPath| files.iter().any(|file| file.file.path == *path);
        members.iter().filter(|path| is_own(path) == own).map(|path| path.as_bytes().to_vec()).collect::<Vec<_>>()
    };
    let mut rules: Vec<String> = Vec::new();
    for rule in files.iter().flat_map(|file| file.rules) {
        if !rules.contains(rule) {
            rules.push(rule.clone());
        }
    }
    let message = Message {
        scope: target.scope.clone().unwrap_or_else(|| scope_of(&first.file.path)),
        title: plan.commit.title.clone(),
        name: name(plan, id, first.file),
        issue: plan.issue.clone(),
        summary: plan.commit.summary.trim_end().to_owned(),
        changes: Changes { remove, add, lines, transform: plan.commit.transform.clone(), validate: validated.to_vec() },
        files: if one { Vec::new() } else { files.iter().filter_map(|file| file_changes(plan, file)).collect() },
        impact: together(targets().map(|target| target.impact.as_ref())),
        risk: targets().filter_map(|target| target.risk).max(),
        recovery: together(targets().map(|target| target.recovery.as_ref())),
        footer: plan.commit.footer.as_ref().map(|footer| footer.trim_end_matches('\n').to_owned()),
        trailers: Applied {
            plan: plan.name.clone(),
            digest: digest.to_owned(),
            phase: phase.id.clone(),
            unit: id.as_bytes().to_vec(),
            files: listed(true),
            left: listed(false),
            rules,
            hooks_skipped,
            together: judged,
        },
    };
    let text = match &plan.commit.message {
        None => render(&message),
        Some(template) => {
            let place = Phase { ordinal: first.file.phase + 1, title: phase.title.as_deref() };
            render_template(template, &message, place)
                .map_err(|error| Note::new(error.to_string(), "correct commit.message in the plan; `migrate check` tries it"))?
        }
    };
    let subject = text.lines().next().unwrap_or_default().to_owned();
    let (mut lines_added, mut lines_removed) = (0, 0);
    for file in files {
        for change in changed_lines(file.before.unwrap_or_default(), file.after.unwrap_or_default()) {
            lines_added += (change.new.end - change.new.start) as usize;
            lines_removed += (change.old.end - change.old.start) as usize;
        }
    }
    Ok(Composed { message: text, subject, lines_added, lines_removed })
}

/// What the subject calls a unit: the name of its file; of a group its label or name, or its folder.
fn name(plan: &Plan, id: &UnitId, first: &Member) -> String {
    if let Some(name) = id.group() {
        let targets = plan.phases[first.phase].targets.iter();
        let labels = targets.filter_map(|target| target.group.as_ref().filter(|group| group.name == name));
        return labels.filter_map(|group| group.label.clone()).next().unwrap_or_else(|| name.to_owned());
    }
    match id.cut(&plan.phases[first.phase].id) {
        Some((b"", _)) => id.to_string(),
        Some((folder, _)) => quote(folder.strip_suffix(b"/").unwrap_or(folder)),
        None => quote(first.path.file_name()),
    }
}

/// Different texts of the files of a unit as one.
fn together<'t>(texts: impl Iterator<Item = Option<&'t String>>) -> Option<String> {
    let mut all: Vec<&str> = Vec::new();
    for text in texts.flatten() {
        if !all.contains(&text.as_str()) {
            all.push(text);
        }
    }
    (!all.is_empty()).then(|| all.join("; "))
}

/// What the message says of a file; `None` of the end of a move that is told with the other.
fn file_changes(plan: &Plan, rewritten: &Rewritten) -> Option<FileChanges> {
    let Rewritten { file, before, after, imports, .. } = *rewritten;
    let path = file.path.as_bytes().to_vec();
    Some(match plan.role(file) {
        Role::Rewrite => {
            let changed = changed_lines(before.unwrap_or_default(), after.unwrap_or_default());
            FileChanges::Rewritten {
                path,
                remove: imports.removed.iter().map(shown).collect(),
                add: imports.added.iter().map(shown).collect(),
                lines: changed.iter().map(|change| LineChange { old: lines(&change.old), new: lines(&change.new) }).collect(),
            }
        }
        Role::Delete => FileChanges::Deleted(path),
        Role::Create(_) => FileChanges::Created(path),
        Role::Leave(_) => return None,
        Role::Arrive(from) => FileChanges::Moved { from: from.as_bytes().to_vec(), to: path },
    })
}

fn lines(range: &std::ops::Range<u32>) -> Lines {
    Lines::new(range.start.saturating_sub(1), range.end.saturating_sub(range.start))
}

/// As the seed's format names an import: with parentheses when the text calls it.
fn shown(name: &ImportedName) -> String {
    format!("{}{} import", name.name, if name.called { "()" } else { "" })
}
