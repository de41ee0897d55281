//! What cannot be imported: by the module that has it, and by a private name in a class, which Python changes there.

use crate::pattern::after::Wanted;
use crate::rewrite::importing::{Barred, Importing};

impl Importing<'_> {
    /// Why a scope cannot import what is wanted, whatever it calls it.
    pub(super) fn barred(&self, wanted: &Wanted, scope: usize) -> Option<Barred> {
        let module = wanted.module.as_ref().unwrap_or(&wanted.name);
        if self.is_own(module) {
            let message = format!("this file is {module} itself and cannot import {} from there", wanted.name);
            return Some(Barred { message, help: "write an edit for this file, or leave it out of the plan" });
        }
        let written = self.is_mangled(scope, module) || self.is_mangled(scope, &wanted.name);
        written.then(|| Barred {
            message: format!("{} is private, and a class cannot import it", wanted.name),
            help: "import it at the top of the file first",
        })
    }

    /// True when this file is the module of that name.
    fn is_own(&self, module: &str) -> bool {
        self.module.is_some_and(|own| own.strip_suffix(".__init__").unwrap_or(own) == module)
    }

    /// True when Python would read another name in a scope, since it stands in a class and a part of the name is private.
    pub(super) fn is_mangled(&self, scope: usize, name: &str) -> bool {
        let private = |part: &str| part.starts_with("__") && !part.ends_with("__");
        name.split('.').any(private) && self.names.is_in_class(scope)
    }
}
