//! Levels of the plan: what a priority must pass, said once and named by phases and by entries of their files.

use std::cell::Cell;

use crate::plan::Command;
use crate::plan::decode_command::commands;
use crate::plan::faults::Place;
use crate::plan::metrics::Declared;
use crate::plan::node::Node;
use crate::plan::reader::{Entries, Reader, nearest};
use crate::plan::scalar;
use crate::plan::source::Span;
use crate::plan::triggers::names;
use crate::plan::view::quoted;

/// What units of a level must pass.
#[derive(Debug, Clone, Default)]
pub struct Level {
    /// The key under `levels`.
    pub name: String,
    /// Commands before the commit.
    pub validate: Vec<Command>,
    /// Commands after it.
    pub verify: Vec<Command>,
    /// Metrics that are looked at after each unit or batch.
    pub metrics: Vec<String>,
    /// Where its name stands.
    pub place: Span,
    /// True when something names it.
    used: Cell<bool>,
}

/// All levels of a plan.
#[derive(Debug, Clone, Default)]
pub struct Levels(Vec<Level>);

impl Levels {
    /// Reads the plan's levels.
    pub fn read(reader: &mut Reader<'_>, node: Option<&Node>, metrics: &Declared) -> Self {
        let Some(entries) = node.and_then(|node| reader.names(node, "`levels`")) else { return Self::default() };
        let mut levels = Vec::new();
        for (name, place, node) in entries.iter() {
            if !scalar::is_id(name) {
                let help = "a name is made of letters, digits, `_`, `.` and `-`, at most 100 of them";
                reader.report(place, format!("{} cannot be a level's name", quoted(name)), help);
                continue;
            }
            let Some(own) = reader.map(node, &format!("the level {name}"), &["validate", "verify", "metrics"]) else { continue };
            let mut list =
                |key: &str| own.get(key).map_or_else(Vec::new, |node| commands(reader, node, &format!("`{key}`"), Place::Unit));
            let (validate, verify) = (list("validate"), list("verify"));
            let metrics = own.get("metrics").map_or_else(Vec::new, |node| names(reader, node, metrics));
            levels.push(Level { name: name.to_owned(), validate, verify, metrics, place, used: Cell::new(false) });
        }
        Self(levels)
    }

    /// The level that a phase or an entry names, by its place; `None` where it names none.
    pub fn named(&self, reader: &mut Reader<'_>, entries: &Entries<'_>) -> Option<usize> {
        let node = entries.get("level")?;
        let name = reader.line(node, "`level`")?;
        let found = self.0.iter().position(|level| level.name == name);
        found.and_then(|found| self.0.get(found)).into_iter().for_each(|level| level.used.set(true));
        if found.is_none() {
            let known: Vec<&str> = self.0.iter().map(|level| level.name.as_str()).collect();
            let help = match nearest(name, &known) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => "add it to `levels:` at the top of the plan".to_owned(),
                None => format!("the plan has {}", known.join(", ")),
            };
            reader.report(node.span, format!("the plan has no level {}", quoted(name)), help);
        }
        found
    }

    /// The level at a place.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<&Level> {
        self.0.get(at)
    }

    /// Reports levels that nothing names.
    pub fn unused(&self, reader: &mut Reader<'_>) {
        for level in self.0.iter().filter(|level| !level.used.get()) {
            let help = "name it by `level` in a phase or an entry, or remove it";
            reader.report(level.place, format!("the level {} is used nowhere", quoted(&level.name)), help);
        }
    }
}
