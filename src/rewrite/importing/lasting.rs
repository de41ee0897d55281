//! Whether a name still is what an import made it when a place is reached: `del` takes it away, a star import may bind it anew.

use crate::pattern::after::Wanted;
use crate::python::imports::{Import, Item};
use crate::rewrite::importing::{Anchor, Importing, Needed};

impl Importing<'_> {
    /// True when nothing takes away or may change what an import gives before the place.
    pub(super) fn lasts(&self, import: &Import, item: &Item, needed: Needed) -> bool {
        let module = import.from.as_ref().map(|from| from.module.as_str());
        let plain = module.is_none() && item.alias.is_none();
        let star = self.names.star_between(import.scope, import.range.start, (needed.scope, needed.at), module);
        !self.names.deletes(import.scope, item.local()) && star.is_none_or(|star| plain && !star.is_of(item.local()))
    }

    /// True when a star import may bind what is wanted anew, after it is imported at one of the anchors and before the place.
    pub(super) fn is_late(&self, wanted: &Wanted, anchors: &[Anchor], needed: Needed) -> bool {
        let plain = wanted.module.is_none() && wanted.alias.is_none();
        let stars = self.names.imports.iter().filter(|import| import.star && import.scope == 0 && import.place.block != 0);
        let nested = stars.map(|star| star.range.start.saturating_sub(1)).min().unwrap_or(usize::MAX);
        anchors.iter().any(|anchor| {
            let (scope, at) = match anchor {
                Anchor::Beside(number) => (self.names.imports[*number].scope, self.names.imports[*number].range.start),
                Anchor::Top => (0, self.top_end().min(self.before).min(nested)),
            };
            let star = self.names.star_between(scope, at, (needed.scope, needed.at), wanted.module.as_deref());
            let root = wanted.local().split('.').next().unwrap_or_default();
            star.is_some_and(|star| !plain || star.is_of(root))
        })
    }

    /// True when a name that a scope binds is taken away, or a star import after it may bind it anew.
    pub(super) fn may_change(&self, scope: usize, name: &str) -> bool {
        let bindings = || self.names.scopes[scope].bindings.get(name).into_iter().flatten();
        let star = |after: usize| {
            let mut stars = self.names.imports.iter().filter(|import| import.star && import.scope == scope);
            stars.any(|star| after < star.range.start)
        };
        let plain = |import: &Import, item: &Item| import.from.is_none() && item.alias.is_none();
        self.names.deletes(scope, name)
            || bindings().any(|binding| {
                let module = self.names.item(binding).is_some_and(|(import, item)| plain(import, item));
                !module && star(binding.range.start)
            })
    }
}
