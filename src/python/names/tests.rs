//! What names mean, as tables: a text, and what each of its uses stands for.

use crate::python::imports::Condition;
use crate::python::names::{Meaning, Names};
use crate::python::parsed::Parsed;
use crate::python::source::Source;

fn names_of<T>(text: &str, look: impl FnOnce(&Names) -> T) -> T {
    let source = Source::new(text.as_bytes()).unwrap();
    look(Parsed::new(&source, Some("pkg.sub.mod")).names().unwrap())
}

/// Each use as `chain=meaning`: what is imported, `local`, `?` for nothing, `*` for perhaps a star import; quoted ones in quotes.
fn uses(text: &str) -> String {
    uses_doubted(text).replace("|?", "")
}

/// The same, with `|?` behind what is one of several meanings.
fn uses_doubted(text: &str) -> String {
    names_of(text, |names| {
        let told = names.uses.iter().map(|read| {
            let meaning = match names.means(read) {
                Meaning::Imported(whole) => whole,
                Meaning::Several(choices) => format!("{}|?", choices.join("|")),
                Meaning::Local => "local".to_owned(),
                Meaning::Unbound { star } => if star { "*" } else { "?" }.to_owned(),
            };
            let quote = if read.quoted { "'" } else { "" };
            format!("{quote}{}{quote}={meaning}", read.qualified(read.name))
        });
        told.collect::<Vec<_>>().join(" ")
    })
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    for (text, want) in cases {
        assert_eq!(uses(text), *want, "{text}");
    }
}

#[test]
fn imports_give_names_their_meaning() {
    check(&[
        ("from a.b import f\nf\n", "f=a.b.f"),
        ("from a.b import (\n    f as g,\n    h,\n)\ng, h, f\n", "g=a.b.f h=a.b.h f=?"),
        ("from a.b import \\\n    f\nf\n", "f=a.b.f"),
        ("import a.b\na.b.f\n", "a.b.f=a.b.f"),
        ("import a . b\na.b.f\n", "a.b.f=a.b.f"),
        ("import a.b as c\nc.f.g\n", "c.f.g=a.b.f.g"),
        ("import a, c\na.x, c.y\n", "a.x=a.x c.y=c.y"),
        ("import a.b, a.c\na.d\n", "a.d=a.d"),
        ("from a import b\nb.f\n", "b.f=a.b.f"),
        ("import a.b\n(a).b.f, ((a.b).f)(), (a.b.f).x, ( (a) . b ).f\n", "a.b.f=a.b.f a.b.f=a.b.f a.b.f.x=a.b.f.x a.b.f=a.b.f"),
        ("import a\n(a, a).f, (a + a).f, (a or a).f, (a)\n", "a=a a=a a=a a=a a=a a=a a=a"),
        ("from . import f\nfrom .x import g\nfrom ..y import h\nf, g, h\n", "f=pkg.sub.f g=pkg.sub.x.g h=pkg.y.h"),
        ("from .... import f\nf\n", "f=....f"),
        ("from __future__ import annotations\nannotations\n", "annotations=__future__.annotations"),
        ("def h():\n    from a import f\n    return f\nf\n", "f=a.f f=?"),
        ("def h(x=f):\n    from a import f\n", "f=?"),
        ("class A:\n    from a import f\n    g = f\n    def h(self): f\n", "f=a.f f=?"),
    ]);
}

