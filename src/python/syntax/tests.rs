//! What Python takes and refuses, and texts so deep that a careless parser would not come back.

use super::*;
use crate::python::names::Names;

fn messages(text: &str) -> Vec<(u32, u32, String)> {
    let source = Source::new(text.as_bytes()).unwrap();
    errors(&source).into_iter().map(|problem| (problem.line, problem.column, problem.message)).collect()
}

#[test]
fn what_only_python_2_takes_is_an_error() {
    for text in [
        "print 'a'\n",
        "exec 'a'\n",
        "try: pass\nexcept E, e: pass\n",
        "`a`\n",
        "a <> b\n",
        "0777\n",
        "10L\n",
        "raise E, 'a'\n",
        "def f((a, b)): pass\n",
        "ur'a'\n",
        "if a:\n\tb\n        c\n",
    ] {
        assert!(!messages(text).is_empty(), "{text}");
    }
}

#[test]
fn what_new_python_takes_is_none() {
    for text in [
        "match x:\n    case {'a': [b, *_]} | A(c=b): pass\n",
        "type A[*T] = tuple[*T]\nclass B[T: int](A): pass\n",
        "try: pass\nexcept* E: pass\n",
        "f'{x!r:>{w}} {f'{y}'} {d['a']}'\n",
        "with (a as b, c as d): pass\n",
        "try: pass\nexcept A, B: pass\n",
        "x = lambda *, a: (yield)\n",
        "class A:\n    async def f(self): return [x async for x in y], (await z for z in w)\n",
        "\u{feff}x = 1\r\n\x0cy = 2",
        "for x in y:\n    if x: break\n    else: continue\n",
        "def f():\n    x: int\n    global y\n    return\n",
        "",
    ] {
        assert_eq!(messages(text), [], "{text}");
    }
}

#[test]
fn what_cpython_takes_both_parsers_read() {
    let lists = [
        "return {}\n",
        "x = yield {}\n",
        "match {}:\n        case _: pass\n",
        "x: T = {}\n",
        "for x in {}: pass\n",
        "f(x)[{}]\n",
    ];
    let stars =
        ["*[1], b", "b, *(1, 2)", "*{**b},", "*(a or b), 'é', *[c]", "*-a, b", "*'é', *f'{a}'", "*[x for x in y], *z, *d()"];
    let lists = lists.iter().flat_map(|list| stars.map(|star| format!("def f():\n    {}", list.replace("{}", star))));
    let raises = ["raise; x\n", "raise ; x\n", "if x: raise;x\nelse: raise;\n", "try:\n    é; raise\t;\nexcept: pass\n"];
    for text in lists.chain(raises.map(str::to_owned)) {
        let source = Source::new(text.as_bytes()).unwrap();
        assert_eq!(errors(&source), [], "{text}");
        let tree = parse_within(&source, DEADLINE).unwrap();
        assert!(!tree.root_node().has_error(), "{text}");
    }
    for text in ["raise, x\n", "x.raise; y\n", "a raise; x\n", "raise x from; y\n", "return *;\n"] {
        assert!(!messages(text).is_empty(), "{text}");
    }
}

#[test]
fn what_the_compiler_alone_refuses_is_an_error() {
    for (text, line) in [
        ("def f():\n    await x\n", 2),
        ("class A:\n    return 1\n", 2),
        ("yield 1\n", 1),
        ("if x:\n    break\n", 2),
        ("def f(a, a): pass\n", 1),
        ("f(a=1, a=2)\n", 1),
        ("x = 1\nfrom __future__ import annotations\n", 2),
        ("def f():\n    from m import *\n", 2),
        ("(a, b) += 1\n", 1),
        ("[(yield) for x in y]\n", 1),
        ("class A:\n    def f(self):\n        class B:\n            await x\n", 4),
    ] {
        let found = messages(text);
        assert_eq!(found.iter().map(|(line, ..)| *line).collect::<Vec<_>>(), [line], "{text} {found:?}");
    }
}

#[test]
fn bytes_that_are_no_text_are_an_error_with_their_place() {
    let source = Source::new(b"x = 1\ny = 2 # \xff\n").unwrap();
    let want = SyntaxProblem { line: 2, column: 9, message: "a byte that is not UTF-8".into() };
    assert_eq!(errors(&source), [want]);
    let both = Source::new(b"\xef\xbb\xbf# coding: latin-1\nx = 1\n").unwrap();
    assert_eq!(errors(&both).len(), 1);
}

