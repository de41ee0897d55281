//! What must hold for every text that a rule is applied to, tried on many.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::prelude::{Just, ProptestConfig, Strategy, prop_oneof, proptest};
use proptest::{prop_assert, prop_assert_eq};

use crate::message::changes::changed_lines;
use crate::plan::Rewrite;
use crate::python::builtins::is_builtin;
use crate::python::names::Meaning;
use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::rewrite::property_tests::program_of;
use crate::rewrite::replace::tests::{rewritten, rule};

static RULES: LazyLock<Vec<Rewrite>> = LazyLock::new(|| {
    vec![
        rule("from m import f\n\nf($X)", "from n.o import g\n\ng($X, k='v')"),
        rule("from m import f\n\nf($$$X)", "from m import g\n\n(g($$$X) or 1).y"),
        rule(
            "from m import f\n\n$Y = f($X)\n...\n$Z = $Y.z($$$W)",
            "import n.o\n\n# new\nif $X:\n    $Z = n.o.g(\n        $$$W\n    )",
        ),
        rule("from m import f\n\nf($X)\nf($Y)", ""),
        rule(
            "from m import f\n\nwith f($X):\n    $$$BODY",
            "from n.o import g\n\nwhile g:\n    try:\n        $$$BODY\n    finally:\n        g()",
        ),
    ]
});

/// Lines of programs that import, use and shadow `f`, each valid alone, with no `g` of their own.
fn line() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("from m import f"),
        Just("from m import a, f  # why"),
        Just("from m import (\n    f,  # one\n    a,\n)"),
        Just("from m import f as h"),
        Just("import m"),
        Just("import m as k; k.f(1); k.f(2)"),
        Just("m.f(m.a).b"),
        Just("f(f(1) + f('a')).c(f(v)[f(w)])"),
        Just("x = f(a if b else q,  # one\n    # two\n    *d, e='''\n  f''')  # three"),
        Just("f(v for v in w)"),
        Just("y = f(lambda: 1)\nq = 1\nz = y.z(q,\n   r)"),
        Just("if x: f(1); f(2)"),
        Just("def h1():\n\tf(1)\n\n\tf(2)  # c"),
        Just("def h2():\n    from m import f\n    y = f(1)  # c\n    z = y.z()\n    return z"),
        Just("with f(1):\n  # c\n  x = '''\n  y'''\n\n  if f(2):\n     f(3)"),
        Just("class A:\n\tx = f(1)\n\tdef y(self): return f(2), self.f(3)"),
        Just("x = [f(f) for f in f(1) if f]"),
        Just("try:\n    from m import f\nexcept E:\n    f = None"),
        Just("z = f'{f(1)!r:>{f(2)}}' \"f(3)\""),
        Just("@f(1)\ndef h3(x=f(2)) -> f(3): pass"),
        Just("a; f(1); b"),
        Just(""),
    ]
}

fn program() -> impl Strategy<Value = String> {
    program_of(line())
}

/// The names that nothing binds.
fn unbound(file: &Parsed) -> BTreeSet<String> {
    let names = file.names().unwrap();
    let nothing = names.uses.iter().filter(|read| names.meaning(read.scope, read.name) == Meaning::Unbound { star: false });
    nothing.map(|read| read.name.to_owned()).filter(|name| !is_builtin(name)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_result_is_sound_and_stays_as_it_is(text in program()) {
        for rule in RULES.iter() {
            let (made, remarks) = rewritten(rule, text.as_bytes());
            let (old, new) = (Source::new(text.as_bytes()).unwrap(), Source::new(&made).unwrap());
            let shown = String::from_utf8_lossy(&made).into_owned();
            let (before, after) = (Parsed::new(&old, None), Parsed::new(&new, None));
            prop_assert!(after.problems().len() <= before.problems().len(), "{shown}{:?}", after.problems());
            prop_assert!(unbound(&after).is_subset(&unbound(&before)), "{shown}{:?}", unbound(&after));
            prop_assert_eq!(String::from_utf8(rewritten(rule, &made).0).unwrap(), shown, "{:?}", remarks);
        }
    }

    #[test]
    fn lines_that_do_not_belong_to_a_match_stay(text in program()) {
        let (made, _) = rewritten(&RULES[0], text.as_bytes());
        let old: Vec<&[u8]> = text.as_bytes().split_inclusive(|byte| *byte == b'\n').collect();
        for change in changed_lines(text.as_bytes(), &made) {
            for number in change.old {
                let line = old[number as usize - 1];
                prop_assert!(line.contains(&b'f') || line.contains(&b'm') || line.starts_with(b")"), "{}", String::from_utf8_lossy(line));
            }
        }
        prop_assert_eq!(made.contains(&b'\r'), text.contains('\r') && made.contains(&b'\n'));
    }
}

#[test]
fn a_file_with_many_matches_takes_no_quadratic_time() {
    let text = format!("from m import f\n{}", "def h(x):\n    return f(f(x))\n".repeat(300));
    let start = std::time::Instant::now();
    let (made, _) = rewritten(&RULES[0], text.as_bytes());
    assert!(made.starts_with(b"from n.o import g\n"));
    assert!(start.elapsed() < std::time::Duration::from_secs(10), "{:?}", start.elapsed());
}
