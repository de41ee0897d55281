//! Finds the scopes, bindings and uses of a syntax tree: one walk with a worklist, so that no depth can exhaust the stack.

use std::collections::{HashMap, HashSet};

use tree_sitter::{Node, Tree};

use crate::python::imports::{self, Place};
use crate::python::names::{Binding, Names, Scope, ScopeKind, Use};

/// How a node is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Names are read.
    Load,
    /// Names are bound: a target of an assignment, a loop, a `with`.
    Bind,
    /// Names are taken away.
    Delete,
    /// A pattern of a `match`.
    Match,
    /// The declaration of type parameters.
    TypeParameter,
}

#[derive(Clone, Copy)]
struct Job<'t> {
    node: Node<'t>,
    scope: usize,
    mode: Mode,
    place: Place,
    called: bool,
    /// Inside an annotation, where strings hold names.
    annotation: bool,
}

impl<'t> Job<'t> {
    fn on(self, node: Node<'t>, mode: Mode) -> Self {
        Self { node, mode, called: false, ..self }
    }
}

struct Walk<'a, 't, 'm> {
    text: &'a str,
    module: Option<&'m str>,
    names: Names<'a>,
    jobs: Vec<Job<'t>>,
}

/// The names of a text and its tree.
pub(crate) fn names<'a>(text: &'a str, tree: &Tree, module: Option<&str>) -> Names<'a> {
    let mut walk = Walk { text, module, names: Names::default(), jobs: Vec::new() };
    walk.scope(ScopeKind::Module, None);
    let root =
        Job { node: tree.root_node(), scope: 0, mode: Mode::Load, place: Place::default(), called: false, annotation: false };
    walk.jobs.push(root);
    while let Some(job) = walk.jobs.pop() {
        walk.visit(job);
    }
    walk.type_comments();
    walk.finish()
}

