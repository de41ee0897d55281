//! The name by which a test is known from one run to the next.

use std::fmt::{self, Display, Formatter};

/// A test's identity: its class, module or file, and its name there. It never holds a control character.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TestId {
    class: String,
    name: String,
}

impl TestId {
    /// The test `name` of `class`, which may be empty; control characters are written as `\u{1b}`.
    #[must_use]
    pub fn new(class: &str, name: &str) -> Self {
        Self { class: printable(class), name: printable(name) }
    }

    /// The test that unittest calls `name (class) [label] (i=1)`, or `name (class.name)`: subtests go by the name of their test.
    ///
    /// Also of what is no test, such as `setUpClass (module.Class)`. A text of another form is the name as it stands.
    #[must_use]
    pub fn of_unittest(text: &str) -> Self {
        let Some((name, rest)) = text.split_once(" (") else { return Self::new("", text) };
        let Some((class, _)) = rest.split_once(')') else { return Self::new("", text) };
        let class = class.strip_suffix(name).and_then(|class| class.strip_suffix('.')).unwrap_or(class);
        Self::new(class, name)
    }

    /// The test that a report calls `module.Class.name [label] (i=1.5)`, cut at any dot into a class and a name.
    pub(super) fn of_dotted(text: &str) -> Self {
        let end = [" (", " ["].iter().filter_map(|part| text.find(part)).min().unwrap_or(text.len());
        match text[..end].rsplit_once('.') {
            Some((class, name)) => Self::new(class, name),
            None => Self::of_unittest(text),
        }
    }

    /// The test that pytest calls `file::Class::name`.
    #[must_use]
    pub fn of_node(node: &str) -> Self {
        // What stands in brackets are parameters, which may hold anything.
        let end = node.find('[').unwrap_or(node.len());
        match node[..end].rfind("::") {
            Some(at) => Self::new(&node[..at], &node[at + 2..]),
            None => Self::new("", node),
        }
    }

    /// What the test is in: a class, module or file as the runner writes it; empty where there is none.
    #[must_use]
    pub fn class(&self) -> &str {
        &self.class
    }

    /// The test's own name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Display for TestId {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        if self.class.is_empty() { formatter.write_str(&self.name) } else { write!(formatter, "{}::{}", self.class, self.name) }
    }
}

fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            printable.extend(c.escape_unicode());
        } else {
            printable.push(c);
        }
    }
    printable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subtests_and_addresses_are_no_part_of_a_name() {
        let id = TestId::new("m.Class", "test_a");
        for text in [
            "test_a (m.Class)",
            "test_a (m.Class.test_a)",
            "test_a (m.Class.test_a) [label] (i=1)",
            "test_a (m.Class.test_a) [<object object at 0x7f00>] (i=1)",
        ] {
            assert_eq!(TestId::of_unittest(text), id, "{text}");
        }
        assert_eq!(TestId::of_unittest("setUpClass (m.Class)"), TestId::new("m.Class", "setUpClass"));
        assert_eq!(TestId::of_unittest("odd"), TestId::new("", "odd"));
        assert_eq!(TestId::of_unittest("odd (open"), TestId::new("", "odd (open"));
        for text in ["m.Class.test_a", "m.Class.test_a (i=1)", "m.Class.test_a [a.b] (i=2.5)", "test_a (m.Class)"] {
            assert_eq!(TestId::of_dotted(text), id, "{text}");
        }
    }

    #[test]
    fn a_parameter_may_hold_what_parts_a_name() {
        assert_eq!(TestId::of_node("a/test_b.py::C::test_d[e::f]"), TestId::new("a/test_b.py::C", "test_d[e::f]"));
        assert_eq!(TestId::of_node("test_b.py"), TestId::new("", "test_b.py"));
    }

    #[test]
    fn no_control_character_is_in_an_identity() {
        assert_eq!(TestId::new("a\n", "\u{1b}[31mb\u{9b}").to_string(), r"a\u{a}::\u{1b}[31mb\u{9b}");
    }
}
