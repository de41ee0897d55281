//! What other modules can learn of a file without reading all of it: what it imports, what it loads, and whose names it may take.
//!
//! Nothing here does I/O.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::program::module::{Load, imports, loads};
use crate::python::names::Names;
use crate::python::parsed::Parsed;
use crate::python::skim::{Skim, Word};
use crate::python::source::Source;

/// Words of which a text has one that patches.
const PATCHERS: [&[u8]; 3] = [b"patch", b"setattr", b"delattr"];
/// Longer texts in quotes are no dotted names.
const LONGEST: usize = 256;

/// What a file imports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outline {
    /// The qualified names of all that it imports, in functions too; of a star import the module, of a plain one what is above it too.
    pub imports: BTreeSet<String>,
    /// What it loads while it is itself imported, in the order of the text.
    pub loads: Vec<Load>,
}

impl Outline {
    /// That of a file whose module is known; `None` when it cannot be read.
    #[must_use]
    pub fn read(source: &Source, module: Option<&str>) -> Option<Self> {
        if memchr::memmem::find(source.bytes(), b"import").is_none() {
            return Some(Self::default());
        }
        let word = Word { name: "import".to_owned(), attribute: None };
        let file = Parsed::new(source, module);
        let file = match Skim::new(source.text()) {
            Some(skim) => file.showing(skim.only(&[word])),
            None => file,
        };
        let names = file.names().ok()?;
        Some(Self { imports: with_above(names), loads: loads(names) })
    }
}

/// What a file imports; `import a.b` gives what `a` has, too.
fn with_above(names: &Names) -> BTreeSet<String> {
    let plain = names.imports.iter().filter(|import| import.from.is_none()).flat_map(|import| &import.items);
    let above = plain.flat_map(|item| item.name.match_indices('.').map(|(at, _)| item.name[..at].to_owned()));
    imports(names).into_iter().chain(above).collect()
}

/// The names that a file imports, and those that it may patch with all that is above them, as numbers: two names that share one cost
/// a look more, and there are many names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MayTake(Vec<u64>);

impl MayTake {
    /// Those of a file whose module is known; `None` when it cannot be read.
    #[must_use]
    pub fn read(source: &Source, module: Option<&str>) -> Option<Self> {
        let mut all = texts(source.text());
        if memchr::memmem::find(source.bytes(), b"import").is_some() {
            let imports = imports_alone(source.text(), module);
            all.extend(imports.or_else(|| Some(Outline::read(source, module)?.imports))?);
        }
        let numbers: BTreeSet<u64> = all.iter().map(|name| number(name)).collect();
        Some(Self(numbers.into_iter().collect()))
    }

    /// True when the file may take `name` from `module`: it imports it or the module, or has it in a text.
    #[must_use]
    pub fn may_take(&self, module: &str, name: &str) -> bool {
        self.has(module) || self.names(module, name)
    }

    /// True when it imports the name itself, or has it in a text.
    #[must_use]
    pub fn names(&self, module: &str, name: &str) -> bool {
        self.has(&format!("{module}.{name}"))
    }

    fn has(&self, name: &str) -> bool {
        self.0.binary_search(&number(name)).is_ok()
    }
}

/// What a text imports, by its imports alone; `None` where these do not tell.
fn imports_alone(text: &str, module: Option<&str>) -> Option<BTreeSet<String>> {
    let skim = Skim::new(text).filter(Skim::is_plain)?;
    let lines = skim.imports()?;
    let source = Source::prose(lines.as_bytes()).ok()?;
    let file = Parsed::new(&source, module);
    let is_whole = !file.tree().ok()?.root_node().has_error();
    is_whole.then(|| file.names().ok().map(with_above)).flatten()
}

