//! What cannot be imported: by a private name in a class, which Python changes there.

use crate::pattern::after::Wanted;
use crate::rewrite::importing::{Barred, Importing};

impl Importing<'_> {
    /// Why a scope cannot import what is wanted, whatever it calls it.
    pub(super) fn barred(&self, wanted: &Wanted, scope: usize) -> Option<Barred> {
        let module = wanted.module.as_ref().unwrap_or(&wanted.name);
        let written = self.is_mangled(scope, module) || self.is_mangled(scope, &wanted.name);
        written.then(|| Barred {
            message: format!("{} is private, and a class cannot import it", wanted.name),
            help: "import it at the top of the file first",
        })
    }

    /// True when Python would read another name in a scope, since it stands in a class and a part of the name is private.
    pub(super) fn is_mangled(&self, scope: usize, name: &str) -> bool {
        let private = |part: &str| part.starts_with("__") && !part.ends_with("__");
        name.split('.').any(private) && self.names.is_in_class(scope)
    }
}
