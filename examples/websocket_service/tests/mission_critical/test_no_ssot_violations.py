"""Mission critical: the number of violations only ever falls, and a migrated file is migrated whole.

`ssot_baseline.json`, beside this file, holds the violations of each file when the migration began; a file that is not in it
may have none.
"""

import ast
import builtins
import json
import symtable
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scripts.check_architecture_compliance import (
    FACTORY_MODULE,
    MANAGER_MODULE,
    TOP,
    find_violations,
    imports_module,
    source_files,
)

BASELINE = Path(__file__).with_name("ssot_baseline.json")
MODULE_NAMES = frozenset(dir(builtins)) | {"__file__"}


def unbound_names(source, filename):
    """Returns the names that functions of a file use as globals and that neither the file nor Python binds."""
    module = symtable.symtable(source, filename, "exec")
    bound = {symbol.get_name() for symbol in module.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    bound |= {table.get_name() for table in module.get_children()} | MODULE_NAMES
    used = set()
    tables = [module]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        used.update(
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_referenced() and (symbol.is_global() or table is module)
        )
    return sorted(used - bound)


class NoSSOTViolations(unittest.TestCase):
    """Reads every Python file of the service."""

    @classmethod
    def setUpClass(cls):
        cls.trees = dict(source_files())
        cls.baseline = json.loads(BASELINE.read_text(encoding="utf-8"))

    def test_no_file_has_more_violations_than_the_baseline_allows(self):
        for name, tree in self.trees.items():
            with self.subTest(file=name):
                self.assertLessEqual(len(find_violations(tree)), self.baseline.get(name, 0))

    def test_a_file_that_uses_the_manager_has_left_the_factory(self):
        for name, tree in self.trees.items():
            if imports_module(tree, MANAGER_MODULE):
                with self.subTest(file=name):
                    self.assertFalse(imports_module(tree, FACTORY_MODULE), "half migrated")

    def test_no_file_uses_a_name_that_nothing_binds(self):
        for name in self.trees:
            with self.subTest(file=name):
                source = (TOP / name).read_text(encoding="utf-8")
                self.assertEqual(unbound_names(source, name), [])

    def test_the_scan_sees_every_form_of_use(self):
        forms = {
            f"from {FACTORY_MODULE} import create_websocket_manager as make\nmake()": 2,
            f"import {FACTORY_MODULE}\n{FACTORY_MODULE}.create_websocket_manager()": 2,
            f"import {FACTORY_MODULE} as old\nold.create_websocket_manager()": 2,
            f"# {FACTORY_MODULE}\nfrom {MANAGER_MODULE} import get_websocket_manager": 0,
            "def f():\n    factory.get_config()": 0,
        }
        for source, count in forms.items():
            with self.subTest(source=source):
                self.assertEqual(len(find_violations(ast.parse(source))), count)
        self.assertEqual(unbound_names("def f():\n    factory.get_config()", "f.py"), ["factory"])


if __name__ == "__main__":
    unittest.main()
