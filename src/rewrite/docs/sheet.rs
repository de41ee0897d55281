//! Blocks of one document put together as one Python text, and taken apart again after a step.

use crate::rewrite::docs::blocks::{Block, Page};

/// A Python text made of blocks, each below a line that marks it, perhaps below a module.
pub(super) struct Sheet {
    /// The text.
    pub(super) text: String,
    /// For each block, the line in the text of its first line, from 0.
    starts: Vec<usize>,
}

/// The comment that stands above a block; it tells where the block is after a step.
fn marker(block: usize) -> String {
    format!("#~{block}~#")
}

impl Sheet {
    /// The sheet of `blocks`, below `above`.
    pub(super) fn new(page: &Page, blocks: &[&Block], above: Option<&str>) -> Self {
        let mut text = above.unwrap_or_default().to_owned();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        let mut line = text.matches('\n').count();
        let mut starts = Vec::new();
        for (number, block) in blocks.iter().enumerate() {
            text.push_str(&marker(number));
            text.push('\n');
            starts.push(line + 1);
            for code in &block.lines {
                text.push_str(&page.text[code.code.clone()]);
                text.push('\n');
            }
            line += 1 + block.lines.len();
        }
        Self { text, starts }
    }

    /// The block and the line in it of a line of the text, from 0.
    pub(super) fn place(&self, line: usize) -> Option<(usize, usize)> {
        let block = self.starts.partition_point(|start| *start <= line).checked_sub(1)?;
        Some((block, line - self.starts[block]))
    }

    /// What stands above the first block in what a step made of the text.
    pub(super) fn above<'t>(&self, made: &'t str) -> &'t str {
        made.find(&marker(0)).map_or("", |at| &made[..at])
    }

    /// The lines of each block in what a step made of the text, with the line where each block starts; `None` when the step did not
    /// keep the blocks apart.
    pub(super) fn apart<'t>(&self, made: &'t str) -> Option<Vec<(usize, Vec<&'t str>)>> {
        let mut lines: Vec<&str> = made.split('\n').collect();
        if lines.last() == Some(&"") {
            lines.pop();
        }
        let mut marks = Vec::new();
        for block in 0..self.starts.len() {
            let marker = marker(block);
            let mut found = (0..lines.len()).filter(|line| lines[*line] == marker);
            let (at, None) = (found.next()?, found.next()) else { return None };
            if marks.last().is_some_and(|last| *last >= at) {
                return None;
            }
            marks.push(at);
        }
        let ends = marks.iter().skip(1).copied().chain([lines.len()]);
        Some(marks.iter().zip(ends).map(|(mark, end)| (mark + 1, lines[mark + 1..end].to_vec())).collect())
    }
}