#[test]
fn conditional_imports_mean_what_they_import() {
    check(&[
        ("if TYPE_CHECKING:\n    from a import f\nx: f\n", "TYPE_CHECKING=? f=a.f"),
        ("try:\n    from a import f\nexcept ImportError:\n    from b import f\nf\n", "ImportError=? f=a.f|b.f"),
        ("try:\n    from a import f\nexcept ImportError:\n    f = None\nf\n", "ImportError=? f=a.f"),
        ("try:\n    from a import f\nexcept ImportError:\n    from a import f\nf\n", "ImportError=? f=a.f"),
        ("if x:\n    import a\nelse:\n    import b as a\na.f\n", "x=? a.f=a.f|b.f"),
    ]);
    let kinds: &[(&str, Option<Condition>)] = &[
        ("import a\n", None),
        ("if TYPE_CHECKING: import a\n", Some(Condition::TypeChecking)),
        ("if typing.TYPE_CHECKING:\n    if x: import a\n", Some(Condition::TypeChecking)),
        ("if not TYPE_CHECKING: pass\nelse: import a\n", Some(Condition::TypeChecking)),
        ("if not TYPE_CHECKING: import a\n", Some(Condition::If)),
        ("if TYPE_CHECKING: pass\nelse: import a\n", Some(Condition::If)),
        ("if TYPE_CHECKING: pass\nelif x: import a\n", Some(Condition::If)),
        ("if x: pass\nelif TYPE_CHECKING: import a\n", Some(Condition::TypeChecking)),
        ("if x:\n    import a\n", Some(Condition::If)),
        ("while x: import a\n", Some(Condition::If)),
        ("for x in y: import a\n", Some(Condition::If)),
        ("match x:\n    case 1: import a\n", Some(Condition::If)),
        ("try: import a\nexcept E: pass\n", Some(Condition::Try)),
        ("try: pass\nexcept E: import a\n", Some(Condition::Try)),
        ("try: pass\nexcept* E: import a\n", Some(Condition::Try)),
        ("try: pass\nexcept E: pass\nelse: import a\n", Some(Condition::Try)),
        ("try: pass\nfinally: import a\n", None),
        ("try:\n    if x: import a\nfinally: pass\n", Some(Condition::If)),
        ("with suppress(ImportError): import a\n", Some(Condition::Try)),
        ("with x: import a\n", None),
        ("if x:\n    def f(): import a\n", None),
        ("if x:\n    class A: import a\n", Some(Condition::If)),
    ];
    for (text, want) in kinds {
        assert_eq!(names_of(text, |names| names.imports[0].conditional), *want, "{text}");
    }
}

#[test]
fn a_name_that_may_not_be_bound_yet_is_what_stands_behind_it_too() {
    let class = "from n import f\nclass A:\n";
    for (text, want) in [
        ("try:\n    from m import range\nexcept E: pass\nrange\n", "E=? range=m.range|?"),
        ("if x:\n    from m import range\nrange\n", "x=? range=m.range|?"),
        ("if TYPE_CHECKING:\n    from m import range\ndef h(): range\n", "TYPE_CHECKING=? range=m.range|?"),
        ("def h():\n    global range\n    from m import range\nrange\n", "range=m.range|?"),
        ("from m import range\nrange\ndel range\nrange\n", "range=m.range|? range=m.range|?"),
        ("range\nfrom m import range\nrange\n", "range=m.range|? range=m.range|?"),
        ("[range for x in y]\nfrom m import range\n", "range=m.range|? y=?"),
        ("def h(): range\nfrom m import range\nrange\n", "range=m.range range=m.range"),
        ("from m import range\nif x:\n    from m import range\nrange\n", "x=? range=m.range"),
        ("def h():\n    if x: from m import range\n    range\n", "x=? range=m.range"),
        ("from m import f\nif 0: print = f\nprint\n", "f=m.f print=local"),
        ("from m import f\nprint = f\nprint\n", "f=m.f print=m.f"),
        ("from m import f\ndef h():\n    global print\n    print = f\nprint\n", "f=m.f print=local"),
        (format!("{class}    if x: from m import f\n    f\n").as_str(), "x=? f=m.f|?"),
        (format!("{class}    from m import f\n    f\n").as_str(), "f=m.f"),
        (format!("{class}    if x: from m import g\n    g\n").as_str(), "x=? g=m.g"),
        (format!("{class}    if x: f = y.z\n    f\n").as_str(), "x=? y.z=? f=local"),
    ] {
        assert_eq!(uses_doubted(text), want, "{text}");
    }
}

