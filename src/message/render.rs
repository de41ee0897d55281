//! Writing a commit message: the prescribed format, or a plan's own template above the same trailers.

use minijinja::context;

use crate::message::format::{
    ADD, CHANGES, CREATE, DELETE, FILE, IMPACT, IN, ISSUE, MOVE, NONE, NOTHING, REMOVE, RISK, RISKS, ROLLBACK, TO, TRANSFORM,
    VALIDATE, join, ranges, transform,
};
use crate::message::line::{escape, escape_block, escape_first, tame};
use crate::message::{FileChanges, LineChange, Message, trailers};
use crate::path::quote;
use crate::plan::{Risk, template};

/// What a template may say about the phase beyond its id.
#[derive(Debug, Clone, Copy)]
pub struct Phase<'a> {
    /// Its place in the plan, counted from 1.
    pub ordinal: usize,
    /// Its title.
    pub title: Option<&'a str>,
}

/// Why a template gave no message.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The template failed with these values.
    #[error("the plan's message template fails: {0}")]
    Fails(#[from] minijinja::Error),
    /// Its first line is empty.
    #[error("the plan's message template gives no subject: its first line is empty")]
    NoSubject,
    /// Its second line is not empty, so that git would take both for the subject.
    #[error("the plan's message template gives a subject of several lines: its second line must be empty")]
    LongSubject,
}

/// The message in the prescribed format.
#[must_use]
pub fn render(message: &Message) -> String {
    let changes = &message.changes;
    let mut out = subject(message);
    out.push_str("\n\n");
    if !message.summary.is_empty() {
        out.push_str(&escape_block(&message.summary));
        out.push_str("\n\n");
    }
    let mut line = |start: &str, text: &str| out.extend([start, text, "\n"]);
    line(CHANGES, "");
    let of_one = |line: &mut dyn FnMut(&str, &str), remove: &[String], add: &[String], lines: &[LineChange]| {
        for (start, names) in [(REMOVE, remove), (ADD, add)] {
            if !names.is_empty() {
                line(start, &join(names, NOTHING));
            }
        }
        let transform = transform(lines, &changes.transform);
        if transform != NOTHING {
            line(TRANSFORM, &transform);
        }
    };
    if message.files.is_empty() {
        of_one(&mut line, &changes.remove, &changes.add, &changes.lines);
    }
    for file in &message.files {
        match file {
            FileChanges::Rewritten { path, remove, add, lines } => {
                line(FILE, &quote(path));
                of_one(&mut line, remove, add, lines);
            }
            FileChanges::Deleted(path) => line(DELETE, &quote(path)),
            FileChanges::Created(path) => line(CREATE, &quote(path)),
            FileChanges::Moved { from, to } => {
                line(MOVE, &quote(from));
                line(TO, &quote(to));
            }
        }
    }
    for command in &changes.validate {
        line(VALIDATE, &if command == NONE { escape_first(command) } else { escape(command, &[]) });
    }
    if changes.validate.is_empty() {
        line(VALIDATE, NONE);
    }
    line("", "");
    let phase = escape(&message.trailers.phase, &[' ']);
    let after = |separator: &str, text: &Option<String>| {
        text.as_ref().map_or_else(String::new, |text| separator.to_owned() + &escape(text, &[]))
    };
    line(IMPACT, &format!("{phase}{}", after(" - ", &message.impact)));
    if let Some(risk) = message.risk {
        line(RISK, risk_word(risk));
    }
    line(ROLLBACK, &after(" + ", &message.recovery));
    if let Some(footer) = &message.footer {
        out.extend(["\n", footer, "\n"]);
    }
    out.push('\n');
    out.push_str(&trailers::render(&message.trailers.clone().into()));
    out
}

/// The message whose upper part a plan's own template gives; the trailers below are the same as ever.
///
/// # Errors
/// When the template fails, or gives no single line as subject.
pub fn render_template(text: &str, message: &Message, phase: Phase<'_>) -> Result<String, TemplateError> {
    let changes = &message.changes;
    let one = |text: &str| if text.is_empty() { String::new() } else { escape(text, &[]) };
    let maybe = |text: &Option<String>| text.as_deref().map_or_else(String::new, one);
    let all = |texts: &[String]| -> Vec<String> { texts.iter().map(|text| one(text)).collect() };
    // Of several files a template sees all names and lines as one.
    let mut together = changes.clone();
    for file in &message.files {
        if let FileChanges::Rewritten { remove, add, lines, .. } = file {
            together.remove.extend(remove.iter().cloned());
            together.add.extend(add.iter().cloned());
            together.lines.extend(lines);
        }
    }
    together.remove.dedup();
    together.add.dedup();
    let rendered = template::environment().render_str(
        text,
        context! {
            scope => one(&message.scope),
            issue => one(&message.issue),
            plan => one(&message.trailers.plan),
            title => one(&message.title),
            summary => escape_block(&message.summary),
            transform => one(&changes.transform),
            footer => message.footer.as_deref().unwrap_or_default(),
            phase => context! {
                id => one(&message.trailers.phase),
                ordinal => phase.ordinal,
                title => phase.title.map_or_else(String::new, one),
            },
            unit => context! {
                name => one(&message.name),
                path => quote(&message.trailers.unit),
                risk => message.risk.map_or("", risk_word),
                impact => maybe(&message.impact),
                recovery => maybe(&message.recovery),
                rules => all(&message.trailers.rules),
            },
            changes => context! {
                remove => all(&together.remove),
                add => all(&together.add),
                lines => ranges(&together.lines),
                validate => all(&changes.validate),
            },
        },
    )?;
    let body = tame(rendered.trim_end());
    let mut lines = body.lines();
    if lines.next().is_none_or(|subject| subject.trim().is_empty()) {
        return Err(TemplateError::NoSubject);
    }
    if lines.next().is_some_and(|second| !second.trim().is_empty()) {
        return Err(TemplateError::LongSubject);
    }
    Ok(format!("{body}\n\n{}", trailers::render(&message.trailers.clone().into())))
}

/// `fix(scope): title in name - Issue issue`, unambiguous from the right; without an issue it ends before that.
fn subject(message: &Message) -> String {
    let scope = escape(&message.scope, &[')']);
    let name = escape(&message.name, &[]).replace("in ", "\\u{69}n ");
    let issue = escape(&message.issue, &[]).replace("Issue", "\\u{49}ssue");
    let title = escape(&message.title, &[]);
    if message.issue.is_empty() {
        // Without its first blank, which may be the last one of the same words before it.
        let rest = format!("{title}{IN}{name}").replace(ISSUE.trim_start(), "- \\u{49}ssue ");
        return format!("fix({scope}): {rest}");
    }
    format!("fix({scope}): {title}{IN}{name}{ISSUE}{issue}")
}

fn risk_word(risk: Risk) -> &'static str {
    RISKS.iter().find(|(known, _)| *known == risk).map_or("", |(_, word)| word)
}
