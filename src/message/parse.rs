//! Reading a message in the prescribed format back.

use std::iter::Peekable;

use crate::message::format::{
    ADD, CHANGES, CREATE, DELETE, FILE, IMPACT, IN, ISSUE, MOVE, NONE, NOTHING, REMOVE, RISK, RISKS, ROLLBACK, TO, TRANSFORM,
    VALIDATE, split, split_transform,
};
use crate::message::line::{unescape, unescape_block};
use crate::message::trailers::{Applied, Trailers, trailers};
use crate::message::{Changes, FileChanges, LineChange, Message};
use crate::path::unquote;

/// The message that `text` renders; `None` when it is not in the prescribed format.
#[must_use]
pub fn parse(text: &str) -> Option<Message> {
    let (body, last) = text.rsplit_once("\n\n")?;
    let Ok([Trailers::Applied(trailers)]) = <[Trailers; 1]>::try_from(trailers(last.as_bytes())) else { return None };
    let (subject, body) = body.split_once("\n\n")?;
    let (scope, title, name, issue) = parse_subject(subject)?;
    let (summary, body) = parse_summary(body)?;
    let (changes, files, body) = parse_changes(body)?;
    let mut message = Message {
        scope,
        title,
        name,
        issue,
        summary,
        changes,
        files,
        impact: None,
        risk: None,
        recovery: None,
        footer: None,
        trailers: Applied::default(),
    };
    parse_end(body, &trailers, &mut message)?;
    message.trailers = trailers;
    Some(message)
}

fn parse_subject(subject: &str) -> Option<(String, String, String, String)> {
    let (scope, rest) = subject.strip_prefix("fix(")?.split_once("): ")?;
    let (rest, issue) = rest.rsplit_once(ISSUE).unwrap_or((rest, ""));
    let (title, name) = rest.rsplit_once(IN)?;
    Some((unescape(scope)?, unescape(title)?, unescape(name)?, unescape(issue)?))
}

fn parse_summary(body: &str) -> Option<(String, &str)> {
    if let Some(rest) = body.strip_prefix(&format!("{CHANGES}\n")) {
        return Some((String::new(), rest));
    }
    let (summary, rest) = body.split_once(&format!("\n\n{CHANGES}\n"))?;
    Some((unescape_block(summary)?, rest))
}

fn parse_changes(body: &str) -> Option<(Changes, Vec<FileChanges>, &str)> {
    let (block, rest) = body.split_once("\n\n")?;
    let mut lines = block.lines().peekable();
    let (mut changes, mut files) = (Changes::default(), Vec::new());
    if [REMOVE, ADD, TRANSFORM].iter().any(|start| lines.peek().is_some_and(|line| line.starts_with(start))) {
        (changes.remove, changes.add, changes.lines, changes.transform) = parse_file(&mut lines)?;
    }
    while let Some(line) = lines.next_if(|line| !line.starts_with(VALIDATE)) {
        files.push(if let Some(path) = line.strip_prefix(FILE) {
            let (remove, add, changed, transform) = parse_file(&mut lines)?;
            changes.transform = transform;
            FileChanges::Rewritten { path: unquote(path)?, remove, add, lines: changed }
        } else if let Some(path) = line.strip_prefix(DELETE) {
            FileChanges::Deleted(unquote(path)?)
        } else if let Some(path) = line.strip_prefix(CREATE) {
            FileChanges::Created(unquote(path)?)
        } else {
            let from = unquote(line.strip_prefix(MOVE)?)?;
            FileChanges::Moved { from, to: unquote(lines.next()?.strip_prefix(TO)?)? }
        });
    }
    changes.validate = parse_validate(lines)?;
    Some((changes, files, rest))
}

/// The names that are gone and new in a file, its lines, and what the transform amounts to.
type OneFile = (Vec<String>, Vec<String>, Vec<LineChange>, String);

/// Reads these from their lines; an earlier release wrote a line for nothing too.
fn parse_file<'t>(lines: &mut Peekable<impl Iterator<Item = &'t str>>) -> Option<OneFile> {
    let mut rest = |start: &str| lines.next_if(|line| line.starts_with(start)).map_or(NOTHING, |line| &line[start.len()..]);
    let remove = split(rest(REMOVE), NOTHING)?;
    let add = split(rest(ADD), NOTHING)?;
    let (changed, transform) = split_transform(rest(TRANSFORM))?;
    Some((remove, add, changed, transform))
}

fn parse_validate<'t>(lines: impl Iterator<Item = &'t str>) -> Option<Vec<String>> {
    let commands: Vec<&str> = lines.map(|line| line.strip_prefix(VALIDATE)).collect::<Option<_>>()?;
    match commands[..] {
        [] => None,
        [NONE] => Some(Vec::new()),
        _ => commands.into_iter().map(unescape).collect(),
    }
}

fn parse_end(body: &str, trailers: &Applied, message: &mut Message) -> Option<()> {
    let (impact, mut rest) = body.split_once('\n')?;
    let impact = impact.strip_prefix(IMPACT)?;
    let (phase, impact) = match impact.split_once(" - ") {
        Some((phase, impact)) => (phase, Some(unescape(impact)?)),
        None => (impact, None),
    };
    if unescape(phase)? != trailers.phase {
        return None;
    }
    message.impact = impact;
    if let Some(after) = rest.strip_prefix(RISK) {
        let (word, after) = after.split_once('\n')?;
        message.risk = Some(RISKS.iter().find(|(_, known)| *known == word)?.0);
        rest = after;
    }
    let rest = rest.strip_prefix(ROLLBACK)?;
    let (recovery, footer) = match rest.split_once("\n\n") {
        Some((recovery, footer)) => (recovery, Some(footer.to_owned())),
        None => (rest, None),
    };
    message.footer = footer;
    message.recovery = match recovery.strip_prefix(" + ") {
        Some(recovery) => Some(unescape(recovery)?),
        None => recovery.is_empty().then_some(None)?,
    };
    Some(())
}
