#!/usr/bin/env bash
# zope.testrunner 8.3 --xml files every failing subtest under the class `unittest.case._SubTest`, and takes the length of that name, and
# not of the test's own class, off the front of the test's id to get its name. So a name is cut somewhere, by how long the module and
# the class are called, down to nothing; subtests of tests in different modules get the same class and name; and the test that the
# subtest was part of is in no report at all. Who tells new failures from old ones by these names takes one for the other.
#
# Seen: tests.test_one.One.test_sub, with the subtests (i=1), is written as name="_sub (i=1)", and so is tests.test_two.Two.test_sub;
# t.T.test_sub is written as name="".
# Exits 0 while that is so, 1 when it is not any more.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/pip" -q install --disable-pip-version-check zope.testrunner==8.3
export HOME="$folder"
mkdir -p "$folder/project/tests"
cd "$folder/project"
touch tests/__init__.py
suite() {
    printf 'import unittest\n\n\nclass %s(unittest.TestCase):\n    def test_sub(self):\n' "$1"
    printf '        with self.subTest(i=1):\n            self.fail("no")\n'
}
suite One > tests/test_one.py
suite Two > tests/test_two.py
suite T > t.py
status=0
PYTHONPATH=. "$folder/v/bin/zope-testrunner" --path=. --tests-pattern='^(t|test_one|test_two)$' --xml=. || status=$?
test "$status" = 1
ls testreports
"$folder/v/bin/python" - <<'PYTHON'
import collections
import glob
import xml.etree.ElementTree as tree

found = collections.Counter()
for path in sorted(glob.glob("testreports/*.xml")):
    for case in tree.parse(path).getroot().iter("testcase"):
        found[case.get("classname"), case.get("name")] += 1
print(dict(found))
assert found == {("unittest.case._SubTest", "_sub (i=1)"): 2, ("unittest.case._SubTest", ""): 1}, found
PYTHON
