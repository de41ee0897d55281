//! What other modules can learn of a file without reading all of it: what it imports, and the names in its texts where it may patch.
//!
//! Nothing here does I/O.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::program::module::{Load, imports, loads};
use crate::python::parsed::Parsed;
use crate::python::skim::{Skim, Word};
use crate::python::source::Source;

/// Words of which a text has one that patches.
const PATCHERS: [&[u8]; 3] = [b"patch", b"setattr", b"delattr"];
/// Longer texts in quotes are no dotted names.
const LONGEST: usize = 256;

/// What a file imports and may patch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// The qualified names of all that it imports, in functions too; of a star import the module, of a plain one what is above it too.
    pub imports: BTreeSet<String>,
    /// What it loads while it is itself imported, in the order of the text.
    pub loads: Vec<Load>,
    /// Texts in quotes that are dotted names, where something in the file may patch.
    pub texts: BTreeSet<String>,
}

impl Outline {
    /// That of a file whose module is known; `None` when it cannot be read.
    #[must_use]
    pub fn read(source: &Source, module: Option<&str>) -> Option<Self> {
        let texts = texts(source.text());
        if memchr::memmem::find(source.bytes(), b"import").is_none() {
            return Some(Self { texts, ..Self::default() });
        }
        let word = Word { name: "import".to_owned(), attribute: None };
        let file = Parsed::new(source, module);
        let file = match Skim::new(source.text()) {
            Some(skim) => file.showing(skim.only(&[word])),
            None => file,
        };
        let names = file.names().ok()?;
        // `import a.b` gives what `a` has, too.
        let plain = names.imports.iter().filter(|import| import.from.is_none()).flat_map(|import| &import.items);
        let above = plain.flat_map(|item| item.name.match_indices('.').map(|(at, _)| item.name[..at].to_owned()));
        Some(Self { imports: imports(names).into_iter().chain(above).collect(), loads: loads(names), texts })
    }
}

/// The dotted names that stand alone between quotes, where something may patch.
fn texts(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if !PATCHERS.iter().any(|word| memchr::memmem::find(text.as_bytes(), word).is_some()) {
        return found;
    }
    let mut last = 0;
    for at in memchr::memchr2_iter(b'\'', b'"', text.as_bytes()) {
        let between = &text[last..at];
        let is_name = between.len() <= LONGEST && between.chars().all(|c| c == '_' || c == '.' || c.is_alphanumeric());
        if is_name && !between.is_empty() {
            found.insert(between.to_owned());
        }
        last = at + 1;
    }
    found
}

impl Outline {
    /// True when the file may take `name` from `module`: it imports it or the module, or has it in a text.
    #[must_use]
    pub fn may_take(&self, module: &str, name: &str) -> bool {
        let whole = format!("{module}.{name}");
        let begins =
            |text: &String, with: &str| text.strip_prefix(with).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        [module, &whole].iter().any(|name| self.imports.contains(*name) || self.texts.iter().any(|text| begins(text, name)))
    }
}

/// Which files may take a name from a module, by what their outlines say.
#[derive(Debug, Default)]
pub struct Takers {
    /// By what is imported, and by what stands in a text, with all that is above it: files by their numbers.
    by_name: HashMap<String, Vec<u32>>,
}

impl Takers {
    /// Adds a file by its number; numbers grow.
    pub fn add(&mut self, number: u32, outline: &Outline) {
        let above = |text: &String| -> Vec<String> {
            text.match_indices('.').map(|(at, _)| text[..at].to_owned()).chain([text.clone()]).collect()
        };
        for name in outline.imports.iter().cloned().chain(outline.texts.iter().flat_map(above)) {
            let files = self.by_name.entry(name).or_default();
            if files.last() != Some(&number) {
                files.push(number);
            }
        }
    }

    /// The files that may take `name` from `module`, by their numbers: they import it or the module, or have it in a text.
    #[must_use]
    pub fn candidates(&self, module: &str, name: &str) -> BTreeSet<u32> {
        let whole = format!("{module}.{name}");
        [module, &whole].into_iter().filter_map(|name| self.by_name.get(name)).flatten().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(text: &str) -> Outline {
        Outline::read(&Source::new(text.as_bytes()).unwrap(), Some("p.m")).unwrap()
    }

    #[test]
    fn a_file_has_its_imports_what_it_loads_and_the_names_in_its_texts_where_it_may_patch() {
        let found = outline(
            "import a.b\nfrom . import c\nif x:\n    from d import e\ndef f():\n    from g import *\nif TYPE_CHECKING:\n    import h\n\
             @mock.patch('p.m.f', \"it's\")\ndef t(): 'q.r'\n",
        );
        assert_eq!(Vec::from_iter(&found.imports), ["a", "a.b", "d.e", "g", "h", "p.c"]);
        let loads: Vec<(&str, bool)> = found.loads.iter().map(|load| (load.module.as_str(), load.sure)).collect();
        assert_eq!(loads, [("a.b", true), ("p", true), ("d", false)]);
        assert!(found.texts.contains("p.m.f"));
        assert_eq!(outline("x = 'p.m.f'\n"), Outline::default());
    }

    #[test]
    fn who_may_take_a_name_imports_it_or_its_module_or_has_it_in_a_text() {
        let mut takers = Takers::default();
        for (number, text) in
            ["from p.q import f\n", "import p.q\n", "patch('p.q.f.x')\n", "from p.q import g\n", "import p.q.r\n"]
                .iter()
                .enumerate()
        {
            let (number, outline) = (u32::try_from(number).unwrap(), outline(text));
            takers.add(number, &outline);
            assert_eq!(outline.may_take("p.q", "f"), takers.candidates("p.q", "f").contains(&number), "{text}");
        }
        assert_eq!(Vec::from_iter(takers.candidates("p.q", "f")), [0, 1, 2, 4]);
    }
}
