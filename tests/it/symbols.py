"""Prints what CPython's symtable says of Python files: a JSON line for each path on standard input.

A scope is {kind, name, line, parent, names}; a name is {flags, owner}: `l`ocal, `g`lobal, `f`ree, `p`arameter, `i`mported,
`a`ssigned, `r`ead here; the owner of a free name is the number of the scope that has it. Names are as written, not mangled.
Annotations that are never evaluated have no scope.
"""

import json
import sys
import symtable
import warnings

COMPREHENSIONS = {"listcomp", "setcomp", "dictcomp", "genexpr", "<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"}

# From this version on most comprehensions are part of the function around them.
INLINED = sys.version_info >= (3, 12)


def kind_of(table):
    kind = str(getattr(table.get_type(), "value", table.get_type()))
    if kind in ("module", "class", "annotation"):
        return kind
    if kind == "function":
        # A function may have such a name too.
        first = next(iter(table.get_parameters()), "")
        return "comprehension" if table.get_name() in COMPREHENSIONS and first == ".0" else "function"
    return "type parameters"


def written(name, classes):
    prefix = "_" + classes.lstrip("_") if classes else ""
    if prefix not in ("", "_") and name.startswith(prefix + "__") and not name.endswith("__"):
        return name[len(prefix):]
    return name


def flags_of(symbol, kind):
    flags = ""
    # A name that a class binds and a function in it reads from outside is both.
    if symbol.is_local() and not symbol.is_declared_global():
        flags += "l"
    elif symbol.is_global():
        flags += "g"
    elif symbol.is_free():
        flags += "f"
    for letter, holds in [
        ("p", symbol.is_parameter()),
        ("i", symbol.is_imported()),
        ("a", symbol.is_assigned()),
        ("r", symbol.is_referenced()),
    ]:
        flags += letter if holds else ""
    return flags


def scopes_of(top):
    scopes = []
    pending = [(top, None, "")]
    while pending:
        table, parent, around = pending.pop(0)
        kind = kind_of(table)
        if kind == "annotation":
            continue
        around = table.get_name() if kind == "class" else around
        names = {}
        for symbol in table.get_symbols():
            if symbol.get_name().startswith("."):
                continue
            names[written(symbol.get_name(), around)] = {"flags": flags_of(symbol, kind), "owner": None}
        number = len(scopes)
        scope = {"kind": kind, "name": table.get_name(), "line": table.get_lineno(), "parent": parent, "names": names}
        scopes.append(scope)
        for name, symbol in names.items():
            if "f" not in symbol["flags"]:
                continue
            outer = parent
            while outer is not None:
                found = scopes[outer]["names"].get(name)
                if scopes[outer]["kind"] != "class" and found and "l" in found["flags"]:
                    symbol["owner"] = outer
                    break
                outer = scopes[outer]["parent"]
        pending.extend((child, number, around) for child in table.get_children())
    return scopes


def main():
    warnings.simplefilter("ignore")
    sys.setrecursionlimit(10_000)
    for line in sys.stdin:
        path = line.rstrip("\n")
        with open(path, "rb") as file:
            source = file.read()
        try:
            top = symtable.symtable(source, path, "exec")
            future = any(symbol.get_name() == "annotations" and symbol.is_imported() for symbol in top.get_symbols())
            answer = {"path": path, "scopes": scopes_of(top), "annotations": not future, "inlined": INLINED}
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            answer = {"path": path, "refused": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer))


main()
