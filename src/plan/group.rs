//! Units that the plan names: the files of one or more entries of a phase, which land together or not at all.

use std::collections::HashMap;

use serde::Serialize;

use crate::plan::Phase;
use crate::plan::reader::{Entries, Reader};
use crate::plan::source::Span;

/// A named unit that several files, of one or more entries of a phase, make up.
#[derive(Debug, Clone, Serialize)]
pub struct NamedGroup {
    /// `[a-z0-9-]+`; unique in the plan.
    pub name: String,
    /// What its commit calls it, where that is not its name; the same in every entry of the group.
    pub label: Option<String>,
    /// Where its name stands in this entry; no part of the meaning.
    #[serde(skip)]
    pub place: Span,
}

/// Reads `group` and `label` of an entry that names its files by the key `which`, with the place of the label.
pub(super) fn read(reader: &mut Reader<'_>, entries: &Entries<'_>, which: &[&str]) -> (Option<NamedGroup>, Option<Span>) {
    let label = entries.get("label").and_then(|node| Some((reader.line(node, "`label`")?.to_owned(), node.span)));
    let Some(node) = entries.get("group") else {
        if entries.get("label").is_some() {
            let help = "a label says what the commit of a group calls it: add `group: NAME`, or remove it";
            reader.report(entries.key("label"), "`label` without `group`", help);
        }
        return Default::default();
    };
    if which == ["glob"] {
        let help = "list its files by `path` or `paths`; files of a glob are put together by the phase's `units: { by: folder, max_files: 20 }`";
        reader.report(entries.key("group"), "`group` with `glob`", help);
    }
    let Some(name) = reader.name(node, "`group`", "a group's name") else { return Default::default() };
    let (label, place) = label.unzip();
    (Some(NamedGroup { name, label, place: node.span }), place)
}

/// Gives each entry of a group the label that one of them has.
pub(super) fn share_labels(phases: &mut [Phase]) {
    for phase in phases {
        let mut labels: HashMap<String, String> = HashMap::new();
        for group in phase.targets.iter().filter_map(|target| target.group.as_ref()) {
            if let Some(label) = &group.label {
                labels.entry(group.name.clone()).or_insert_with(|| label.clone());
            }
        }
        for group in phase.targets.iter_mut().filter_map(|target| target.group.as_mut()) {
            group.label = labels.get(&group.name).cloned();
        }
    }
}
