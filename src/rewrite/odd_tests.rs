//! Files of every odd kind: what is found in them, and what a rename makes of those that are valid.

use crate::plan::Rename;
use crate::python::parsed::Parsed;
use crate::python::source::{Source, SourceError};
use crate::rewrite::error::Problem;
use crate::rewrite::violation::violations;
use crate::rewrite::{Step, rewritten};

fn rename() -> Rename {
    Rename { from: "a.b.old".into(), to: "a.c.new".into(), ..Rename::default() }
}

/// How many violations there are, and whether Python would take the text.
#[track_caller]
fn found(bytes: &[u8]) -> (usize, bool) {
    let source = Source::new(bytes).unwrap();
    let file = Parsed::new(&source, None);
    (violations(&file, Step::Rename(&rename())).unwrap().len(), file.problems().is_empty())
}

/// In these texts `<a.b>` becomes `a.c` and `<old>` becomes `new`.
#[test]
fn a_rename_works_in_valid_files_of_every_kind() {
    let cases: &[&[u8]] = &[
        b"# -*- coding: latin-1 -*-\nfrom <a.b> import <old>\nx = '\xe9', <old>()\n",
        b"# coding: cp1252\nfrom <a.b> import <old>\nx = '\x80\x93', <old>()\n",
        b"# coding: shift_jis\nfrom <a.b> import <old>\nx = '\x95\x5c', <old>()\n",
        b"\xef\xbb\xbf# coding: utf-8-sig\nfrom <a.b> import <old>\n<old>()\n",
        b"\xef\xbb\xbffrom <a.b> import <old>\n<old>()\n",
        b"from <a.b> import <old>\r\ndef f():\r\n    return <old>\r\n",
        b"from <a.b> import <old>\n<old>\r\n<old>\n",
        b"from <a.b> import <old>\r<old>()\r",
        b"from <a.b> import <old>\n\x0c\n\x0cclass A: x = <old>\n",
        b"from <a.b> import <old>\n<old>",
        b"from <a.b> import <old>\nx = f'{<old>('a')} {f'{<old>!r:>{<old>}}'} {{old}}'\n",
        b"from <a.b> import <old>\nx = f'''{\n    <old>  # old\n}'''\n",
        b"from <a.b> import <old>\nmatch <old>():\n    case [old_, {'k': z}] if <old>: <old>\n",
        b"from <a.b> import <old>\ndef f[T: <old>](x: T) -> <old>: return <old>\ntype A[*U] = tuple[*U, <old>]\n",
        b"from <a.b> import <old>\ntry: pass\nexcept* <old>: <old>\n",
        b"from <a.b> import <old>\ntry: pass\nexcept <old>, A: <old>\n",
        b"from <a.b> import <old>\nwith (<old> as x, y as z): pass\n",
        b"from <a.b> import <old>\nx = [y := <old>, *<old>]\nlambda z=<old>: z\n",
        b"from <a.b> import <old>\nif x:\n\t<old>()\n\tif y:\n\t\t<old>\n",
        b"from <a.b> import <old>; <old>(); x = 1 \\\n  + <old>\n",
        b"from <a.b> import (  # why\n    <old>,  # what\n)\n<old>\n",
        b"#!/usr/bin/env python\n'''doc'''\nfrom __future__ import annotations\nfrom <a.b> import <old>\n@<old>\nasync def f(): await <old>\n",
    ];
    for marked in cases {
        let (before, after) = (filled(marked, b"a.b", b"old"), filled(marked, b"a.c", b"new"));
        let shown = String::from_utf8_lossy(&before);
        let count = memchr::memmem::find_iter(marked, b"<old>").count();
        assert_eq!(found(&before), (count, true), "{shown}");
        let made = rewritten(&before, None, &[Step::Rename(&rename())]).unwrap();
        assert_eq!(String::from_utf8_lossy(&made), String::from_utf8_lossy(&after));
        assert_eq!(made, after, "{shown}");
        assert_eq!(found(&made), (0, true), "{shown}");
    }
}

/// The text with a module and a name in the places for them.
fn filled(marked: &[u8], module: &[u8], name: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut rest = marked;
    while let Some((byte, tail)) = rest.split_first() {
        let place = [(&b"<a.b>"[..], module), (b"<old>", name)].into_iter().find(|(mark, _)| rest.starts_with(mark));
        match place {
            Some((mark, with)) => {
                text.extend(with);
                rest = &rest[mark.len()..];
            }
            None => {
                text.push(*byte);
                rest = tail;
            }
        }
    }
    text
}

