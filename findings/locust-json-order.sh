#!/usr/bin/env bash
# locust 2.47 --json writes a list with one entry for each endpoint, in the order in which their first requests ended, and no entry for all
# of them together. Nor does an entry hold a percentile or a mean: response_times counts requests by rounded milliseconds. So a JSON
# pointer such as /0/num_failures is of whichever endpoint was quicker that time, and the 95th percentile has to be worked out.
#
# Seen: of one service the list begins with /a for users that ask /a first, and with /b for those that ask /b first; no key names a percentile.
# Exits 0 while that is so, 1 when it is not any more.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/pip" -q install --disable-pip-version-check locust==2.47.0
export HOME="$folder"
cd "$folder"
mkdir www
touch www/a www/b
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
python3 -m http.server "$port" --bind 127.0.0.1 --directory www >server.log 2>&1 &
server=$!
scheme=http
sleep 1
asks() {
    printf 'from locust import HttpUser, task, constant\n\n\nclass U(HttpUser):\n    wait_time = constant(0.1)\n\n'
    printf '    @task\n    def both(self):\n        self.client.get("/%s")\n        self.client.get("/%s")\n' "$1" "$2"
}
for order in "a b" "b a"; do
    name=${order/ /}
    # shellcheck disable=SC2086
    asks $order >"$name.py"
    "$folder/v/bin/locust" -f "$name.py" --headless -u 1 -r 1 -t 2s -H "$scheme://127.0.0.1:$port" --json >"$name.json" 2>"$name.log"
done
python3 - <<'PYTHON'
import json

first, second = (json.load(open(name + ".json")) for name in ("ab", "ba"))
print([entry["name"] for entry in first], [entry["name"] for entry in second], sorted(first[0]))
assert [entry["name"] for entry in first] == ["/a", "/b"], first
assert [entry["name"] for entry in second] == ["/b", "/a"], second
assert not any("percentile" in key or "avg" in key or "p95" in key for key in first[0]), first[0]
PYTHON
