"""The tools that the supervisor chooses from."""

import ast
import operator
import re

_OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
_EXPRESSION = re.compile(r"\d[\d\s.+*/()-]*\d")


def choose_tool(text):
    """Returns the name of the tool that can answer `text`, the tool, and its input."""
    found = _EXPRESSION.search(text)
    if found is not None:
        return "calculator", calculate, found.group()
    return "word_counter", count_words, text


def calculate(expression):
    """Evaluates numbers, parentheses and the four basic operations."""
    return f"{expression} = {_value(ast.parse(expression, mode='eval').body):g}"


def count_words(text):
    """Counts the words of a text."""
    return f"you wrote {len(text.split())} words"


def _value(node):
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return node.value
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_value(node.left), _value(node.right))
    raise ValueError("only numbers and + - * / can be calculated")
