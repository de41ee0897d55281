//! When a block stands nowhere: the lines that look most like it, and which of them differs.

use strsim::sorensen_dice;

use crate::rewrite::edits::lines::{Block, Kind, Line, number, shown};

/// Below this, what comes nearest is no help.
const ENOUGH: f64 = 0.45;
/// How many places are compared closely.
const CLOSE: usize = 50;

/// The place that comes nearest.
pub(super) struct Nearest {
    /// The line that differs first, from 1.
    pub(super) line: u32,
    /// For people.
    pub(super) text: String,
}

/// The lines of `file` that look most like `block`.
pub(super) fn nearest(file: &Block, block: &Block) -> Option<Nearest> {
    let filled =
        |block: &Block| -> Vec<usize> { (0..block.lines.len()).filter(|at| block.lines[*at].kind != Kind::Blank).collect() };
    let (there, wanted) = (filled(file), filled(block));
    let window = wanted.len().min(there.len());
    if window == 0 {
        return None;
    }
    let mut rough: Vec<(usize, usize)> = (0..=there.len() - window)
        .map(|start| {
            let equal = |(at, line): &(&usize, &usize)| text(&file.lines[**at]) == text(&block.lines[**line]);
            let score = there[start..start + window].iter().zip(&wanted).filter(equal).count();
            (score, start)
        })
        .collect();
    // Where no line is equal everywhere is as good: then the first line decides.
    if rough.iter().all(|(score, _)| *score == 0) {
        let first = text(&block.lines[wanted[0]]);
        for (score, start) in &mut rough {
            *score = permille(sorensen_dice(first, text(&file.lines[there[*start]])));
        }
    }
    rough.sort_by_key(|(score, start)| (std::cmp::Reverse(*score), *start));
    rough.truncate(CLOSE);
    let likeness = |start: usize| {
        let pairs = there[start..start + window].iter().zip(&wanted);
        let sum: f64 = pairs.map(|(at, line)| sorensen_dice(text(&file.lines[*at]), text(&block.lines[*line]))).sum();
        permille(sum / wanted.len() as f64)
    };
    let (score, start) = rough
        .iter()
        .map(|(_, start)| (likeness(*start), *start))
        .max_by_key(|(score, start)| (*score, std::cmp::Reverse(*start)))?;
    if score < permille(ENOUGH) {
        return None;
    }
    let lines = &there[start..start + window];
    let differs = lines.iter().zip(&wanted).find(|(at, line)| text(&file.lines[**at]) != text(&block.lines[**line]));
    let (first, last) = (number(lines[0]), number(lines[window - 1]));
    let range = if first == last { format!("line {first}") } else { format!("lines {first} to {last}") };
    Some(match differs {
        Some((at, line)) => Nearest {
            line: number(*at),
            text: format!(
                "{range} come nearest; line {} is\n    {}\nand not\n    {}",
                number(*at),
                shown(text(&file.lines[*at])),
                shown(text(&block.lines[*line]))
            ),
        },
        None if window < wanted.len() => Nearest {
            line: last,
            text: format!("{range} come nearest, but the file ends before\n    {}", shown(text(&block.lines[wanted[window]]))),
        },
        None => Nearest { line: first, text: format!("{range} have the same text, but are nested differently") },
    })
}

fn text<'a>(line: &Line<'a>) -> &'a str {
    line.content.trim()
}

/// Likeness from 0 to 1000, so that it has an order.
fn permille(share: f64) -> usize {
    (share.clamp(0.0, 1.0) * 1000.0).round() as usize
}
