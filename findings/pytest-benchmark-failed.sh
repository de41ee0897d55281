#!/usr/bin/env bash
# pytest-benchmark 5.3 writes into --benchmark-json what a test measured that then failed, beside the others, and nothing in its entry says
# so: a change that makes a function fast by making it wrong shows as a gain to whoever reads the file alone. Its place in the list is that
# of the test, so that /benchmarks/0 is another one once a test is added above. Without any benchmark, or with --benchmark-disable, no file is
# written, and one of an earlier run stays.
#
# Seen: two entries for one test that passes and one that fails, with the same keys; exit status 1. No file, exit status 0, when disabled.
# Exits 0 while that is so, 1 when it is not any more.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/pip" -q install --disable-pip-version-check pytest==9.2.0 pytest-benchmark==5.3.1
export HOME="$folder"
cd "$folder"
cat >test_b.py <<'PYTHON'
def test_right(benchmark):
    benchmark(lambda: sum(range(100)))


def test_wrong(benchmark):
    benchmark(lambda: 1)
    assert False
PYTHON
status=0
v/bin/pytest -q -p no:cacheprovider test_b.py --benchmark-json=b.json || status=$?
test "$status" = 1
v/bin/pytest -q -p no:cacheprovider test_b.py -k right --benchmark-disable --benchmark-json=none.json
test ! -s none.json
v/bin/python - <<'PYTHON'
import json

right, wrong = json.load(open("b.json"))["benchmarks"]
print(right["name"], wrong["name"], sorted(wrong), sorted(wrong["stats"]))
assert (right["name"], wrong["name"]) == ("test_right", "test_wrong")
assert sorted(right) == sorted(wrong) and not any("error" in key or "fail" in key for key in wrong), wrong.keys()
PYTHON