#[test]
fn what_else_binds_a_name_hides_the_import() {
    let with = |text: &str| uses(&format!("from m import f\n{text}"));
    for (text, want) in [
        ("def h(f): f\nf\n", "f=local f=m.f"),
        ("def h(*f, **k): f\n", "f=local"),
        ("lambda f: f\n", "f=local"),
        ("def h():\n    f = 1\n    f\n", "f=local"),
        ("def h():\n    f\n    f = 1\n", "f=local"),
        ("def h():\n    f: int\n    f\n", "int=? f=local"),
        ("def h():\n    if (f := 1): f\n", "f=local"),
        ("def h():\n    [(f := x) for x in y]\n    f\n", "x=local y=? f=local"),
        ("[f for f in f]\n", "f=local f=m.f"),
        ("[f for x in f if f]\n", "f=m.f f=m.f f=m.f"),
        ("{f: x for x in f for f in x}\n", "f=local x=local f=m.f x=local"),
        ("def h():\n    for f in x: f\n", "x=? f=local"),
        ("def h():\n    with x as (f, *g): f, g\n", "x=? f=local g=local"),
        ("def h():\n    try: pass\n    except* E as f: f\n", "E=? f=local"),
        ("def h(x):\n    match x:\n        case [f, *_] | {'k': f}: f\n", "x=local f=local"),
        ("def h(x):\n    match x:\n        case f.A(f=1) | f(): f\n", "x=local f.A=m.f.A f=m.f f=m.f"),
        ("class A:\n    f = 1\n    f\n    def h(self): f\n", "f=local f=m.f"),
        ("class A:\n    f = 1\n    [f for x in f]\n", "f=m.f f=local"),
        ("def h[f](x: f) -> f: f\n", "f=local f=local f=local"),
        ("class A[T: f](f): pass\n", "f=m.f f=m.f"),
        ("type X[f] = f\n", "f=local"),
        ("type X = f\n", "f=m.f"),
        ("def h():\n    def f(): f\n", "f=local"),
        ("def h():\n    class f: f\n", "f=local"),
        ("def h():\n    import x.f as f\n    f\n", "f=x.f"),
        ("def h():\n    global f\n    f\n", "f=m.f"),
        ("def h():\n    global f\n    f = 1\nf\n", "f=m.f"),
        ("def h():\n    f = 1\n    def i():\n        nonlocal f\n        f\n", "f=local"),
        ("def h():\n    f = 1\n    class A:\n        def i(self): f\n", "f=local"),
        ("def h(x):\n    del f\n    f\n", "f=local"),
        ("f\ndel f\n", "f=m.f"),
        ("type(f).x = f\n", "type=? f=m.f f=m.f"),
        ("(f): int\nf\n", "int=? f=m.f"),
        ("x.f = y[f]\n", "x.f=? y=? f=m.f"),
        ("f.x += 1\n(f.x) += f\nf[1] += 1\n(f) += 1\n", "f.x=m.f.x f.x=m.f.x f=m.f f=m.f f=m.f"),
        ("g(f=f)\n", "g=? f=m.f"),
        ("f'{f!r:>{f}} {x:f}'\n", "f=m.f f=m.f x=?"),
        ("@f\ndef h(a: f = f) -> f: ...\n", "f=m.f f=m.f f=m.f f=m.f"),
    ] {
        assert_eq!(with(text), want, "{text}");
    }
}

#[test]
fn a_star_import_is_not_guessed() {
    check(&[
        ("from m import *\nf\n", "f=*"),
        ("from m import *\ndef h(): f\n", "f=*"),
        ("from m import *\nfrom n import f\nf\n", "f=n.f"),
        ("from m import *\nmake = f\nmake\n", "f=* make=*"),
        ("from n import f\nmake = f\nfrom m import *\nmake\n", "f=n.f make=local"),
        ("from m import *\nfrom n import f\nmake = f\nmake\n", "f=n.f make=n.f"),
    ]);
}

