#!/bin/bash
# libgit2 through pygit2 1.18.2 (libgit2 1.9.1): in a work tree made by `git init --separate-git-dir`, the documented pair
# discover_repository() and Repository() opens a repository whose work tree is the folder above git's folder. Opened by the work
# tree's own path it is right, and git is right either way: the .git file, which is the only thing that knows, is lost between the
# two calls. Who discovers from a subfolder like this reads and writes files in the wrong place.
#
# Seen: git says .../tree, Repository(".../tree") says .../tree/, Repository(discover_repository(".../tree/sub")) says .../store/.
set -euo pipefail
folder=$(cd "$(mktemp -d)" && pwd -P)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pygit2==1.18.2
export HOME="$folder" GIT_CONFIG_NOSYSTEM=1
mkdir "$folder/store"
git init -q --separate-git-dir "$folder/store/project" "$folder/tree"
mkdir "$folder/tree/sub"
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import subprocess, sys
import pygit2

folder = sys.argv[1]
top = subprocess.run(["git", "-C", f"{folder}/tree/sub", "rev-parse", "--show-toplevel"], capture_output=True, text=True, check=True)
by_git = top.stdout.strip()
by_path = pygit2.Repository(f"{folder}/tree").workdir
discovered = pygit2.Repository(pygit2.discover_repository(f"{folder}/tree/sub")).workdir
print(f"libgit2 {pygit2.LIBGIT2_VERSION}: git {by_git}, opened by path {by_path}, discovered {discovered}")
assert by_git == f"{folder}/tree"
assert by_path == f"{folder}/tree/"
assert discovered == f"{folder}/store/", discovered
PYTHON
