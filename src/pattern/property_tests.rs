use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_oneof, proptest};
use proptest::{prop_assert, prop_assert_eq, prop_assume};

use crate::pattern::Pattern;
use crate::pattern::support::{look, matches, pattern};
use crate::python::parsed::Parsed;
use crate::python::source::Source;

/// Expressions of many kinds.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("a"),
        Just("b.c"),
        Just("1_0"),
        Just("'s'"),
        Just("None"),
        Just("r'\\d'"),
        Just("..."),
        Just("f'{a}x'"),
        Just("b''"),
        Just("'a' \"b\""),
        Just("2.5j"),
    ]
    .prop_map(str::to_owned);
    leaf.prop_recursive(4, 24, 3, |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            pair.clone().prop_map(|(x, y)| format!("({x} + {y})")),
            pair.clone().prop_map(|(x, y)| format!("({x} not in {y})")),
            pair.clone().prop_map(|(x, y)| format!("g({x}, *{y})")),
            pair.clone().prop_map(|(x, y)| format!("g(k={x}, j={y}, **a)")),
            pair.clone().prop_map(|(x, y)| format!("[{x}, {y},]")),
            pair.clone().prop_map(|(x, y)| format!("({x},\n {y})")),
            pair.clone().prop_map(|(x, y)| format!("{{{x}: {y}, **a}}")),
            pair.clone().prop_map(|(x, y)| format!("[{x} for i in {y} if i]")),
            pair.clone().prop_map(|(x, y)| format!("g({x} for i, j in {y})")),
            pair.clone().prop_map(|(x, y)| format!("(lambda i, *j, k={y}: {x})")),
            pair.clone().prop_map(|(x, y)| format!("({x} if {y} else a)")),
            pair.prop_map(|(x, y)| format!("(a)[{x}:{y}, 1]")),
            inner.clone().prop_map(|x| format!("(await {x})")),
            inner.clone().prop_map(|x| format!("(not {x})")),
            inner.clone().prop_map(|x| format!("(-{x})")),
            inner.clone().prop_map(|x| format!("({x}).m")),
            inner.clone().prop_map(|x| format!("(w := {x})")),
            inner.prop_map(|x| format!("f'''{{({x})!r:>{{a}}}}'''")),
        ]
    })
}

/// Statements of many kinds, `X` and `Y` for expressions.
const STATEMENTS: [&str; 12] = [
    "h(X)",
    "v = X",
    "v: X = 1",
    "return X",
    "for i in X:\n    h(Y)\nelse:\n    pass",
    "if X:\n    h()\nelif Y:\n    pass",
    "async with X as i, Y:\n    h()",
    "@h\nasync def d(i, j: X = Y) -> a:\n    return i",
    "try:\n    h(X)\nexcept (a, b) as e:\n    raise e from Y\nfinally:\n    pass",
    "match X:\n    case [i, *j] if Y:\n        pass\n    case C(k=1) | None:\n        pass",
    "class C(h, m=X):\n    z = Y",
    "del a[0], b\nassert X, Y",
];

fn statement() -> impl Strategy<Value = String> {
    (expression(), expression(), 0..STATEMENTS.len())
        .prop_map(|(x, y, number)| STATEMENTS[number].replace('Y', &y).replace('X', &x))
}

