//! Splats that tree-sitter's grammar of Python has not: `return *[1], x`. Outside brackets it takes a `*` before names, attributes,
//! items and calls only.
//!
//! To that parser such a splat is shown as a negation, which is as long and may stand wherever the splat may. One of an operation is
//! not, since `-` binds tighter than `*` there; what holds it stays unread.

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{Expr, ExprContext};
use ruff_text_size::Ranged;

use crate::python::nesting;
use crate::python::ruff;

/// The text with such splats as negations; `None` where there are none.
pub(super) fn negated(text: &str) -> Option<String> {
    memchr::memchr(b'*', text.as_bytes())?;
    let depth = nesting::depth(text).ok()?;
    let find = |parsed: &ruff_python_parser::Parsed<ruff_python_ast::Mod>| {
        let mut stars = Stars::default();
        if let ruff_python_ast::Mod::Module(module) = parsed.syntax() {
            stars.visit_body(&module.body);
        }
        stars.0
    };
    let stars = ruff::read(text, depth, find).ok().filter(|stars| !stars.is_empty())?;
    let mut shown = text.to_owned();
    stars.into_iter().for_each(|at| shown.replace_range(at..at + 1, "-"));
    Some(shown)
}

/// Where they begin.
#[derive(Default)]
struct Stars(Vec<usize>);

impl<'a> Visitor<'a> for Stars {
    fn visit_expr(&mut self, expr: &'a Expr) {
        if let Expr::Tuple(tuple) = expr
            && !tuple.parenthesized
            && tuple.ctx == ExprContext::Load
        {
            let stars = tuple.elts.iter().filter_map(Expr::as_starred_expr);
            let unknown = stars.filter(|star| {
                let known = matches!(*star.value, Expr::Name(_) | Expr::Attribute(_) | Expr::Subscript(_) | Expr::Call(_));
                let bracketed = star.value.end() < star.end();
                if bracketed { true } else { !known && !star.value.is_bin_op_expr() }
            });
            self.0.extend(unknown.map(|star| usize::from(star.start())));
        }
        walk_expr(self, expr);
    }
}
