//! One arm of a `try` or an `if` that gets at the old thing where another gets at the new one: code that runs with two versions of a
//! library. Renamed, both arms would be the same, and the older version would have none.

use std::ops::Range;

use tree_sitter::Node;

use crate::dotted::{covers, split_last};
use crate::pattern::place::{around, contains};
use crate::python::names::Meaning;
use crate::rewrite::rename::plan::Work;

/// What tells that a condition asks for a version, in lower case, beside the names themselves.
const OF_VERSIONS: [&str; 7] = ["version", "hasattr", "py2", "py3", "has_", ">= (", "< ("];

/// Leaves the old thing where it stands, and says so, when another arm has the new one; `local` is what an import binds it to.
pub(super) fn leave(work: &mut Work, old: &Range<usize>, local: Option<&str>) -> bool {
    let Some(other) = other_arm(work, old, local) else { return false };
    let (from, to) = (&work.rename.from, &work.rename.to);
    let message =
        format!("{from} stays: another arm has {to} (line {}), and both would be the same", work.source.line(other.start));
    work.remark(old.start, message, "write an edit for this file that takes away the arm that is not needed any more");
    true
}

/// Where another arm has the new thing.
fn other_arm(work: &Work, old: &Range<usize>, local: Option<&str>) -> Option<Range<usize>> {
    let node = work.root.descendant_for_byte_range(old.start, old.end)?;
    let mut path = around(work.root, node);
    path.push(node);
    path.windows(2).rev().find_map(|pair| {
        let arms = arms(pair[0]);
        let own = arms.iter().position(|arm| arm.contains(&pair[1]))?;
        let others = arms.iter().enumerate().filter(|(number, _)| *number != own).flat_map(|(_, arm)| arm);
        let versions = pair[0].kind() == "try_statement" || asks_for_version(work, pair[0]);
        others.into_iter().find_map(|arm| new_within(work, &arm.byte_range(), local, versions))
    })
}

/// The parts of a node of which one runs and the others do not, or not to the end.
fn arms<'t>(node: Node<'t>) -> Vec<Vec<Node<'t>>> {
    let mut cursor = node.walk();
    let children: Vec<Node> = node.named_children(&mut cursor).filter(|child| child.kind() != "comment").collect();
    match node.kind() {
        "try_statement" => {
            let (tried, rest): (Vec<Node>, Vec<Node>) =
                children.into_iter().partition(|child| matches!(child.kind(), "block" | "else_clause"));
            let caught = rest.into_iter().filter(|child| child.kind() != "finally_clause");
            std::iter::once(tried).chain(caught.map(|clause| vec![clause])).collect()
        }
        "if_statement" => children.into_iter().skip(1).map(|arm| vec![arm]).collect(),
        "conditional_expression" => children.into_iter().step_by(2).map(|arm| vec![arm]).collect(),
        _ => Vec::new(),
    }
}

fn asks_for_version(work: &Work, node: Node) -> bool {
    let text = work.source.text();
    let mut cursor = node.walk();
    let mut conditions = node.named_children(&mut cursor).filter_map(|child| match (node.kind(), child.kind()) {
        ("if_statement", "elif_clause") => child.child_by_field_name("condition"),
        _ => None,
    });
    let first = if node.kind() == "conditional_expression" { node.named_child(1) } else { node.child_by_field_name("condition") };
    let names = [&work.rename.from, &work.rename.to].map(|name| split_last(name).1.to_lowercase());
    let asks = |condition: Node| {
        let condition = text[condition.byte_range()].to_lowercase();
        OF_VERSIONS.iter().copied().chain(names.iter().map(String::as_str)).any(|word| condition.contains(word))
    };
    first.is_some_and(asks) || conditions.any(asks)
}

/// Where the new thing is imported or read within a range; in one that does not depend on a version, where it is imported as `local`.
fn new_within(work: &Work, range: &Range<usize>, local: Option<&str>, versions: bool) -> Option<Range<usize>> {
    let (names, to) = (work.names, work.rename.to.as_str());
    let imports = names.imports.iter().filter(|import| contains(range, &import.range));
    let mut items = imports.flat_map(|import| import.items.iter().map(move |item| (import, item)));
    let imported = items.find(|(import, item)| {
        covers(to, &import.imported(item)) && (versions || local.is_some_and(|local| local == item.local()))
    });
    imported.map(|(_, item)| item.range.clone()).or_else(|| {
        let mut uses = names.uses.iter().filter(|read| versions && contains(range, &read.range));
        let read = uses.find(|read| match names.means(read) {
            Meaning::Imported(whole) => covers(to, &whole),
            Meaning::Several(_) | Meaning::Local | Meaning::Unbound { .. } => false,
        })?;
        Some(read.range.clone())
    })
}

