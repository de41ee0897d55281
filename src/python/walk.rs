//! Finds the scopes, bindings and uses of a syntax tree: one walk with a worklist, so that no depth can exhaust the stack.

mod annotations;
mod definitions;
mod exports;
mod finish;
mod patterns;
mod typed;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use tree_sitter::{Node, Tree, TreeCursor};

use crate::python::grammar::{Field, Kind, child_in, field_of, kind_of};
use crate::python::imports::{self, Condition, Place};
use crate::python::names::{Binding, Names, Scope, ScopeKind, Use};
use crate::python::source::Source;

/// How a node is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Names are read.
    Load,
    /// Names are bound: a target of an assignment, a loop, a `with`.
    Bind,
    /// Names are bound that a caller gives.
    Parameter,
    /// Names are taken away.
    Delete,
    /// A pattern of a `match`.
    Match,
    /// The declaration of type parameters.
    TypeParameter,
}

/// Which generic a string of an annotation is an argument of.
#[derive(Debug, Clone, Copy, Default)]
struct Quotes {
    /// Where the innermost generic starts: at `list` in `list["A"]`; a function that takes annotations stands for one.
    base: Option<usize>,
    /// It stands behind that generic's first argument.
    later: bool,
    /// It stands in no annotation, so that only a generic that is known makes it one.
    value: bool,
}

#[derive(Clone, Copy)]
struct Job<'t> {
    node: Node<'t>,
    scope: usize,
    mode: Mode,
    place: Place,
    called: bool,
    /// Inside an annotation, where strings hold names.
    quotes: Option<Quotes>,
    /// The branch that it stands in, within its function.
    condition: Option<Condition>,
    /// For an assignment that is the value of another: what the chain of them ends in.
    value: Option<Node<'t>>,
}

impl<'t> Job<'t> {
    fn on(self, node: Node<'t>, mode: Mode) -> Self {
        Self { node, mode, called: false, value: None, ..self }
    }

    /// The same in such a branch; what only a type checker reads stays that.
    fn within(self, condition: Condition) -> Self {
        let checked = self.condition.filter(|outer| *outer == Condition::TypeChecking);
        Self { condition: checked.or(Some(condition)), ..self }
    }
}

