#!/usr/bin/env bash
# ruff 0.14.5 calls valid Python a syntax error: a bare `raise` with another statement after it on the same line.
# `raise; x = 1` and `raise;` compile in CPython. ruff's parser looks for an expression behind `raise` and finds the semicolon:
#   invalid-syntax: Expected an expression
# A bare `raise` at the end of a line, and `return;`, are read as they should be.
# Exits 0 while that is so, 1 when it is not any more.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/pip" -q install ruff==0.14.5
printf 'raise; x = 1\n' > "$folder/raise.py"
printf 'def f():\n    return; print()\n' > "$folder/return.py"
for name in raise return; do
    python3 -c 'import sys; compile(open(sys.argv[1]).read(), sys.argv[1], "exec")' "$folder/$name.py"
done
said() { "$folder/v/bin/ruff" check --isolated --select F "$folder/$1.py" || true; }
said raise | tee "$folder/out"
grep -q 'Expected an expression' "$folder/out"
said return | grep -q 'All checks passed'
