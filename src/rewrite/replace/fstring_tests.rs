//! What is captured and comes to stand in the braces of an f-string: Pythons older than 3.12 read little there.

use crate::rewrite::replace::tests::{check, left, rule};

const STRING: &str = "f\"{$A}\"";

#[test]
fn a_brace_that_would_be_a_character_of_the_string_stands_in_parentheses() {
    check(
        "tri($A)",
        STRING,
        &[
            ("tri({x})\n", "f\"{({x})}\"\n"),
            ("tri({'k': x})\n", "f\"{({'k': x})}\"\n"),
            ("tri({a for a in x})\n", "f\"{({a for a in x})}\"\n"),
            ("tri({'k': x}['k'])\n", "f\"{({'k': x}['k'])}\"\n"),
            ("tri({x} | y)\n", "f\"{({x} | y)}\"\n"),
            ("tri([{x}])\n", "f\"{[{x}]}\"\n"),
            ("tri(({x}))\n", "f\"{({x})}\"\n"),
            ("tri(tri({x}))\n", "f'{f\"{({x})}\"}'\n"),
        ],
    );
    check("tri($A)", "f\"{$A.x} {$A:{$A}}\"", &[("tri({x})\n", "f\"{({x}).x} {({x}):{({x})}}\"\n")]);
    check("tri($A)", "f\"{ $A} {($A)} {g({$A})} {{{$A}}}\"", &[("tri({x})\n", "f\"{ {x}} {({x})} {g({{x}})} {{{({x})}}}\"\n")]);
    check("tri($A)", "f\"{$A + 1}\"", &[("tri({x})\n", "f\"{({x}) + 1}\"\n"), ("tri(x)\n", "f\"{x + 1}\"\n")]);
}

#[test]
fn what_ends_an_expression_in_a_string_stands_in_parentheses() {
    check(
        "tri($A)",
        STRING,
        &[
            ("tri(lambda: x)\n", "f\"{(lambda: x)}\"\n"),
            ("tri(y := x)\n", "f\"{(y := x)}\"\n"),
            ("tri(x if y else z)\n", "f\"{(x if y else z)}\"\n"),
            ("tri(x != y)\n", "f\"{x != y}\"\n"),
            ("tri(x == y)\n", "f\"{x == y}\"\n"),
            ("tri(x[1:2])\n", "f\"{x[1:2]}\"\n"),
            ("tri(g(k=x))\n", "f\"{g(k=x)}\"\n"),
            ("def q(): tri((yield))\n", "def q(): f\"{(yield)}\"\n"),
            ("async def q(): tri(await x)\n", "async def q(): f\"{await x}\"\n"),
        ],
    );
}

#[test]
fn the_string_has_quotes_that_nothing_in_its_braces_has() {
    check(
        "tri($A)",
        STRING,
        &[
            ("tri(d['k'])\n", "f\"{d['k']}\"\n"),
            ("tri(d[\"k\"])\n", "f'{d[\"k\"]}'\n"),
            ("tri(d[\"k\"]['l'])\n", "f\"\"\"{d[\"k\"]['l']}\"\"\"\n"),
            ("tri(\"it's\")\n", "f\"\"\"{\"it's\"}\"\"\"\n"),
            ("tri(d['''k'''])\n", "f\"{d['''k''']}\"\n"),
            ("tri(d[\"\"\"k\"\"\"])\n", "f'{d[\"\"\"k\"\"\"]}'\n"),
            ("tri(g(\n    x,\n    y))\n", "f\"\"\"{g(\n    x,\n    y)}\"\"\"\n"),
            ("tri(tri(d[\"k\"]))\n", "f\"\"\"{f'{d[\"k\"]}'}\"\"\"\n"),
        ],
    );
    check("tri($A)", "f\"it's {$A}\"", &[("tri(d[\"k\"])\n", "f\"\"\"it's {d[\"k\"]}\"\"\"\n")]);
    check("tri($A)", "rf'{$A}' + \"x\"", &[("y = \"\", tri(d['k'])\n", "y = \"\", rf\"{d['k']}\" + 'x'\n")]);
    check("tri($A)", "f\"{$A['k']}\"", &[("y = \"\", tri(d)\n", "y = \"\", f\"{d['k']}\"\n")]);
    check("tri($$$A)", "f\"{g($$$A)}\"", &[("tri(1, d[\"k\"])\n", "f'{g(1, d[\"k\"])}'\n")]);
    check("tri($A)", "f'''{$A}'''", &[("tri(d['k'])\n", "f'''{d['k']}'''\n"), ("tri('''k''')\n", "f\"\"\"{'''k'''}\"\"\"\n")]);
}

#[test]
fn what_only_new_pythons_read_there_is_left_unless_the_file_or_the_rule_needs_them_anyway() {
    let tri = rule("tri($A)", STRING);
    for text in ["tri(d['\\n'])\n", "tri(g(  # why\n    x))\n", "tri(d['k'][\"l\"]['''m'''][\"\"\"n\"\"\"])\n"] {
        left(&tri, text, "needs Python 3.12");
    }
    check("tri($A)", STRING, &[("type T = int\ntri(d['\\n'])\n", "type T = int\nf\"{d['\\n']}\"\n")]);
    check("tri($A)", "f\"{g('\\n', $A)}\"", &[("tri(d['\\t'])\n", "f\"{g('\\n', d['\\t'])}\"\n")]);
    check("tri($A)", STRING, &[("tri('#')\n", "f\"{'#'}\"\n"), ("tri('\\n')\ntri(x)\n", "tri('\\n')\nf\"{x}\"\n")]);
}
