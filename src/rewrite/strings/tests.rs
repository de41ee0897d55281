//! Strings as tables: what is renamed, the text before, the text after, and what is said.

use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::{prop_assert, prop_assert_eq};

use crate::edit::Edits;
use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::rewrite::strings::strings;

/// The text after, and what is said of it, line by line.
fn made(bytes: &[u8], pairs: &[(&str, &str)]) -> (Vec<u8>, Vec<String>) {
    let source = Source::new(bytes).unwrap();
    let places = strings(&Parsed::new(&source, Some("pkg.sub.mod")), pairs).unwrap();
    let said =
        places.iter().filter_map(|place| place.remark(&source)).map(|remark| format!("{}: {}", remark.line, remark.message));
    let said = said.collect();
    let edits = Edits::new(places.into_iter().flat_map(|place| place.edits).collect()).unwrap();
    (source.apply(&edits), said)
}

#[track_caller]
fn check(from: &str, to: &str, cases: &[(&str, &str)]) {
    for (before, after) in cases {
        let (got, said) = made(before.as_bytes(), &[(from, to)]);
        assert_eq!(String::from_utf8_lossy(&got), *after, "\nbefore:\n{before}");
        assert!(said.is_empty(), "{before}: {said:?}");
        assert_eq!(made(&got, &[(from, to)]).0, got, "a second time: {before}");
    }
}

#[track_caller]
fn stays(from: &str, to: &str, texts: &[&str]) {
    let cases: Vec<(&str, &str)> = texts.iter().map(|text| (*text, *text)).collect();
    check(from, to, &cases);
}

/// The text stays, and something with `said` in it is said of its line 1.
#[track_caller]
fn says(from: &str, to: &str, cases: &[(&str, &str)]) {
    for (text, want) in cases {
        let (got, said) = made(text.as_bytes(), &[(from, to)]);
        assert_eq!(String::from_utf8_lossy(&got), *text);
        assert!(said.len() == 1 && said[0].starts_with("1: ") && said[0].contains(want), "{text}: {said:?}");
    }
}

#[test]
fn what_import_gives_the_top_of_stays() {
    says(
        "a.b",
        "a.c.d",
        &[("__import__('a.b').b\n", "gives the package at its top"), ("__import__(name='a.b')\n", "at its top")],
    );
    says("a", "b.c", &[("__import__('a')\n", "at its top")]);
    check("a", "b", &[("__import__('a')\n", "__import__('b')\n")]);
    check("a.b", "a.c", &[("importlib.import_module('a.b')\n", "importlib.import_module('a.c')\n")]);
}

#[test]
fn a_literal_that_is_the_name_changes() {
    check(
        "a.b.f",
        "a.c.g",
        &[
            ("mock.patch('a.b.f')\n", "mock.patch('a.c.g')\n"),
            ("@patch(\"a.b.f\", new=1)\ndef t(): pass\n", "@patch(\"a.c.g\", new=1)\ndef t(): pass\n"),
            ("with patch(target='a.b.f'): pass\n", "with patch(target='a.c.g'): pass\n"),
            ("monkeypatch.setattr('a.b.f', g)\n", "monkeypatch.setattr('a.c.g', g)\n"),
            ("x = 'a.b.f.attr.f'\n", "x = 'a.c.g.attr.f'\n"),
            ("x = ['a.b.f', \"a.b.ff\", 'a.b']\n", "x = ['a.c.g', \"a.b.ff\", 'a.b']\n"),
            ("x = {'a.b.f': 'a.b.f'}\n", "x = {'a.c.g': 'a.c.g'}\n"),
            ("x = r'a.b.f' + u'a.b.f' + '''a.b.f'''\n", "x = r'a.c.g' + u'a.c.g' + '''a.c.g'''\n"),
            ("x = ('a.b.f')\n", "x = ('a.c.g')\n"),
        ],
    );
}

