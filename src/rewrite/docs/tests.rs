//! Documents as tables: how they are written, the text before, the text after, and what is said.

use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::{prop_assert, prop_assert_eq};

use crate::message::changes::changed_lines;
use crate::plan::Rename;
use crate::rewrite::docs::Markup;
use crate::rewrite::violation::{Kind, look, look_in_document};
use crate::rewrite::{Applied, Step, apply_to_document};
use crate::{python::parsed::Parsed, python::source::Source, rewrite};

fn rename() -> Rename {
    Rename { from: "a.b.f".into(), to: "a.c.g".into(), strings: true, docs: true, ..Rename::default() }
}

/// The text after and the lines that something is said of.
fn made(markup: Markup, text: &[u8]) -> (Vec<u8>, Vec<String>) {
    let rename = rename();
    let steps = [Step::Rename(&rename)];
    let Applied { bytes, remarks, .. } = if markup == Markup::Docstring {
        let source = Source::new(text).unwrap();
        rewrite::apply(&Parsed::new(&source, None), &steps).unwrap()
    } else {
        apply_to_document(text, Some(markup), &steps).unwrap()
    };
    let said = remarks.iter().map(|remark| format!("{}: {}", remark.line, remark.message)).collect();
    (bytes.unwrap_or_else(|| text.to_vec()), said)
}

#[track_caller]
fn check(markup: Markup, cases: &[(&str, &str)]) {
    for (before, after) in cases {
        for ending in ["\n", "\r\n"] {
            let (before, after) = (before.replace('\n', ending), after.replace('\n', ending));
            let (got, said) = made(markup, before.as_bytes());
            assert_eq!(String::from_utf8_lossy(&got), after, "\nbefore:\n{before}");
            assert!(said.is_empty(), "{before}: {said:?}");
            assert_eq!(String::from_utf8_lossy(&made(markup, &got).0), after, "a second time: {before}");
        }
    }
}

#[track_caller]
fn says(markup: Markup, cases: &[(&str, u32, &str)]) {
    for (text, line, want) in cases {
        let (got, said) = made(markup, text.as_bytes());
        assert_eq!(String::from_utf8_lossy(&got), *text);
        assert!(said.len() == 1 && said[0].starts_with(&format!("{line}: ")) && said[0].contains(want), "{text}: {said:?}");
    }
}

#[test]
fn fences_of_markdown_hold_python() {
    check(
        Markup::Markdown,
        &[
            (
                "# T\n\n```python\nfrom a.b import f\nf(1)\n```\nfrom a.b import f\n",
                "# T\n\n```python\nfrom a.c import g\ng(1)\n```\nfrom a.b import f\n",
            ),
            ("~~~ py title=\"x\"\nimport a.b\n\na.b.f()\n~~~\n", "~~~ py title=\"x\"\nimport a.c\n\na.c.g()\n~~~\n"),
            (
                "1. Do\n\n   ```python\n   from a.b import f\n\n   def h():\n       return f(1)  # f\n   ```\n",
                "1. Do\n\n   ```python\n   from a.c import g\n\n   def h():\n       return g(1)  # f\n   ```\n",
            ),
            ("> ```py\n> from a.b import f\n>\n> f()\n> ```\n", "> ```py\n> from a.c import g\n>\n> g()\n> ```\n"),
            ("- ```python\n  from a.b import f\n  ```\n", "- ```python\n  from a.c import g\n  ```\n"),
            ("````md\n```python\nfrom a.b import f\n```\n````\n", "````md\n```python\nfrom a.b import f\n```\n````\n"),
            (
                "```bash\nfrom a.b import f\n```\n```toml\nf = 'a.b.f'\n```\n",
                "```bash\nfrom a.b import f\n```\n```toml\nf = 'a.b.f'\n```\n",
            ),
            ("```\nfrom a.b import f\n```\n", "```\nfrom a.c import g\n```\n"),
            ("```\n$ from a.b import f\n```\n", "```\n$ from a.b import f\n```\n"),
            ("x\n\n    from a.b import f\n    f()\n\ny\n", "x\n\n    from a.c import g\n    g()\n\ny\n"),
            (
                "```{code-block} python\n:linenos:\nfrom a.b import f\n```\n",
                "```{code-block} python\n:linenos:\nfrom a.c import g\n```\n",
            ),
            ("```python\nfrom a.b import f", "```python\nfrom a.c import g"),
            ("```python\nawait f()\nfrom a.b import f\n```\n", "```python\nawait g()\nfrom a.c import g\n```\n"),
            ("```python\nmock.patch('a.b.f')\n```\n`a.b.f`\n", "```python\nmock.patch('a.c.g')\n```\n`a.b.f`\n"),
            ("# Encoding: none\n```python\nfrom a.b import f\n```\n", "# Encoding: none\n```python\nfrom a.c import g\n```\n"),
        ],
    );
}