struct Walk<'a, 't, 'm> {
    text: &'a str,
    module: Option<&'m str>,
    names: Names<'a>,
    jobs: Vec<Job<'t>>,
    /// Made once, since many nodes have few children.
    cursor: TreeCursor<'t>,
    /// Where each scope's own statements are; empty where there are none.
    bodies: Vec<Range<usize>>,
    /// The values of plain assignments, by where the name stands, and the scope with which they always run.
    values: HashMap<usize, (Range<usize>, Option<usize>)>,
    /// The strings in annotations, with the scope that they are read in.
    strings: Vec<(Node<'t>, usize, Quotes)>,
    /// What gives or changes `__all__`.
    exports: Vec<Node<'t>>,
    /// The calls of names, with their scopes.
    calls: Vec<(Node<'t>, usize)>,
}

impl<'a> Names<'a> {
    /// The names of `source`, whose module is `module`.
    #[must_use]
    pub fn new(source: &'a Source, tree: &Tree, module: Option<&str>) -> Self {
        let node = tree.root_node();
        let mut walk = Walk {
            text: source.text(),
            module,
            names: Names { module: module.map(str::to_owned), ..Names::default() },
            jobs: Vec::new(),
            cursor: node.walk(),
            bodies: Vec::new(),
            values: HashMap::new(),
            strings: Vec::new(),
            exports: Vec::new(),
            calls: Vec::new(),
        };
        walk.scope(ScopeKind::Module, None, node, Some(node));
        let (place, mode) = (Place::default(), Mode::Load);
        walk.jobs.push(Job { node, scope: 0, mode, place, called: false, quotes: None, condition: None, value: None });
        while let Some(job) = walk.jobs.pop() {
            walk.visit(job);
        }
        walk.finish(node)
    }
}

/// False for what has no names in it and is none.
fn may_hold_names(node: Node) -> bool {
    match kind_of(node) {
        Kind::Identifier => true,
        Kind::Comment => false,
        _ => node.named_child_count() > 0,
    }
}

/// True for a name, perhaps in parentheses.
fn is_name(node: Node) -> bool {
    let mut node = node;
    while let (Kind::ParenthesizedExpression | Kind::TuplePattern, Some(inner)) = (kind_of(node), node.named_child(0)) {
        node = inner;
    }
    kind_of(node) == Kind::Identifier
}

impl<'a, 't> Walk<'a, 't, '_> {
    fn text_of(&self, node: Node) -> &'a str {
        &self.text[node.byte_range()]
    }

    /// A new scope that `node` makes, its statements in `body`.
    fn scope(&mut self, kind: ScopeKind, parent: Option<usize>, node: Node, body: Option<Node>) -> usize {
        self.names.scopes.push(Scope {
            kind,
            parent,
            name: child_in(node, Field::Name).map(|name| self.text_of(name)),
            range: node.byte_range(),
            bindings: HashMap::new(),
            globals: HashSet::new(),
            nonlocals: HashSet::new(),
            star: false,
            open: HashSet::new(),
        });
        self.bodies.push(body.map_or(0..0, |body| body.byte_range()));
        self.names.scopes.len() - 1
    }

    fn bind(&mut self, scope: usize, node: Node) {
        self.bind_as(scope, node, Mode::Bind);
    }

    fn bind_as(&mut self, scope: usize, node: Node, mode: Mode) {
        let name = self.text_of(node);
        let (unbinds, parameter) = (mode == Mode::Delete, mode == Mode::Parameter);
        let binding = Binding { range: node.byte_range(), import: None, alias: None, parameter, unbinds };
        self.names.scopes[scope].bindings.entry(name).or_default().push(binding);
    }

    fn push(&mut self, job: Job<'t>, node: Option<Node<'t>>, mode: Mode, scope: usize) {
        if let Some(node) = node {
            self.jobs.push(Job { scope, ..job.on(node, mode) });
        }
    }

    fn push_children(&mut self, job: Job<'t>, mode: Mode) {
        let children = job.node.named_children(&mut self.cursor).filter(|child| may_hold_names(*child));
        self.jobs.extend(children.map(|child| job.on(child, mode)));
    }

    fn visit(&mut self, job: Job<'t>) {
        let node = job.node;
        match (job.mode, kind_of(node)) {
            (Mode::Match, _) => self.pattern(job),
            (Mode::TypeParameter, _) => self.type_parameter(job),
            (Mode::Bind | Mode::Parameter | Mode::Delete, Kind::Identifier) => self.bind_as(job.scope, node, job.mode),
            (
                Mode::Bind | Mode::Parameter | Mode::Delete,
                Kind::PatternList
                | Kind::TuplePattern
                | Kind::ListPattern
                | Kind::Tuple
                | Kind::List
                | Kind::ListSplat
                | Kind::ListSplatPattern
                | Kind::DictionarySplatPattern
                | Kind::ParenthesizedExpression
                | Kind::ExpressionList
                | Kind::AsPatternTarget,
            ) => self.push_children(job, job.mode),
            (_, Kind::Identifier | Kind::Attribute) => self.chain(job),
            (_, Kind::Module | Kind::Block) => self.block(job),
            (_, Kind::ImportStatement | Kind::ImportFromStatement | Kind::FutureImportStatement) => self.import(job),
            (_, Kind::FunctionDefinition) => self.function(job),
            (_, Kind::ClassDefinition) => self.class(job),
            (_, Kind::Lambda) => self.lambda(job),
            (_, Kind::ListComprehension | Kind::SetComprehension | Kind::DictionaryComprehension | Kind::GeneratorExpression) => {
                self.comprehension(job);
            }
            (_, Kind::TypeAliasStatement) => self.type_alias(job),
            (_, Kind::GlobalStatement | Kind::NonlocalStatement) => self.declaration(job),
            (_, Kind::Call) => self.call(job),
            (_, Kind::KeywordArgument) => self.push(job, child_in(node, Field::Value), Mode::Load, job.scope),
            (_, Kind::NamedExpression) => {
                let mut owner = job.scope;
                while let (ScopeKind::Comprehension, Some(parent)) =
                    (self.names.scopes[owner].kind, self.names.scopes[owner].parent)
                {
                    owner = parent;
                }
                self.push(job, child_in(node, Field::Name), Mode::Bind, owner);
                self.push(job, child_in(node, Field::Value), Mode::Load, job.scope);
            }
            (_, Kind::ExpressionStatement) if job.scope == 0 && self.text_of(node).contains("__all__") => {
                self.exports.extend(node.named_child(0).filter(|statement| exports::is_of_all(*statement, self.text)));
                self.push_children(job, Mode::Load);
            }
            (
                _,
                Kind::Assignment
                | Kind::AugmentedAssignment
                | Kind::ForStatement
                | Kind::AsPattern
                | Kind::ExceptClause
                | Kind::DeleteStatement,
            ) => {
                self.targets(job);
            }
            (_, Kind::IfStatement | Kind::ElifClause | Kind::WhileStatement) => self.branches(job),
            (_, Kind::TryStatement) => self.attempt(job),
            (_, Kind::WithStatement) if self.suppresses(node) => self.push_children(job.within(Condition::Try), Mode::Load),
            (_, Kind::CaseClause) => self.case(job.within(Condition::If)),
            (_, Kind::Type) => self.push_children(Job { quotes: Some(job.quotes.unwrap_or_default()), ..job }, job.mode),
            (_, Kind::String | Kind::ConcatenatedString) if job.quotes.is_some() => self.annotation(job),
            (_, Kind::GenericType) if job.quotes.is_some() => self.generic(job),
            (_, Kind::Subscript) => self.generic(job),
            (_, Kind::MemberType) => self.push(job, node.named_child(0), Mode::Load, job.scope),
            _ => self.push_children(job, Mode::Load),
        }
    }

    fn block(&mut self, job: Job<'t>) {
        let block = self.names.blocks.len();
        let mut imports = Vec::new();
        let mut cursor = job.node.walk();
        for child in job.node.named_children(&mut cursor).filter(|child| kind_of(*child) != Kind::Comment) {
            let place = Place { block, position: imports.len() };
            imports
                .push(matches!(kind_of(child), Kind::ImportStatement | Kind::ImportFromStatement | Kind::FutureImportStatement));
            self.jobs.push(Job { place, ..job.on(child, Mode::Load) });
        }
        self.names.blocks.push(imports);
    }

    fn chain(&mut self, job: Job<'t>) {
        let mut attributes = Vec::new();
        let mut node = job.node;
        loop {
            match kind_of(node) {
                Kind::Attribute => {
                    let (Some(object), Some(attribute)) = (child_in(node, Field::Object), child_in(node, Field::Attribute))
                    else {
                        return self.push_children(job.on(node, Mode::Load), Mode::Load);
                    };
                    attributes.push((self.text_of(attribute), attribute.byte_range()));
                    node = object;
                }
                // `(m).f` reads what `m.f` does; in `type(m).f = x`, a call is taken for parentheses.
                Kind::ParenthesizedExpression if !self.text[..node.start_byte()].trim_end().ends_with("type") => {
                    let mut inside = node.named_children(&mut self.cursor).filter(|child| kind_of(*child) != Kind::Comment);
                    let Some(inner) = inside.next() else { break };
                    node = inner;
                }
                // After a comma the grammar has `*a.b` as `(*a).b`.
                Kind::ListSplat if !attributes.is_empty() => {
                    let Some(inner) = node.named_child(0).filter(|inner| kind_of(*inner) != Kind::Comment) else { break };
                    node = inner;
                }
                _ => break,
            }
        }
        if kind_of(node) != Kind::Identifier {
            return self.jobs.push(job.on(node, Mode::Load));
        }
        attributes.reverse();
        let (name, range) = (self.text_of(node), node.byte_range());
        let target = matches!(job.mode, Mode::Bind | Mode::Delete);
        self.names.uses.push(Use { scope: job.scope, name, range, attributes, called: job.called, quoted: false, target });
    }

    fn call(&mut self, job: Job<'t>) {
        // What a call is given is a value, in an annotation too.
        let job = Job { quotes: None, ..job };
        self.push(job, child_in(job.node, Field::Arguments), Mode::Load, job.scope);
        if let Some(function) = child_in(job.node, Field::Function) {
            if matches!(kind_of(function), Kind::Identifier | Kind::Attribute) {
                self.calls.push((job.node, job.scope));
            }
            self.jobs.push(Job { called: true, ..job.on(function, Mode::Load) });
        }
    }

    fn import(&mut self, job: Job<'t>) {
        let mut import = imports::read(job.node, self.text, self.module, job.scope, job.place);
        import.conditional = job.condition;
        let statement = self.names.imports.len();
        self.names.scopes[job.scope].star |= import.star;
        for (index, item) in import.items.iter().enumerate() {
            let written = &self.text[item.range.clone()];
            let local = match &item.alias {
                Some(alias) => &written[written.len() - alias.len()..],
                None => written.split(|c: char| c == '.' || c == '\\' || c.is_whitespace()).next().unwrap_or(written),
            };
            let range = item.range.clone();
            let binding = Binding { range, import: Some((statement, index)), alias: None, parameter: false, unbinds: false };
            self.names.scopes[job.scope].bindings.entry(local).or_default().push(binding);
        }
        self.names.imports.push(import);
    }

    /// Statements of which some parts are targets.
    fn targets(&mut self, job: Job<'t>) {
        let kind = kind_of(job.node);
        let value = self.assigned(job);
        let mut cursor = job.node.walk();
        let mut more = cursor.goto_first_child();
        while more {
            let child = cursor.node();
            let mode = match field_of(&cursor) {
                _ if kind == Kind::DeleteStatement => Mode::Delete,
                Some(Field::Left | Field::Alias) => Mode::Bind,
                _ => Mode::Load,
            };
            // `(a): int` is not even a declaration.
            if kind_of(child) == Kind::TuplePattern && kind == Kind::Assignment && value.is_none() {
                more = cursor.goto_next_sibling();
                continue;
            }
            let repeated = kind == Kind::ForStatement && matches!(field_of(&cursor), Some(Field::Body | Field::Alternative));
            let job = if repeated { job.within(Condition::If) } else { job };
            if child.is_named() && kind_of(child) != Kind::Comment {
                self.jobs.push(Job { value: value.filter(|_| kind_of(child) == Kind::Assignment), ..job.on(child, mode) });
            }
            // `x += 1` reads what it binds, and an annotation without a value binds all the same. In `x.y += 1` only `y` is bound.
            if mode == Mode::Bind && kind == Kind::AugmentedAssignment && is_name(child) {
                self.push(job, Some(child), Mode::Load, job.scope);
            }
            more = cursor.goto_next_sibling();
        }
    }

    /// What an assignment gives its name, where that is a name too; the same for all names of `a = b = value`.
    fn assigned(&mut self, job: Job<'t>) -> Option<Node<'t>> {
        if kind_of(job.node) != Kind::Assignment {
            return None;
        }
        let mut value = job.value.or_else(|| child_in(job.node, Field::Right))?;
        while kind_of(value) == Kind::Assignment {
            value = child_in(value, Field::Right)?;
        }
        let left = child_in(job.node, Field::Left)?;
        if kind_of(left) == Kind::Identifier && matches!(kind_of(value), Kind::Identifier | Kind::Attribute) {
            self.values.insert(left.start_byte(), (value.byte_range(), job.condition.is_none().then_some(job.scope)));
        }
        Some(value)
    }

    /// `if`, `elif` and `while`, whose blocks may not run.
    fn branches(&mut self, job: Job<'t>) {
        let checks = |node: Node| self.text_of(node).rsplit('.').next() == Some("TYPE_CHECKING");
        let test = child_in(job.node, Field::Condition);
        let checked = test.is_some_and(|test| matches!(kind_of(test), Kind::Identifier | Kind::Attribute) && checks(test));
        let negated = test.filter(|test| kind_of(*test) == Kind::NotOperator).and_then(|test| child_in(test, Field::Argument));
        let unchecked = negated.is_some_and(checks);
        let mut cursor = job.node.walk();
        let mut more = cursor.goto_first_child();
        while more {
            let (child, field) = (cursor.node(), field_of(&cursor));
            let condition = match (kind_of(child), field) {
                (Kind::Block, _) if checked => Some(Condition::TypeChecking),
                (Kind::ElseClause, _) if unchecked => Some(Condition::TypeChecking),
                (Kind::Block | Kind::ElseClause | Kind::ElifClause, _) => Some(Condition::If),
                _ => None,
            };
            if child.is_named() && kind_of(child) != Kind::Comment {
                let job = condition.map_or(job, |condition| job.within(condition));
                self.jobs.push(job.on(child, Mode::Load));
            }
            more = cursor.goto_next_sibling();
        }
    }

    /// `try`, of which only the last part always runs.
    fn attempt(&mut self, job: Job<'t>) {
        let mut cursor = job.node.walk();
        for child in job.node.named_children(&mut cursor).filter(|child| kind_of(*child) != Kind::Comment) {
            let job = if kind_of(child) == Kind::FinallyClause { job } else { job.within(Condition::Try) };
            self.jobs.push(job.on(child, Mode::Load));
        }
    }

    /// `with suppress(ImportError):`, which is a `try` in other words.
    fn suppresses(&self, node: Node) -> bool {
        let mut cursor = node.walk();
        node.named_children(&mut cursor)
            .any(|child| kind_of(child) == Kind::WithClause && self.text_of(child).contains("suppress("))
    }

    fn declaration(&mut self, job: Job<'t>) {
        let mut cursor = job.node.walk();
        for name in job.node.named_children(&mut cursor).filter(|child| kind_of(*child) == Kind::Identifier) {
            let text = self.text_of(name);
            let scope = &mut self.names.scopes[job.scope];
            if kind_of(job.node) == Kind::GlobalStatement {
                scope.globals.insert(text)
            } else {
                scope.nonlocals.insert(text)
            };
        }
    }
}
