//! How the files of a phase are put together to units: each alone, or so many at a time.

use serde::Serialize;

use crate::plan::node::{Kind, Node};
use crate::plan::reader::Reader;

/// The most files that one unit may have.
pub const MOST_FILES: usize = 1000;

/// How many files a unit of several has at most when the plan does not say.
const DEFAULT_MAX: usize = 20;

/// How the files of a phase are put together to units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Units {
    /// Each file is a unit of its own.
    #[default]
    Each,
    /// The files of one folder make up a unit together.
    Folder {
        /// The most files that a unit has.
        max_files: usize,
    },
    /// All files of the phase, in the order of the plan, are cut into units.
    All {
        /// The most files that a unit has.
        max_files: usize,
    },
}

impl Units {
    /// True when each file is a unit of its own.
    #[must_use]
    pub fn is_each(&self) -> bool {
        *self == Self::Each
    }
}

/// Reads the `units` of a phase.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Units {
    const WHAT: &str = "`units`";
    match &node.kind {
        Kind::Scalar(text, _) if matches!(text.trim(), "folder" | "all") => {
            let help = format!("write `units: {{ by: {}, max_files: {DEFAULT_MAX} }}`", text.trim());
            reader.report(node.span, format!("{WHAT} cannot be `{}` alone", text.trim()), help);
            Units::default()
        }
        Kind::Scalar(..) => reader.choice(node, WHAT, &[("each", Units::Each)]).unwrap_or_default(),
        Kind::Map(_) => by(reader, node, WHAT).unwrap_or_default(),
        Kind::Null | Kind::List(_) => {
            reader.mismatch(node, WHAT, "`each`, or a map with `by` and `max_files`");
            Units::default()
        }
    }
}

fn by(reader: &mut Reader<'_>, node: &Node, what: &str) -> Option<Units> {
    let entries = reader.map(node, what, &["by", "max_files"])?;
    let most = u32::try_from(MOST_FILES).unwrap_or(u32::MAX);
    let max_files = match entries.get("max_files") {
        Some(node) => reader.number(node, "`max_files`", 1, most).and_then(|number| usize::try_from(number).ok()),
        None => Some(DEFAULT_MAX),
    };
    let by = reader.required(&entries, "by", what, "by: folder")?;
    if matches!(&by.kind, Kind::Scalar(text, _) if text.trim() == "each") {
        reader.report(by.span, "`by` cannot be `each`", "write `units: each`, or leave `units` out");
        return None;
    }
    let max_files = max_files.unwrap_or(DEFAULT_MAX);
    reader.choice(by, "`by`", &[("folder", Units::Folder { max_files }), ("all", Units::All { max_files })])
}