#[test]
fn sessions_change_behind_their_prompts() {
    check(
        Markup::Markdown,
        &[
            (
                "```pycon\n>>> from a.b import f\n>>> f(\n...     1)\nf\n```\n",
                "```pycon\n>>> from a.c import g\n>>> g(\n...     1)\nf\n```\n",
            ),
            ("```python\n>>> from a.b import f\n>>> f()\n'f'\n```\n", "```python\n>>> from a.c import g\n>>> g()\n'f'\n```\n"),
            (
                "x\n\n>>> from a.b import f\n>>>\n>>> f()\nf()\n\n>>> f.x\n",
                "x\n\n>>> from a.c import g\n>>>\n>>> g()\nf()\n\n>>> g.x\n",
            ),
        ],
    );
    check(
        Markup::Rst,
        &[(
            "  >>> from a.b import f\n  >>> for x in f():\n  ...     f(x)\n  ...\n  f\n",
            "  >>> from a.c import g\n  >>> for x in g():\n  ...     g(x)\n  ...\n  f\n",
        )],
    );
}

#[test]
fn directives_and_literal_blocks_of_rst_hold_python() {
    check(
        Markup::Rst,
        &[
            (
                ".. code-block:: python\n   :linenos:\n   :caption: f\n\n   from a.b import f\n   f()\n\nfrom a.b import f\n",
                ".. code-block:: python\n   :linenos:\n   :caption: f\n\n   from a.c import g\n   g()\n\nfrom a.b import f\n",
            ),
            (
                "Use it::\n\n    from a.b import f\n\n    f()\n\nThe f::\n\n    f of a.b\n",
                "Use it::\n\n    from a.c import g\n\n    g()\n\nThe f::\n\n    f of a.b\n",
            ),
            (
                ".. note::\n\n   It is::\n\n      import a.b\n      a.b.f\n",
                ".. note::\n\n   It is::\n\n      import a.c\n      a.c.g\n",
            ),
            (".. code-block:: console\n\n   >>> from a.b import f\n", ".. code-block:: console\n\n   >>> from a.b import f\n"),
            (".. testcode::\n\n\tfrom a.b import f\n\tf\n", ".. testcode::\n\n\tfrom a.c import g\n\tg\n"),
        ],
    );
}

#[test]
fn examples_of_docstrings_change() {
    check(
        Markup::Docstring,
        &[
            (
                "def h():\n    \"\"\"Do f.\n\n    >>> from a.b import f\n    >>> f()\n    f\n    \"\"\"\n",
                "def h():\n    \"\"\"Do f.\n\n    >>> from a.c import g\n    >>> g()\n    f\n    \"\"\"\n",
            ),
            ("'''>>> import a.b; a.b.f()'''\n", "'''>>> import a.c; a.c.g()'''\n"),
            (
                "class A:\n    '''Use it::\n\n        from a.b import f\n        f('x')\n\n    The f a.b.f.\n    '''\n",
                "class A:\n    '''Use it::\n\n        from a.c import g\n        g('x')\n\n    The f a.b.f.\n    '''\n",
            ),
            (
                "r'''\n```python\nfrom a.b import f\nx = f('\\d')\n```\n'''\n",
                "r'''\n```python\nfrom a.c import g\nx = g('\\d')\n```\n'''\n",
            ),
            ("x = '''\n>>> a.b\n>>> f()\n'''\n", "x = '''\n>>> a.b\n>>> f()\n'''\n"),
        ],
    );
}

