//! Remarks that many files share: the first few are shown, the others are counted, so that one cause in six hundred files does not
//! bury what is said once; and what to do about them, which is said once. Nothing here does I/O.

use std::collections::{BTreeMap, BTreeSet};

use crate::report::Detail;

/// How many remarks of the same words are shown.
const FEW: usize = 3;

/// How often each remark was met.
#[derive(Debug)]
pub struct Repeats {
    detail: Detail,
    met: BTreeMap<String, usize>,
    helps: BTreeSet<String>,
}

impl Repeats {
    /// Nothing was met yet.
    #[must_use]
    pub fn new(detail: Detail) -> Self {
        Self { detail, met: BTreeMap::new(), helps: BTreeSet::new() }
    }

    /// Counts a remark of these words, and says whether it is to be shown.
    pub fn shows(&mut self, words: &str) -> bool {
        let met = self.met.entry(words.to_owned()).or_default();
        *met += 1;
        self.detail == Detail::Verbose || *met <= FEW
    }

    /// What to do about something, unless that was said before.
    pub fn help<'h>(&mut self, help: &'h str) -> Option<&'h str> {
        let is_new = self.helps.insert(help.to_owned());
        (is_new || self.detail == Detail::Verbose).then_some(help)
    }

    /// A line for each remark that was not shown every time.
    pub fn rest(&self) -> impl Iterator<Item = String> + '_ {
        let hidden = |met: usize| if self.detail == Detail::Verbose { 0 } else { met.saturating_sub(FEW) };
        self.met.iter().filter(move |(_, met)| hidden(**met) > 0).map(move |(words, met)| match hidden(*met) {
            1 => format!("at 1 more place, listed with --verbose: {words}"),
            count => format!("at {count} more places, listed with --verbose: {words}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of ten remarks `a` and four `b` are shown, and what is said at the end.
    fn told(detail: Detail) -> (usize, Vec<String>) {
        let mut repeats = Repeats::new(detail);
        let all = std::iter::repeat_n("a", 10).chain(std::iter::repeat_n("b", 4)).chain(["c"]);
        (all.filter(|words| repeats.shows(words)).count(), repeats.rest().collect())
    }

    #[test]
    fn the_first_few_of_the_same_words_are_shown_and_the_others_counted() {
        let rest = ["at 7 more places, listed with --verbose: a", "at 1 more place, listed with --verbose: b"];
        assert_eq!(told(Detail::Normal), (7, rest.map(ToOwned::to_owned).to_vec()));
        assert_eq!(told(Detail::Verbose), (15, Vec::new()));
    }

    #[test]
    fn what_to_do_is_said_once() {
        for (detail, want) in
            [(Detail::Normal, [Some("a"), Some("b"), None]), (Detail::Verbose, [Some("a"), Some("b"), Some("a")])]
        {
            let mut repeats = Repeats::new(detail);
            assert_eq!(["a", "b", "a"].map(|help| repeats.help(help)), want);
        }
    }
}
