#!/usr/bin/env bash
# LibCST 1.9.0: `python -m libcst.tool codemod` takes the value of an option that stands before the codemod's name for that name.
# `codemod --jobs 1 rename.RenameCommand ...` ends with "1 is not a valid codemod command". `--jobs=1` in the same place, and `--jobs 1`
# behind the name, work.
#
# Seen: exit 1 and that message, the file as it was; exit 0 and the file changed in the other two forms.
# Exits 0 while that is so, 1 when it is not any more.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/pip" -q install --disable-pip-version-check libcst==1.9.0
export HOME="$folder"
mkdir "$folder/project"
cd "$folder/project"
ended() {
    printf 'from old import f\nf(1)\n' > a.py
    status=0
    timeout 120 "$folder/v/bin/python" -m libcst.tool codemod "$@" > "$folder/out" 2>&1 || status=$?
    echo "codemod $*: exit $status"
    cat "$folder/out"
}
rename=(--old_name=old.f --new_name=new.g a.py)
ended --no-format --hide-progress --jobs 1 rename.RenameCommand "${rename[@]}"
test "$status" = 1
grep -q '^1 is not a valid codemod command' "$folder/out"
grep -q 'from old import f' a.py
ended --no-format --hide-progress --jobs=1 rename.RenameCommand "${rename[@]}"
test "$status" = 0
grep -q 'from new import g' a.py
ended rename.RenameCommand --no-format --hide-progress --jobs 1 "${rename[@]}"
test "$status" = 0
grep -q 'from new import g' a.py