#[test]
fn docstrings_see_what_their_module_imports() {
    check(
        Markup::Docstring,
        &[
            ("'''\n>>> f(1)\n'''\nfrom a.b import f\nf\n", "'''\n>>> g(1)\n'''\nfrom a.c import g\ng\n"),
            (
                "from a.b import f\nfrom a.c import x\nf\ndef h():\n    '''\n    >>> from a.b import f\n    >>> f(x)\n    '''\n",
                "from a.c import x, g\ng\ndef h():\n    '''\n    >>> from a.c import g\n    >>> g(x)\n    '''\n",
            ),
            (
                "from a.b import f\nf(1)\ndef h():\n    '''\n    >>> h(f.x, a)\n    1\n    '''\n",
                "from a.c import g\ng(1)\ndef h():\n    '''\n    >>> h(g.x, a)\n    1\n    '''\n",
            ),
            ("import a.b as m\nm.f()\n'''\n>>> m.f()\n'''\n", "import a.c\na.c.g()\n'''\n>>> a.c.g()\n'''\n"),
            ("'''\n>>> f(1)\n'''\ndef f(): pass\n", "'''\n>>> f(1)\n'''\ndef f(): pass\n"),
        ],
    );
    let (got, said) = made(Markup::Docstring, b"'''\n>>> f(1)\n'''\nfrom a.b import f\n__all__ = ['f']\n");
    assert_eq!(String::from_utf8_lossy(&got), "'''\n>>> f(1)\n'''\nfrom a.c import g as f\n__all__ = ['f']\n");
    assert!(said.len() == 1 && said[0].contains("`__all__` names it"), "{said:?}");
}

#[test]
fn an_example_goes_on_from_the_one_that_binds_its_names() {
    check(
        Markup::Markdown,
        &[
            (
                "```python\nfrom a.b import f\n```\nthen\n```python\nx = f()\n```\n```python\nx.f(f)\n```\n",
                "```python\nfrom a.c import g\n```\nthen\n```python\nx = g()\n```\n```python\nx.f(g)\n```\n",
            ),
            // Each block imports for itself: none takes the import of another.
            (
                "```python\nfrom a.c import x\n```\n```python\nfrom a.b import f\nf()\n```\n```python\ndef f(): pass\nf()\n```\n",
                "```python\nfrom a.c import x\n```\n```python\nfrom a.c import g\ng()\n```\n```python\ndef f(): pass\nf()\n```\n",
            ),
        ],
    );
}

#[test]
fn lines_come_and_go_with_the_right_prompt() {
    check(
        Markup::Rst,
        &[
            (">>> from a.b import f, h\n>>> f(h)\n1\n", ">>> from a.b import h\n>>> from a.c import g\n>>> g(h)\n1\n"),
            (">>> from a.c import x\n>>> from a.b import f\n>>> f(x)\n", ">>> from a.c import x, g\n>>> g(x)\n"),
            ("::\n\n  from a.b import f, h\n  f(h)\n", "::\n\n  from a.b import h\n  from a.c import g\n  g(h)\n"),
        ],
    );
    check(
        Markup::Markdown,
        &[(
            "```python\nfrom a.b import f\ndef h():\n    f(1)\n    ...\n```\n",
            "```python\nfrom a.c import g\ndef h():\n    g(1)\n    ...\n```\n",
        )],
    );
    check(
        Markup::Markdown,
        &[(
            "> ```python\n> def h():\n>     from a.b import f, h\n>     f(h)\n> ```\n",
            "> ```python\n> def h():\n>     from a.b import h\n>     from a.c import g\n>     g(h)\n> ```\n",
        )],
    );
}

#[test]
fn what_is_left_is_said() {
    says(
        Markup::Markdown,
        &[
            ("```python\nfrom a.b import f\nf(...\n```\n", 2, "an example with f is left: it is not valid Python"),
            ("x\n\n```python\nmock.patch('app.f')\n```\n", 4, "f is patched in app"),
            ("```python\ntry:\n    import a.b as m\nexcept E:\n    import n as m\nm.f()\n```\n", 6, "an example is left: m is"),
        ],
    );
    says(Markup::Docstring, &[("import a.b as m\nm.h()\n'''\n>>> m.f()\n'''\n", 4, "the module around it would change")]);
    let (got, said) = made(Markup::Rst, b">>> from a.b import f\n>>> f(1) f\nX\n>>> f(2)\n");
    assert_eq!(String::from_utf8_lossy(&got), ">>> from a.c import g\n>>> f(1) f\nX\n>>> g(2)\n");
    assert!(said.len() == 1 && said[0].starts_with("2: an example with f is left"), "{said:?}");
    says(Markup::Rst, &[(">>> from a.b import f, h\nf\n", 1, "between another and its output")]);
}

