//! How much changes in each file, as `git diff --stat` shows it. Nothing here does I/O.

use std::time::Instant;

use similar::{Algorithm, capture_diff_slices_deadline};

use crate::path::RepoPath;
use crate::report::diff::{PATIENCE, lines};
use crate::report::escape;
use crate::report::look::{Ink, Look};

/// Columns that a file's signs may take.
const SIGNS: usize = 40;

/// The files that change, and by how many lines.
#[derive(Debug, Default)]
pub struct Stat {
    files: Vec<(String, usize, usize)>,
}

impl Stat {
    /// Takes note of the change of one file, where `None` stands for no file.
    pub fn add(&mut self, path: &RepoPath, [before, after]: [Option<&[u8]>; 2]) {
        if before == after {
            return;
        }
        let (come, gone) = changed([before, after]);
        self.files.push((escape::line(path.to_string().as_bytes()), come, gone));
    }

    /// A line for each file, and one for all.
    #[must_use]
    pub fn text(&self, look: Look) -> String {
        let most = self.files.iter().map(|(_, come, gone)| come + gone).max().unwrap_or(0);
        let name = self.files.iter().map(|(path, ..)| path.chars().count()).max().unwrap_or(0);
        let number = most.to_string().len();
        // Each sign stands for as many lines; whatever changed has one.
        let signs = |count: usize| if most <= SIGNS { count } else { (count * SIGNS).div_ceil(most) };
        let mut text = String::new();
        for (path, come, gone) in &self.files {
            let (plus, minus) = ("+".repeat(signs(*come)), "-".repeat(signs(*gone)));
            let (plus, minus) = (look.paint(Ink::Green, &plus), look.paint(Ink::Red, &minus));
            text += &format!(" {path:name$} | {:>number$} {plus}{minus}\n", come + gone);
        }
        let (come, gone) =
            self.files.iter().fold((0, 0), |(all_come, all_gone), (_, come, gone)| (all_come + come, all_gone + gone));
        let plural = |count: usize, what: &str| if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") };
        let files = plural(self.files.len(), "file");
        text + &format!(" {files} changed, {}(+), {}(-)\n", plural(come, "insertion"), plural(gone, "deletion"))
    }
}

/// How many lines come and go, where `None` stands for no file.
#[must_use]
pub fn changed([before, after]: [Option<&[u8]>; 2]) -> (usize, usize) {
    let (old, new) = (lines(before.unwrap_or_default()), lines(after.unwrap_or_default()));
    let ops = capture_diff_slices_deadline(Algorithm::Myers, &old, &new, Some(Instant::now() + PATIENCE));
    let changed = ops.iter().filter(|op| op.tag() != similar::DiffTag::Equal);
    changed.fold((0, 0), |(come, gone), op| (come + op.new_range().len(), gone + op.old_range().len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_has_its_signs_and_all_have_a_sum() {
        let mut stat = Stat::default();
        let many = "x\n".repeat(99);
        for (path, before, after) in [
            ("a.py", Some("a\nb\n"), Some("a\nc\n")),
            ("long/b\u{1b}.py", None, Some(many.as_str())),
            ("c.py", Some("a\n"), None),
            ("same.py", Some("a\n"), Some("a\n")),
        ] {
            stat.add(&RepoPath::new(path).unwrap(), [before.map(str::as_bytes), after.map(str::as_bytes)]);
        }
        let plus = "+".repeat(SIGNS);
        let want = format!(
            " a.py            |  2 +-\n \"long/b\\033.py\" | 99 {plus}\n c.py            |  1 -\n 3 files changed, 100 insertions(+), 2 deletions(-)\n"
        );
        assert_eq!(stat.text(Look::PLAIN), want);
    }
}
