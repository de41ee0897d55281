"""What a rename broke, by the interpreter itself and by pyflakes, which share no code with the tool.

Reads lines `BEFORE <tab> AFTER <tab> OLD <tab> NEW`: two folders of the same files, and what became what in them. Prints one line a
finding, `KIND <tab> FILE <tab> what`, the file as it stands below AFTER; findings are no failure of this script. The kinds:

syntax    CPython compiled the file and no longer does
unbound   a name that was bound, or was not there, is bound by nothing now
unused    an import that was used, or was not there, is used by nothing now
moved     the new import stands in a function, class or branch where nothing of the old name was imported
"""

import ast
import collections
import itertools
import pathlib
import sys
import warnings

from pyflakes import checker, messages

KINDS = {
    messages.UndefinedName: "unbound",
    messages.UndefinedLocal: "unbound",
    messages.UndefinedExport: "unbound",
    messages.UnusedImport: "unused",
}
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def parsed(path):
    text = path.read_bytes()
    compile(text, str(path), "exec", dont_inherit=True)
    return ast.parse(text)


def findings(tree):
    found = collections.Counter()
    for message in checker.Checker(tree).messages:
        kind = KINDS.get(type(message))
        if kind:
            found[kind, str(message.message_args[0])] += 1
    return found


def places(tree, module, wanted):
    """Where one of the qualified names is imported: the scopes and branches around each such statement."""
    found = collections.Counter()
    todo = [(tree, ())]
    while todo:
        node, around = todo.pop()
        names = []
        if isinstance(node, ast.ImportFrom):
            base = module[: len(module) - node.level] if node.level else []
            base = ".".join(base + ([node.module] if node.module else []))
            names = [f"{base}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            if name in wanted:
                found[around] += 1
        for field, value in ast.iter_fields(node):
            inner = around
            if isinstance(node, SCOPES) and field == "body":
                inner = around + (node.name,)
            elif isinstance(node, (ast.If, ast.Try)) and field in ("body", "orelse", "handlers", "finalbody"):
                inner = around + (f"{type(node).__name__} {field}",)
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    todo.append((child, inner))
    return found


def prefixes(name):
    return set(itertools.accumulate(name.split("."), "{}.{}".format))


def flaws(before, after, path, old, new):
    try:
        tree = parsed(before / path)
    except (SyntaxError, ValueError):
        return
    try:
        result = parsed(after / path)
    except (SyntaxError, ValueError) as error:
        yield "syntax", error
        return
    known = collections.Counter()
    for (kind, name), count in findings(tree).items():
        # What nothing bound or used under its old name may go on so under the new one.
        renamed = new.rpartition(".")[2] if name == old.rpartition(".")[2] else name.replace(old, new)
        known[kind, name] += count
        known[kind, renamed] += count if renamed != name else 0
        known[kind, f"{new} as {old.rpartition('.')[2]}"] += count if name == old else 0
    for kind, name in findings(result) - known:
        # A package may be asked for what it imports, so that its imports stay.
        if kind == "unbound" or path.name != "__init__.py" or name.split(" ")[0] in prefixes(new):
            yield kind, name
    # The file itself counts as the last part: one dot takes it away.
    module = list(path.with_suffix("").parts)
    made = places(result, module, prefixes(new)) - places(tree, module, prefixes(new))
    for place in made.keys() - places(tree, module, prefixes(old)).keys():
        yield "moved", " > ".join(place) or "the top of the module"


def main():
    warnings.simplefilter("ignore")
    for line in sys.stdin.read().splitlines():
        before, after, old, new = line.split("\t")
        before, after = pathlib.Path(before), pathlib.Path(after)
        for file in sorted(after.rglob("*.py")):
            path = file.relative_to(after)
            if (before / path).read_bytes() != file.read_bytes():
                for kind, what in flaws(before, after, path, old, new):
                    print(kind, file, what, sep="\t")


main()
