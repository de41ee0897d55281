//! The guards, a table for each: the text before, the text after, and the lines and guards of what is found.

use std::rc::Rc;

use super::*;
use crate::path::RepoPath;
use crate::plan::Rename;
use crate::program::Module;
use crate::python::source::Source;

type Case<'a> = (&'a str, &'a str, &'a [(u32, &'a str)]);

/// The modules of other files; of `m` not all names are seen.
const ELSEWHERE: [(&str, &str); 3] = [
    ("m", "async def coro(*a): pass\ndef plain(*a): pass\ndef __getattr__(name): pass\n"),
    ("m.sub", "async def coro(*a): pass\n"),
    ("n", "def f(a, b=1): pass\nasync def g(a, *, c=1): pass\nclass A:\n    def __init__(self, a): pass\nx = 1\n"),
];

fn elsewhere(name: &str) -> Option<(RepoPath, Rc<Module>)> {
    let (_, text) = ELSEWHERE.iter().find(|(module, _)| *module == name)?;
    let source = Source::new(text.as_bytes()).unwrap();
    let module = Module::read(&Parsed::new(&source, Some(name))).unwrap();
    Some((RepoPath::new("n.py").unwrap(), Rc::new(module)))
}

fn findings(before: &str, after: &str, module: Option<&str>, guards: Guards) -> Vec<Finding> {
    let (old, new) = (Source::new(before.as_bytes()).unwrap(), Source::new(after.as_bytes()).unwrap());
    let context = Context { guards, rules: &[], files: &elsewhere, loads: &|_| None, changes_before: &|_| false };
    check(&Parsed::new(&old, module), &Parsed::new(&new, module), &context)
}

/// Checks what of the cases is an error by default.
#[track_caller]
fn check_all(cases: &[Case]) {
    check_by(Severity::Error, cases);
}

#[track_caller]
fn check_by(severity: Severity, cases: &[Case]) {
    for (before, after, want) in cases {
        let mut found = findings(before, after, None, Guards::default());
        found.retain(|finding| finding.severity == severity);
        let found: Vec<(u32, &str)> = found.iter().map(|finding| (finding.line, finding.guard.word())).collect();
        assert_eq!(found, *want, "{after}");
    }
}

#[test]
fn new_syntax_errors_are_found_and_old_ones_are_not() {
    check_all(&[
        ("a = 1\n", "a = 2\n", &[]),
        ("a = 1\n", "a = (\n", &[(2, "syntax")]),
        ("if a: b\n", "if a:\n", &[(1, "syntax")]),
        ("print 'a'\nb = 1\n", "c = 1\nprint 'a'\n", &[]),
        ("print 'a'\n", "print 'a'\nprint 'a'\n", &[(2, "syntax")]),
        ("def f(): return 1\n", "return 1\n", &[(1, "syntax")]),
    ]);
}

#[test]
fn await_needs_an_async_function() {
    check_all(&[
        ("async def f(): g()\n", "async def f(): await g()\n", &[]),
        ("def f(): g()\n", "def f(): await g()\n", &[(1, "await")]),
        ("def f():\n    x\n", "def f():\n    async with x: pass\n", &[(2, "await")]),
        ("def f():\n    x\n", "def f():\n    async for a in x: pass\n", &[(2, "await")]),
        ("def f(x): x\n", "def f(x): return [a async for a in x]\n", &[(1, "await")]),
        ("async def f(x): x\n", "async def f(x): return [await a async for a in x if await a]\n", &[]),
        ("async def f(x): x\n", "async def f(x): return lambda: await x\n", &[(1, "await")]),
        ("x\n", "await x\n", &[(1, "await")]),
        ("def f(x): await x\n", "a = 1\ndef f(x): await x\n", &[]),
    ]);
}

#[test]
fn names_that_nothing_binds_any_more_are_found() {
    check_all(&[
        ("from m import f\nf()\n", "f()\n", &[(1, "unbound")]),
        ("from m import f\nf()\n", "from m import g\nf()\ng()\nf()\n", &[(2, "unbound")]),
        ("f()\n", "x = 1\nf()\n", &[]),
        ("from m import *\nf()\n", "from m import *\ng()\n", &[]),
        ("exec('f = 1')\n", "exec('f = 1')\ng()\n", &[]),
        ("x = 1\n", "x = len(__file__)\n", &[]),
        ("def f():\n    import m\n    m.x\n", "def f():\n    m.x\n", &[(2, "unbound")]),
        ("class A:\n    x = 1\n", "class A:\n    x = 1\n    def f(self): return x\n", &[(3, "unbound")]),
        ("def f(a): return a\n", "def f[T: int](*a: T, **k) -> T: return [b for b in a if (c := b)], c, k\n", &[]),
        ("try: pass\nexcept E: pass\n", "try: pass\nexcept E as e: e\nwith E as (a, b): a, b\nfor i, *j in E: i, j\n", &[]),
        (
            "x\n",
            "match x:\n    case [a, {'k': b, **c}, A(d, e=f), (g as h), *i] if a: a, b, c, d, f, g, h, i\n",
            &[(2, "unbound")],
        ),
        ("x\n", "type A[T] = list[T]\ndef f(x: A): global y; y = 1\ny\n", &[]),
    ]);
}

#[test]
fn newer_syntax_than_the_file_needed_is_said() {
    let guards = Guards::default();
    let found = findings("x = 1\n", "x = 1\nmatch x:\n    case 1: pass\n", None, guards);
    let [finding] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((finding.line, finding.column, finding.severity), (2, 1, Severity::Warn));
    assert_eq!(finding.message, "`match` statement needs Python 3.10; before, the file needed 3.7 or newer");
    for (severity, expected) in [(Severity::Error, Some(Severity::Error)), (Severity::Off, None)] {
        let found = findings("x\n", "(x := 1)\n", None, guards.with(Guard::Syntax, severity));
        assert_eq!(found.first().map(|finding| finding.severity), expected);
    }
    check_all(&[
        ("type A = int\n", "match x:\n    case 1: type A = int\n", &[(1, "unbound")]),
        ("async def f(): pass\n", "async def f(x): return [y async for y in x]\n", &[]),
    ]);
}

#[test]
fn imports_that_nothing_uses_any_more_are_found() {
    check_by(
        Severity::Warn,
        &[
            ("from m import f\nf()\n", "from m import f\n", &[(1, "unused-import")]),
            ("from m import f\n", "from m import f\nx = 1\n", &[]),
            ("x = 1\n", "import m\nx = 1\n", &[(1, "unused-import")]),
            ("import m\nm.f()\n", "from m import f\nf()\n", &[]),
            ("from m import (\n    f,\n    g,\n)\nf(g)\n", "from m import (\n    f,\n    g,\n)\nf()\n", &[(3, "unused-import")]),
            ("from m import f\nf()\n", "from m import f  # noqa: F401\n", &[]),
            ("from m import f as f\nf()\n", "from m import f as f\n", &[]),
            ("from m import f\nf()\n__all__ = ['f']\n", "from m import f\n__all__ = ['f']\n", &[]),
            ("x = 1\n", "from __future__ import annotations\nx = 1\n", &[]),
            ("try:\n    import m\nexcept ImportError: m = None\nm\n", "try:\n    import m\nexcept ImportError: m = None\n", &[]),
            ("import m\nm\n", "import m\ndef f(m): return m\n", &[(1, "unused-import")]),
            ("import m\nm\n", "import m\ndef f() -> 'm.A': pass\n", &[]),
            ("import m.a\nimport m.b\nm.a.f(m.b.f)\n", "import m.a\nimport m.b\nm.a.f()\n", &[(2, "unused-import")]),
            ("import m.a\nimport m.b\nm.a.f(m.b.f)\n", "import m.a\nimport m.b\nprint(m)\n", &[]),
            ("import a.b\na.b.f(a.x)\n", "import a.b\nimport n.o\nn.o.g(a.x)\n", &[]),
            ("import a.b\nimport a.c\na.b.f(a.c.x)\n", "import a.b\nimport a.c\na.c.x\n", &[(1, "unused-import")]),
            ("import a\nimport a.b as b\nb.f(a.b.x)\n", "import a\nimport a.b as b\na.b.x\n", &[]),
            ("import a\nfrom a.b import f\nf(a.b.x)\n", "import a\nfrom a.b import f\na.b.x\n", &[]),
            ("import a\nimport a.b as b\nb.f(a.x)\n", "import a\nimport a.b as b\na.x\n", &[(2, "unused-import")]),
            ("from m import f\n", "from m import g\n", &[]),
            ("from m import f\n", "from m import g, h\n", &[(1, "unused-import")]),
            ("import m\nm\n", "import m\nprint(globals())\n", &[]),
            ("def f():\n    import m\n    m\n", "def f():\n    import m\n", &[(2, "unused-import")]),
            ("from m import *\nf()\n", "from m import *\n", &[]),
            ("import m\ndef f():\n    import m\n    m\n", "x = 1\nimport m\ndef f():\n    import m\n    m\n", &[]),
            ("import m\nm\ndef f():\n    import m\n    m\n", "import m\nm\ndef f():\n    import m\n", &[(4, "unused-import")]),
        ],
    );
    let guards = Guards::default();
    assert_eq!(findings("from m import f\nf()\n", "from m import f\n", Some("a.__init__"), guards), []);
    assert_eq!(findings("import m\nm\n", "import m\n", None, guards)[0].severity, Severity::Warn);
}

#[test]
fn a_coroutine_that_nobody_awaits_any_more_is_found() {
    let old = "from m import old\n";
    let new = "from m import coro\n";
    for (before, after, want) in [
        ("x = old().a\n", "x = coro().a\n", &[(2, "awaitedness")][..]),
        ("x = old()[0]\n", "x = coro()[0]\n", &[(2, "awaitedness")]),
        ("if old(): pass\n", "if coro(): pass\n", &[(2, "awaitedness")]),
        ("old() == 1\n", "coro() == 1\n", &[(2, "awaitedness")]),
        ("x = (old() or 1)\n", "x = (coro() or 1)\n", &[(2, "awaitedness")]),
        ("x = 1 if old() else 2\n", "x = 1 if coro() else 2\n", &[(2, "awaitedness")]),
        ("old()\n", "coro()\n", &[(2, "awaitedness")]),
        ("old()\n", "(\n    coro()\n)\n", &[(3, "awaitedness")]),
        ("def f():\n    x = old()\n    x.a\n", "def f():\n    x = coro()\n    x.a\n", &[(3, "awaitedness")]),
        ("def f():\n    x = old()\n", "def f():\n    x = coro()\n", &[(3, "awaitedness")]),
        ("async def f():\n    x = old()\n    await x\n", "async def f():\n    x = coro()\n    await x\n", &[]),
        ("def f():\n    x = old()\n    return x\n", "def f():\n    x = coro()\n    return x\n", &[]),
        ("def f():\n    x = old()\n    g(x, x.a)\n", "def f():\n    x = coro()\n    run(x, x.a)\n", &[(4, "unbound")]),
        ("x = old()\n", "x = coro()\n", &[]),
        ("old().send(None)\n", "coro().send(None)\n", &[]),
        ("def f():\n    x = old()\n    x.close()\n", "def f():\n    x = coro()\n    x.close()\n", &[]),
        ("async def f(): await old()\n", "async def f(): await coro()\n", &[]),
        ("async def f(): return old()\n", "async def f(): return coro()\n", &[]),
        ("x = [old(), old]\n", "x = [coro(), coro]\n", &[]),
        ("print(old())\n", "print(coro())\n", &[]),
        ("x = old() if 1 else 2\n", "x = coro() if 1 else 2\n", &[]),
        ("f = lambda: old()\n", "f = lambda: coro()\n", &[]),
    ] {
        check_all(&[(&format!("{old}{before}"), &format!("{new}{after}"), want)]);
    }
    check_all(&[
        ("from m import coro\ncoro()\n", "from m import coro\nx = 1\ncoro()\n", &[]),
        ("from m import coro\ncoro()\n", "from m import coro\ncoro()\ncoro()\n", &[(3, "awaitedness")]),
        ("import m.sub as s\ns.f()\n", "import m.sub as s\ns.coro()\n", &[(2, "awaitedness")]),
        ("def f(): pass\nf()\n", "async def f(): pass\nf()\n", &[(2, "awaitedness")]),
        ("def f(): pass\nf()\n", "@run\nasync def f(): pass\nf()\n", &[(1, "unbound")]),
        ("def f(f): f()\n", "async def f(f): f()\n", &[]),
        ("from m import old\nmake = old\nmake()\n", "from m import coro\nmake = coro\nmake()\n", &[(3, "awaitedness")]),
        (
            "class A:\n    def f(self): pass\n    def g(self): self.f()\n",
            "class A:\n    async def f(self): pass\n    def g(self): self.f()\n",
            &[(3, "awaitedness")],
        ),
    ]);
}

#[test]
fn an_await_of_a_plain_function_is_found() {
    check_all(&[
        (
            "from m import coro\nasync def f(): await coro()\n",
            "from m import plain\nasync def f(): await plain()\n",
            &[(2, "awaitedness")],
        ),
        ("from m import coro\nasync def f(): await coro()\n", "from m import other\nasync def f(): await other()\n", &[]),
        (
            "from m import plain\nasync def f(): await plain()\n",
            "from m import plain\nx = 1\nasync def f(): await plain()\n",
            &[],
        ),
        ("async def g(): pass\nasync def f(): await g()\n", "def g(): pass\nasync def f(): await g()\n", &[(2, "awaitedness")]),
    ]);
}

#[test]
fn every_guard_can_be_turned_off_and_down() {
    for (before, after, guard) in [
        ("a = 1\n", "a = (\n", Guard::Syntax),
        ("def f(g): g()\n", "def f(g): await g()\n", Guard::Await),
        ("x = 1\n", "y\n", Guard::Unbound),
        ("import m\nm\n", "import m\n", Guard::UnusedImport),
        ("def f(): pass\nf()\n", "async def f(): pass\nf()\n", Guard::Awaitedness),
    ] {
        for severity in [Severity::Error, Severity::Warn, Severity::Off] {
            let found = findings(before, after, None, Guards::default().with(guard, severity));
            let found: Vec<Severity> = found.iter().map(|finding| finding.severity).collect();
            let want = if severity == Severity::Off { vec![] } else { vec![severity] };
            assert_eq!(found, want, "{} {severity:?}", guard.word());
        }
    }
}

#[test]
fn what_the_rules_left_is_found() {
    let rename = Rename { from: "m.old".into(), to: "m.new".into(), ..Rename::default() };
    let text = Source::new(b"import m\nm.new()\nm.old()\n").unwrap();
    for (severity, want) in [
        (Severity::Error, &[(3, "m.old is still used, which the rule mine replaces")][..]),
        (Severity::Warn, &[(3, "m.old is still used, which the rule mine replaces")]),
        (Severity::Off, &[]),
    ] {
        let guards = Guards::default().with(Guard::Violation, severity);
        let context = Context {
            guards,
            rules: &[("mine", Step::Rename(&rename))],
            files: &elsewhere,
            loads: &|_| None,
            changes_before: &|_| false,
        };
        let file = Parsed::new(&text, None);
        let found = check(&file, &file, &context);
        let found: Vec<(u32, &str)> = found.iter().map(|finding| (finding.line, finding.message.as_str())).collect();
        assert_eq!(found, want);
    }
}

#[test]
fn a_rename_between_a_coroutine_function_and_a_plain_one_is_found() {
    for (from, to, before, after, want) in [
        ("m.coro", "m.plain", "async def t(): return await coro(1)\n", "async def t(): return await plain(1)\n", 1),
        ("m.plain", "m.coro", "print(plain(1))\n", "print(coro(1))\n", 1),
        ("m.coro", "m.sub.coro", "async def t(): m.coro(1)\n", "async def t(): m.sub.coro(1)\n", 0),
        ("m.coro", "m.sub.coro", "async def t(): await m.coro(1)\n", "async def t(): await m.sub.coro(1)\n", 0),
        ("m.other", "m.coro", "print(other(1))\n", "print(coro(1))\n", 0),
    ] {
        let rename = Rename { from: from.into(), to: to.into(), ..Rename::default() };
        let head = "from m import coro, other, plain\nimport m\nimport m.sub\n";
        let (before, after) = (format!("{head}{before}"), format!("{head}{after}"));
        let (old, new) = (Source::new(before.as_bytes()).unwrap(), Source::new(after.as_bytes()).unwrap());
        let rules = [("mine", Step::Rename(&rename))];
        let context =
            Context { guards: Guards::default(), rules: &rules, files: &elsewhere, loads: &|_| None, changes_before: &|_| false };
        let found = check(&Parsed::new(&old, None), &Parsed::new(&new, None), &context);
        let awaits = found.iter().filter(|finding| finding.guard == Guard::Awaitedness);
        assert_eq!(awaits.count(), want, "{after}");
    }
}

#[test]
fn a_definition_that_turns_between_a_coroutine_function_and_a_plain_one_is_found() {
    let asked = "async def h():\n    return await f(1)\n";
    for (before, after, want) in [
        ("async def f(x): return g(x)\n", "def f(x): return g(x)\n", 1),
        ("async def f(x):\n    y = g(x)\n    return y\n", "def f(x):\n    y = g(x)\n    return y\n", 1),
        ("async def f(x): return x.a\n", "def f(x): pass\n", 1),
        // The coroutine of another function is handed on.
        ("async def f(x): return await g(x)\n", "def f(x): return g(x)\n", 0),
        ("@d\nasync def f(x): return g(x)\n", "@d\ndef f(x): return g(x)\n", 0),
        ("async def f(x): return g(x)\n", "async def f(x): return g(g(x))\n", 0),
        ("def f(x): return g(x)\n", "def f(x): return g(g(x))\n", 0),
    ] {
        let head = "def g(x): return x\nd = g\n";
        let (before, after) = (format!("{head}{before}{asked}"), format!("{head}{after}{asked}"));
        let found = findings(&before, &after, None, Guards::default());
        assert_eq!(found.iter().filter(|finding| finding.guard == Guard::Awaitedness).count(), want, "{after}");
    }
    let class = |def: &str| format!("class A:\n    {def} f(self): return self.x\n    async def g(self): return await self.f()\n");
    check_all(&[(&class("async def"), &class("def"), &[(3, "awaitedness")])]);
    for (call, want) in [
        ("print(f(1))", &[(2, "awaitedness")][..]),
        ("x = 1 + f(1)", &[(2, "awaitedness")]),
        ("x = f'{f(1)}'", &[(2, "awaitedness")]),
        ("x = dict(a=f(1))", &[(2, "awaitedness")]),
        ("x = lambda: f(1)", &[]),
        ("x = [f(1)]", &[]),
    ] {
        let (before, after) = (format!("def f(x): return x.y\n{call}\n"), format!("async def f(x): return x.y\n{call}\n"));
        check_all(&[(&before, &after, want)]);
    }
    // The change wrote the call, too.
    check_all(&[("def f(x): pass\nprint(f(1))\n", "import asyncio\nasync def f(x): pass\nasyncio.run(f(1))\n", &[])]);
}

#[test]
fn a_name_that_is_exported_and_not_bound_any_more_is_found() {
    for all in [
        "__all__ = [\"b\"]",
        "__all__ = (\"b\",)",
        "__all__ = \"b\",",
        "__all__: list[str] = [\"b\"]",
        "__all__ = []\n__all__ += [\"b\"]",
        "__all__ = []\n__all__.extend([\"b\"])",
        "__all__ = []\n__all__.append(\"b\")",
        "__all__ = list((\"b\",))",
        "__all__ = n.__all__ + [\"b\"]",
        "if n:\n    __all__ = [\"b\"]\nelse:\n    __all__ = []",
    ] {
        let line = 2 + u32::try_from(all.lines().position(|line| line.contains("\"b\"")).unwrap()).unwrap();
        let (before, after) = (format!("import n\nfrom a import b\n{all}\n"), format!("import n\n{all}\n"));
        let found = findings(&before, &after, None, Guards::default());
        let found: Vec<_> =
            found.iter().filter(|finding| finding.guard == Guard::Exports).map(|found| (found.line, found.severity)).collect();
        assert_eq!(found, [(line, Severity::Error)], "{after}");
    }
    for (before, after) in [
        // It never was.
        ("__all__ = [\"b\"]\n", "import n\n__all__ = [\"b\", n]\n"),
        ("from a import b\n__all__ = [\"b\"]\n", "from c import b\n__all__ = [\"b\"]\n"),
        ("from a import b\n__all__ = [\"b\"]\n", "from a import *\n__all__ = [\"b\"]\n"),
        ("from a import b\n__all__ = [\"b\"]\n", "def b(): pass\n__all__ = [\"b\"]\n"),
        ("from a import b\n__all__ = [\"b\"]\n", "def __getattr__(name): pass\n__all__ = [\"b\"]\n"),
        // Only a run can tell.
        ("from a import b\n__all__ = [\"b\"]\n", "__all__ = [\"b\"]\n__all__.remove(\"b\")\n"),
        ("from a import b\n__all__ = [n for n in dir() if n != \"b\"]\n", "__all__ = [n for n in dir() if n != \"b\"]\n"),
        ("from a import b\n__all__ = dir()\n", "__all__ = dir()\n"),
    ] {
        check_all(&[(before, after, &[])]);
    }
    let (before, after) = ("from . import b\n__all__ = [\"b\"]\n", "__all__ = [\"b\"]\n");
    assert_eq!(findings(before, after, Some("a.__init__"), Guards::default()), []);
    assert_eq!(findings(before, after, Some("a.c"), Guards::default()).len(), 1);
}

#[test]
fn a_text_that_a_command_changed_is_told_with_its_line_and_one_that_is_only_written_otherwise_is_not() {
    let told = |before: &str, after: &str| -> Vec<(u32, String)> {
        let (old, new) = (Source::new(before.as_bytes()).unwrap(), Source::new(after.as_bytes()).unwrap());
        let found = constants::changed(&Parsed::new(&old, None), &Parsed::new(&new, None), Guards::default());
        assert!(found.iter().all(|finding| (finding.guard, finding.severity) == (Guard::Constants, Severity::Warn)));
        found.into_iter().map(|finding| (finding.line, finding.message)).collect()
    };
    for (before, after, line, was, is) in [
        ("x\ny = 'a b'\n", "x\ny = 'a c'\n", 2, "a b", "a c"),
        ("y = b'a'\n", "y = 'a'\n", 1, "ba", "a"),
        ("y = f'a{x}b'\n", "y = f'a{x}c'\n", 1, "a{…}b", "a{…}c"),
        ("def f():\n    'doc'\n", "def f():\n    'Doc.'\n", 2, "doc", "Doc."),
        ("y = '''a\n  b\n'''\n", "y = '''a\n    b\n'''\n", 2, "a\\n  b\\n", "a\\n    b\\n"),
        ("y = f'{d[\"k\"]}'\n", "y = f'{d[\"l\"]}'\n", 1, "k", "l"),
    ] {
        let message = format!("changed a string constant: \"{was}\" became \"{is}\"");
        assert_eq!(told(before, after), [(line, message)], "{after}");
    }
    let gone = "took a string constant away: \"a\"".to_owned();
    assert_eq!(told("f('a', 'b')\n", "f('b')\n"), [(1, gone)]);
    for (before, after) in [
        ("y = 'a'\n", "y = \"a\"\n"),
        ("y = u'a'\n", "y = 'a'\n"),
        ("y = 'a' 'b'\n", "y = 'ab'\n"),
        ("y = ('a'\n     'b')\n", "y = '''ab'''\n"),
        ("y = 'it\\'s'\n", "y = \"it's\"\n"),
        ("y = '\\\\d'\n", "y = r'\\d'\n"),
        ("y = 'a\\nb'\n", "y = '''a\nb'''\n"),
        ("y = '''a\r\nb'''\r\n", "y = '''a\nb'''\n"),
        ("y = f'a'\n", "y = 'a'\n"),
        ("f('a')\ng('b')\n", "g('b')\nf('a')\n"),
        ("f('a')\n", "f('a', encoding='utf-8')\n"),
    ] {
        assert_eq!(told(before, after), [], "{after}");
    }
    let (long, other) = (format!("y = '{}x'\n", "a".repeat(60)), format!("y = '{}z'\n", "a".repeat(60)));
    assert_eq!(told(&long, &other)[0].1, "changed a string constant: \"…aaaaaaaaaax\" became \"…aaaaaaaaaaz\"");
}

#[test]
fn a_call_that_does_not_give_what_a_function_of_the_tree_takes_is_found() {
    check_all(&[
        ("from m import f\nf(1, c=2)\n", "from n import f\nf(1, c=2)\n", &[(2, "signature")]),
        ("from m import f\nf(1, b=2)\n", "from n import f\nf(1, b=2)\n", &[]),
        ("import m\nm.f()\n", "import n\nn.f()\n", &[(2, "signature")]),
        ("import m\nm.A()\n", "import n\nn.A()\nn.A(1)\n", &[(2, "signature")]),
        ("from m import f\nf(*x)\n", "from n import f\nf(*x)\n", &[]),
        ("from m import f\nf(**x)\n", "from n import A as f\nf(**x)\n", &[]),
        // It was wrong before.
        ("from n import f\nf()\n1\n", "from n import f\n2\nf()\n", &[]),
        ("from n import f\nx = f()\n", "from n import f\ny = f()\n", &[]),
        ("from n import f\nf()\n", "from n import f\nf()\nz = f()\n", &[(3, "signature")]),
        ("from m import x\nx()\n", "from n import x\nx()\n", &[]),
        ("x\n", "from n import f as n\nn = 1\nn(1, 2, 3)\n", &[]),
    ]);
    check_by(
        Severity::Warn,
        &[
            ("from m import f\nf(*x)\n", "from n import f\nf(*x)\n", &[]),
            ("from m import f\nf(**x)\n", "from n import f\nf(**x)\n", &[]),
        ],
    );
    let found = findings("from m import f\nf(1, user=2)\n", "from n import f\nf(1, user=2)\n", None, Guards::default());
    assert_eq!(found[0].message, "f takes no argument `user`");
}

#[test]
fn what_only_a_run_tells_of_a_call_is_a_warning_where_what_stood_there_took_something_else() {
    for (from, call, want) in
        [("m.plain", "(1, *x)", 1), ("n.f", "(1, *x)", 0), ("m.sub.coro", "(1, **x)", 1), ("m.plain", "(1)", 0)]
    {
        let rename = Rename { from: from.into(), to: "n.f".into(), ..Rename::default() };
        let (module, name) = from.rsplit_once('.').unwrap();
        let (before, after) = (format!("from {module} import {name}\n{name}{call}\n"), format!("from n import f\nf{call}\n"));
        let (old, new) = (Source::new(before.as_bytes()).unwrap(), Source::new(after.as_bytes()).unwrap());
        let context = Context {
            guards: Guards::default(),
            rules: &[("mine", Step::Rename(&rename))],
            files: &elsewhere,
            loads: &|_| None,
            changes_before: &|_| false,
        };
        let found = check(&Parsed::new(&old, None), &Parsed::new(&new, None), &context);
        let found = found.iter().filter(|finding| finding.guard == Guard::Signature && finding.severity == Severity::Warn);
        assert_eq!(found.count(), want, "{after}");
    }
}

#[test]
fn a_new_name_that_a_module_of_the_tree_does_not_have_is_found() {
    check_all(&[
        ("from m import f\nf\n", "from n import h\nh\n", &[(1, "exists")]),
        ("import m\nm.f\n", "import n\nn.h\n", &[(2, "exists")]),
        ("from m import f\nf\n", "from m import h\nh\n", &[]),
        ("from n import h\nh\n", "from n import h\nh, h\n", &[]),
        ("import m\n", "import n.o\nn.o.p\nn.o.q\n", &[(1, "exists")]),
        ("x = 1\n", "try:\n    from n import h\nexcept ImportError:\n    h = 1\n", &[]),
        ("from m import f\nf\n", "from other import h\nh\n", &[]),
        ("from m import f\nf\n", "from n import x\nx.y\n", &[]),
    ]);
}