#[test]
fn a_module_in_a_longer_name_changes() {
    check(
        "a.b",
        "a.x",
        &[
            ("importlib.import_module('a.b')\n", "importlib.import_module('a.x')\n"),
            ("logging.getLogger('a.b').info('a.b.c')\n", "logging.getLogger('a.x').info('a.x.c')\n"),
            ("INSTALLED_APPS = [\n    'a.b',\n    'a.b.apps.B',\n]\n", "INSTALLED_APPS = [\n    'a.x',\n    'a.x.apps.B',\n]\n"),
            ("x = 'a.b:main'\n", "x = 'a.x:main'\n"),
            ("x = 'cmd = a.b:main'\n", "x = 'cmd = a.x:main'\n"),
            ("run('python -m a.b -v')\n", "run('python -m a.x -v')\n"),
            ("x = f'a.b.{y}' + f'a.b:{y}'\n", "x = f'a.x.{y}' + f'a.x:{y}'\n"),
            ("x = f'{y}:a.b' + f'{\"a.b\"}'\n", "x = f'{y}:a.x' + f'{\"a.x\"}'\n"),
            ("run('import a.b; a.b.f(1)')\n", "run('import a.x; a.x.f(1)')\n"),
            ("run('from a.b import f; f(1)')\n", "run('from a.x import f; f(1)')\n"),
            ("log('use a.b.f() instead')\n", "log('use a.x.f() instead')\n"),
            ("log('In a.b.c, and a.b.')\n", "log('In a.x.c, and a.x.')\n"),
        ],
    );
    check("old", "new.er", &[("import_module('old')\nx = 'old.c'\n", "import_module('new.er')\nx = 'new.er.c'\n")]);
    check("a.b", "a.b.c", &[("x = 'a.b', 'a.b.c.d'\n", "x = 'a.b.c', 'a.b.c.d'\n")]);
    check("a.b", "a", &[("x = 'a.b.c'\n", "x = 'a.c'\n")]);
}

#[test]
fn parts_of_a_concatenation_stay_where_they_are() {
    check(
        "a.b.f",
        "a.b.g",
        &[
            ("x = 'a.b' '.f'\n", "x = 'a.b' '.g'\n"),
            ("x = ('a.'  # one\n     \"b.\"\n     f'f')\n", "x = ('a.'  # one\n     \"b.\"\n     f'g')\n"),
            ("x = 'a.b\\\n.f'\n", "x = 'a.b\\\n.g'\n"),
        ],
    );
    check("a.b.f", "a.c.g", &[("x = 'a.b' '.f'\n", "x = 'a.c' '.g'\n"), ("x = ('a.'\n  'b.f')\n", "x = ('a.'\n  'c.g')\n")]);
    check("a.b.f", "c.f", &[("x = 'a.b' '.f'\n", "x = 'c' '.f'\n")]);
    says("a.b.f", "x.y.z.g", &[("x = 'a.b' '.f'\n", "in several pieces")]);
}

#[test]
fn what_is_no_string_or_another_name_stays() {
    stays(
        "a.b.f",
        "a.c.g",
        &[
            "x = b'a.b.f'\n",
            "'''Call a.b.f.'''\n",
            "def h():\n    \"a.b.f\"\n",
            "x = 1\n'a.b.f'\n",
            "# 'a.b.f'\n",
            "x = 'f'\nx = 'b.f'\nx = 'aa.b.f'\nx = 'x.a.b.f'\nx = 'a.b.fx'\nx = 'a_b_f'\n",
            "getattr(self, 'f')\nx['f']\n",
            "log('the f of a.b')\n",
            "x = f'{a}.{b}'\nx = f'{f}'\n",
            "x = f'{m}.f'\n",
            "x = f'a.b.{f}'\n",
            "open('app.views.f')\n",
        ],
    );
    stays("old", "new", &["x = 'old'\nd['old']\nlog('old and old.c')\nx = 'bold'\n"]);
}

