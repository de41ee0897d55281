//! Imports that close a circle in which a name is taken from a module that does not have it yet.
//!
//! Nothing here does I/O. Python takes circles of modules as they are; only a name taken by `from` must be there by then.

use std::collections::HashSet;

use crate::dotted::covers;
use crate::program::module::Load;

/// More modules are not followed.
const MOST: usize = 2_000;

/// What a module loads while it is imported; `None` for what is no module that is seen.
pub type Loads<'l> = dyn Fn(&str) -> Option<Vec<Load>> + 'l;

/// A way from a module back to the one that loads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circle {
    /// The modules on the way, the one that is loaded first, the one that takes the names last.
    pub way: Vec<String>,
    /// The names that are taken from the module where the circle begins.
    pub taken: Vec<String>,
    /// Where the import ends by which the first module goes on that way.
    pub leaves_at: usize,
    /// All imports on the way run whatever happens.
    pub sure: bool,
}

/// The circle that `load` closes for the module `own`, if it does: the shortest by which names are taken from it.
#[must_use]
pub fn circle(own: &str, load: &Load, loads: &Loads) -> Option<Circle> {
    let mut seen: HashSet<String> = HashSet::from([own.to_owned()]);
    let mut pending: Vec<Circle> = Vec::new();
    for module in loaded(own, load, loads) {
        if seen.insert(module.clone()) {
            pending.push(Circle { way: vec![module], taken: Vec::new(), leaves_at: 0, sure: load.sure });
        }
    }
    let mut at = 0;
    while let Some(circle) = pending.get(at).cloned().filter(|_| at < MOST) {
        at += 1;
        let Some(module) = circle.way.last() else { continue };
        for next in loads(module).unwrap_or_default() {
            let sure = circle.sure && next.sure;
            let leaves_at = if circle.way.len() == 1 { next.at } else { circle.leaves_at };
            let is_taken = |name: &&String| loads(&format!("{own}.{name}")).is_none();
            let taken: Vec<String> = next.names.iter().filter(|_| next.module == own).filter(is_taken).cloned().collect();
            if !taken.is_empty() {
                return Some(Circle { taken, leaves_at, sure, way: circle.way });
            }
            for further in loaded(module, &next, loads) {
                if seen.insert(further.clone()) {
                    let way = circle.way.iter().cloned().chain([further]).collect();
                    pending.push(Circle { way, taken: Vec::new(), leaves_at, sure });
                }
            }
        }
    }
    None
}

/// The modules of the tree that an import in `own` loads: the one that it names, those above it that are not loaded already, and the
/// names that are modules themselves.
fn loaded(own: &str, load: &Load, loads: &Loads) -> Vec<String> {
    let module = load.module.as_str();
    let above = module.match_indices('.').map(|(at, _)| &module[..at]).filter(|above| !covers(above, own));
    let named = load.names.iter().map(|name| format!("{module}.{name}"));
    let all = above.map(str::to_owned).chain([module.to_owned()]).chain(named);
    all.filter(|module| loads(module).is_some()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::outline::Outline;
    use crate::python::source::Source;

    #[test]
    fn a_circle_is_found_where_a_name_is_taken_from_the_module_in_which_it_begins() {
        let files = [
            ("p", ""),
            ("p.a", "from p.new import f\nK = 1\n"),
            ("p.new", "from p.a import K\n"),
            ("p.plain", "import p.a\nfrom p import a\n"),
            ("p.late", "def g():\n    from p.a import K\nif TYPE_CHECKING:\n    from p.a import K\n"),
            ("p.far", "import os\nimport q.x\n"),
            ("q", "if z:\n    from p.a import K, L\n"),
            ("q.x", ""),
        ];
        let loads = |name: &str| {
            let (_, text) = files.iter().find(|(module, _)| *module == name)?;
            Some(Outline::read(&Source::new(text.as_bytes()).unwrap(), Some(name)).unwrap().loads)
        };
        let found = |module: &str| {
            let load = Load { at: 0, module: module.to_owned(), names: vec!["f".to_owned()], sure: true };
            circle("p.a", &load, &loads)
        };
        let circle = found("p.new").unwrap();
        assert_eq!((circle.way, circle.taken, circle.sure), (vec!["p.new".to_owned()], vec!["K".to_owned()], true));
        assert_eq!((found("p.plain"), found("p.late"), found("os")), (None, None, None));
        let circle = found("p.far").unwrap();
        assert_eq!(
            (circle.way.join(" "), circle.taken.join(" "), circle.sure, circle.leaves_at),
            ("p.far q".into(), "K L".into(), false, 20)
        );
    }
}