/// The number of a name: FNV-1a.
fn number(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The dotted names that stand alone between quotes, each with all that is above it, where something may patch.
fn texts(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if !PATCHERS.iter().any(|word| memchr::memmem::find(text.as_bytes(), word).is_some()) {
        return found;
    }
    let mut last = 0;
    for at in memchr::memchr2_iter(b'\'', b'"', text.as_bytes()) {
        let between = &text[last..at];
        let is_name = between.len() <= LONGEST && between.chars().all(|c| c == '_' || c == '.' || c.is_alphanumeric());
        if is_name && between.contains('.') {
            found.extend(between.match_indices('.').map(|(at, _)| between[..at].to_owned()).chain([between.to_owned()]));
        }
        last = at + 1;
    }
    found
}

/// Which files may take a name from a module.
#[derive(Debug, Default)]
pub struct Takers {
    /// By what they take: files by their numbers.
    by_name: HashMap<u64, Vec<u32>>,
}

impl Takers {
    /// Adds a file by its number; numbers grow.
    pub fn add(&mut self, number: u32, may: &MayTake) {
        for name in &may.0 {
            self.by_name.entry(*name).or_default().push(number);
        }
    }

    /// The files that may take `name` from `module`, by their numbers: they import it or the module, or have it in a text.
    #[must_use]
    pub fn candidates(&self, module: &str, name: &str) -> BTreeSet<u32> {
        let numbers = [number(module), number(&format!("{module}.{name}"))];
        numbers.iter().filter_map(|name| self.by_name.get(name)).flatten().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(text: &str) -> Outline {
        Outline::read(&Source::new(text.as_bytes()).unwrap(), Some("p.m")).unwrap()
    }

    #[test]
    fn a_file_has_its_imports_and_what_it_loads() {
        let found = outline(
            "import a.b\nfrom . import c\nif x:\n    from d import e\ndef f():\n    from g import *\nif TYPE_CHECKING:\n    import h\n\
             def t(): 'q.r'\n",
        );
        assert_eq!(Vec::from_iter(&found.imports), ["a", "a.b", "d.e", "g", "h", "p.c"]);
        let loads: Vec<(&str, bool)> = found.loads.iter().map(|load| (load.module.as_str(), load.sure)).collect();
        assert_eq!(loads, [("a.b", true), ("p", true), ("d", false)]);
        assert_eq!(outline("x = 'p.m.f'\n"), Outline::default());
    }

    fn may_take(text: &str) -> MayTake {
        MayTake::read(&Source::new(text.as_bytes()).unwrap(), Some("p.m")).unwrap()
    }

    #[test]
    fn the_imports_alone_tell_the_same_as_the_file_or_nothing() {
        for (text, tells) in [
            ("import a.b, c as d\nif x:\n    from . import (e,  # f\n        g)\ndef h():\n    from i import *\n", true),
            ("'''import a'''\nfrom b import c\n", true),
            ("x = 'import a'\nfrom b import c\n", false),
            ("x = 1; import a\n", false),
            ("if x: import a\n", false),
        ] {
            let alone = imports_alone(text, Some("p.m"));
            assert_eq!(alone.is_some(), tells, "{text}");
            assert!(alone.is_none_or(|imports| imports == outline(text).imports), "{text}");
        }
    }

    #[test]
    fn who_may_take_a_name_imports_it_or_its_module_or_has_it_in_a_text() {
        let mut takers = Takers::default();
        for (number, text) in [
            "from p.q import f\n",
            "import p.q\n",
            "patch('p.q.f.x')\n",
            "from p.q import g\n",
            "import p.q.r\n",
            "x = 'p.q.f'\n",
        ]
        .iter()
        .enumerate()
        {
            let (number, may) = (u32::try_from(number).unwrap(), may_take(text));
            takers.add(number, &may);
            assert_eq!(may.may_take("p.q", "f"), takers.candidates("p.q", "f").contains(&number), "{text}");
        }
        assert_eq!(Vec::from_iter(takers.candidates("p.q", "f")), [0, 1, 2, 4]);
    }
}
