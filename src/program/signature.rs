//! What a function takes, and whether a call gives it that.
//!
//! Nothing here does I/O. What a decorator may have changed, and what a `*` or `**` of a call holds, is not known.

use tree_sitter::Node;

/// Decorators that leave what a function takes as it is, by the last part of their names.
const TRANSPARENT: [&str; 7] =
    ["abstractmethod", "asynccontextmanager", "cache", "classmethod", "contextmanager", "lru_cache", "staticmethod"];

/// What a function takes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    /// In their order.
    pub own: Vec<Parameter>,
    /// It has `*args`.
    pub any_more: bool,
    /// It has `**kwargs`.
    pub any_keyword: bool,
}

/// One parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// How it can be given.
    pub by: By,
    /// It has no default.
    pub needed: bool,
}

/// How an argument can be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// By its position alone.
    Position,
    /// Either way.
    Either,
    /// By its keyword alone.
    Keyword,
}

/// What a call gives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given<'t> {
    /// How many arguments without a keyword, splats aside.
    positions: usize,
    keywords: Vec<&'t str>,
    /// It has a `*` of something.
    more: bool,
    /// It has a `**` of something.
    more_keywords: bool,
}

/// Whether a call fits a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fits {
    /// It does.
    Yes,
    /// Only a run tells: this splat may give too much or too little.
    Unknown(&'static str),
    /// It does not; what is wrong, as it is said of the function.
    No(String),
}

impl Parameters {
    /// Those of a `def`; `None` when a decorator may have changed them.
    #[must_use]
    pub fn read(def: Node, text: &str) -> Option<Self> {
        let decorators = decorators(def, text);
        if !decorators.iter().all(|name| TRANSPARENT.contains(name)) {
            return None;
        }
        let mut found = Self::default();
        let mut by = By::Either;
        let list = def.child_by_field_name("parameters")?;
        for child in list.named_children(&mut list.walk()) {
            let inner = if child.kind() == "typed_parameter" { child.named_child(0)? } else { child };
            let name = inner.child_by_field_name("name").unwrap_or(inner);
            match inner.kind() {
                "comment" => {}
                "positional_separator" => found.own.iter_mut().for_each(|parameter| parameter.by = By::Position),
                "keyword_separator" => by = By::Keyword,
                "list_splat_pattern" => (found.any_more, by) = (true, By::Keyword),
                "dictionary_splat_pattern" => found.any_keyword = true,
                kind @ ("identifier" | "default_parameter" | "typed_default_parameter") => {
                    found.own.push(Parameter { name: text.get(name.byte_range())?.to_owned(), by, needed: kind == "identifier" });
                }
                _ => return None,
            }
        }
        Some(if decorators.contains(&"classmethod") { found.of_bound() } else { found })
    }

    /// What is left for a call of a method through what it belongs to.
    #[must_use]
    pub fn of_bound(mut self) -> Self {
        if self.own.first().is_some_and(|first| first.by != By::Keyword) {
            self.own.remove(0);
        }
        self
    }

    /// Whether a call gives what the function takes.
    #[must_use]
    pub fn fit(&self, given: &Given) -> Fits {
        let by_position: Vec<&Parameter> = self.own.iter().filter(|own| own.by != By::Keyword).collect();
        if given.positions > by_position.len() && !self.any_more {
            let most = by_position.len();
            let word = if most == 1 { "argument" } else { "arguments" };
            return Fits::No(match most {
                0 => format!("takes no argument without a keyword, and gets {}", given.positions),
                _ => format!("takes at most {most} {word} without a keyword, and gets {}", given.positions),
            });
        }
        for keyword in &given.keywords {
            match self.own.iter().position(|own| own.name == *keyword && own.by != By::Position) {
                None if !self.any_keyword => return Fits::No(format!("takes no argument `{keyword}`")),
                Some(at) if at < given.positions && self.own[at].by == By::Either => {
                    return Fits::No(format!("gets `{keyword}` twice"));
                }
                _ => {}
            }
        }
        let is_given = |(at, own): (usize, &Parameter)| {
            let by_splat = given.more && own.by != By::Keyword || given.more_keywords && own.by != By::Position;
            !own.needed
                || by_splat
                || (own.by != By::Keyword && at < given.positions)
                || (own.by != By::Position && given.keywords.contains(&own.name.as_str()))
        };
        if let Some((_, lacks)) = self.own.iter().enumerate().find(|found| !is_given(*found)) {
            return Fits::No(format!("lacks its argument `{}`", lacks.name));
        }
        match (given.more && !self.any_more, given.more_keywords && !self.any_keyword) {
            (true, _) => Fits::Unknown("*"),
            (_, true) => Fits::Unknown("**"),
            (false, false) => Fits::Yes,
        }
    }
}

