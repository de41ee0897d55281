//! What Python's compiler refuses though its grammar takes it: `await` outside an async function, `return` outside a function,
//! a name twice among the parameters. The rules are ruff's; here is the context they ask for.
//!
//! This walk recurses: it runs only on trees whose depth [`crate::python::nesting`] has bounded.

use std::cell::RefCell;

use ruff_python_ast::visitor::{Visitor, walk_body, walk_expr, walk_stmt};
use ruff_python_ast::{Comprehension, ExceptHandler, Expr, ModModule, Parameters, PythonVersion, Stmt};
use ruff_python_parser::semantic_errors::{LazyImportContext, SemanticSyntaxChecker, SemanticSyntaxContext, SemanticSyntaxError};
use ruff_text_size::{Ranged, TextRange};

/// The places and messages of what is wrong in `module`.
pub(crate) fn errors(text: &str, module: &ModModule) -> Vec<(usize, String)> {
    let mut walk = Walk {
        checker: SemanticSyntaxChecker::new(),
        context: Context { text, scopes: vec![Scope::Module], loops: vec![0], found: RefCell::default() },
        old_handlers: Vec::new(),
    };
    walk.visit_body(&module.body);
    let mut found: Vec<(usize, String)> =
        walk.context.found.into_inner().iter().map(|error| (usize::from(error.range.start()), error.to_string())).collect();
    let old = |at| (at, "`except TYPE, name` is Python 2; Python 3 writes `except TYPE as name`".to_owned());
    found.extend(walk.old_handlers.into_iter().map(old));
    found
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    Module,
    Class,
    Function { is_async: bool },
    Comprehension { is_async: bool, is_generator: bool },
}

struct Context<'a> {
    text: &'a str,
    scopes: Vec<Scope>,
    loops: Vec<usize>,
    found: RefCell<Vec<SemanticSyntaxError>>,
}

impl Context<'_> {
    /// The scope that is not a comprehension.
    fn owner(&self) -> Scope {
        let owner = self.scopes.iter().rev().find(|scope| !matches!(scope, Scope::Comprehension { .. }));
        owner.copied().unwrap_or(Scope::Module)
    }

    fn innermost(&self) -> Scope {
        self.scopes.last().copied().unwrap_or(Scope::Module)
    }
}

impl SemanticSyntaxContext for Context<'_> {
    fn future_annotations_or_stub(&self) -> bool {
        false
    }

    fn lazy_import_context(&self) -> Option<LazyImportContext> {
        match self.owner() {
            Scope::Function { .. } => Some(LazyImportContext::Function),
            Scope::Class => Some(LazyImportContext::Class),
            Scope::Module | Scope::Comprehension { .. } => None,
        }
    }

    fn python_version(&self) -> PythonVersion {
        PythonVersion::latest()
    }

    fn source(&self) -> &str {
        self.text
    }

    fn global(&self, _name: &str) -> Option<TextRange> {
        None
    }

    fn has_nonlocal_binding(&self, _name: &str) -> bool {
        true
    }

    fn in_async_context(&self) -> bool {
        matches!(self.owner(), Scope::Function { is_async: true })
    }

    fn in_await_allowed_context(&self) -> bool {
        // `await` outside an async function is reported as that, once.
        true
    }

    fn in_yield_allowed_context(&self) -> bool {
        matches!(self.innermost(), Scope::Function { .. })
    }

    fn in_sync_comprehension(&self) -> bool {
        self.scopes.contains(&Scope::Comprehension { is_async: false, is_generator: false })
    }

    fn in_class_body_comprehension(&self) -> bool {
        matches!(self.innermost(), Scope::Comprehension { .. }) && self.owner() == Scope::Class
    }

    fn in_module_scope(&self) -> bool {
        self.innermost() == Scope::Module
    }

    fn in_function_scope(&self) -> bool {
        matches!(self.innermost(), Scope::Function { .. })
    }

    fn in_generator_context(&self) -> bool {
        self.scopes.iter().any(|scope| matches!(scope, Scope::Comprehension { is_generator: true, .. }))
    }

    fn in_notebook(&self) -> bool {
        false
    }

    fn report_semantic_error(&self, error: SemanticSyntaxError) {
        self.found.borrow_mut().push(error);
    }

    fn in_loop_context(&self) -> bool {
        self.loops.last().is_some_and(|depth| *depth > 0)
    }

    fn is_bound_parameter(&self, _name: &str) -> bool {
        false
    }
}