#[test]
fn assigned_names_are_followed_where_that_is_sound() {
    let with = |text: &str| uses(&format!("import n.o, k as l\nfrom m import f\n{text}"));
    for (text, want) in [
        ("make = f\nmake()\n", "f=m.f make=m.f"),
        ("make = f\ndef h(): make.x\n", "f=m.f make.x=m.f.x"),
        ("make = n.o.f\nmake\n", "n.o.f=n.o.f make=n.o.f"),
        ("make = l.f\nmake.x\n", "l.f=k.f make.x=k.f.x"),
        ("a = b = f\na, b\n", "f=m.f a=m.f b=m.f"),
        ("a: x = f\na\n", "x=? f=m.f a=m.f"),
        ("a = f.x\nb = a.y\nb.z\n", "f.x=m.f.x a.y=m.f.x.y b.z=m.f.x.y.z"),
        ("b = a\na = f\nb\n", "a=m.f f=m.f b=m.f"),
        ("if x:\n    make = f\nmake\n", "x=? f=m.f make=m.f"),
        ("def h():\n    make = f\n    return make\n", "f=m.f make=m.f"),
        ("class A:\n    make = f\n    x = make\n    def h(self): make\n", "f=m.f make=m.f make=?"),
        ("def h():\n    global make\n    make = f\nmake\n", "f=m.f make=m.f"),
        ("def h(f):\n    make = f\n    make\n", "f=local make=local"),
        ("make = len\nmake\n", "len=? make=local"),
        ("make = f()\nmake\n", "f=m.f make=local"),
        ("make = f().x\nmake\n", "f=m.f make=local"),
        ("make, x = f, 1\nmake\n", "f=m.f make=local"),
        ("make = f if x else f\nmake\n", "f=m.f x=? f=m.f make=local"),
        ("make: f\nmake\n", "f=m.f make=local"),
        ("make += f\nmake\n", "make=local f=m.f make=local"),
        ("make = f\nmake = 1\nmake\n", "f=m.f make=local"),
        ("make = f\ndel make\nmake\n", "f=m.f make=local"),
        ("make = f\ndef h():\n    global make\n    make = 1\nmake\n", "f=m.f make=local"),
        ("def h():\n    make = f\n    def i():\n        nonlocal make\n        make = 1\n    make\n", "f=m.f make=local"),
        ("for make in x: pass\nmake = f\nmake\n", "x=? f=m.f make=local"),
        ("def h(make):\n    make = f\n    make\n", "f=m.f make=local"),
        ("a = b\nb = a\na\n", "b=local a=local a=local"),
        ("a = a\na\n", "a=local a=local"),
        ("try:\n    from o import g\nexcept E:\n    g = None\nmake = g.x\nmake.y\n", "E=? g.x=o.g.x make.y=o.g.x.y"),
    ] {
        assert_eq!(with(text), want, "{text}");
    }
    let chain: String = (0..100).map(|at| format!("a{} = a{at}\n", at + 1)).collect();
    assert!(uses(&format!("from m import a0\n{chain}a100\n")).ends_with("a100=local"), "what is too far is not followed");
    let many = format!("from m import f\n{}f\na0, a4999\n", (0..5000).map(|at| format!("a{at} = ")).collect::<String>());
    assert_eq!(uses(&many), "f=m.f a0=m.f a4999=m.f");
}

#[test]
fn an_alias_is_told_apart_from_what_it_means() {
    let text = "from m import f\nmake = f\nmake\n";
    names_of(text, |names| {
        assert_eq!(names.meaning(0, "make"), Meaning::Local);
        let [binding] = &names.scopes[0].bindings["make"][..] else { panic!("one binding") };
        assert_eq!(binding.alias.map(|at| names.uses[at].whole()), Some(23..24));
        let read = names.uses.iter().find(|read| read.name == "make").unwrap();
        assert_eq!(names.qualified(read).as_deref(), Some("m.f"));
    });
}