#[test]
fn what_cannot_be_decided_is_said() {
    says(
        "a.b.f",
        "a.c.g",
        &[
            ("x = 'a.\\x62.f'\n", "escapes"),
            ("patch('app.views.f')\n", "f is patched in app.views here"),
            ("mock.patch.object(views, 'f')\nfrom app import views\n", "f is patched in app.views here"),
            ("monkeypatch.setattr('app.views.f', 1)\n", "f is patched in app.views here"),
            ("monkeypatch.setattr(f'{x}.app.views.f', 1)\n", "f is patched in {...}.app.views here"),
            ("x = f'a.{m}.f'\n", "may be a.b.f"),
            ("patch(f'{MODULE}.f')\n", "may be a.b.f"),
            ("x = f'a.b.f{n}'\n", "only known when it runs"),
            ("open('/x/a.b.f')\n", "a file's name"),
            ("run('-c', 'from a.b import f, h')\n", "code in the string"),
            ("run('import a.b; a.b.f(1)')\n", "called by code in the string"),
            ("setattr(b, 'f', 1)\nfrom a import b\n", "the object before it is a.b"),
        ],
    );
    says("app.data", "app.blob", &[("open('app.data.json')\n", "a file's name")]);
    says(
        "a.b",
        "a.c",
        &[
            ("import_module('.b', 'a')\n", "a relative name"),
            ("import_module('.b.c', package='a')\n", "a relative name"),
            ("import_module('.b', package)\n", "a relative name"),
        ],
    );
    says("pkg.sub.b", "pkg.sub.c", &[("import_module('.b', __package__)\n", "a relative name")]);
    says("a.b.F", "a.c.F", &[("patch('app.views.F.get')\n", "F is patched")]);
    stays("a.b", "a.c", &["import_module('.b', 'x')\nimport_module('.b', __name__)\n"]);
}

#[test]
fn a_field_that_formatting_fills_follows_its_argument() {
    says(
        "a.b.f",
        "a.c.g",
        &[
            ("'{a.b.f}'.format(a=a)\n", "formatting fills it in"),
            ("x = 'é {a.b.f.x!r:>{w}}'\n", "formatting fills it in"),
            ("x = '{{{a.b.f}}}'\n", "formatting fills it in"),
            ("x = f'{{a.b.f}}'\n", "formatting fills it in"),
            ("Template('$a.b.f')\n", "formatting fills it in"),
            ("Template('${a.b.f}')\n", "formatting fills it in"),
        ],
    );
    check(
        "a.b.f",
        "a.c.g",
        &[
            ("'{{a.b.f}} {}'.format(1)\n", "'{{a.c.g}} {}'.format(1)\n"),
            ("'%(a.b.f)s' % {'a.b.f': 1}\n", "'%(a.c.g)s' % {'a.c.g': 1}\n"),
            ("'{x} a.b.f %s (a.b.f)'\nx = '{\"a.b.f\"}'\n", "'{x} a.b.f %s (a.b.f)'\nx = '{\"a.c.g\"}'\n"),
            ("x = '%s(a.b.f)', '{0}.a.b.f'\n", "x = '%s(a.c.g)', '{0}.a.b.f'\n"),
        ],
    );
}

