//! Whether an old import goes, and what keeps it.

use std::borrow::Cow;

use tree_sitter::Node;

use crate::dotted::covers;
use crate::python::builtins::is_builtin;
use crate::python::imports::{Import, Item};
use crate::python::names::{ScopeKind, Use};
use crate::rewrite::Remark;
use crate::rewrite::importing::Importing;
use crate::taken::Taken;

/// What keeps an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Keep {
    /// New code uses it.
    Needed,
    /// Code that stays uses it, in these lines.
    Used(Vec<u32>),
    /// It may be used where nobody sees it, as this says.
    Seen(Cow<'static, str>),
}

/// The branch that an import stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Branch {
    TypeChecking,
    Other,
}

impl Importing<'_> {
    /// True for an import that gave what was replaced, of something that goes, of a module on the way to it, or of what lies below
    /// it.
    pub(super) fn is_concerned(&self, statement: usize, item: usize) -> bool {
        self.served.contains(&(statement, item)) || self.is_deprecated(statement, item)
    }

    fn is_deprecated(&self, statement: usize, item: usize) -> bool {
        let import = &self.names.imports[statement];
        let imported = import.imported(&import.items[item]);
        self.deprecated.iter().any(|name| covers(&imported, name) || covers(name, &imported))
    }

    /// What keeps an item; `None` when it can go.
    pub(super) fn stays(&self, statement: usize, number: usize) -> Option<Keep> {
        let import = &self.names.imports[statement];
        let item = &import.items[number];
        let (names, local) = (self.names, item.local());
        let scope = &names.scopes[import.scope];
        // A builtin of the same name is what the new code means.
        let is_read = self.reads.contains(local) && !(is_builtin(local) && self.is_concerned(statement, number));
        if self.kept.contains(&(statement, number)) || is_read {
            return Some(Keep::Needed);
        }
        let left = self.left(import, item);
        if !left.is_empty() {
            let mut lines: Vec<u32> = left.iter().map(|read| self.source.line(read.range.start)).collect();
            lines.dedup();
            return Some(Keep::Used(lines));
        }
        let plain = import.from.is_none() && item.alias.is_none();
        let alone = scope.bindings.get(local).into_iter().flatten().all(|binding| {
            let other = names.item(binding).filter(|_| !binding.unbinds);
            other.is_some_and(|(other, twin)| twin.range == item.range || (plain && other.from.is_none() && twin.alias.is_none()))
        });
        let taken = if import.scope == 0 { (self.taken)(local) } else { Taken::No };
        let reason = if import.scope == 0 && names.exports.contains(local) {
            "`__all__` names it"
        } else if let Taken::By(taker) = taken {
            return Some(Keep::Seen(taker.to_string().into()));
        } else if taken == Taken::Unknown && self.names.is_package() {
            "others may import it from this package"
        } else if item.is_export() {
            "it is imported under its own name as an alias, so for others"
        } else if names.quoted.contains(local) {
            "a string in an annotation or a type comment names it"
        } else if scope.kind == ScopeKind::Class {
            "it is an attribute of a class"
        } else if names.declares(local) {
            "`global` or `nonlocal` names it"
        } else if self.branch(import) == Some(Branch::Other) && !self.is_used_beside(import, local) {
            "it stands in a branch"
        } else if !alone {
            "something else binds the name too"
        } else if self.lends(statement, number) {
            "it loads a module that is read through another name"
        } else {
            return None;
        };
        Some(Keep::Seen(reason.into()))
    }

    /// True when a use that stays reads a module through another name that this item is sure to load.
    fn lends(&self, statement: usize, number: usize) -> bool {
        let import = &self.names.imports[statement];
        let imported = import.imported(&import.items[number]);
        let loads = match &import.from {
            Some(from) if self.deprecated.contains(&imported) => from.module.clone(),
            _ => imported,
        };
        let reads = |read: usize| !self.gone.contains(&read);
        let stays = |other: usize, item: usize| !self.is_concerned(other, item);
        self.names.lent((statement, number), &loads, reads, stays).is_some()
    }

    /// The uses of an item that are left and that no other import serves.
    fn left(&self, import: &Import, item: &Item) -> Vec<&Use<'_>> {
        let (names, local) = (self.names, item.local());
        let plain = import.from.is_none() && item.alias.is_none();
        let own = names.uses.iter().enumerate().filter(|(number, read)| read.name == local && !self.gone.contains(number));
        let own = own.map(|(_, read)| read).filter(|read| names.resolve(read.scope, local) == Some(import.scope));
        own.filter(|read| !(plain && self.served(read, import, item))).collect()
    }

    /// True when a plain import other than this item gives what a chain reads.
    fn served(&self, read: &Use, import: &Import, item: &Item) -> bool {
        let chain = read.qualified(item.local());
        let bindings = self.names.scopes[import.scope].bindings.get(item.local()).into_iter().flatten();
        !covers(&item.name, &chain)
            && bindings.filter_map(|binding| self.names.item(binding)).any(|(other, twin)| {
                let apart = twin.range != item.range;
                apart && other.from.is_none() && twin.alias.is_none() && covers(&twin.name, &chain)
            })
    }

    /// True when all that reads a name of an import stands in the import's own block.
    fn is_used_beside(&self, import: &Import, local: &str) -> bool {
        let block = self.statement(import).and_then(|statement| statement.parent());
        let own = self.names.uses.iter().filter(|read| read.name == local);
        let mut own = own.filter(|read| self.names.resolve(read.scope, local) == Some(import.scope)).peekable();
        own.peek().is_some() && block.is_some_and(|block| own.all(|read| block.byte_range().contains(&read.range.start)))
    }

    fn branch(&self, import: &Import) -> Option<Branch> {
        let mut inner = self.statement(import)?;
        while let Some(outer) = inner.parent() {
            match outer.kind() {
                "module" | "function_definition" | "class_definition" => return None,
                "if_statement" if self.is_type_checking(outer, inner) => return Some(Branch::TypeChecking),
                "block" => {}
                _ => return Some(Branch::Other),
            }
            inner = outer;
        }
        None
    }

    fn is_type_checking(&self, branches: Node, inner: Node) -> bool {
        let field = |name: &str| branches.child_by_field_name(name);
        let first = field("consequence").is_some_and(|block| block.id() == inner.id());
        let condition = field("condition").map_or("", |condition| &self.source.text()[condition.byte_range()]);
        first && (condition == "TYPE_CHECKING" || condition.ends_with(".TYPE_CHECKING"))
    }

    /// The items that go, by statement and number, and what is to be said of those that stay.
    pub(super) fn judge(&self) -> (Vec<(usize, usize)>, Vec<Remark>) {
        let (mut gone, mut remarks) = (Vec::new(), Vec::new());
        for (statement, import) in self.names.imports.iter().enumerate() {
            for (number, item) in import.items.iter().enumerate().filter(|(number, _)| self.is_concerned(statement, *number)) {
                let owner = |read: &Use| self.names.resolve(read.scope, item.local()) == Some(import.scope);
                let served = self.gone.iter().map(|number| &self.names.uses[*number]);
                let used = served.filter(|read| read.name == item.local()).any(owner);
                let exact = self.deprecated.contains(&import.imported(item));
                match self.stays(statement, number) {
                    None if used => gone.push((statement, number)),
                    None if exact => remarks.push(self.remark(
                        item,
                        "is imported and not used",
                        "remove the import if no other file takes it from here",
                    )),
                    None | Some(Keep::Needed) => {}
                    Some(Keep::Used(lines)) if used && exact => {
                        let word = if lines.len() == 1 { "line" } else { "lines" };
                        let lines: Vec<String> = lines.iter().map(u32::to_string).collect();
                        let message = format!("stays imported: it is still used in {word} {}", lines.join(", "));
                        remarks.push(self.remark(item, &message, "change these uses, or write another rule for them"));
                    }
                    Some(Keep::Used(_)) => {}
                    Some(Keep::Seen(reason)) if exact || (used && self.is_deprecated(statement, number)) => {
                        let help = "remove it by hand, or with an edit, when nothing needs it";
                        remarks.push(self.remark(item, &format!("stays imported: {reason}"), help));
                    }
                    Some(Keep::Seen(_)) => {}
                }
            }
        }
        (gone, remarks)
    }

    fn remark(&self, item: &Item, message: &str, help: &str) -> Remark {
        Remark::at(self.source, item.range.start, format!("{} {message}", item.local()), help)
    }
}