#[test]
fn strings_in_annotations_are_uses() {
    let with = |text: &str| uses(&format!("from m import f\n{text}"));
    for (text, want) in [
        ("x: 'f'\n", "'f'=m.f"),
        ("x: \"f.g[list, n.o] | None\" = 1\n", "'f.g'=m.f.g 'list'=? 'n.o'=?"),
        ("def h(a: 'f', *b: 'f', c: 'f' = 1, **d: 'f') -> 'f': 'f'\n", "'f'=m.f 'f'=m.f 'f'=m.f 'f'=m.f 'f'=m.f"),
        ("x: list['f', r'f', u'f']\n", "list=? 'f'=m.f 'f'=m.f 'f'=m.f"),
        ("from typing import Optional as O\nx: O['f']\n", "O=typing.Optional 'f'=m.f"),
        ("import typing as t\nx: t.Callable[['f', ...], 'f']\n", "t.Callable=typing.Callable 'f'=m.f 'f'=m.f"),
        ("x: 'f' | None\n", "'f'=m.f"),
        ("x: '''\n  f\n  . g\n'''\n", "'f.g'=m.f.g"),
        ("class A:\n    f: 'f'\n    x: 'f'\n", "'f'=m.f 'f'=m.f"),
        ("def h(f, a: 'f'): pass\n", "'f'=m.f"),
        ("def h(f):\n    a: 'f'\n", "'f'=local"),
        ("x: 'tuple[(), *f, -1, 0x1F]'\n", "'tuple'=? 'f'=m.f"),
        ("x: ''\n", ""),
    ] {
        assert_eq!(with(text), want, "{text}");
    }
}

#[test]
fn strings_that_typing_reads_are_uses_wherever_they_stand() {
    let with = |text: &str| {
        uses(&format!("import typing as t\nfrom typing import *\nfrom typing import cast, Union\nfrom m import f\n{text}"))
    };
    for (text, want) in [
        ("X = t.Optional['f']\n", "t.Optional=typing.Optional 'f'=m.f"),
        ("X = Union['f.x', int]\n", "Union=typing.Union 'f.x'=m.f.x int=*"),
        ("X = t.Callable[['f'], t.List['f']]\n", "t.Callable=typing.Callable 'f'=m.f t.List=typing.List 'f'=m.f"),
        ("class A(t.List['f']): pass\n", "t.List=typing.List 'f'=m.f"),
        (
            "X = t.Literal['f'], x['f'], t.Annotated['f', 'f']\n",
            "t.Literal=typing.Literal x=* t.Annotated=typing.Annotated 'f'=m.f",
        ),
        ("cast('f', 'f')\n", "cast=typing.cast 'f'=m.f"),
        ("cast(typ=('f'), val='f')\n", "cast=typing.cast 'f'=m.f"),
        ("t.TypeVar('f', bound='f', covariant='f')\n", "t.TypeVar=typing.TypeVar 'f'=m.f"),
        ("t.TypeVar('f', 'f', 'f')\n", "t.TypeVar=typing.TypeVar 'f'=m.f 'f'=m.f"),
        ("t.NewType('f', 'f')\n", "t.NewType=typing.NewType 'f'=m.f"),
        (
            "t.TypedDict('f', {'f': 'f', 'g': t.List['f']}, total='f')\n",
            "t.TypedDict=typing.TypedDict 'f'=m.f t.List=typing.List 'f'=m.f",
        ),
        ("t.NamedTuple('f', [('f', 'f'), ('g', int)])\n", "t.NamedTuple=typing.NamedTuple 'f'=m.f int=*"),
        ("t.NamedTuple('f', f='f')\n", "t.NamedTuple=typing.NamedTuple 'f'=m.f"),
        ("print('f')\nx = {'f': 'f'}['f']\ncast.x('f')\n", "print=* cast.x=typing.cast.x"),
    ] {
        assert_eq!(with(text), want, "{text}");
    }
}

