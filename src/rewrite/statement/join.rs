//! How names join the list of an existing from-import, in the way that it is laid out.
//!
//! Where the names that stand there are sorted, a new one goes to its place among them, else to the end. The orders are those of
//! the usual sorters; where several fit, the one that most other lists of the file have too, then the commonest one. A single
//! name is sorted when all other lists are.

use crate::edit::Edit;
use crate::python::imports::{Import, Item};
use crate::python::source::{Source, leading_blanks};
use crate::rewrite::statement::{comma_after, line_of};

/// How names are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// Constants, then classes, then all others; each without regard to case. What isort and ruff do unless told otherwise.
    Kinds,
    /// Constants, then classes, then all others; capital letters first in each.
    CasedKinds,
    /// Without regard to case.
    Folded,
    /// By code points.
    Exact,
}

/// What names are compared by: the kind, then text and number by turns, the number as its length and its digits.
type Key = (u8, Vec<(String, usize, String)>);

impl Order {
    const ALL: [Self; 4] = [Self::Kinds, Self::CasedKinds, Self::Folded, Self::Exact];

    fn key(self, name: &str) -> Key {
        match self {
            Self::Kinds => (kind(name), natural(&name.to_lowercase())),
            Self::CasedKinds => (kind(name), natural(name)),
            Self::Folded => (0, natural(&name.to_lowercase())),
            Self::Exact => (0, vec![(name.to_owned(), 0, String::new())]),
        }
    }

    fn holds(self, items: &[Item]) -> bool {
        items.windows(2).all(|pair| self.key(&pair[0].name) <= self.key(&pair[1].name))
    }

    /// The order that the names of an import have, if they have one; a single name has that of all other lists.
    fn of(import: &Import, imports: &[Import]) -> Option<Self> {
        let lists: Vec<&Import> = imports.iter().filter(|other| other.from.is_some() && other.items.len() > 1).collect();
        let held = |order: Self| lists.iter().filter(|other| order.holds(&other.items)).count();
        let fits = |order: &Self| match import.items.len() {
            0 | 1 => !lists.is_empty() && held(*order) == lists.len(),
            _ => order.holds(&import.items),
        };
        // The last of the greatest is taken, hence from the back.
        Self::ALL.into_iter().filter(fits).rev().max_by_key(|order| held(*order))
    }
}

/// 0 for a constant, 1 for a class, 2 for all others, as far as names tell.
fn kind(name: &str) -> u8 {
    let capital = |name: &str| name.chars().any(char::is_uppercase) && !name.chars().any(char::is_lowercase);
    match name.chars().next() {
        Some(_) if name.len() > 1 && capital(name) => 0,
        Some(first) if first.is_uppercase() => 1,
        _ => 2,
    }
}

fn natural(name: &str) -> Vec<(String, usize, String)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (text, number) = rest.split_at(digits);
        let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
        let value = number[..end].trim_start_matches('0');
        parts.push((text.to_owned(), value.len(), value.to_owned()));
        rest = &number[end..];
    }
    parts
}

/// Puts `names`, each perhaps with an alias, into the list of the import with a number.
pub(crate) fn add_items(source: &Source, imports: &[Import], number: usize, names: &[String]) -> Vec<Edit> {
    let import = &imports[number];
    let order = Order::of(import, imports);
    let mut gaps: Vec<Vec<&str>> = vec![Vec::new(); import.items.len() + 1];
    let bare = |name: &str| name.split(' ').next().unwrap_or(name).to_owned();
    for name in names {
        let before = order.and_then(|order| {
            let key = order.key(&bare(name));
            import.items.iter().position(|item| order.key(&item.name) > key)
        });
        gaps[before.unwrap_or(import.items.len())].push(name);
    }
    let mut edits = Vec::new();
    for (gap, mut names) in gaps.into_iter().enumerate().filter(|(_, names)| !names.is_empty()) {
        if let Some(order) = order {
            names.sort_by_key(|name| order.key(&bare(name)));
        }
        match import.items.get(gap) {
            Some(_) => edits.push(add_before(source, import, gap, &names)),
            None => edits.extend(add_last(source, import, &names)),
        }
    }
    edits
}

/// The indentation of a list in parentheses whose names stand on lines of their own.
fn one_a_line<'s>(source: &'s Source, import: &Import) -> Option<&'s str> {
    import.parentheses.as_ref()?;
    let lead = |item: &Item| {
        let start = source.line_range(line_of(source, item.range.start)).start;
        let before = &source.text()[start..item.range.start];
        Some(before).filter(|before| leading_blanks(before).len() == before.len())
    };
    let own = import.items.iter().skip(1).all(|item| lead(item).is_some());
    import.items.last().and_then(lead).filter(|_| own)
}