#[test]
fn all_other_bytes_stay() {
    for (before, after) in [
        (
            b"\xff\xef\r```python\nfrom a.b import f\r\nf('\xfe')\n```\r".as_slice(),
            b"\xff\xef\r```python\nfrom a.c import g\r\ng('\xfe')\n```\r".as_slice(),
        ),
        (b"\xef\xbb\xbf```python\n\tfrom a.b import f\n```", b"\xef\xbb\xbf```python\n\tfrom a.c import g\n```"),
    ] {
        assert_eq!(String::from_utf8_lossy(&made(Markup::Markdown, before).0), String::from_utf8_lossy(after));
    }
    let latin = b"# coding: latin-1\n'''\xe9\n>>> from a.b import f # \xe8\n'''\n";
    assert_eq!(made(Markup::Docstring, latin).0, b"# coding: latin-1\n'''\xe9\n>>> from a.c import g # \xe8\n'''\n");
}

fn line() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("```python"),
        Just("```"),
        Just("~~~"),
        Just("> ```py"),
        Just(">>> from a.b import f"),
        Just("    >>> f()"),
        Just(">>> from a.b import f, h"),
        Just("..."),
        Just("...   f"),
        Just("from a.b import f"),
        Just("    from a.b import f, k"),
        Just("> f(1)"),
        Just("f('a.b.f')"),
        Just("    if f: pass"),
        Just("Text of f::"),
        Just(".. code-block:: python"),
        Just("    :option:"),
        Just("import a.b"),
        Just("a.b.f, x"),
        Just("'f'"),
        Just("- ```"),
        Just(""),
        Just(""),
    ]
}

proptest! {
    #[test]
    fn whatever_is_written_only_lines_with_the_name_change(
        lines in proptest::collection::vec(line(), 0..14), crlf in any::<bool>(), bytes in proptest::collection::vec(any::<u8>(), 0..60)
    ) {
        let text = lines.join(if crlf { "\r\n" } else { "\n" });
        let quoted = format!("def h():\n    r'''{text}'''\n");
        for (markup, text) in [(Markup::Markdown, text.as_bytes()), (Markup::Rst, text.as_bytes()), (Markup::Docstring, quoted.as_bytes()), (Markup::Markdown, &bytes)] {
            let Ok(source) = Source::prose(text) else { continue };
            if markup == Markup::Docstring && !Parsed::new(&source, None).problems().is_empty() {
                continue;
            }
            let (after, _) = made(markup, text);
            let old: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
            for change in changed_lines(text, &after) {
                for number in change.old {
                    prop_assert!(old[number as usize - 1].contains(&b'f') || old[number as usize - 1].contains(&b'b'));
                }
            }
            prop_assert_eq!(made(markup, &after).0, after);
        }
    }
}

#[test]
fn what_changes_is_a_violation_and_what_is_left_is_undecided() {
    let rename = rename();
    let text = "from a.b import f\nx = 'a.b.f'\npatch('app.f')\n'''\n>>> f(1)\n>>> f(1\n'''\ndef h(y: 'f'): pass\n";
    let source = Source::new(text.as_bytes()).unwrap();
    let seen = look(&Parsed::new(&source, None), Step::Rename(&rename)).unwrap();
    let found: Vec<(u32, Kind)> = seen.violations.iter().map(|one| (one.line, one.kind)).collect();
    assert_eq!(found, [(1, Kind::Import), (2, Kind::String), (5, Kind::Doc), (8, Kind::Use)]);
    let undecided: Vec<(u32, Kind)> = seen.undecided.iter().map(|(one, _)| (one.line, one.kind)).collect();
    assert_eq!(undecided, [(3, Kind::String), (6, Kind::Doc)]);
    let plain = Rename { strings: false, docs: false, ..rename };
    assert_eq!(look(&Parsed::new(&source, None), Step::Rename(&plain)).unwrap().violations.len(), 2);
    let document = Source::prose(b"# f\n```python\nfrom a.b import f\nx\nf()\n```\n").unwrap();
    let rename = Rename { docs: true, ..plain };
    let seen = look_in_document(&document, Markup::Markdown, Step::Rename(&rename));
    assert_eq!(seen.violations.iter().map(|one| (one.line, one.kind)).collect::<Vec<_>>(), [(3, Kind::Doc), (5, Kind::Doc)]);
}