#[test]
fn strings_that_are_no_annotations_are_no_uses() {
    for (text, want, quoted) in [
        ("class A:\n    f = 1\n    x: 'f'\n    def h(self, a: 'f'): 'f'\n", "", &["f"][..]),
        ("from typing import cast\ncast('f if g else h', 1)\n", "cast=typing.cast", &["else", "f", "g", "h", "if"]),
        ("from s import *\nOptional['f'], cast('g', 1), log('h'), log('i j')\n", "Optional=* cast=* log=* log=*", &["f", "g"]),
        ("from typing import cast\ndef cast(a): cast('f')\n", "cast=typing.cast", &["f"]),
        (
            "try: from typing import L\nexcept E: from typing_extensions import L\nL['f']\n",
            "E=? L=typing.L|typing_extensions.L 'f'=?",
            &[],
        ),
        ("from s import T\nd = {}\nT['f'], d['f'], T('f'), d('f')\n", "T=s.T d=local T=s.T d=local", &[]),
        ("from typing import Literal as L\nx: L['f']\n", "L=typing.Literal", &[][..]),
        ("x: Literal['f', ('f')]\n", "Literal=?", &[]),
        ("import typing\nx: typing.Annotated['f', 'g', F('h')]\n", "typing.Annotated=typing.Annotated 'f'=? F=?", &[]),
        ("x: Mapped['f']\n", "Mapped=?", &["f"]),
        ("from s import Mapped\nx: Mapped['f']\n", "Mapped=s.Mapped", &["f"]),
        ("x: 'f' 'g'\n", "", &["f", "g"]),
        ("x: 'f\\x20'\n", "", &["f", "x20"]),
        ("x: b'f'\n", "", &["f"]),
        ("x: 'f g'\n", "", &["f", "g"]),
        ("x: 'f(1)'\n", "", &["1", "f"]),
        ("x: \"list['f']\"\n", "", &["f", "list"]),
        ("x: 'f if g else h'\n", "", &["else", "f", "g", "h", "if"]),
        ("x: 'f.'\n", "", &["f"]),
        ("x: 'f['\n", "", &["f"]),
        ("x: y = 'f'\n", "y=?", &[]),
        ("type(x).y = 'f'\n", "type=? x=?", &[]),
    ] {
        assert_eq!(uses(text), want, "{text}");
        let mut words: Vec<String> = names_of(text, |names| names.quoted.iter().map(|word| (*word).to_owned()).collect());
        words.sort();
        assert_eq!(words, quoted, "{text}");
    }
}

#[test]
fn what_a_module_exports_is_known_however_it_is_written() {
    for (text, want) in [
        ("__all__ = ['f', \"g\"]\n", "f g"),
        ("__all__: list[str] = ('f',)\nif x:\n    __all__ += ['g']\n", "f g"),
        ("__all__ = []\n__all__.append('f')\n__all__.extend(['g'])\n", "f g"),
        ("(__all__) = ['f']\n", "f"),
        ("x = __all__ = ['f']\n", "f"),
        ("__all__, x = ['f'], 1\n", "f"),
        ("__all__ = 'f g'.split()\n__all__ += 'h,i'.split(',')\n", "f g h i"),
        ("_pub = ['f']\n_pub += ['g']\n_pub.append('h')\n__all__ = _pub\n", "f g h"),
        ("_a: x = ['f']\n_b = _a + ['g']\n__all__ = list(_b) + m.__all__\n_a = _b\n", "f g"),
        ("for x in ['f']: __all__.append(x)\n_b, _a = ['g'], 1\n__all__ += _b\n", "f g"),
        ("x = ['f']\nx == __all__\nprint(__all__, 'g')\nm.__all__ = ['h']\n", ""),
        ("def h():\n    __all__ = ['f']\n", ""),
    ] {
        let mut exports: Vec<String> = names_of(text, |names| names.exports.iter().map(|name| (*name).to_owned()).collect());
        exports.sort();
        assert_eq!(exports.join(" "), want, "{text}");
    }
}