#[test]
fn what_python_would_not_take_is_looked_at_all_the_same() {
    let import = "from a.b import old\n";
    for (text, count) in [
        ("print 'a', old\nexec 'b'\n", 2),
        ("try: old()\nexcept E, e: raise E, 'x'\n", 2),
        ("x = `old`, 0777, ur'a'\n", 1),
        ("def f((a, b)): return old\n", 2),
        ("x = (old\n", 2),
        ("if x:\n\told\n        old\n", 3),
        ("x = '", 1),
        (")\n", 1),
    ] {
        let (got, valid) = found(format!("{import}{text}").as_bytes());
        assert!(got >= count && !valid, "{text}: {got}");
    }
    assert_eq!(found(b"from a.b import old\nx = '\xff', old\n"), (2, false));
    assert_eq!(found(b"\xef\xbb\xbf# coding: latin-1\nfrom a.b import old\n"), (1, false));
}

#[test]
fn valid_python_that_is_not_understood_is_refused_and_not_changed_by_halves() {
    let text = b"from a.b import old\nx = 1\nclass A[T = old](old[T]): pass\n";
    assert!(found(text).1);
    let error = rewritten(text, None, &[Step::Rename(&rename())]).unwrap_err();
    assert_eq!((error.line, error.column, error.kind.to_string().contains("Python 3.13, newer")), (3, 9, true), "{error}");
    let text = b"from a.b import old\ndef f():\n    (old.\nx)\n";
    assert!(found(text).1);
    let error = rewritten(text, None, &[Step::Rename(&rename())]).unwrap_err();
    assert_eq!((error.line, error.column, error.kind.to_string().contains("newer")), (3, 5, false), "{error}");
    assert!(matches!(error.kind, Problem::Unread(_)));
}

#[test]
fn files_with_nothing_in_them_have_nothing_to_find() {
    for text in ["", "\u{feff}", "\n", "\r", "\x0c", "# from a.b import old\n", "#", "   ", "'''from a.b import old'''"] {
        assert_eq!(found(text.as_bytes()), (0, true), "{text:?}");
        let made = rewritten(text.as_bytes(), None, &[Step::Rename(&rename())]).unwrap();
        assert_eq!(made, text.as_bytes());
    }
}

#[test]
fn what_is_no_python_file_is_refused_with_its_place() {
    for (bytes, want) in [
        (&b"from a.b import old\n\0"[..], SourceError::Nul { line: 2 }),
        (b"\xff\xfef\0", SourceError::Wide),
        (b"# coding: klingon\n", SourceError::UnknownEncoding { name: "klingon".into(), line: 1 }),
    ] {
        assert_eq!(Source::new(bytes).unwrap_err(), want);
    }
}

#[test]
fn no_length_and_no_depth_that_python_takes_hides_a_violation() {
    let import = "from a.b import old\n";
    for (what, text, count) in [
        ("brackets", format!("{}old{}", "[".repeat(150), "]".repeat(150)), 2),
        ("attributes", format!("old{}", ".x".repeat(9_000)), 2),
        ("calls", format!("old{}", "()".repeat(150)), 2),
        ("a sum", format!("old{}", "+old".repeat(5_000)), 5_002),
        ("strings side by side", format!("x = (\n{}    , old)\n", "    'a' 'b'\n".repeat(5_000)), 2),
        ("one line", format!("x = [{}]\n", "old, ".repeat(20_000)), 20_001),
        ("comments", format!("{}old\n", "# old\n".repeat(50_000)), 2),
        ("statements", "old()\n".repeat(20_000), 20_001),
    ] {
        let text = format!("{import}{text}\n");
        let source = Source::new(text.as_bytes()).unwrap();
        let seen = violations(&Parsed::new(&source, None), Step::Rename(&rename())).unwrap();
        assert_eq!(seen.len(), count, "{what}");
    }
}

#[test]
fn what_is_too_deep_for_python_ends_all_the_same() {
    let blocks: String = (0..10_000_usize).map(|level| format!("{}if old:\n", " ".repeat(level.min(700)))).collect();
    for (what, text) in [
        ("brackets", "(".repeat(100_000) + "old"),
        ("closed brackets", "(".repeat(20_000) + "old" + &")".repeat(20_000)),
        ("blocks", blocks),
        ("operators", "-".repeat(50_000) + "old"),
        ("strings", "f'{".repeat(5_000) + "old"),
    ] {
        let text = format!("from a.b import old\n{text}\n");
        let source = Source::new(text.as_bytes()).unwrap();
        let file = Parsed::new(&source, None).within(std::time::Duration::from_secs(1));
        // A tree in time or none: both are an answer.
        if let Ok(seen) = violations(&file, Step::Rename(&rename())) {
            assert!(!seen.is_empty(), "{what}");
        }
        assert!(!file.problems().is_empty(), "{what}");
    }
}
