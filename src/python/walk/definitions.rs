//! What makes a scope of its own: functions, classes, lambdas, comprehensions and type parameters.

use tree_sitter::Node;

use crate::python::grammar::{Field, Kind, child_in, kind_of};
use crate::python::names::{ScopeKind, Use};
use crate::python::walk::{Job, Mode, Walk};

impl<'t> Walk<'_, 't, '_> {
    pub(super) fn function(&mut self, job: Job<'t>) {
        if let Some(name) = child_in(job.node, Field::Name) {
            self.bind(job.scope, name);
        }
        let outer = self.type_parameters(job, child_in(job.node, Field::TypeParameters));
        let inner = self.scope(ScopeKind::Function, Some(outer), job.node, child_in(job.node, Field::Body));
        self.parameters(job, child_in(job.node, Field::Parameters), outer, inner);
        self.push(job, child_in(job.node, Field::ReturnType), Mode::Load, outer);
        // Whatever branch the function stands in, its statements run when it is called.
        let job = Job { condition: None, ..job };
        self.push(job, child_in(job.node, Field::Body), Mode::Load, inner);
    }

    pub(super) fn lambda(&mut self, job: Job<'t>) {
        let inner = self.scope(ScopeKind::Function, Some(job.scope), job.node, None);
        self.parameters(job, child_in(job.node, Field::Parameters), job.scope, inner);
        self.push(job, child_in(job.node, Field::Body), Mode::Load, inner);
    }

    pub(super) fn class(&mut self, job: Job<'t>) {
        if let Some(name) = child_in(job.node, Field::Name) {
            self.bind(job.scope, name);
        }
        let outer = self.type_parameters(job, child_in(job.node, Field::TypeParameters));
        let inner = self.scope(ScopeKind::Class, Some(outer), job.node, child_in(job.node, Field::Body));
        self.push(job, child_in(job.node, Field::Superclasses), Mode::Load, outer);
        self.push(job, child_in(job.node, Field::Body), Mode::Load, inner);
    }

    fn type_parameters(&mut self, job: Job<'t>, declared: Option<Node<'t>>) -> usize {
        let Some(declared) = declared else { return job.scope };
        let scope = self.scope(ScopeKind::TypeParameters, Some(job.scope), job.node, None);
        self.push(job, Some(declared), Mode::TypeParameter, scope);
        scope
    }

    pub(super) fn type_parameter(&mut self, job: Job<'t>) {
        match kind_of(job.node) {
            Kind::Identifier => self.bind(job.scope, job.node),
            Kind::TypeParameter | Kind::Type | Kind::SplatType => self.push_children(job, Mode::TypeParameter),
            Kind::ConstrainedType => {
                self.push(job, job.node.named_child(0), Mode::TypeParameter, job.scope);
                self.push(job, job.node.named_child(1), Mode::Load, job.scope);
            }
            _ => self.push_children(job, Mode::Load),
        }
    }

    pub(super) fn type_alias(&mut self, job: Job<'t>) {
        let left = child_in(job.node, Field::Left);
        let target = left.and_then(|left| left.named_child(0)).filter(|target| self.is_assigned_type(*target));
        if target.is_some() {
            return self.type_call(job, target);
        }
        let scope = self.scope(ScopeKind::TypeParameters, Some(job.scope), job.node, None);
        self.push(job, child_in(job.node, Field::Right), Mode::Load, scope);
        let mut left = left;
        while let Some(node) = left.filter(|node| !matches!(kind_of(*node), Kind::Identifier)) {
            for index in 1..u32::try_from(node.named_child_count()).unwrap_or(u32::MAX) {
                self.push(job, node.named_child(index), Mode::TypeParameter, scope);
            }
            left = node.named_child(0);
        }
        if let Some(name) = left {
            self.bind(job.scope, name);
        }
    }

    /// True for what the grammar takes for a type alias though it is an assignment: `type(a).b = c`.
    fn is_assigned_type(&self, target: Node) -> bool {
        match kind_of(target) {
            Kind::Identifier => false,
            Kind::GenericType | Kind::Subscript => target.named_child(0).is_none_or(|name| kind_of(name) != Kind::Identifier),
            _ => true,
        }
    }

    /// Reads such an assignment: the word `type`, what it is called with, and the value.
    fn type_call(&mut self, job: Job<'t>, target: Option<Node<'t>>) {
        if let Some(word) = job.node.child(0) {
            let (scope, name, range) = (job.scope, self.text_of(word), word.byte_range());
            self.names.uses.push(Use { scope, name, range, attributes: Vec::new(), called: true, quoted: false, target: false });
        }
        self.push(job, target, Mode::Load, job.scope);
        let value = child_in(job.node, Field::Right);
        self.push(job, value.and_then(|value| value.named_child(0)).or(value), Mode::Load, job.scope);
    }

    fn parameters(&mut self, job: Job<'t>, list: Option<Node<'t>>, outer: usize, inner: usize) {
        let Some(list) = list else { return };
        let mut cursor = list.walk();
        for parameter in list.named_children(&mut cursor) {
            match kind_of(parameter) {
                Kind::DefaultParameter | Kind::TypedDefaultParameter | Kind::TypedParameter => {
                    let name = child_in(parameter, Field::Name).or_else(|| parameter.named_child(0));
                    self.push(job, name, Mode::Parameter, inner);
                    self.push(job, child_in(parameter, Field::Type), Mode::Load, outer);
                    self.push(job, child_in(parameter, Field::Value), Mode::Load, outer);
                }
                Kind::Comment | Kind::KeywordSeparator | Kind::PositionalSeparator => {}
                _ => self.push(job, Some(parameter), Mode::Parameter, inner),
            }
        }
    }

    pub(super) fn comprehension(&mut self, job: Job<'t>) {
        let inner = self.scope(ScopeKind::Comprehension, Some(job.scope), job.node, None);
        let mut first = true;
        let mut cursor = job.node.walk();
        for child in job.node.named_children(&mut cursor) {
            if kind_of(child) != Kind::ForInClause {
                self.push(job, Some(child), Mode::Load, inner);
                continue;
            }
            // The first iterable is evaluated where the comprehension stands.
            let sources = if std::mem::take(&mut first) { job.scope } else { inner };
            self.push(job, child_in(child, Field::Left), Mode::Bind, inner);
            let mut clause = child.walk();
            for right in child.children_by_field_name("right", &mut clause) {
                self.push(job, Some(right), Mode::Load, sources);
            }
        }
    }
}