#[test]
fn two_hundred_thousand_levels_are_refused_at_once() {
    let count = 200_000;
    for text in [
        format!("{}1{}", "(".repeat(count), ")".repeat(count)),
        format!("{}1", "-".repeat(count)),
        format!("a{}", ".a".repeat(count)),
        format!("a{}", "+a".repeat(count)),
    ] {
        assert_eq!(messages(&text).len(), 1);
    }
}

#[test]
fn no_depth_exhausts_the_stack() {
    let blocks: String = (0..1_400).map(|level| format!("{}if a:\n", " ".repeat(level))).collect();
    let (count, many) = (50_000, 20_000);
    for (what, text) in [
        ("parentheses", format!("{}1{}", "(".repeat(count), ")".repeat(count))),
        ("open parentheses", "(".repeat(count)),
        ("unary", format!("{}1", "-".repeat(many))),
        ("not", format!("{}1", "not ".repeat(many))),
        ("attributes", format!("a{}", ".a".repeat(many))),
        ("calls", format!("a{}", "()".repeat(many))),
        ("sums", format!("a{}", "+a".repeat(many))),
        ("powers", format!("a{}", "**a".repeat(many))),
        ("lambdas", format!("{}a", "lambda:".repeat(20_000))),
        ("choices", format!("a{}", " if a else a".repeat(20_000))),
        ("subscripts", "a[".repeat(many)),
        ("blocks", blocks),
        ("elif", format!("if a: b\n{}", "elif a: b\n".repeat(5_000))),
        ("within limits", format!("{}1{}", "(".repeat(199), ")".repeat(199))),
        ("long sum", format!("a{}", "+a".repeat(9_000))),
        ("long chain", format!("x = {}1", "not -".repeat(4_900))),
    ] {
        let source = Source::new(text.as_bytes()).unwrap();
        let found = errors(&source);
        let sound = matches!(what, "elif" | "within limits" | "long sum" | "long chain");
        assert!(sound || !found.is_empty(), "{what}");
        if let Ok(tree) = parse_within(&source, DEADLINE) {
            assert!(Names::new(&source, &tree, None).uses.len() < 400_000, "{what}");
        }
    }
}

#[test]
fn a_text_is_parsed_in_time_that_grows_with_its_length() {
    let lines = 20_000;
    for (what, text) in [
        ("comments", "# a = f(b)\n".repeat(lines)),
        ("comments and blank lines", "# a = f(b)\n\n".repeat(lines)),
        ("indented comments", format!("def f():\n    x\n{}\n    y\n", "        # a\n".repeat(lines))),
        ("comments in brackets", format!("x = [\n{}]\n", "    # a\n".repeat(lines))),
        ("blank lines", "\n".repeat(10 * lines)),
        ("blanks", format!("x\n{}\ny\n", " ".repeat(60_000))),
        ("one long line", format!("x = [{}]\n", "a, ".repeat(lines))),
        ("one long string", format!("x = '{}'\n", "a".repeat(20 * lines))),
        ("strings side by side", format!("x = (\n{})\n", "    'a b'\n".repeat(lines))),
        ("escapes", format!("x = '{}'\n", "\\n".repeat(lines))),
        ("a string of comments", format!("x = '''\n{}'''\n", "# a\n".repeat(lines))),
    ] {
        let source = Source::new(text.as_bytes()).unwrap();
        let tree = parse_within(&source, DEADLINE / 2).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(!tree.root_node().has_error(), "{what}");
    }
}

#[test]
fn a_long_run_of_comments_is_one_and_nothing_else_moves() {
    let run = "    # f é\n".repeat(1_000);
    let text = format!("def g():\n    from a import f\n{run}    f()\nf\n");
    let source = Source::new(text.as_bytes()).unwrap();
    let tree = parse_within(&source, DEADLINE).unwrap();
    let function = tree.root_node().named_child(0).unwrap();
    let body = function.child_by_field_name("body").unwrap();
    let kinds: Vec<&str> = (0..3).filter_map(|at| body.named_child(at)).map(|node| node.kind()).collect();
    assert_eq!(kinds, ["import_from_statement", "comment", "expression_statement"]);
    let comment = body.named_child(1).unwrap();
    assert_eq!(&text[comment.byte_range()], run.trim());
    let last = tree.root_node().named_child(1).unwrap();
    assert_eq!((last.start_byte(), last.start_position().row), (text.len() - 2, 1_003));
    let names = Names::new(&source, &tree, None);
    assert_eq!(
        names.uses.iter().map(|read| (read.scope, read.range.start)).collect::<Vec<_>>(),
        [(1, text.len() - 6), (0, text.len() - 2)]
    );
}
