#!/usr/bin/env bash
# green 4.0.2 says OK and exits 0 over a class whose setUpClass raises, when a test of another class in the same module ran: neither
# the error nor the tests that were not run are in its output, its count or its JUnit report. unittest on the same file exits 1 and
# says `ERROR: setUpClass (test_class.Broken)`. With the broken class alone green does say so, and exits 1: a worker sends errors that
# belong to no test only while none of its tests has ended (poolRunner in green/process.py).
#
# Seen with CPython 3.11.7 and 3.13.0: "Ran 1 test ... OK (passes=1)", exit 0.
# Exits 0 while that is so, 1 when it is not any more.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/pip" -q install --disable-pip-version-check green==4.0.2
export HOME="$folder"
mkdir "$folder/project"
cd "$folder/project"
cat > test_class.py <<'PYTHON'
import unittest


class Broken(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise RuntimeError("class")

    def test_never_run(self):
        pass


class Sound(unittest.TestCase):
    def test_sound(self):
        pass
PYTHON
ended() { local status=0; timeout 120 "$@" > "$folder/out" 2>&1 || status=$?; cat "$folder/out"; echo "exit $status"; }
ended "$folder/v/bin/python" -m unittest | tee "$folder/unittest"
grep -q 'ERROR: setUpClass (test_class.Broken)' "$folder/unittest"
grep -q 'exit 1' "$folder/unittest"
for processes in 1 2; do
    ended "$folder/v/bin/green" "-s$processes" -j report.xml . | tee "$folder/green"
    grep -q 'Ran 1 test ' "$folder/green"
    grep -q 'OK (passes=1)' "$folder/green"
    grep -q 'exit 0' "$folder/green"
    grep -q 'test_sound' report.xml
    if grep -q 'Broken\|never_run' report.xml "$folder/green"; then exit 1; fi
done
ended "$folder/v/bin/green" -s1 test_class.Broken | tee "$folder/alone"
grep -q 'exit 1' "$folder/alone"