struct Walk<'a> {
    checker: SemanticSyntaxChecker,
    context: Context<'a>,
    old_handlers: Vec<usize>,
}

impl<'a> Walk<'_> {
    fn within(&mut self, scope: Scope, inside: impl FnOnce(&mut Self)) {
        self.context.scopes.push(scope);
        self.context.loops.push(0);
        inside(self);
        self.context.loops.pop();
        self.context.scopes.pop();
    }

    /// Walks what is evaluated where the function stands: its defaults and annotations.
    fn outer_parts(&mut self, parameters: &'a Parameters) {
        for parameter in parameters.iter() {
            if let Some(annotation) = parameter.annotation() {
                self.visit_annotation(annotation);
            }
            if let Some(default) = parameter.default() {
                self.visit_expr(default);
            }
        }
    }

    fn comprehension(&mut self, generators: &'a [Comprehension], is_generator: bool, parts: &[&'a Expr]) {
        let mut rest = generators.iter();
        let Some(first) = rest.next() else { return };
        self.visit_expr(&first.iter);
        let is_async = generators.iter().any(|generator| generator.is_async);
        self.context.scopes.push(Scope::Comprehension { is_async, is_generator });
        self.visit_expr(&first.target);
        first.ifs.iter().for_each(|test| self.visit_expr(test));
        rest.for_each(|generator| self.visit_comprehension(generator));
        parts.iter().for_each(|part| self.visit_expr(part));
        self.context.scopes.pop();
    }

    fn looped(&mut self, body: &'a [Stmt]) {
        if let Some(depth) = self.context.loops.last_mut() {
            *depth += 1;
        }
        self.visit_body(body);
        if let Some(depth) = self.context.loops.last_mut() {
            *depth -= 1;
        }
    }
}

impl<'a> Visitor<'a> for Walk<'_> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        self.checker.visit_stmt(stmt, &self.context);
        match stmt {
            Stmt::FunctionDef(function) => {
                function.decorator_list.iter().for_each(|decorator| self.visit_decorator(decorator));
                self.outer_parts(&function.parameters);
                if let Some(returns) = &function.returns {
                    self.visit_annotation(returns);
                }
                self.within(Scope::Function { is_async: function.is_async }, |walk| walk.visit_body(&function.body));
            }
            Stmt::ClassDef(class) => {
                class.decorator_list.iter().for_each(|decorator| self.visit_decorator(decorator));
                if let Some(arguments) = &class.arguments {
                    self.visit_arguments(arguments);
                }
                self.within(Scope::Class, |walk| walk.visit_body(&class.body));
            }
            Stmt::For(statement) => {
                self.visit_expr(&statement.iter);
                self.visit_expr(&statement.target);
                self.looped(&statement.body);
                self.visit_body(&statement.orelse);
            }
            Stmt::While(statement) => {
                self.visit_expr(&statement.test);
                self.looped(&statement.body);
                self.visit_body(&statement.orelse);
            }
            _ => walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        self.checker.visit_expr(expr, &self.context);
        match expr {
            Expr::Lambda(lambda) => {
                if let Some(parameters) = &lambda.parameters {
                    self.outer_parts(parameters);
                }
                self.within(Scope::Function { is_async: false }, |walk| walk.visit_expr(&lambda.body));
            }
            Expr::ListComp(comp) => self.comprehension(&comp.generators, false, &[&comp.elt]),
            Expr::SetComp(comp) => self.comprehension(&comp.generators, false, &[&comp.elt]),
            Expr::Generator(comp) => self.comprehension(&comp.generators, true, &[&comp.elt]),
            Expr::DictComp(comp) => {
                let parts: Vec<&Expr> = comp.key.iter().map(AsRef::as_ref).chain(std::iter::once(comp.value.as_ref())).collect();
                self.comprehension(&comp.generators, false, &parts);
            }
            _ => walk_expr(self, expr),
        }
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(clause) = handler;
        // `except A, B:` is Python 3.14 for a tuple and was Python 2 for `except A as b:`. Exceptions are written in capitals.
        if clause.name.is_none()
            && let Some(Expr::Tuple(tuple)) = clause.type_.as_deref()
            && !tuple.parenthesized
            && let [_, Expr::Name(second)] = tuple.elts.as_slice()
            && second.id.starts_with(|c: char| c.is_lowercase() || c == '_')
        {
            self.old_handlers.push(usize::from(second.start()));
        }
        if let Some(kind) = &clause.type_ {
            self.visit_expr(kind);
        }
        walk_body(self, &clause.body);
    }
}
