#!/usr/bin/env bash
# flynt 1.0.6 passes over a file that is named to it when its absolute path contains `venv`, `site-packages`, `.tox` or `.eggs`, even
# inside another word, such as "cmvenv" or "a.toxin". It exits 0 all the same; with --quiet it says nothing, without it says
# "No changes made to 0 files". The same file in another folder is changed.
#
# Seen: the file as it was and exit 0 in each of these folders, also by a relative name from inside of it; changed in "plain".
# Exits 0 while that is so, 1 when it is not any more.
set -euo pipefail
folder=$(cd "$(mktemp -d)" && pwd -P)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/pip" -q install --disable-pip-version-check flynt==1.0.6
export HOME="$folder"
before='x = "{}".format(y)'
after='x = f"{y}"'
ended() { status=0; timeout 120 "$folder/v/bin/flynt" "$@" > "$folder/out" 2>&1 || status=$?; }
for name in venv cmvenv site-packages my-site-packages.d .tox a.toxin .eggs b.eggshell; do
    mkdir -p "$folder/$name/src"
    cd "$folder/$name/src"
    printf '%s\n' "$before" > a.py
    ended --quiet "$folder/$name/src/a.py"
    echo "$name: exit $status, \"$(cat "$folder/out")\", $(cat a.py)"
    test "$status" = 0
    test ! -s "$folder/out"
    test "$(cat a.py)" = "$before"
    ended a.py
    test "$status" = 0
    grep -q '^No changes made to 0 files' "$folder/out"
    test "$(cat a.py)" = "$before"
done
mkdir -p "$folder/plain/src"
cd "$folder/plain/src"
printf '%s\n' "$before" > a.py
ended --quiet "$folder/plain/src/a.py"
echo "plain: exit $status, \"$(cat "$folder/out")\", $(cat a.py)"
test "$status" = 0
test "$(cat a.py)" = "$after"
