"""Measures how far the code base has come in using one source of WebSocket managers.

    python3 scripts/check_architecture_compliance.py [--list]

A violation is a place that imports, or uses, a name of the deprecated factory module; places are found in the syntax tree, so
comments and texts do not count. Compliance is the share of Python files without a violation.
"""

import argparse
import ast
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]

FACTORY_PACKAGE = "netra_backend.app.websocket_core"
FACTORY_NAME = "websocket_manager_factory"
FACTORY_MODULE = f"{FACTORY_PACKAGE}.{FACTORY_NAME}"
MANAGER_MODULE = f"{FACTORY_PACKAGE}.websocket_manager"

# The deprecated module itself, and the tests that keep it working until its last caller is gone.
EXEMPT = frozenset({
    "netra_backend/app/websocket_core/websocket_manager_factory.py",
    "tests/unit/websocket_core/test_websocket_manager_factory.py",
})


def source_files(top=TOP):
    """Yields the path of each Python file in scope, relative to `top`, and its syntax tree."""
    for path in sorted(top.rglob("*.py")):
        relative = path.relative_to(top)
        name = relative.as_posix()
        if name not in EXEMPT and not any(part.startswith(".") for part in relative.parts):
            yield name, ast.parse(path.read_bytes(), filename=name)


def imports_module(tree, module):
    """Tells whether `module`, or a name of it, is imported anywhere in the file."""
    package, _, name = module.rpartition(".")
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and any(alias.name == module for alias in node.names):
            return True
        if isinstance(node, ast.ImportFrom):
            if node.module == module:
                return True
            if node.module == package and any(alias.name == name for alias in node.names):
                return True
    return False


def find_violations(tree):
    """Returns the lines of the places that import or use the deprecated module, in order."""
    lines = []
    bound = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in (FACTORY_MODULE, FACTORY_PACKAGE):
            found = [alias for alias in node.names if node.module == FACTORY_MODULE or alias.name == FACTORY_NAME]
        elif isinstance(node, ast.Import):
            found = [alias for alias in node.names if alias.name == FACTORY_MODULE]
        else:
            continue
        lines += [node.lineno] * len(found)
        bound.update(alias.asname or alias.name for alias in found)
    lines += [node.lineno for node in ast.walk(tree) if _dotted_name(node) in bound]
    return sorted(lines)


def _dotted_name(node):
    """Returns `a.b.c` for a chain of attributes on a name, else `None`."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        value = _dotted_name(node.value)
        return value and f"{value}.{node.attr}"
    return None


def main(arguments=None):
    """Prints the compliance and returns the exit status, which is 0 at any compliance."""
    parser = argparse.ArgumentParser(description="Measures the use of one source of WebSocket managers.")
    parser.add_argument("--list", action="store_true", help="list every violation")
    options = parser.parse_args(arguments)

    violations = {name: find_violations(tree) for name, tree in source_files()}
    violating = {name: lines for name, lines in violations.items() if lines}
    if options.list:
        for name, lines in violating.items():
            for line in lines:
                print(f"{name}:{line}")
    compliant = len(violations) - len(violating)
    print(f"SSOT compliance: {100 * compliant / len(violations):.1f}% ({compliant} of {len(violations)} files)")
    print(f"violations: {sum(map(len, violating.values()))} in {len(violating)} files")
    return 0


if __name__ == "__main__":
    sys.exit(main())
