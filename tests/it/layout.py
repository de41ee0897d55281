"""Which files of two folders differ in nothing but the layout of their imports.

Reads lines `ONE <tab> OTHER`, two files, and prints those that are the same Python once each block has its imports first, each name
imported by a statement of its own, in the order of the alphabet.
"""

import ast
import sys


def shape(path):
    with open(path, "rb") as file:
        tree = ast.parse(file.read())
    for node in ast.walk(tree):
        for field, block in ast.iter_fields(node):
            if isinstance(block, list) and any(isinstance(statement, (ast.Import, ast.ImportFrom)) for statement in block):
                setattr(node, field, ordered(block))
    return ast.dump(tree)


def ordered(block):
    imports, others = [], []
    for statement in block:
        if isinstance(statement, ast.ImportFrom):
            imports += [ast.ImportFrom(statement.module, [alias], statement.level) for alias in statement.names]
        elif isinstance(statement, ast.Import):
            imports += [ast.Import([alias]) for alias in statement.names]
        else:
            others.append(statement)
    return sorted(imports, key=ast.dump) + others


for line in sys.stdin.read().splitlines():
    one, other = line.split("\t")
    if shape(one) == shape(other):
        print(line)
