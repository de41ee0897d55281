//! What cannot be imported: by the module that has it, and by a private name in a class, which Python changes there.

use crate::pattern::after::Wanted;
use crate::rewrite::importing::{Barred, Importing};

impl Importing<'_> {
    /// Why a scope cannot import what is wanted, whatever it calls it.
    pub(super) fn barred(&self, wanted: &Wanted, scope: usize) -> Option<Barred> {
        let module = wanted.module.as_ref().unwrap_or(&wanted.name);
        if self.names.is_own(module) {
            let message = format!("this file is {module} itself and cannot import {} from there", wanted.name);
            return Some(Barred { message, help: "write an edit for this file, or leave it out of the plan" });
        }
        let written = self.names.mangles(scope, module) || self.names.mangles(scope, &wanted.name);
        written.then(|| Barred {
            message: format!("{} is private, and a class cannot import it", wanted.name),
            help: "import it at the top of the file first",
        })
    }
}
