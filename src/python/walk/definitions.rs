//! What makes a scope of its own: functions, classes, lambdas, comprehensions and type parameters.

use tree_sitter::Node;

use crate::python::names::{ScopeKind, Use};
use crate::python::walk::{Job, Mode, Walk};

impl<'t> Walk<'_, 't, '_> {
    pub(super) fn function(&mut self, job: Job<'t>) {
        if let Some(name) = job.node.child_by_field_name("name") {
            self.bind(job.scope, name);
        }
        let outer = self.type_parameters(job, job.node.child_by_field_name("type_parameters"));
        let inner = self.scope(ScopeKind::Function, Some(outer), job.node, job.node.child_by_field_name("body"));
        self.parameters(job, job.node.child_by_field_name("parameters"), outer, inner);
        self.push(job, job.node.child_by_field_name("return_type"), Mode::Load, outer);
        // Whatever branch the function stands in, its statements run when it is called.
        let job = Job { condition: None, ..job };
        self.push(job, job.node.child_by_field_name("body"), Mode::Load, inner);
    }

    pub(super) fn lambda(&mut self, job: Job<'t>) {
        let inner = self.scope(ScopeKind::Function, Some(job.scope), job.node, None);
        self.parameters(job, job.node.child_by_field_name("parameters"), job.scope, inner);
        self.push(job, job.node.child_by_field_name("body"), Mode::Load, inner);
    }

    pub(super) fn class(&mut self, job: Job<'t>) {
        if let Some(name) = job.node.child_by_field_name("name") {
            self.bind(job.scope, name);
        }
        let outer = self.type_parameters(job, job.node.child_by_field_name("type_parameters"));
        let inner = self.scope(ScopeKind::Class, Some(outer), job.node, job.node.child_by_field_name("body"));
        self.push(job, job.node.child_by_field_name("superclasses"), Mode::Load, outer);
        self.push(job, job.node.child_by_field_name("body"), Mode::Load, inner);
    }

    fn type_parameters(&mut self, job: Job<'t>, declared: Option<Node<'t>>) -> usize {
        let Some(declared) = declared else { return job.scope };
        let scope = self.scope(ScopeKind::TypeParameters, Some(job.scope), job.node, None);
        self.push(job, Some(declared), Mode::TypeParameter, scope);
        scope
    }

    pub(super) fn type_parameter(&mut self, job: Job<'t>) {
        match job.node.kind() {
            "identifier" => self.bind(job.scope, job.node),
            "type_parameter" | "type" | "splat_type" => self.push_children(job, Mode::TypeParameter),
            "constrained_type" => {
                self.push(job, job.node.named_child(0), Mode::TypeParameter, job.scope);
                self.push(job, job.node.named_child(1), Mode::Load, job.scope);
            }
            _ => self.push_children(job, Mode::Load),
        }
    }

    pub(super) fn type_alias(&mut self, job: Job<'t>) {
        let left = job.node.child_by_field_name("left");
        let target = left.and_then(|left| left.named_child(0)).filter(|target| self.is_assigned_type(*target));
        if target.is_some() {
            return self.type_call(job, target);
        }
        let scope = self.scope(ScopeKind::TypeParameters, Some(job.scope), job.node, None);
        self.push(job, job.node.child_by_field_name("right"), Mode::Load, scope);
        let mut left = left;
        while let Some(node) = left.filter(|node| !matches!(node.kind(), "identifier")) {
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
        match target.kind() {
            "identifier" => false,
            "generic_type" | "subscript" => target.named_child(0).is_none_or(|name| name.kind() != "identifier"),
            _ => true,
        }
    }

    /// Reads such an assignment: the word `type`, what it is called with, and the value.
    fn type_call(&mut self, job: Job<'t>, target: Option<Node<'t>>) {
        if let Some(word) = job.node.child(0) {
            let (scope, name, range) = (job.scope, self.text_of(word), word.byte_range());
            self.names.uses.push(Use { scope, name, range, attributes: Vec::new(), called: true, quoted: false });
        }
        self.push(job, target, Mode::Load, job.scope);
        let value = job.node.child_by_field_name("right");
        self.push(job, value.and_then(|value| value.named_child(0)).or(value), Mode::Load, job.scope);
    }

    fn parameters(&mut self, job: Job<'t>, list: Option<Node<'t>>, outer: usize, inner: usize) {
        let Some(list) = list else { return };
        let mut cursor = list.walk();
        for parameter in list.named_children(&mut cursor) {
            match parameter.kind() {
                "default_parameter" | "typed_default_parameter" | "typed_parameter" => {
                    let name = parameter.child_by_field_name("name").or_else(|| parameter.named_child(0));
                    self.push(job, name, Mode::Parameter, inner);
                    self.push(job, parameter.child_by_field_name("type"), Mode::Load, outer);
                    self.push(job, parameter.child_by_field_name("value"), Mode::Load, outer);
                }
                "comment" | "keyword_separator" | "positional_separator" => {}
                _ => self.push(job, Some(parameter), Mode::Parameter, inner),
            }
        }
    }

    pub(super) fn comprehension(&mut self, job: Job<'t>) {
        let inner = self.scope(ScopeKind::Comprehension, Some(job.scope), job.node, None);
        let mut first = true;
        let mut cursor = job.node.walk();
        for child in job.node.named_children(&mut cursor) {
            if child.kind() != "for_in_clause" {
                self.push(job, Some(child), Mode::Load, inner);
                continue;
            }
            // The first iterable is evaluated where the comprehension stands.
            let sources = if std::mem::take(&mut first) { job.scope } else { inner };
            self.push(job, child.child_by_field_name("left"), Mode::Bind, inner);
            let mut clause = child.walk();
            for right in child.children_by_field_name("right", &mut clause) {
                self.push(job, Some(right), Mode::Load, sources);
            }
        }
    }
}
