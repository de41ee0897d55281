//! What a rename makes of one name, and how much of the new name an import can give.

use crate::dotted::covers;
use serde::Serialize;

/// Every use of `from` becomes `to`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Rename {
    /// The dotted name as it is, such as `django.utils.translation.ugettext`.
    pub from: String,
    /// The dotted name as it shall be.
    pub to: String,
    /// The module in `to`, where the plan says where it ends: `m` in `m:Color.RED`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// The module that has what `to` names, which is surely no module itself, as the tree and the standard library tell. It is no part
    /// of the meaning: other trees may tell otherwise.
    #[serde(skip)]
    pub found: Option<String>,
    /// Also in string literals that name it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub strings: bool,
    /// Also in Python within documents and docstrings.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub docs: bool,
}

impl Rename {
    /// True for what the rule renames: the old name, and what lies below it and not below a new one in there.
    #[must_use]
    pub fn is_old(&self, name: &str) -> bool {
        covers(&self.from, name) && !(covers(&self.from, &self.to) && covers(&self.to, name))
    }

    /// As much of `to` as an import gives: `m.Color` of `m.Color.RED`. Where the module is not known it is all of it.
    #[must_use]
    pub fn importable(&self) -> &str {
        let Some(rest) = self.border().and_then(|module| self.to.strip_prefix(module)) else { return &self.to };
        let second = rest.char_indices().filter(|(_, c)| *c == '.').nth(1);
        second.map_or(&self.to, |(at, _)| &self.to[..self.to.len() - rest.len() + at])
    }

    /// The module and the name of what is imported; no module where `to` has one part.
    #[must_use]
    pub fn import(&self) -> (&str, &str) {
        self.importable().rsplit_once('.').unwrap_or(("", &self.to))
    }

    /// What code writes after the imported name, with its dot: `.RED` of `m.Color.RED`.
    #[must_use]
    pub fn attributes(&self) -> &str {
        &self.to[self.importable().len()..]
    }

    /// The module in `to`, where it is known where it ends.
    #[must_use]
    pub fn border(&self) -> Option<&str> {
        self.module.as_deref().or(self.found.as_deref())
    }

    /// False when what `to` names is surely no module.
    #[must_use]
    pub fn may_be_module(&self) -> bool {
        self.found.is_none() && self.attributes().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_imported_ends_one_name_behind_the_module() {
        for (to, border, import, attributes) in [
            ("m.Color.RED", None, ("m.Color", "RED"), ""),
            ("m.Color.RED", Some("m"), ("m", "Color"), ".RED"),
            ("a.b.C.d.e", Some("a.b"), ("a.b", "C"), ".d.e"),
            ("a.b.f", Some("a.b"), ("a.b", "f"), ""),
            ("m", None, ("", "m"), ""),
        ] {
            for (module, found) in [(border, None), (None, border)] {
                let (module, found) = (module.map(str::to_owned), found.map(str::to_owned));
                let rename = Rename { to: to.into(), module, found, ..Rename::default() };
                assert_eq!((rename.import(), rename.attributes()), (import, attributes), "{to} {border:?}");
            }
        }
    }
}
