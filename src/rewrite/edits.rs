//! A file's own before/after blocks.
//!
//! A block is compared line by line with the file. Base indentation, tabs or spaces, blank lines and blanks at the end of a line
//! do not matter; levels of nesting do. Lines inside brackets are compared without their leading blanks, lines inside a
//! triple-quoted string as they are (or as they are behind the base indentation). `$NAME`, in capitals, stands for text within a
//! line that has its brackets and quotes closed; the same name is the same text everywhere. `...` as a line of its own, between two others,
//! stands for any lines of its block where the file has no such line; they stay as they are where `after` has its own `...`.
//!
//! `after` takes the file's indentation and line endings. A line inside a triple-quoted string never moves: it is written as the
//! block has it, or, when `before` holds the same line, as the file has it.

mod assign;
mod find;
mod lines;
mod nearest;
mod write;

use crate::edit::{Edit, Edits};
use crate::plan::BlockEdit;
use crate::python::source::Source;
use crate::rewrite::Made;
use crate::rewrite::edits::assign::{Outcome, Wanted};
use crate::rewrite::edits::find::Match;
use crate::rewrite::edits::lines::Block;
use crate::rewrite::error::{Problem, RewriteError};

/// The names after a `$` in a block, in order, without repetition.
#[must_use]
pub fn metavariables(block: &str) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for (_, name) in find::metavariables(block) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// An edit with its blocks read.
struct Prepared<'e> {
    number: usize,
    near: Option<u32>,
    before: Block<'e>,
    after: Block<'e>,
}

/// What the edits change; nothing when all of them stand there already.
///
/// # Errors
/// [`RewriteError`] when a block stands nowhere, or in several places that `near` does not tell apart.
pub(crate) fn edit(source: &Source, edits: &[BlockEdit]) -> Result<Made, RewriteError> {
    let file = Block::of_file(source);
    let mut prepared = Vec::new();
    for (index, edit) in edits.iter().enumerate() {
        let number = index + 1;
        let (before, after) = (Block::new(&edit.before), Block::new(&edit.after));
        let line = edit.near.unwrap_or(1);
        if before.is_empty() {
            return Err(RewriteError {
                kind: Problem::EmptyBefore { edit: number },
                line,
                column: 1,
                nearest: None,
                written: None,
            });
        }
        let bound = metavariables(&edit.before);
        if let Some(name) = metavariables(&edit.after).into_iter().find(|name| !bound.contains(name)) {
            let kind = Problem::UnboundMetavariable { edit: number, name: name.to_owned() };
            return Err(RewriteError { kind, line, column: 1, nearest: None, written: None });
        }
        prepared.push(Prepared { number, near: edit.near, before, after });
    }
    let matches: Vec<Vec<Match>> = prepared.iter().map(|edit| candidates(&file, edit)).collect();
    if let Some(missing) = matches.iter().position(Vec::is_empty) {
        return if applied(&file, &prepared) { Ok(Made::default()) } else { Err(not_found(source, &file, &prepared[missing])) };
    }
    let wanted: Vec<Wanted> = prepared.iter().zip(&matches).map(|(edit, matches)| Wanted::new(edit.near, matches)).collect();
    let chosen = match assign::assign(&wanted) {
        Outcome::Chosen(chosen) => chosen,
        Outcome::Ambiguous(index) => return Err(ambiguous(&prepared[index], &matches[index])),
    };
    let mut replacements: Vec<Edit> = Vec::new();
    for ((edit, matches), at) in prepared.iter().zip(&matches).zip(chosen) {
        replacements.push(write::replacement(source, &file, &edit.before, &edit.after, &matches[at])?);
    }
    let edits = Edits::new(replacements).map_err(|overlap| RewriteError::at(source, overlap.second.start, Problem::Overlap))?;
    Ok(Made { edits, remarks: Vec::new() })
}

/// Where `before` stands, but for places that are part of its own `after`: there the edit is done.
fn candidates(file: &Block, edit: &Prepared) -> Vec<Match> {
    let mut matches = find::all(file, &edit.before);
    // Each `...` of the one is one of the other, or what is passed over would be gone.
    let apart = |found: &Match| found.gaps.is_empty() || found.gaps.len() == edit.after.gaps().count();
    matches.retain(apart);
    if !find::all(&edit.after, &edit.before).is_empty() {
        let done = find::all(file, &edit.after);
        matches.retain(|found| !done.iter().any(|done| done.first <= found.first && found.last <= done.last));
    }
    matches
}

/// True when every `after` that says something stands in the file, each in a place of its own.
fn applied(file: &Block, edits: &[Prepared]) -> bool {
    let said: Vec<&Prepared> = edits.iter().filter(|edit| !edit.after.is_empty()).collect();
    let matches: Vec<Vec<Match>> = said.iter().map(|edit| find::all(file, &edit.after)).collect();
    let wanted: Vec<Wanted> = said.iter().zip(&matches).map(|(edit, matches)| Wanted::new(edit.near, matches)).collect();
    !said.is_empty() && assign::is_possible(&wanted)
}

fn not_found(source: &Source, file: &Block, edit: &Prepared) -> RewriteError {
    let kind = Problem::NotFound { edit: edit.number };
    match nearest::nearest(file, &edit.before) {
        Some(near) => RewriteError { kind, line: near.line, column: 1, nearest: Some(near.text), written: None },
        None => {
            let last = u32::try_from(source.lines().max(1)).unwrap_or(u32::MAX);
            RewriteError { kind, line: edit.near.unwrap_or(1).min(last), column: 1, nearest: None, written: None }
        }
    }
}

fn ambiguous(edit: &Prepared, matches: &[Match]) -> RewriteError {
    let lines: Vec<u32> = matches.iter().map(|found| lines::number(found.first)).collect();
    let line = lines.first().copied().unwrap_or(1);
    RewriteError { kind: Problem::Ambiguous { edit: edit.number, lines }, line, column: 1, nearest: None, written: None }
}

#[cfg(test)]
mod tests;