#[cfg(test)]
mod tests {
    use crate::plan::Rename;
    use crate::python::parsed::Parsed;
    use crate::python::source::Source;
    use crate::rewrite::rename::tests::check;
    use crate::rewrite::{Step, apply};

    /// A text stays as it is, and these lines of it are told.
    #[track_caller]
    fn left(from: &str, to: &str, text: &str, lines: &[u32]) {
        let rename = Rename { from: from.into(), to: to.into(), ..Rename::default() };
        let source = Source::new(text.as_bytes()).unwrap();
        let applied = apply(&Parsed::new(&source, Some("m")), &[Step::Rename(&rename)]).unwrap();
        assert_eq!(applied.bytes.map(String::from_utf8), None, "{text}");
        let said: Vec<u32> = applied.remarks.iter().filter(|remark| remark.left).map(|remark| remark.line).collect();
        assert_eq!(said, lines, "{text}");
    }

    #[test]
    fn code_for_two_versions_keeps_both_arms() {
        for (text, lines) in [
            ("try:\n    from d import new\nexcept ImportError:\n    from d import old as new\nnew(1)\n", &[4_u32] as &[u32]),
            ("try:\n    from d import old as new\nexcept ImportError:\n    from d import new\nnew(1)\n", &[2]),
            ("try:\n    from d import new\nexcept ImportError:\n    from d import old\n    new = old\nold(1)\n", &[4]),
            ("try:\n    pass\nexcept A:\n    from d import new\nexcept B:\n    from d import old as new\n", &[6]),
            (
                "def f():\n  try:\n    x\n  except E:\n    if y:\n      from d import new\n  else:\n    from d import old as new\n",
                &[8],
            ),
            ("if d.VERSION >= (2, 0):\n    from d import new\nelse:\n    from d import old\n    old()\n", &[4]),
            ("import sys\nif sys.version_info < (3,):\n    from d import old as x\nelif z:\n    from d import new as y\n", &[3]),
            ("if z:\n    from d import new as x\nelif y:\n    from d import old as x\n", &[4]),
            ("import d\ntry:\n    x = d.new\nexcept AttributeError:\n    x = d.old\n", &[5]),
            ("import d\nif hasattr(d, 'new'):\n    d.new()\nelse:\n    d.old()\n", &[5]),
            ("import d\nx = d.new if hasattr(d, 'new') else d.old\n", &[2]),
            ("import d\ntry:\n    from d import new as x\nexcept ImportError:\n    x = d.old\n", &[5]),
        ] {
            left("d.old", "d.new", text, lines);
        }
        left("old", "new", "try:\n    import new as m\nexcept ImportError:\n    import old as m\nm.f()\n", &[4]);
        left("old", "new", "try:\n    import new\nexcept ImportError:\n    import old\n    new = old\n", &[4]);
        left("old", "new", "try:\n    from new.a import f\nexcept ImportError:\n    from old.a import f\nf()\n", &[4]);
    }

    #[test]
    fn arms_that_do_not_choose_between_versions_are_renamed() {
        check(
            "d.old",
            "d.new",
            &[
                (
                    "from d import new, old\ntry:\n    old(1)\nexcept E:\n    old(2)\n",
                    "from d import new\ntry:\n    new(1)\nexcept E:\n    new(2)\n",
                ),
                (
                    "if z:\n    from d import new\n    new(1)\nelse:\n    from d import old\n    old(2)\n",
                    "if z:\n    from d import new\n    new(1)\nelse:\n    from d import new\n    new(2)\n",
                ),
                (
                    "import d\nx = d.new(1) if z else d.old(2)\ntry:\n    d.new()\nfinally:\n    d.old()\n",
                    "import d\nx = d.new(1) if z else d.new(2)\ntry:\n    d.new()\nfinally:\n    d.new()\n",
                ),
                (
                    "import d\nd.old()\ntry:\n    x = d.new\nexcept AttributeError:\n    x = None\nd.old()\n",
                    "import d\nd.new()\ntry:\n    x = d.new\nexcept AttributeError:\n    x = None\nd.new()\n",
                ),
            ],
        );
    }

    #[test]
    fn what_stands_outside_the_arms_is_renamed_beside_them() {
        check(
            "d.old",
            "d.new",
            &[(
                "import d\nd.old(1)\ntry:\n    x = d.new\nexcept AttributeError:\n    x = d.old\n",
                "import d\nd.new(1)\ntry:\n    x = d.new\nexcept AttributeError:\n    x = d.old\n",
            )],
        );
    }
}
