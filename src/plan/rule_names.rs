//! Which rules a plan has, and which of them a list in it means.

use std::collections::{BTreeSet, HashMap};

use crate::plan::reader::{Entries, Reader, nearest};
use crate::plan::source::Span;
use crate::plan::view::quoted;

/// The names of the plan's rules and where they stand.
#[derive(Default)]
pub struct Names {
    list: Vec<(String, Span)>,
    index: HashMap<String, usize>,
}

impl Names {
    /// How many rules there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// The name of a rule.
    #[must_use]
    pub fn name(&self, at: usize) -> &str {
        self.list.get(at).map_or("", |(name, _)| name)
    }

    /// Where a rule's name stands.
    #[must_use]
    pub fn span(&self, at: usize) -> Span {
        self.list.get(at).map_or_else(Span::default, |(_, span)| *span)
    }

    /// Adds a rule.
    pub fn push(&mut self, name: &str, span: Span) {
        self.index.insert(name.to_owned(), self.list.len());
        self.list.push((name.to_owned(), span));
    }
}

/// The rules that a list names, as indexes in the order of the plan.
pub fn rule_list(reader: &mut Reader<'_>, entries: &Entries<'_>, rules: &Names) -> Option<Vec<usize>> {
    let items = reader.list(entries.get("rules")?, "`rules`")?;
    let mut found = BTreeSet::new();
    for item in items {
        let Some(name) = reader.line(item, "the name of a rule") else { continue };
        match rules.index.get(name).copied() {
            Some(at) if !found.insert(at) => {
                reader.report(item.span, format!("the rule {} is listed twice", quoted(name)), "keep one of the two");
            }
            Some(_) => {}
            None if reader.problems.is_full() => {}
            None => {
                let names: Vec<&str> = rules.list.iter().map(|(name, _)| name.as_str()).collect();
                let help = match nearest(name, &names) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if names.is_empty() => "the plan has no rules: add it under `rules`".to_owned(),
                    None => format!("the plan's rules are: {}", names.join(", ")),
                };
                reader.report(item.span, format!("unknown rule {}", quoted(name)), help);
            }
        }
    }
    Some(found.into_iter().collect())
}