impl<'t> Given<'t> {
    /// What a call gives; `None` for what is no call.
    #[must_use]
    pub fn read(call: Node, text: &'t str) -> Option<Self> {
        let list = call.child_by_field_name("arguments")?;
        let mut given = Self::default();
        if list.kind() == "generator_expression" {
            given.positions = 1;
            return Some(given);
        }
        for argument in list.named_children(&mut list.walk()) {
            let starts = text.as_bytes().get(argument.start_byte()) == Some(&b'*');
            match argument.kind() {
                "comment" => {}
                "keyword_argument" => given.keywords.push(&text[argument.child_by_field_name("name")?.byte_range()]),
                "dictionary_splat" => given.more_keywords = true,
                // After a comma the grammar has `*f(1)` as `(*f)(1)`.
                _ if starts => given.more = true,
                _ => given.positions += 1,
            }
        }
        Some(given)
    }
}

/// The last parts of the names of what decorates a `def`; an empty one for what has no name.
fn decorators<'t>(def: Node, text: &'t str) -> Vec<&'t str> {
    let Some(parent) = def.parent().filter(|parent| parent.kind() == "decorated_definition") else { return Vec::new() };
    let name = |decorator: Node| {
        let inner = decorator.named_child(0)?;
        let inner = inner.child_by_field_name("function").unwrap_or(inner);
        let named = inner.child_by_field_name("attribute").unwrap_or(inner);
        (named.kind() == "identifier").then(|| &text[named.byte_range()])
    };
    let decorators = parent.named_children(&mut parent.walk()).filter(|child| child.kind() == "decorator").collect::<Vec<_>>();
    decorators.into_iter().map(|decorator| name(decorator).unwrap_or("")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::parsed::Parsed;
    use crate::python::source::Source;

    /// The first node of this kind in a text, handed on with the text.
    fn with<T>(text: &str, kind: &str, then: impl Fn(Node, &str) -> T) -> T {
        let source = Source::new(text.as_bytes()).unwrap();
        let file = Parsed::new(&source, None);
        let mut pending = vec![file.tree().unwrap().root_node()];
        while let Some(node) = pending.pop() {
            if node.kind() == kind {
                return then(node, source.text());
            }
            pending.extend(node.named_children(&mut node.walk()));
        }
        panic!("no {kind} in {text}")
    }

    #[test]
    fn a_call_fits_what_the_function_takes_or_it_is_said_why_not() {
        for (def, call, want) in [
            ("def f(): pass", "f()", ""),
            ("def f(): pass", "f(1)", "takes no argument without a keyword, and gets 1"),
            ("def f(a): pass", "f(1, 2)", "takes at most 1 argument without a keyword, and gets 2"),
            ("def f(a, *b): pass", "f(1, 2)", ""),
            ("async def f(ctx, mode=None): pass", "f(1, user_id=3)", "takes no argument `user_id`"),
            ("def f(ctx, **kw): pass", "f(1, user_id=3)", ""),
            ("def f(a: int, b: int = 1): pass", "f(b=2)", "lacks its argument `a`"),
            ("def f(a: int, b: int = 1): pass", "f(1, a=2)", "gets `a` twice"),
            ("def f(a, /, b): pass", "f(1, a=2, b=1)", "takes no argument `a`"),
            ("def f(a, /, **kw): pass", "f(1, a=2)", ""),
            ("def f(*, a): pass", "f()", "lacks its argument `a`"),
            ("def f(*, a): pass", "f(1)", "takes no argument without a keyword, and gets 1"),
            ("def f(a, *args: int, b=1, **kw: int): pass", "f(1, 2, 3, c=1)", ""),
            ("def f(a): pass", "f(x for x in y)", ""),
            ("def f(a): pass", "f(*x)", "? *"),
            ("def f(a): pass", "f(1, *g(1))", "? *"),
            ("def f(a): pass", "f(**x)", "? **"),
            ("def f(a, *b): pass", "f(*x)", ""),
            ("def f(a, b): pass", "f(*x, c=1)", "takes no argument `c`"),
            ("def f(*, a): pass", "f(*x)", "lacks its argument `a`"),
            ("@lru_cache(maxsize=1)\ndef f(a): pass", "f()", "lacks its argument `a`"),
            ("class A:\n    @classmethod\n    def f(cls, a): pass", "A.f(1)", ""),
            ("class A:\n    @staticmethod\n    def f(a): pass", "A.f()", "lacks its argument `a`"),
        ] {
            let takes = with(def, "function_definition", |node, text| Parameters::read(node, text).unwrap());
            let fits = with(call, "call", |node, text| takes.fit(&Given::read(node, text).unwrap()));
            let said = match fits {
                Fits::Yes => String::new(),
                Fits::Unknown(splat) => format!("? {splat}"),
                Fits::No(why) => why,
            };
            assert_eq!(said, want, "{def} {call}");
        }
    }

    #[test]
    fn what_a_decorator_may_change_is_not_known() {
        for def in ["@wraps(g)\ndef f(a): pass", "@a[0]\ndef f(a): pass", "@app.task\ndef f(a): pass"] {
            assert_eq!(with(def, "function_definition", Parameters::read), None, "{def}");
        }
    }
}
