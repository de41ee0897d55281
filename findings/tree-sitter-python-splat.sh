#!/usr/bin/env bash
# tree-sitter-python 0.25.0 has an error in the tree of valid Python: outside brackets it takes `*` only before names, attributes, items
# and calls. `return *a, 2` is read; `return *[1], 2`, `x = *(1, 2), 3` and `match *[x], y:` are not, and what stands around them may
# come out as something else. CPython 3.10 and newer compiles all of them.
# Exits 0 while that is so, 1 when it is not any more.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/pip" -q install tree-sitter==0.25.2 tree-sitter-python==0.25.0
"$folder/v/bin/python" - <<'PYTHON'
import sys
import tree_sitter
import tree_sitter_python

parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_python.language()))
expected = {
    "def f():\n    return *a, 2\n": False,
    "def f():\n    return *a.b[0](1), 2\n": False,
    "def f():\n    return *[1], 2\n": True,
    "x = *(1, 2), 3\n": True,
    "match *[x], y:\n    case _: pass\n": True,
}
for text, broken in expected.items():
    compile(text, "text", "exec")
    found = parser.parse(text.encode()).root_node.has_error
    print(repr(text), "has an error" if found else "is read")
    if found != broken:
        sys.exit(1)
PYTHON