#[test]
fn type_comments_are_uses_where_their_scope_is_plain() {
    for (text, want, quoted) in [
        ("x = []  # type: list[f]\n", "'list'=? 'f'=?", &[][..]),
        ("x = y  # type: f  # why\n", "y=? 'f'=?", &[]),
        ("def h():\n    from m import f\n    x = [a for a in y]  # type: f\n", "a=local y=? 'f'=m.f", &[]),
        ("from m import f\nclass A:\n    f = 1\n    def h(self):\n        x = 1  # type: f\n", "'f'=m.f", &[]),
        ("x = 1  # type: ignore[f]\n", "", &[]),
        ("x = '# type: f'\n", "", &[]),
        ("def h(a):\n    # type: (f) -> g\n    pass\n", "", &["f", "g"]),
        ("def h(\n    a,  # type: f\n): pass\n", "", &["f"]),
        ("for x in y:  # type: f\n    pass\n", "y=?", &["f"]),
    ] {
        assert_eq!(uses(text), want, "{text}");
        let mut words: Vec<String> = names_of(text, |names| names.quoted.iter().map(|word| (*word).to_owned()).collect());
        words.sort();
        assert_eq!(words, quoted, "{text}");
    }
}

#[test]
fn uses_and_scopes_know_their_places() {
    let text = "import m\n@d\nasync def h(a): return (m . f\n  .g)(lambda: 1)\n";
    names_of(text, |names| {
        let read = names.uses.iter().find(|read| read.name == "m").unwrap();
        assert_eq!(&text[read.whole()], "m . f\n  .g");
        assert_eq!(&text[read.range.clone()], "m");
        let kinds: Vec<(Option<&str>, &str)> =
            names.scopes.iter().map(|scope| (scope.name, &text[scope.range.clone()])).collect();
        assert_eq!(kinds[1], (Some("h"), text[12..].trim_end()));
        assert_eq!(kinds[2], (None, "lambda: 1"));
        assert!(names.scopes[1].bindings["a"][0].parameter && !names.scopes[0].bindings["h"][0].parameter);
    });
}

#[test]
fn a_class_body_reads_the_module_until_it_binds_the_name_itself() {
    let import = "from a import f\n";
    for (text, want) in [
        ("class A:\n    f = f(f)\n    g = f\n", "f=a.f f=a.f f=local"),
        ("class A:\n    f: f\n    g: f\n", "f=a.f f=a.f"),
        ("class A:\n    f: f = f\n    g: f\n", "f=a.f f=a.f f=a.f"),
        (
            "class A:\n    @f\n    def f(self, x: f = f) -> f: f\n    @f.setter\n    def f(self): f\n",
            "f=a.f f=a.f f=a.f f=a.f f=a.f f.setter=local f=a.f",
        ),
        ("class A:\n    f += f\n    f\n", "f=a.f f=a.f f=local"),
        ("class A:\n    for f in f:\n        f\n", "f=a.f f=local"),
        ("class A:\n    x = (f := f)\n    f\n", "f=a.f f=local"),
        ("class A:\n    with f() as f:\n        f\n", "f=a.f f=local"),
        ("class A:\n    x = [f for x in f]\n    f = 1\n", "f=a.f f=a.f"),
        ("def h(f):\n    class A:\n        f = f\n", "f=a.f"),
    ] {
        assert_eq!(uses(&format!("{import}{text}")), want, "{text}");
    }
}
