//! Imports that go though they load a module which is read through another name: `import a.b as c` beside `import a` and `a.b.x`.

use crate::dotted::covers;
use crate::python::names::{Meaning, Use};
use crate::rewrite::rename::plan::{Fate, Work};

impl Work<'_> {
    /// Keeps what an import that goes loads for others: the import itself, where it is that of a module, else one of the module.
    pub(super) fn keep_lent(&mut self) {
        let names = self.names;
        for (statement, number) in self.leaving() {
            let import = &names.imports[statement];
            let item = &import.items[number];
            let from = self.rename.from.as_str();
            let imported = import.imported(item);
            let exact = imported == from;
            let loads = match &import.from {
                Some(module) if exact => module.module.clone(),
                _ => imported,
            };
            let reads = |read: usize| names.qualified(&names.uses[read]).is_none_or(|whole| !self.rename.is_old(&whole));
            let stays = |other: usize, item: usize| self.is_loaded_as_before(other, item);
            let Some((module, read)) = names.lent((statement, number), &loads, reads, stays) else { continue };
            if covers(&module, &self.rename.to) {
                continue;
            }
            let root = module.split('.').next().unwrap_or(&module);
            if !exact {
                self.set(statement, number, Fate::Keep);
                let line = self.source.line(names.uses[read].range.start);
                let message =
                    format!("{} stays imported: it loads {module}, which line {line} reads through another name", item.local());
                self.remark(item.range.start, message, "import the module there, then remove this import");
            } else if self.can_bind(import.scope, root) {
                self.add(statement, format!("import {module}"));
            } else {
                let at = names.uses[read].range.start;
                let message = format!("{module} is read here, and an import from {loads} goes that loaded it");
                self.remark(at, message, &format!("import {module} where nothing else loads it"));
            }
        }
    }

    /// True when the name of a top package, bound in `scope` as that, changes what no other name means.
    fn can_bind(&self, scope: usize, root: &str) -> bool {
        let names = self.names;
        if names.scopes[scope].bindings.contains_key(root) {
            return names.bound(scope, root) == Meaning::Imported(root.to_owned());
        }
        let passes = |read: &Use| {
            let owner = names.resolve(read.scope, root);
            names.path(read.scope, root).take_while(|at| Some(*at) != owner).any(|at| at == scope)
        };
        !names.declares(root) && !names.uses.iter().filter(|read| read.name == root).any(passes)
    }
}
