//! A cheap look at the bytes of many files: which steps may have anything to do in one. It never says no where there is something.

use aho_corasick::{AhoCorasick, BuildError, MatchKind};

use crate::rewrite::Step;

/// What to look for.
#[derive(Debug)]
pub struct Words {
    automaton: AhoCorasick,
    needs: Vec<Need>,
    count: usize,
}

/// What a file must hold for one step: one of each list, or anything where a list is empty.
#[derive(Debug, Default)]
struct Need {
    /// Indexes of words.
    words: Vec<usize>,
    /// The top packages. A file names one of them, or lies in one and has relative imports.
    roots: Vec<String>,
}

/// Whole words that Python reads as names, in the order in which they came.
#[derive(Default)]
struct Vocabulary(Vec<String>);

impl Vocabulary {
    fn add(&mut self, word: &str) -> usize {
        self.0.iter().position(|known| known == word).unwrap_or_else(|| {
            self.0.push(word.to_owned());
            self.0.len() - 1
        })
    }
}

impl Words {
    /// What the `steps` look for.
    ///
    /// # Errors
    /// When there are more words than the automaton can take.
    pub fn new(steps: &[Step]) -> Result<Self, BuildError> {
        let mut words = Vocabulary::default();
        let needs = steps.iter().map(|step| Need::of(step, &mut words)).collect();
        let Vocabulary(words) = words;
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&words)?;
        Ok(Self { automaton, needs, count: words.len() })
    }

    /// For each step, whether it may have something to do in a file of these bytes, which lies at `path`.
    #[must_use]
    pub fn look(&self, bytes: &[u8], path: &[u8]) -> Vec<bool> {
        let mut held = vec![false; self.count];
        let mut missing = self.count;
        if missing > 0 {
            for found in self.automaton.find_iter(bytes) {
                if !held[found.pattern().as_usize()] && is_whole(bytes, found.start(), found.end()) {
                    held[found.pattern().as_usize()] = true;
                    missing -= 1;
                    if missing == 0 {
                        break;
                    }
                }
            }
        }
        self.needs.iter().map(|need| need.is_met(&held, bytes, path)).collect()
    }
}

impl Need {
    fn of(step: &Step, words: &mut Vocabulary) -> Self {
        match step {
            Step::Edits(_) => Self::default(),
            Step::Rename(rename) => Self::of_names(std::slice::from_ref(&rename.from), words),
            Step::Rewrite(rewrite) if rewrite.pattern.deprecated().is_empty() => {
                let plain = rewrite.pattern.words();
                let all = if plain.iter().all(|word| word.is_ascii()) { plain } else { &[] };
                Self { words: all.iter().map(|word| words.add(word)).collect(), roots: Vec::new() }
            }
            Step::Rewrite(rewrite) => Self::of_names(rewrite.pattern.deprecated(), words),
        }
    }

    /// What any violation of these qualified names needs.
    fn of_names(names: &[String], words: &mut Vocabulary) -> Self {
        // In another encoding than UTF-8 such a name has other bytes.
        if !names.iter().all(|name| name.is_ascii()) {
            return Self::default();
        }
        let root = |name: &String| name.split('.').next().unwrap_or(name).to_owned();
        let last = |name: &String| words.add(name.rsplit('.').next().unwrap_or(name));
        Self { roots: names.iter().map(root).collect(), words: names.iter().map(last).collect() }
    }

    fn is_met(&self, held: &[bool], bytes: &[u8], path: &[u8]) -> bool {
        let named = |root: &String| memchr::memmem::find_iter(bytes, root).any(|at| is_whole(bytes, at, at + root.len()));
        let around = |root: &String| {
            let stem = |part: &[u8]| part.split(|byte| *byte == b'.').next() == Some(root.as_bytes());
            path.split(|byte| *byte == b'/').any(stem) && has_relative_import(bytes)
        };
        (self.words.is_empty() || self.words.iter().any(|word| held[*word]))
            && (self.roots.is_empty() || self.roots.iter().any(|root| named(root) || around(root)))
    }
}

/// True unless the word goes on at one of its ends. A byte that is not ASCII may be part of a name or not.
fn is_whole(bytes: &[u8], start: usize, end: usize) -> bool {
    let goes_on = |byte: Option<&u8>| byte.is_some_and(|byte| *byte == b'_' || byte.is_ascii_alphanumeric());
    !goes_on(start.checked_sub(1).and_then(|at| bytes.get(at))) && !goes_on(bytes.get(end))
}

fn has_relative_import(bytes: &[u8]) -> bool {
    memchr::memmem::find_iter(bytes, b"from").any(|at| {
        let mut rest = bytes[at + 4..].iter();
        rest.find(|byte| !byte.is_ascii_whitespace() && **byte != b'\\') == Some(&b'.')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Rename;

    fn rename(from: &str) -> Rename {
        Rename { from: from.into(), to: "x".into(), ..Rename::default() }
    }

    #[test]
    fn a_file_without_the_words_has_nothing_to_do() {
        let (long, short, plain, foreign) = (rename("app.core.f_g"), rename("app.core.f"), rename("app"), rename("app.é"));
        let steps = [Step::Rename(&long), Step::Rename(&short), Step::Rename(&plain), Step::Rename(&foreign)];
        let words = Words::new(&steps).unwrap();
        for (path, text, want) in [
            ("m.py", "from app.core import f_g\n", [true, false, true, true]),
            ("m.py", "from app.core import f_g, f\n", [true, true, true, true]),
            ("src/app/m.py", "from .core import f\n", [false, true, false, true]),
            ("app.py", "from\\\n .core import f\n", [false, true, false, true]),
            ("src/apps/m.py", "from .core import f\n", [false, false, false, true]),
            ("app/m.py", "from core import f\n", [false, false, false, true]),
            ("m.py", "import app.core\napp.core.f2(xf, f_)\n", [false, false, true, true]),
            ("m.py", "'app', 'éf'\n", [false, true, true, true]),
            ("m.py", "apps.f\n", [false, false, false, true]),
            ("m.py", "", [false, false, false, true]),
        ] {
            assert_eq!(words.look(text.as_bytes(), path.as_bytes()), want, "{text}");
        }
    }
}
