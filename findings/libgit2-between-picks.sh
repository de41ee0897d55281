#!/bin/bash
# libgit2 through pygit2 1.18.2 (libgit2 1.9.1): a cherry-pick of two commits that stopped in the first, which was then resolved
# with a plain `git commit`, is still in progress to git (`git status`: "Cherry-pick currently in progress.", and `git cherry-pick
# --continue` goes on with the second). git_repository_state() says NONE: it looks at .git/sequencer only while CHERRY_PICK_HEAD is
# there. Who asks it before committing lets a commit come in between.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pygit2==1.18.2
export HOME="$folder" GIT_CONFIG_NOSYSTEM=1 LC_ALL=C
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com
cd "$(mktemp -d -p "$folder")"
git init -q -b main .
echo base > file && git add file && git commit -q -m base
git checkout -q -b other
echo one > file && git commit -q -a -m one
echo two > second && git add second && git commit -q -m two
git checkout -q main
echo mine > file && git commit -q -a -m mine
if git cherry-pick other~1 other > /dev/null 2>&1; then echo "the pick was to stop"; exit 1; fi
echo resolved > file && git commit -q -a -m resolved
git status | grep -q "Cherry-pick currently in progress"
"$folder/venv/bin/python" - <<'PYTHON'
import pygit2

state = pygit2.Repository(".").state()
print(f"libgit2 {pygit2.LIBGIT2_VERSION}: the state between two picks is {state!r}")
assert int(state) == 0, state
PYTHON
git -c core.editor=true cherry-pick --continue > /dev/null
git log -1 --format=%s | grep -qx two
