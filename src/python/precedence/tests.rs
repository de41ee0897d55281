//! Each kind of expression in each kind of place, judged by another parser.

use super::*;
use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::python::syntax::errors;

/// The rank of the expression that `text` is.
fn rank_of(text: &str) -> Rank {
    let source = Source::new(text.as_bytes()).unwrap();
    let file = Parsed::new(&source, None);
    let tree = file.tree().unwrap();
    let statement = tree.root_node().named_child(0).unwrap();
    if statement.named_child_count() > 1 { Rank::Sequence } else { rank(statement.named_child(0).unwrap()) }
}

/// The place of `HERE` in `text` takes that rank.
fn taken(text: &str, rank: Rank) -> bool {
    let source = Source::new(text.as_bytes()).unwrap();
    let file = Parsed::new(&source, None);
    let tree = file.tree().unwrap();
    let at = text.find("HERE").unwrap();
    takes(tree.root_node().descendant_for_byte_range(at, at + 4).unwrap(), rank)
}

/// With ` ; ` between them.
const EXPRESSIONS: &str = "a, b ; yield a ; yield from a ; lambda: a ; a if b else c ; a or b ; a and b ; not a ; \
    a < b ; a | b ; a ^ b ; a & b ; a << b ; a + b ; a @ b ; -a ; \
    a ** b ; await a ; a.b ; a ; (a) ; 1";

/// With ` ; ` between them.
const PLACES: &str = "HERE.x ; HERE() ; HERE[0] ; x[HERE] ; x[HERE:1] ; await HERE ; -HERE ; HERE ** x ; \
    x ** HERE ; HERE + x ; x + HERE ; x - HERE ; HERE * x ; x * HERE ; x | HERE ; x & HERE ; \
    x ^ HERE ; x << HERE ; HERE < x ; x in HERE ; not HERE ; HERE and x ; HERE or x ; HERE if x else y ; \
    x if HERE else y ; x if y else HERE ; lambda: HERE ; f(HERE) ; f(k=HERE) ; f(*HERE) ; [HERE] ; [*HERE] ; \
    (HERE, x) ; {HERE: x} ; {x: HERE} ; {HERE} ; [HERE for x in y] ; [x for x in HERE] ; [x for x in y if HERE] ; x = HERE ; \
    x: int = HERE ; x += HERE ; f'{HERE}' ; HERE";

/// Each expression in each place, against what ruff reads there: with parentheses and without must be the same tree.
#[test]
fn parentheses_are_asked_for_where_the_meaning_would_change_and_nowhere_else() {
    use ruff_python_ast::comparable::ComparableMod;
    use ruff_python_parser::{Mode, ParseOptions, parse};
    let mut wrong = Vec::new();
    for place in PLACES.split(" ; ") {
        for expression in EXPRESSIONS.split(" ; ") {
            let wrap = |text: &str| format!("async def f():\n    {text}\n");
            let parse = |text: String| parse(&text, ParseOptions::from(Mode::Module)).ok().map(|parsed| parsed.into_syntax());
            let (plain, safe) = (place.replace("HERE", expression), place.replace("HERE", &format!("({expression})")));
            let (bare, bracketed) = (parse(wrap(&plain)), parse(wrap(&safe)));
            let same = bare.as_ref().map(ComparableMod::from) == bracketed.as_ref().map(ComparableMod::from);
            // The meaning is the same, though the tree is not.
            let grouped =
                (place.contains(" or ") && expression == "a or b") || (place.contains(" and ") && expression == "a and b");
            // Newer Pythons take these bare; a number that is called is never meant.
            let cautious = matches!(
                (place, expression),
                ("x[HERE]" | "f'{HERE}'", "a, b" | "yield a" | "yield from a" | "lambda: a" | "a if b else c")
                    | ("HERE()" | "HERE[0]" | "await HERE", "1")
            );
            if grouped || cautious {
                continue;
            }
            if taken(&format!("{place}\n"), rank_of(expression)) != same {
                wrong.push(plain);
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn a_walrus_needs_parentheses_where_python_wants_them() {
    for (place, want) in [
        ("f(HERE)", true),
        ("if HERE: pass", true),
        ("f(k=HERE)", false),
        ("HERE", false),
        ("x = HERE", false),
        ("f'{HERE}'", false),
    ] {
        assert_eq!(taken(&format!("{place}\n"), Rank::Walrus), want, "{place}");
        let source = format!("{}\n", place.replace("HERE", "a := b"));
        let valid = errors(&Source::new(source.as_bytes()).unwrap()).is_empty();
        assert!(valid || !want, "{place}");
    }
}

#[test]
fn a_line_may_end_only_within_brackets() {
    let spilling = |text: &str| {
        let source = Source::new(text.as_bytes()).unwrap();
        let file = Parsed::new(&source, None);
        let tree = file.tree().unwrap();
        let outer = tree.root_node().named_child(0).unwrap().named_child(0).unwrap();
        spills(outer.named_child(0).unwrap(), text)
    };
    for (text, want) in [
        ("(a +\n b)", true),
        ("(a + \\\n b)", false),
        ("(f(\n a))", false),
        ("('a'\n 'b')", true),
        ("('''a\n b''')", false),
        ("(a[\n b])", false),
        ("(a\n .b)", true),
        ("(a +  # c\n b)", true),
    ] {
        assert_eq!(spilling(text), want, "{text}");
    }
}
