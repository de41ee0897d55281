#!/usr/bin/env bash
# pytest 9.2.0 with pytest-rerunfailures 16.7, with pytest-xdist 3.8.0 or without: a test that fails in a subtest and passes when it is
# run again leaves a <failure>, and failures="1", in the JUnit report of a run that passes and exits 0. Of a test that fails outside a
# subtest the failed attempt is a <testcase> without children, which reads as a pass. And a subtest of unittest.TestCase that fails is
# not run again by --reruns, so the same suite may be red in one style and green in the other.
#
# Seen: exit 0, "2 passed, 1 subtests passed, 2 rerun", failures="1" and two <testcase> of test_in_a_subtest, of which the first has the
# <failure>; two of test_outside, of which neither has one. With the class: exit 1, "0 rerun", its one <testcase> with the <failure>.
# Exits 0 while that is so, 1 when it is not any more.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/pip" -q install --disable-pip-version-check pytest==9.2.0 pytest-rerunfailures==16.7 pytest-xdist==3.8.0
export HOME="$folder"
mkdir "$folder/project"
cd "$folder/project"
cat > once.py <<'PYTHON'
import os


def first(name):
    path = os.path.join(os.environ["SEEN"], name)
    if os.path.exists(path):
        return False
    open(path, "w").close()
    return True
PYTHON
cat > test_style.py <<'PYTHON'
from once import first


def test_in_a_subtest(subtests):
    failing = first("subtest")
    with subtests.test("inner"):
        assert not failing


def test_outside():
    assert not first("outside")
PYTHON
cat > test_unit.py <<'PYTHON'
import unittest

from once import first


class Unit(unittest.TestCase):
    def test_in_a_subtest(self):
        failing = first("unit")
        with self.subTest("inner"):
            self.assertFalse(failing)
PYTHON
run() {
    status=0
    SEEN=$(mktemp -d -p "$folder") "$folder/v/bin/python" -m pytest -q -p no:cacheprovider --reruns 2 --junitxml=report.xml "$@" || status=$?
    echo "exit $status"
}
for workers in "" -n2; do
    run $workers test_style.py
    test "$status" = 0
    "$folder/v/bin/python" - <<'PYTHON'
import xml.etree.ElementTree as tree

suite = tree.parse("report.xml").getroot().find("testsuite")
attempts = {}
for case in suite.iter("testcase"):
    attempts.setdefault(case.get("name"), []).append([child.tag for child in case])
print(suite.get("failures"), attempts)
assert suite.get("failures") == "1"
assert attempts == {"test_in_a_subtest": [["failure"], []], "test_outside": [[], []]}, attempts
PYTHON
done
run test_unit.py
test "$status" = 1
test "$(grep -o '<testcase' report.xml | wc -l)" = 1