#[test]
fn the_name_of_an_attribute_changes_where_its_object_is_the_module() {
    check(
        "a.b.f",
        "a.b.g",
        &[
            ("from a import b\npatch.object(b, 'f')\n", "from a import b\npatch.object(b, 'g')\n"),
            ("import a.b\nmonkeypatch.setattr(a.b, \"f\", 1)\n", "import a.b\nmonkeypatch.setattr(a.b, \"g\", 1)\n"),
            ("import a.b as m\ngetattr(m, 'f')(1)\n", "import a.b as m\ngetattr(m, 'g')(1)\n"),
            ("import a.b as m\npatch.object(m, attribute='f')\n", "import a.b as m\npatch.object(m, attribute='g')\n"),
            ("import a.b as m\nsetattr(name='f', target=m)\n", "import a.b as m\nsetattr(name='g', target=m)\n"),
            ("getattr(import_module('a.b'), 'f')\n", "getattr(import_module('a.b'), 'g')\n"),
            ("patch.multiple('a.b', h=1, f=1)(f=2)\n", "patch.multiple('a.b', h=1, g=1)(f=2)\n"),
            ("from a import b\nmock.patch.multiple(b, f=f)\n", "from a import b\nmock.patch.multiple(b, g=f)\n"),
            ("patch.multiple(f=1, target='a.b')\n", "patch.multiple(g=1, target='a.b')\n"),
        ],
    );
    says(
        "a.b.f",
        "a.c.g",
        &[
            ("patch.multiple('a.b', f=1)\n", "f is patched in a.b here, which no longer has it"),
            ("patch.multiple('app.views', f=1)\n", "f is patched in app.views here; whether that is a.b.f cannot be seen"),
            ("getattr(import_module('a.b'), 'f')\n", "the object before it is a.b"),
        ],
    );
    stays(
        "a.b.f",
        "a.b.g",
        &[
            "patch.multiple('a.View', f=1)\npatch.dict(b, f=1)\nx.multiple('a.b', f=1)\npatch.multiple(x, f=1)\npatch.object(b, 'x', name='f')\nfrom a import b\n",
        ],
    );
    stays("a.b.f", "a.b.g", &["from a.c import Client\npatch.object(Client, 'f')\ngetattr(x, 'f')\nx.object(b, 'f')\n"]);
}

#[test]
fn the_longest_of_several_names_holds() {
    let (got, said) = made(b"x = 'a.b.f', 'a.b.h'\n", &[("a.b", "m"), ("a.b.f", "n.g")]);
    assert_eq!((String::from_utf8(got).unwrap().as_str(), said.len()), ("x = 'n.g', 'm.h'\n", 0));
}

#[test]
fn bytes_around_stay_in_any_encoding() {
    for (before, after) in [
        (b"# coding: latin-1\r\nx = '\xe9', 'a.f'\r\n".as_slice(), b"# coding: latin-1\r\nx = '\xe9', 'a.g'\r\n".as_slice()),
        (b"\xef\xbb\xbfx = 'a.f'\r", b"\xef\xbb\xbfx = 'a.g'\r"),
        (b"x = '\xff a.f \xfe'\n", b"x = '\xff a.g \xfe'\n"),
    ] {
        assert_eq!(made(before, &[("a.f", "a.g")]).0, after);
    }
    let (got, said) = made(b"# coding: ascii\nx = 'a.f'\n", &[("a.f", "a.\u{e9}")]);
    assert!(got == b"# coding: ascii\nx = 'a.f'\n" && said[0].contains("ASCII cannot hold"), "{said:?}");
}

/// Pieces of programs with names in strings.
fn piece() -> impl Strategy<Value = String> {
    let quoted = "[rbfu]?['\"][abf.:{} \\\\\n]{0,9}['\"]";
    prop_oneof![
        Just("x = 'a.b.f'\n".to_owned()),
        Just("patch(".to_owned()),
        Just("x = ('a.' 'b' f'.f'\n)\n".to_owned()),
        Just(", ".to_owned()),
        Just(")\n".to_owned()),
        quoted.prop_map(|text| text),
    ]
}

proptest! {
    #[test]
    fn whatever_stands_there_only_names_change(pieces in proptest::collection::vec(piece(), 0..8), bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let text = pieces.concat();
        for bytes in [text.as_bytes(), &bytes] {
            let Ok(source) = Source::new(bytes) else { continue };
            let places = strings(&Parsed::new(&source, None), &[("a.b.f", "a.c.g"), ("b", "q.r")]).unwrap();
            for edit in places.iter().flat_map(|place| &place.edits) {
                prop_assert!(["b", "f"].contains(&&source.text()[edit.range.clone()]), "{text}");
            }
            let edits = Edits::new(places.into_iter().flat_map(|place| place.edits).collect()).unwrap();
            let after = source.apply(&edits);
            prop_assert_eq!(after == bytes, edits.is_empty());
        }
    }
}