impl<'a, 't> Walk<'a, 't, '_> {
    fn text_of(&self, node: Node) -> &'a str {
        &self.text[node.byte_range()]
    }

    fn scope(&mut self, kind: ScopeKind, parent: Option<usize>) -> usize {
        self.names.scopes.push(Scope {
            kind,
            parent,
            bindings: HashMap::new(),
            globals: HashSet::new(),
            nonlocals: HashSet::new(),
            star: false,
        });
        self.names.scopes.len() - 1
    }

    fn bind(&mut self, scope: usize, node: Node) {
        self.bind_as(scope, node, false);
    }

    fn bind_as(&mut self, scope: usize, node: Node, unbinds: bool) {
        let (name, binding) = (self.text_of(node), Binding { range: node.byte_range(), import: None, unbinds });
        self.names.scopes[scope].bindings.entry(name).or_default().push(binding);
    }

    fn push(&mut self, job: Job<'t>, node: Option<Node<'t>>, mode: Mode, scope: usize) {
        if let Some(node) = node {
            self.jobs.push(Job { scope, ..job.on(node, mode) });
        }
    }

    fn push_children(&mut self, job: Job<'t>, mode: Mode) {
        let mut cursor = job.node.walk();
        let children = job.node.named_children(&mut cursor).filter(|child| child.kind() != "comment");
        self.jobs.extend(children.map(|child| job.on(child, mode)));
    }

    fn visit(&mut self, job: Job<'t>) {
        let node = job.node;
        match (job.mode, node.kind()) {
            (Mode::Match, _) => self.pattern(job),
            (Mode::TypeParameter, _) => self.type_parameter(job),
            (Mode::Bind | Mode::Delete, "identifier") => self.bind_as(job.scope, node, job.mode == Mode::Delete),
            (
                Mode::Bind | Mode::Delete,
                "pattern_list"
                | "tuple_pattern"
                | "list_pattern"
                | "tuple"
                | "list"
                | "list_splat"
                | "list_splat_pattern"
                | "dictionary_splat_pattern"
                | "parenthesized_expression"
                | "expression_list"
                | "as_pattern_target",
            ) => self.push_children(job, job.mode),
            (_, "identifier" | "attribute") => self.chain(job),
            (_, "module" | "block") => self.block(job),
            (_, "import_statement" | "import_from_statement") => self.import(job),
            (_, "future_import_statement") => {}
            (_, "function_definition") => self.function(job),
            (_, "class_definition") => self.class(job),
            (_, "lambda") => self.lambda(job),
            (_, "list_comprehension" | "set_comprehension" | "dictionary_comprehension" | "generator_expression") => {
                self.comprehension(job);
            }
            (_, "type_alias_statement") => self.type_alias(job),
            (_, "global_statement" | "nonlocal_statement") => self.declaration(job),
            (_, "call") => self.call(job),
            (_, "keyword_argument") => self.push(job, node.child_by_field_name("value"), Mode::Load, job.scope),
            (_, "named_expression") => {
                let mut owner = job.scope;
                while let (ScopeKind::Comprehension, Some(parent)) =
                    (self.names.scopes[owner].kind, self.names.scopes[owner].parent)
                {
                    owner = parent;
                }
                self.push(job, node.child_by_field_name("name"), Mode::Bind, owner);
                self.push(job, node.child_by_field_name("value"), Mode::Load, job.scope);
            }
            (_, "expression_statement") if job.scope == 0 && self.text_of(node).starts_with("__all__") => {
                self.exports(node);
                self.push_children(job, Mode::Load);
            }
            (
                _,
                "assignment" | "augmented_assignment" | "for_statement" | "as_pattern" | "except_clause" | "delete_statement",
            ) => {
                self.targets(job);
            }
            (_, "case_clause") => self.case(job),
            (_, "type") => self.push_children(Job { annotation: true, ..job }, job.mode),
            (_, "string_content") if job.annotation => self.quoted(self.text_of(node)),
            (_, "member_type") => self.push(job, node.named_child(0), Mode::Load, job.scope),
            _ => self.push_children(job, Mode::Load),
        }
    }

    fn block(&mut self, job: Job<'t>) {
        let block = self.names.blocks.len();
        let mut imports = Vec::new();
        let mut cursor = job.node.walk();
        for child in job.node.named_children(&mut cursor).filter(|child| child.kind() != "comment") {
            let place = Place { block, position: imports.len() };
            imports.push(matches!(child.kind(), "import_statement" | "import_from_statement" | "future_import_statement"));
            self.jobs.push(Job { place, ..job.on(child, Mode::Load) });
        }
        self.names.blocks.push(imports);
    }

    fn chain(&mut self, job: Job<'t>) {
        let mut attributes = Vec::new();
        let mut node = job.node;
        while node.kind() == "attribute" {
            let (Some(object), Some(attribute)) = (node.child_by_field_name("object"), node.child_by_field_name("attribute"))
            else {
                return self.push_children(job.on(node, Mode::Load), Mode::Load);
            };
            attributes.push((self.text_of(attribute), attribute.byte_range()));
            node = object;
        }
        if node.kind() != "identifier" {
            return self.jobs.push(job.on(node, Mode::Load));
        }
        attributes.reverse();
        let name = self.text_of(node);
        self.names.uses.push(Use { scope: job.scope, name, range: node.byte_range(), attributes, called: job.called });
    }

    fn call(&mut self, job: Job<'t>) {
        self.push(job, job.node.child_by_field_name("arguments"), Mode::Load, job.scope);
        if let Some(function) = job.node.child_by_field_name("function") {
            self.jobs.push(Job { called: true, ..job.on(function, Mode::Load) });
        }
    }

    fn import(&mut self, job: Job<'t>) {
        let import = imports::read(job.node, self.text, self.module, job.scope, job.place);
        let statement = self.names.imports.len();
        self.names.scopes[job.scope].star |= import.star;
        for (index, item) in import.items.iter().enumerate() {
            let written = &self.text[item.range.clone()];
            let local = match &item.alias {
                Some(alias) => &written[written.len() - alias.len()..],
                None => written.split(|c: char| c == '.' || c == '\\' || c.is_whitespace()).next().unwrap_or(written),
            };
            let binding = Binding { range: item.range.clone(), import: Some((statement, index)), unbinds: false };
            self.names.scopes[job.scope].bindings.entry(local).or_default().push(binding);
        }
        self.names.imports.push(import);
    }

    fn function(&mut self, job: Job<'t>) {
        if let Some(name) = job.node.child_by_field_name("name") {
            self.bind(job.scope, name);
        }
        let outer = self.type_parameters(job, job.node.child_by_field_name("type_parameters"));
        let inner = self.scope(ScopeKind::Function, Some(outer));
        self.parameters(job, job.node.child_by_field_name("parameters"), outer, inner);
        self.push(job, job.node.child_by_field_name("return_type"), Mode::Load, outer);
        self.push(job, job.node.child_by_field_name("body"), Mode::Load, inner);
    }

    fn lambda(&mut self, job: Job<'t>) {
        let inner = self.scope(ScopeKind::Function, Some(job.scope));
        self.parameters(job, job.node.child_by_field_name("parameters"), job.scope, inner);
        self.push(job, job.node.child_by_field_name("body"), Mode::Load, inner);
    }

    fn class(&mut self, job: Job<'t>) {
        if let Some(name) = job.node.child_by_field_name("name") {
            self.bind(job.scope, name);
        }
        let outer = self.type_parameters(job, job.node.child_by_field_name("type_parameters"));
        let inner = self.scope(ScopeKind::Class, Some(outer));
        self.push(job, job.node.child_by_field_name("superclasses"), Mode::Load, outer);
        self.push(job, job.node.child_by_field_name("body"), Mode::Load, inner);
    }

    fn type_parameters(&mut self, job: Job<'t>, declared: Option<Node<'t>>) -> usize {
        let Some(declared) = declared else { return job.scope };
        let scope = self.scope(ScopeKind::TypeParameters, Some(job.scope));
        self.push(job, Some(declared), Mode::TypeParameter, scope);
        scope
    }

    fn type_parameter(&mut self, job: Job<'t>) {
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

    fn type_alias(&mut self, job: Job<'t>) {
        let scope = self.scope(ScopeKind::TypeParameters, Some(job.scope));
        self.push(job, job.node.child_by_field_name("right"), Mode::Load, scope);
        let mut left = job.node.child_by_field_name("left");
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

    fn parameters(&mut self, job: Job<'t>, list: Option<Node<'t>>, outer: usize, inner: usize) {
        let Some(list) = list else { return };
        let mut cursor = list.walk();
        for parameter in list.named_children(&mut cursor) {
            match parameter.kind() {
                "default_parameter" | "typed_default_parameter" | "typed_parameter" => {
                    let name = parameter.child_by_field_name("name").or_else(|| parameter.named_child(0));
                    self.push(job, name, Mode::Bind, inner);
                    self.push(job, parameter.child_by_field_name("type"), Mode::Load, outer);
                    self.push(job, parameter.child_by_field_name("value"), Mode::Load, outer);
                }
                "comment" | "keyword_separator" | "positional_separator" => {}
                _ => self.push(job, Some(parameter), Mode::Bind, inner),
            }
        }
    }

    fn comprehension(&mut self, job: Job<'t>) {
        let inner = self.scope(ScopeKind::Comprehension, Some(job.scope));
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

    /// Statements of which some parts are targets.
    fn targets(&mut self, job: Job<'t>) {
        let kind = job.node.kind();
        let mut cursor = job.node.walk();
        let mut more = cursor.goto_first_child();
        while more {
            let child = cursor.node();
            let mode = match cursor.field_name() {
                _ if kind == "delete_statement" => Mode::Delete,
                Some("left" | "alias") => Mode::Bind,
                _ => Mode::Load,
            };
            if child.is_named() && child.kind() != "comment" {
                self.push(job, Some(child), mode, job.scope);
            }
            // `x += 1` reads what it binds, and an annotation without a value binds all the same.
            if mode == Mode::Bind && kind == "augmented_assignment" {
                self.push(job, Some(child), Mode::Load, job.scope);
            }
            more = cursor.goto_next_sibling();
        }
    }

    fn case(&mut self, job: Job<'t>) {
        let mut cursor = job.node.walk();
        for child in job.node.named_children(&mut cursor).filter(|child| child.kind() != "comment") {
            let mode = if child.kind() == "case_pattern" { Mode::Match } else { Mode::Load };
            self.push(job, Some(child), mode, job.scope);
        }
    }

    fn pattern(&mut self, job: Job<'t>) {
        let node = job.node;
        match node.kind() {
            "dotted_name" if node.named_child_count() == 1 => {
                if self.text_of(node) != "_" {
                    self.bind(job.scope, node);
                }
            }
            "dotted_name" => self.dotted_value(job),
            "class_pattern" | "keyword_pattern" => {
                let mut cursor = node.walk();
                for (index, child) in node.named_children(&mut cursor).enumerate() {
                    match (index, child.kind()) {
                        (0, "dotted_name") => self.dotted_value(job.on(child, Mode::Load)),
                        (0, "identifier") => {}
                        _ => self.push(job, Some(child), Mode::Match, job.scope),
                    }
                }
            }
            "identifier" => self.bind(job.scope, node),
            "string" | "concatenated_string" => self.push_children(job, Mode::Load),
            _ => self.push_children(job, Mode::Match),
        }
    }

    fn dotted_value(&mut self, job: Job<'t>) {
        let mut cursor = job.node.walk();
        let mut parts = job.node.named_children(&mut cursor).map(|part| (self.text_of(part), part.byte_range()));
        if let Some((name, range)) = parts.next() {
            let attributes = parts.collect();
            self.names.uses.push(Use { scope: job.scope, name, range, attributes, called: false });
        }
    }

    fn declaration(&mut self, job: Job<'t>) {
        let mut cursor = job.node.walk();
        for name in job.node.named_children(&mut cursor).filter(|child| child.kind() == "identifier") {
            let text = self.text_of(name);
            let scope = &mut self.names.scopes[job.scope];
            if job.node.kind() == "global_statement" {
                scope.globals.insert(text)
            } else {
                scope.nonlocals.insert(text)
            };
        }
    }

    fn exports(&mut self, node: Node<'t>) {
        let mut cursor = node.walk();
        let mut pending = vec![node];
        while let Some(node) = pending.pop() {
            match node.kind() {
                "string_content" => {
                    self.names.exports.insert(self.text_of(node));
                }
                _ => pending.extend(node.named_children(&mut cursor)),
            }
        }
    }

    fn quoted(&mut self, text: &'a str) {
        let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        self.names.quoted.extend(words.filter(|word| !word.is_empty()));
    }

    fn type_comments(&mut self) {
        const MARK: &str = "# type:";
        for at in memchr::memmem::find_iter(self.text.as_bytes(), MARK) {
            let comment = &self.text[at + MARK.len()..];
            self.quoted(comment.lines().next().unwrap_or(""));
        }
    }

    /// Gives bindings of declared names to the scope that has them, and puts everything in the order of the text.
    fn finish(mut self) -> Names<'a> {
        for at in 1..self.names.scopes.len() {
            let scope = &self.names.scopes[at];
            let declared: Vec<&'a str> = scope.globals.iter().chain(&scope.nonlocals).copied().collect();
            for name in declared {
                let Some(bindings) = self.names.scopes[at].bindings.remove(name) else { continue };
                let owner = if self.names.scopes[at].globals.contains(name) {
                    0
                } else {
                    let outer = self.names.path(at, name).find(|outer| self.names.scopes[*outer].bindings.contains_key(name));
                    outer.unwrap_or(0)
                };
                self.names.scopes[owner].bindings.entry(name).or_default().extend(bindings);
            }
        }
        for bindings in self.names.scopes.iter_mut().flat_map(|scope| scope.bindings.values_mut()) {
            bindings.sort_by_key(|binding| binding.range.start);
        }
        self.names.uses.sort_by_key(|name| name.range.start);
        self.names
    }
}