/// Names above or before the item with a number; comments above that stay with it.
fn add_before(source: &Source, import: &Import, number: usize, names: &[&str]) -> Edit {
    let (text, start) = (source.text(), import.items[number].range.start);
    let Some(indent) = one_a_line(source, import) else {
        return Edit::new(start..start, format!("{}, ", names.join(", ")));
    };
    let ending = source.line_ending(start);
    let above = match number.checked_sub(1) {
        Some(last) => comma_after(text, import, last),
        None => import.parentheses.as_ref().map(|range| range.start),
    };
    let end = above.map(|at| source.line_range(line_of(source, at)).end).filter(|end| *end < start);
    let comma_beside = number == 0 || end.is_some_and(|end| import.items[number - 1].range.end > line_start(source, end));
    match end.filter(|_| comma_beside) {
        Some(end) => Edit::new(end..end, names.iter().map(|name| format!("{ending}{indent}{name},")).collect::<String>()),
        None => Edit::new(start..start, names.iter().map(|name| format!("{name},{ending}{indent}")).collect::<String>()),
    }
}

fn line_start(source: &Source, at: usize) -> usize {
    source.line_range(line_of(source, at)).start
}

fn add_last(source: &Source, import: &Import, names: &[&str]) -> Vec<Edit> {
    let Some(last) = import.items.last() else { return Vec::new() };
    let text = source.text();
    let Some(indent) = one_a_line(source, import) else {
        let list: String = names.iter().map(|name| format!(", {name}")).collect();
        return vec![Edit::new(last.range.end..last.range.end, list)];
    };
    let line = source.line_range(line_of(source, last.range.start));
    let ending = source.line_ending(last.range.start);
    let comma = comma_after(text, import, import.items.len() - 1);
    let separator = |index: usize| if index + 1 < names.len() || comma.is_some() { "," } else { "" };
    let list: String =
        names.iter().enumerate().map(|(index, name)| format!("{ending}{indent}{name}{}", separator(index))).collect();
    let after = comma.map_or(last.range.end, |comma| comma + 1);
    let rest = text.get(after..line.end).unwrap_or("").trim_start();
    let at = if rest.starts_with('#') { line.end } else { after };
    match comma {
        Some(_) => vec![Edit::new(at..at, list)],
        None if at == last.range.end => vec![Edit::new(at..at, format!(",{list}"))],
        None => vec![Edit::new(last.range.end..last.range.end, ","), Edit::new(at..at, list)],
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::Rename;
    use crate::rewrite::{Step, rewritten};

    /// What becomes of imports, of `n` first of all, when a name moves there.
    #[track_caller]
    fn check(cases: &[(&str, &str, &str)]) {
        for (imports, name, want) in cases {
            let rename = Rename { from: format!("m.{name}"), to: format!("n.{name}"), ..Rename::default() };
            let text = format!("{imports}from m import {name}\n{name}\n");
            let made = rewritten(text.as_bytes(), Some("pkg.mod"), &[Step::Rename(&rename)]).unwrap();
            assert_eq!(String::from_utf8(made).unwrap(), format!("{want}{name}\n"), "{text}");
        }
    }

    #[test]
    fn a_name_goes_to_its_place_in_a_sorted_list_else_to_the_end() {
        check(&[
            ("from n import a, c\n", "b", "from n import a, b, c\n"),
            ("from n import b, c\n", "a", "from n import a, b, c\n"),
            ("from n import a, b\n", "c", "from n import a, b, c\n"),
            ("from n import c, a\n", "b", "from n import c, a, b\n"),
            ("from n import c\n", "b", "from n import c, b\n"),
            // By kind: constants, classes, others.
            ("from n import A1, B, c\n", "AB", "from n import A1, AB, B, c\n"),
            ("from n import MAX, Ab, a\n", "Aa", "from n import MAX, Aa, Ab, a\n"),
            ("from n import Z, a\n", "b", "from n import Z, a, b\n"),
            ("from n import b, c\n", "Z", "from n import Z, b, c\n"),
            ("from n import T, a, _b\n", "_a", "from n import T, a, _b, _a\n"),
            ("from n import T, _b, a\n", "_a", "from n import T, _a, _b, a\n"),
            ("from n import Ba, BB, c\n", "bb", "from n import Ba, BB, bb, c\n"),
            // Without regard to case.
            ("from n import a, B, c\n", "Bb", "from n import a, B, Bb, c\n"),
            ("from n import a, C\n", "b", "from n import a, b, C\n"),
            // By code points, which is by kind for none of these.
            ("from n import ABC, Abc, B, abc\n", "AC", "from n import ABC, AC, Abc, B, abc\n"),
            ("from n import Ab, B_C, b\n", "a", "from n import Ab, B_C, a, b\n"),
            ("from n import x10, x9\n", "x8", "from n import x10, x8, x9\n"),
            ("from n import x9, x10\n", "x11", "from n import x9, x10, x11\n"),
            ("from n import x1, x10\n", "x2", "from n import x1, x2, x10\n"),
            // An alias does not count.
            ("from n import a as z, c as b\n", "b", "from n import a as z, b, c as b\n"),
        ]);
    }

    #[test]
    fn the_other_lists_of_a_file_tell_which_of_several_orders_it_has() {
        check(&[
            ("from n import a, c\nfrom o import a, B, c\n", "B", "from n import a, B, c\nfrom o import a, B, c\n"),
            ("from n import a, c\nfrom o import B, a\n", "B", "from n import B, a, c\nfrom o import B, a\n"),
            ("from n import c\nfrom o import B, a\n", "b", "from n import b, c\nfrom o import B, a\n"),
            ("from n import c\nfrom o import b, a\n", "b", "from n import c, b\nfrom o import b, a\n"),
        ]);
    }

    #[test]
    fn a_name_joins_in_the_way_that_the_list_is_laid_out() {
        check(&[
            ("from n import (\n    a,\n    c,\n)\n", "b", "from n import (\n    a,\n    b,\n    c,\n)\n"),
            ("from n import (\n    b,\n    c,\n)\n", "a", "from n import (\n    a,\n    b,\n    c,\n)\n"),
            ("from n import (\n    a,\n    b\n)\n", "c", "from n import (\n    a,\n    b,\n    c\n)\n"),
            ("from n import (\n    a,\n    c\n)\n", "b", "from n import (\n    a,\n    b,\n    c\n)\n"),
            ("from n import (\r\n\ta,\r\n\tc,\r\n)\r\n", "b", "from n import (\r\n\ta,\r\n\tb,\r\n\tc,\r\n)\r\n"),
            (
                "from n import (  # one\n    b,  # two\n    d,  # three\n)  # four\n",
                "a",
                "from n import (  # one\n    a,\n    b,  # two\n    d,  # three\n)  # four\n",
            ),
            (
                "from n import (\n    a,  # one\n    # two\n    c,  # three\n)\n",
                "b",
                "from n import (\n    a,  # one\n    b,\n    # two\n    c,  # three\n)\n",
            ),
            (
                "from n import (\n    a,  # one\n    b  # two, so\n)\n",
                "c",
                "from n import (\n    a,  # one\n    b,  # two, so\n    c\n)\n",
            ),
            ("from n import (a,\n               c)\n", "b", "from n import (a,\n               b,\n               c)\n"),
            ("from n import (b,\n               c)\n", "a", "from n import (a,\n               b,\n               c)\n"),
            ("from n import (a,\n               b)\n", "c", "from n import (a,\n               b,\n               c)\n"),
            ("from n import (a, c)\n", "b", "from n import (a, b, c)\n"),
            ("from n import (a, b,)\n", "c", "from n import (a, b, c,)\n"),
            ("from n import (\n    a, b,\n    d, e,\n)\n", "c", "from n import (\n    a, b,\n    c, d, e,\n)\n"),
            ("from n import (\n    a, b,  # one\n    d, e,\n)\n", "c", "from n import (\n    a, b,  # one\n    c, d, e,\n)\n"),
            ("from n import (\n    a, b,\n    c\n)\n", "d", "from n import (\n    a, b,\n    c, d\n)\n"),
            ("from n import a, \\\n    c\n", "b", "from n import a, \\\n    b, c\n"),
            ("from n import a, c  # one\n", "b", "from n import a, b, c  # one\n"),
            ("from n import (\n    a\n    ,\n    c\n)\n", "b", "from n import (\n    a\n    ,\n    b,\n    c\n)\n"),
            ("from n import (\n    a\n    , c\n)\n", "b", "from n import (\n    a\n    , b, c\n)\n"),
            ("from n import (\n    a,\n\n    c,\n)\n", "b", "from n import (\n    a,\n    b,\n\n    c,\n)\n"),
        ]);
    }
}
