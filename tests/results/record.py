"""Makes the recorded results again: installs each runner, pinned, in a temporary folder and runs it on the suites beside this file.

    python3 tests/results/record.py            writes recorded/ and recorded.tsv anew
    python3 tests/results/record.py --check    says what differs from them, and fails when something does
    ... NAME...                                only the results whose names begin so

Interpreters are taken from PATH as python3.11, python3.12 and python3.13; without the one that a result was recorded with, python3 runs
it, and of the text that it prints nothing is compared. Times, addresses, folders and the name of the host are replaced by fixed ones.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))

PYTEST = "pytest==9.2.0 pytest-xdist==3.8.0 pytest-rerunfailures==16.7"
UNITTEST = ""
XMLRUNNER = "unittest-xml-reporting==4.0.0"
NOSE2 = "nose2==0.16.0"
PYNOSE = "pynose==1.5.5"
GREEN = "green==4.0.2"
STESTR = "stestr==4.2.1 python-subunit==1.4.6 testtools==2.9.1 junitxml==0.7"
ZOPE = "zope.testrunner==8.3"
TRIAL = "Twisted==26.10.0 python-subunit==1.4.6 testtools==2.9.1 junitxml==0.7"
BEHAVE = "behave==1.3.3"
ROBOT = "robotframework==7.5"
AVOCADO = "avocado-framework==113.0 setuptools==80.9.0"

PYTEST_XML = "python -m pytest -p no:cacheprovider -q --junitxml=report.xml"
PYTEST_TEXT = "python -m pytest -p no:cacheprovider"
CONVERT = "subunit2junitxml --no-passthrough"

# Name, suite, Python, packages, what a shell runs there, the file that it writes: a report, or "output" for what it prints.
RESULTS = [
    ("pytest", "pytest", "3.13", PYTEST, f"{PYTEST_XML}", "report.xml"),
    ("pytest-xdist", "pytest", "3.13", PYTEST, f"{PYTEST_XML} -n2", "report.xml"),
    ("pytest-collect", "collect", "3.13", PYTEST, f"{PYTEST_XML}", "report.xml"),
    ("pytest-collect-xdist", "collect", "3.13", PYTEST, f"{PYTEST_XML} -n2", "report.xml"),
    ("pytest-reruns", "reruns", "3.13", PYTEST, f"{PYTEST_XML} --reruns 2", "report.xml"),
    ("pytest-reruns-xdist", "reruns", "3.13", PYTEST, f"{PYTEST_XML} --reruns 2 -n2", "report.xml"),
    ("pytest-reruns-pass", "reruns_pass", "3.13", PYTEST, f"{PYTEST_XML} --reruns 2", "report.xml"),
    ("pytest-reruns-pass-xdist", "reruns_pass", "3.13", PYTEST, f"{PYTEST_XML} --reruns 2 -n2", "report.xml"),
    ("pytest-reruns-pass-named", "reruns_pass", "3.13", PYTEST, f"{PYTEST_XML} --reruns 2 -o junit_suite_name=mine", "report.xml"),
    ("pytest-crash", "crash_always", "3.13", PYTEST, f"{PYTEST_XML} -n2", "report.xml"),
    ("pytest-crash-reruns", "crash", "3.13", PYTEST, f"{PYTEST_XML} -n2 --reruns 2", "report.xml"),
    ("pytest-differ", "differ", "3.13", PYTEST, f"{PYTEST_XML} -n2", "report.xml"),
    ("pytest-interrupted", "interrupted", "3.13", PYTEST, f"{PYTEST_XML}", "report.xml"),
    ("pytest-nothing", "pytest", "3.13", PYTEST, f"{PYTEST_XML} -k nothing_is_called_so", "report.xml"),
    ("pytest-skipped", "skipped", "3.13", PYTEST, f"{PYTEST_XML}", "report.xml"),
    ("pytest-text", "pytest", "3.13", PYTEST, f"{PYTEST_TEXT}", "output"),
    ("pytest-text-quiet", "pytest", "3.13", PYTEST, f"{PYTEST_TEXT} -q", "output"),
    ("pytest-text-xdist", "pytest", "3.13", PYTEST, f"{PYTEST_TEXT} -n2 -v", "output"),
    ("pytest-text-colour", "pytest", "3.13", PYTEST, f"{PYTEST_TEXT} --color=yes", "output"),
    ("pytest-text-collect", "collect", "3.13", PYTEST, f"{PYTEST_TEXT}", "output"),
    ("pytest-text-reruns-pass", "reruns_pass", "3.13", PYTEST, f"{PYTEST_TEXT} --reruns 2", "output"),
    ("pytest-text-nothing", "pytest", "3.13", PYTEST, f"{PYTEST_TEXT} -k nothing_is_called_so", "output"),
    ("pytest-text-none", "nothing", "3.13", PYTEST, f"{PYTEST_TEXT} -q", "output"),
    ("pytest-text-silent", "pytest", "3.13", PYTEST, f"{PYTEST_TEXT} -qq", "output"),
    ("pytest-text-no-summary", "pytest", "3.13", PYTEST, f"{PYTEST_TEXT} --no-summary --tb=no", "output"),
    ("unittest-text", "mix import", "3.13", UNITTEST, "python -m unittest", "output"),
    ("unittest-text-verbose", "mix import", "3.13", UNITTEST, "python -m unittest -v", "output"),
    ("unittest-text-3.11", "mix import", "3.11", UNITTEST, "python -m unittest", "output"),
    ("unittest-text-3.12", "mix import", "3.12", UNITTEST, "python -m unittest", "output"),
    ("unittest-text-odd", "odd", "3.13", UNITTEST, "python -m unittest", "output"),
    ("unittest-text-class", "class", "3.13", UNITTEST, "python -m unittest", "output"),
    ("unittest-text-nothing", "nothing", "3.13", UNITTEST, "python -m unittest", "output"),
    ("unittest-text-nothing-3.11", "nothing", "3.11", UNITTEST, "python -m unittest", "output"),
    ("unittest-text-skipped", "skipped", "3.13", UNITTEST, "python -m unittest", "output"),
    ("unittest-text-skipped-3.12", "skipped", "3.12", UNITTEST, "python -m unittest", "output"),
    ("xmlrunner", "mix import", "3.13", XMLRUNNER, "python -m xmlrunner discover --output-file report.xml", "report.xml"),
    ("xmlrunner-odd", "odd", "3.13", XMLRUNNER, "python -m xmlrunner discover --output-file report.xml", "report.xml"),
    ("xmlrunner-surrogate", "surrogate", "3.13", XMLRUNNER, "python -m xmlrunner discover --output-file report.xml", "report.xml"),
    ("xmlrunner-folder", "mix import", "3.13", XMLRUNNER, "python -m xmlrunner discover -o reports", "reports/*.xml"),
    ("nose2", "mix import", "3.13", NOSE2, "nose2 --plugin nose2.plugins.junitxml --junit-xml", "nose2-junit.xml"),
    ("nose2-odd", "odd", "3.13", NOSE2, "nose2 --plugin nose2.plugins.junitxml --junit-xml", "nose2-junit.xml"),
    ("nose2-nothing", "nothing", "3.13", NOSE2, "nose2 --plugin nose2.plugins.junitxml --junit-xml", "nose2-junit.xml"),
    ("pynose", "mix import", "3.13", PYNOSE, "nosetests --with-xunit --xunit-file=report.xml", "report.xml"),
    ("pynose-odd", "odd", "3.13", PYNOSE, "nosetests --with-xunit --xunit-file=report.xml", "report.xml"),
    ("green", "mix", "3.13", GREEN, "green -s1 -j report.xml .", "report.xml"),
    ("green-class", "class", "3.13", GREEN, "green -s1 -j report.xml .", "report.xml"),
    ("green-class-alone", "class", "3.13", GREEN, "green -s1 -j report.xml test_class.Broken", "report.xml"),
    ("stestr", "mix import", "3.13", STESTR, f"stestr run --serial; ended=$?; stestr last --subunit | {CONVERT} -o report.xml; exit $ended", "report.xml"),
    ("stestr-skipped", "skipped", "3.13", STESTR, f"stestr run; ended=$?; stestr last --subunit | {CONVERT} -o report.xml; exit $ended", "report.xml"),
    ("zope", "mix import", "3.13", ZOPE, "zope-testrunner --path=. --tests-pattern=^test --xml=.", "testreports/*.xml"),
    ("zope-package", "mix@tests", "3.13", ZOPE, "PYTHONPATH=. zope-testrunner --path=. --tests-pattern=^test_ --xml=.", "testreports/*.xml"),
    (
        "trial",
        "mix import",
        "3.13",
        TRIAL,
        "python -m twisted.trial --reporter=subunit test_mix test_broken_import > one; ended=$?; "
        f"subunit-1to2 < one | {CONVERT} -o report.xml; exit $ended",
        "report.xml",
    ),
    ("behave", "features", "3.13", BEHAVE, "behave --junit --junit-directory=reports --tags=-no .", "reports/*.xml"),
    ("robot", "robot", "3.13", ROBOT, "robot --xunit=report.xml .", "report.xml"),
    ("avocado", "avocado", "3.13", AVOCADO, "avocado run --xunit=report.xml test_av.py good.sh bad.sh", "report.xml"),
    ("avocado-cut", "avocado_long", "3.13", AVOCADO, "avocado run --max-parallel-tasks=1 --job-timeout=5 --xunit=report.xml test_long.py", "report.xml"),
]


def interpreter(version):
    """The interpreter for a result, and whether it is the one that it was recorded with."""
    found = shutil.which(f"python{version}")
    # A shim may stand for an interpreter that is not there.
    works = found and subprocess.run([found, "-c", ""], stderr=subprocess.DEVNULL).returncode == 0
    return (found, True) if works else (shutil.which("python3"), False)


def environment(folder, python, packages, made={}):
    """A virtual environment with the packages, made once."""
    key = (python, packages)
    if key not in made:
        venv = os.path.join(folder, f"venv{len(made)}")
        subprocess.run([python, "-m", "venv", venv], check=True)
        if packages:
            pip = [os.path.join(venv, "bin", "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run(pip + packages.split(), check=True)
        made[key] = venv
    return made[key]


def lay(suites, project):
    """The suites' files as a project: `a b` is both, `a@sub` is one in a package of its own."""
    for suite in suites.split():
        suite, _, package = suite.partition("@")
        target = os.path.join(project, package)
        shutil.copytree(os.path.join(HERE, "suites", suite), target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        if package:
            open(os.path.join(target, "__init__.py"), "w").close()


def run(folder, result, nth):
    """Runs one result's command; gives its exit status and its files."""
    name, suites, version, packages, command, written = result
    python, same = interpreter(version)
    venv = environment(folder, python, packages)
    place = os.path.join(folder, f"run{nth}")
    project, home, seen = (os.path.join(place, part) for part in ("project", "home", "seen"))
    for made in (project, home, seen):
        os.makedirs(made)
    lay(suites, project)
    if name.startswith("stestr"):
        with open(os.path.join(project, ".stestr.conf"), "w") as conf:
            conf.write("[DEFAULT]\ntest_path=.\n")
    env = {
        "PATH": os.path.join(venv, "bin") + os.pathsep + os.defpath,
        "HOME": home,
        "SEEN": seen,
        "LC_ALL": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "COLUMNS": "130",
    }
    ended = subprocess.run(
        ["bash", "-c", command], cwd=project, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300
    )
    if written == "output":
        texts = [ended.stdout]
    else:
        folder_of, pattern = os.path.split(written)
        wanted = re.compile(re.escape(pattern).replace(r"\*", ".*"))
        held = os.path.join(project, folder_of)
        names = sorted(os.listdir(held)) if os.path.isdir(held) else []
        texts = [open(os.path.join(held, file), "rb").read() for file in names if wanted.fullmatch(file)]
        if not texts:
            sys.stderr.buffer.write(ended.stdout)
            raise SystemExit(f"{name}: no report")
    base = subprocess.run([python, "-c", "import sys; print(sys.base_prefix)"], check=True, capture_output=True, text=True).stdout.strip()
    return ended.returncode, [impersonal(text, project, home, venv, base) for text in texts], same


def impersonal(text, project, home, venv, base):
    """The text without what differs from one run and one machine to the next."""
    for path, word in ((project, b"/project"), (home, b"/home"), (venv, b"/venv"), (base, b"/python")):
        text = text.replace(path.encode(), word)
    for pattern, word in (
        (rb' hostname="[^"]*"', b' hostname="host"'),
        (rb' time="[0-9.]+e-[0-9]+"', b' time="1e-05"'),
        (rb' time="[0-9.]+"', b' time="0.001"'),
        (rb'timestamp="20[0-9-]+T[0-9:.]+', b'timestamp="2026-01-01T00:00:00'),
        (rb"-20[0-9]{12}\b", b"-20260101000000"),
        (rb"job-20[0-9T.-]+-[0-9a-f]{7}", b"job-2026-01-01T00.00-0000000"),
        (rb"0x[0-9a-f]{8,}", b"0x7f0000000000"),
        (rb"/var/tmp/avocado_\w+", b"/scratch"),
        (rb"\b20[0-9-]{8} [0-9:]{8},[0-9]{3}\b", b"2026-01-01 00:00:00,000"),
        (rb"\b(in|took) [0-9.]+(s| sec| seconds|ms)\b", rb"\1 0.01\2"),
        (rb"test_of_this_process\[[0-9]+\]", b"test_of_this_process[1]"),
    ):
        text = re.sub(pattern, word, text)
    return text


def gist(written, texts):
    """What matters of a result: the elements and their counts, or the lines that tell of tests, in any order."""
    found = []
    for text in texts:
        if written == "output":
            lines = re.sub(rb"\x1b\[[0-9;]*m", b"", text).splitlines()
            telling = re.compile(rb"(FAIL|ERROR|FAILED|SUBFAILED|UNEXPECTED|Ran |OK|NO TESTS|=+ .* in |[0-9]+ .* in )")
            found += [line.split(b" - ")[0].strip(b"= ") for line in lines if telling.match(line)]
        else:
            for tag, attributes in re.findall(rb"<(testsuite|testcase|failure|error|skipped)\b([^>]*)>", text):
                wanted = rb' (name|classname|tests|failures|errors|skipped|skip)="([^"]*)"'
                kept = [] if tag in (b"failure", b"error", b"skipped") else re.findall(wanted, attributes)
                found.append(tag + b" " + repr(kept).encode())
    return sorted(found)


def main(arguments):
    check = "--check" in arguments
    wanted = [argument for argument in arguments if argument != "--check"]
    chosen = [result for result in RESULTS if not wanted or any(result[0].startswith(name) for name in wanted)]
    recorded = os.path.join(HERE, "recorded")
    table = os.path.join(HERE, "recorded.tsv")
    rows = {}
    if os.path.exists(table):
        with open(table) as file:
            rows = {line.split("\t")[0]: line.rstrip("\n") for line in file if not line.startswith("#")}
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = os.path.realpath(folder)
        for nth, result in enumerate(chosen):
            name, suites, version, packages, command, written = result
            status, texts, same = run(folder, result, nth)
            ending = "txt" if written == "output" else "xml"
            names = [f"{name}.{ending}"] if len(texts) == 1 else [f"{name}.{at}.{ending}" for at in range(1, len(texts) + 1)]
            row = "\t".join((name, str(status), ",".join(names), f"python=={version} {packages}".strip(), command))
            if check:
                old = [open(os.path.join(recorded, file), "rb").read() for file in rows[name].split("\t")[2].split(",")]
                comparable = written != "output" or same
                good = rows[name] == row and (not comparable or gist(written, old) == gist(written, texts))
                wrong += not good
                print(f"{'same' if good else 'DIFFERS'}: {name}: exit {status}")
                if not good:
                    print(rows[name], row, sep="\n")
                    print(*sorted(set(gist(written, old)) ^ set(gist(written, texts))), sep="\n")
            else:
                os.makedirs(recorded, exist_ok=True)
                for file, text in zip(names, texts):
                    with open(os.path.join(recorded, file), "wb") as out:
                        out.write(text)
                rows[name] = row
                print(f"{name}: exit {status}")
    if not check:
        with open(table, "w") as file:
            file.write("# name\texit status\tfiles in recorded/\tpackages\tcommand\n")
            file.writelines(rows[result[0]] + "\n" for result in RESULTS if result[0] in rows)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