fn compiled(before: &str, after: &str) -> Result<Pattern, String> {
    Pattern::compile(before, after, &BTreeMap::new()).map_err(|problems| format!("{before}\n{problems:#?}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_expression_finds_itself(text in expression()) {
        let wrapped = format!("h0({text})");
        let pattern = compiled(&wrapped, "None");
        prop_assume!(pattern.is_ok());
        let pattern = pattern.unwrap();
        prop_assert_eq!(matches(&pattern, &format!("x = {wrapped}\n")), [wrapped]);
    }

    #[test]
    fn what_fits_a_metavariable_is_any_expression(text in expression()) {
        let pattern = pattern("h0($X, k=$X)", "None");
        prop_assert_eq!(matches(&pattern, &format!("h0({text}, k=({text}))\n")).len(), 1);
    }

    #[test]
    fn statements_find_themselves(text in statement()) {
        let before = format!("{text}\nh0()");
        let pattern = compiled(&before, "pass");
        prop_assume!(pattern.is_ok());
        let pattern = pattern.unwrap();
        prop_assert_eq!(matches(&pattern, &format!("def z():\n    pass\n{before}\n")).len(), 1);
    }

    #[test]
    fn no_text_at_all_makes_it_panic(
        before in "[ \n$a-fX_=:.,#'{}()*\\[\\]\"\\\\@µ]{0,60}",
        after in "[ \n$a-fX_=:.,#'()*\"]{0,40}",
        bytes in proptest::collection::vec(any::<u8>(), 0..100),
        file in "[ \nimportf abX=:.,#'{}()*\\[\\]\"]{0,120}",
    ) {
        let loose = String::from_utf8_lossy(&bytes);
        for (before, after) in [(before.as_str(), after.as_str()), (&*loose, &*after), (&*before, &*loose)] {
            let Ok(pattern) = Pattern::compile(before, after, &BTreeMap::new()) else { continue };
            for text in [file.as_bytes(), before.as_bytes(), bytes.as_slice()] {
                let Ok(source) = Source::new(text) else { continue };
                prop_assert!(pattern.find(&Parsed::new(&source, Some("m"))).is_ok());
            }
        }
    }

    #[test]
    fn a_broken_file_is_looked_at_without_a_panic(parts in proptest::collection::vec(statement(), 1..4), cut in any::<prop::sample::Index>()) {
        let whole = parts.join("\n");
        let at = (0..=whole.len()).filter(|at| whole.is_char_boundary(*at)).nth(cut.index(whole.chars().count())).unwrap_or(0);
        let pattern = pattern("$Y = h($X)\n...\n$Z = $Y", "pass");
        let count = look(&pattern, &whole[..at], None, |found| found.matches.len());
        prop_assert!(count <= 4);
    }
}

#[track_caller]
fn takes_at_most(seconds: u64, work: impl FnOnce()) {
    let start = Instant::now();
    work();
    assert!(start.elapsed() < Duration::from_secs(seconds), "{:?}", start.elapsed());
}

#[test]
fn deep_files_are_searched() {
    let direct = pattern("from a import f\nf($X)", "g($X)");
    let any = pattern("h($X, $X)", "g($X)");
    for text in [
        format!("from a import f\n{}f(1){}\n", "(".repeat(100_000), ")".repeat(100_000)),
        format!("from a import f\n{}1{}\n", "f(".repeat(10_000), ")".repeat(10_000)),
        format!("from a import f\nf(1){}\n", ".x".repeat(20_000)),
        format!("from a import f\nf({}1)\n", "-".repeat(20_000)),
    ] {
        takes_at_most(20, || {
            look(&direct, &text, None, |found| assert_eq!(found.matches.len(), 1, "{}", &text[..40]));
            look(&any, &text, None, |found| assert_eq!(found.matches.len(), 0));
        });
    }
}

#[test]
fn long_files_are_searched_in_good_time() {
    let factory = pattern("from a import f\n\n$X = f()\n...\n$Y = await $X.create($C)\n", "$Y = await g($C)");
    let runs = pattern("h($$$A, 1, $$$B, 2, $$$C, 3, $$$D)", "g()");
    let pair = "    m = f()\n    log(1)\n    x = await m.create(c)\n";
    for (text, wanted) in [
        (format!("from a import f\nasync def d():\n{}", pair.repeat(700)), 700),
        (format!("from a import f\n{}", "m = f()\n".repeat(700)), 0),
        (format!("from a import f\n{}", (0..700).map(|i| format!("m{i} = f()\n")).collect::<String>()), 0),
        (format!("from a import f\n{}", (0..700).map(|i| format!("def d{i}():\n{pair}")).collect::<String>()), 700),
    ] {
        takes_at_most(20, || look(&factory, &text, None, |found| assert_eq!(found.matches.len(), wanted)));
    }
    takes_at_most(20, || {
        look(&runs, &format!("h({})\n", "1, 2, ".repeat(500)), None, |found| assert_eq!(found.matches.len(), 0));
    });
}
