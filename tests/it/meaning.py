"""What the names of Python files mean, by the interpreter's own parser and by nothing of the tool's.

meaning.py uses FOLDER NAME...               each import or use of a qualified name
meaning.py compare BEFORE AFTER OLD=NEW...   each difference between two trees beyond that rename

One line a finding, then `N files`; findings are no failure of this script. Only names are followed, not values.
"""

import ast
import builtins
import pathlib
import sys
import tokenize
import warnings

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Scope:
    def __init__(self, kind, parent):
        self.kind, self.parent = kind, parent
        self.bound = {}  # name -> set of qualified names, None among them for anything that is not an import
        self.outer = {}  # name -> "global" or "nonlocal"

    def bind(self, name, meaning=None):
        scope = self
        if self.outer.get(name) == "global":
            while scope.parent:
                scope = scope.parent
        elif self.outer.get(name) == "nonlocal":
            return  # Whatever it is bound to here, the scope outside has it as a name of its own.
        scope.bound.setdefault(name, set()).add(meaning)

    def owner(self, name):
        scope, first = self, True
        while scope:
            top = scope.parent is None
            seen = scope.kind != "class" or first
            if name in scope.outer and scope.outer[name] == "global":
                while scope.parent:
                    scope = scope.parent
                return scope if name in scope.bound else None
            if seen and name not in scope.outer and name in scope.bound:
                return scope
            first = False
            scope = None if top else scope.parent
        return None


class File(ast.NodeVisitor):
    """The scopes of one file, its imports, and each name that it reads."""

    def __init__(self, path, tree, module):
        self.tree = tree
        self.package = module[:-1] if path.name != "__init__.py" else module
        self.scope = self.top = Scope("module", None)
        self.imports, self.reads, self.froms, self.star = [], [], [], False
        self.skip = set()
        for self.collecting in (True, False):
            self.scopes = iter(self.made) if not self.collecting else None
            self.made = self.made if not self.collecting else []
            self.visit(self.tree)

    def inside(self, kind, parts, before=None):
        if self.collecting:
            scope = Scope(kind, self.scope)
            self.made.append(scope)
        else:
            scope = next(self.scopes)
        self.scope, back = scope, self.scope
        if before and self.collecting:
            before(scope)
        for part in parts:
            self.visit(part)
        self.scope = back

    def bind(self, name, meaning=None):
        if self.collecting:
            self.scope.bind(name, meaning)

    def visit_Import(self, node):
        for item in node.names:
            local = item.asname or item.name.split(".")[0]
            self.bind(local, item.name if item.asname else local)
            self.note(node, item.name)

    def visit_ImportFrom(self, node):
        base = self.package[: len(self.package) - node.level + 1] if node.level else []
        module = ".".join([*base, *([node.module] if node.module else [])])
        for item in node.names:
            self.star |= item.name == "*"
            self.bind(item.asname or item.name, f"{module}.{item.name}")
            self.note(node, f"{module}.{item.name}")
            if self.collecting:
                self.froms.append((node.lineno, module, item.name))

    def note(self, node, name):
        if self.collecting:
            self.imports.append((node.lineno, name))

    def visit_Global(self, node):
        if self.collecting:
            self.scope.outer.update(dict.fromkeys(node.names, type(node).__name__.lower()))

    visit_Nonlocal = visit_Global

    def visit_Name(self, node):
        if not isinstance(node.ctx, ast.Load):
            self.bind(node.id)
        self.read(node, node)

    def visit_Attribute(self, node):
        inner = node
        while isinstance(inner, ast.Attribute):
            inner = inner.value
        if isinstance(inner, ast.Name):
            self.read(node, inner)
        else:
            self.generic_visit(node)

    def read(self, node, name):
        if self.collecting:
            return
        owner = self.scope.owner(name.id)
        meanings = owner.bound[name.id] if owner else {None}
        if not owner:
            self.reads.append((name.lineno, f"?{name.id}"))
        chain = ast.unparse(node)[len(name.id) :]
        # Of several meanings each is one; a name of the file's own stays as it is written.
        qualified = sorted(root + chain for root in meanings if root)
        self.reads.extend((name.lineno, text) for text in qualified)
        node.meaning = " or ".join(qualified) if qualified and None not in meanings else None
        if None in meanings and qualified:
            node.meaning = " or ".join(["own", *qualified])

    def function(self, node):
        if not isinstance(node, ast.Lambda):
            self.bind(node.name)
        for part in [*getattr(node, "decorator_list", []), *node.args.defaults, *filter(None, node.args.kw_defaults)]:
            self.visit(part)
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
        arguments = [argument for argument in arguments if argument]
        for part in filter(None, [*(argument.annotation for argument in arguments), getattr(node, "returns", None)]):
            self.visit(part)
        body = node.body if isinstance(node.body, list) else [node.body]
        self.inside("function", body, lambda scope: [scope.bind(argument.arg) for argument in arguments])

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = function

    def visit_ClassDef(self, node):
        self.bind(node.name)
        for part in [*node.decorator_list, *node.bases, *node.keywords]:
            self.visit(part)
        self.inside("class", node.body)

    def comprehension(self, node):
        first, *rest = node.generators
        self.visit(first.iter)
        parts = [first.target, *first.ifs, *rest, *(getattr(node, field) for field in ("elt", "key", "value") if hasattr(node, field))]
        self.inside("comprehension", parts)

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = comprehension

    def visit_NamedExpr(self, node):
        scope = self.scope
        while scope.kind == "comprehension":
            scope = scope.parent
        self.visit(node.value)
        if self.collecting:
            scope.bind(node.target.id)
        else:
            self.read(node.target, node.target)

    def visit_ExceptHandler(self, node):
        if node.name:
            self.bind(node.name)
        self.generic_visit(node)

    def visit_MatchAs(self, node):
        if node.name:
            self.bind(node.name)
        self.generic_visit(node)

    visit_MatchStar = visit_MatchAs

    def visit_MatchMapping(self, node):
        if node.rest:
            self.bind(node.rest)
        self.generic_visit(node)


def covers(part, whole):
    return whole == part or whole.startswith(part + ".")


def renamed(text, pairs):
    """A meaning with the old names replaced."""
    for old, new in pairs:
        text = " or ".join(new + part[len(old) :] if covers(old, part) else part for part in text.split(" or "))
    return text


def shape(node, pairs):
    """The tree as nested text, names by what they mean, import statements and `pass` left out."""
    if isinstance(node, list):
        left = [child for child in node if not isinstance(child, (ast.Import, ast.ImportFrom, ast.Pass))]
        return "[" + ",".join(shape(child, pairs) for child in left) + "]"
    if not isinstance(node, ast.AST):
        return repr(node)
    if getattr(node, "meaning", None):
        return renamed(node.meaning, pairs)
    return type(node).__name__ + "(" + ",".join(shape(getattr(node, field, None), pairs) for field in node._fields) + ")"


def first_difference(before, after):
    at = next((at for at, (a, b) in enumerate(zip(before, after)) if a != b), min(len(before), len(after)))
    return f"{before[max(0, at - 60):at + 60]!r} became {after[max(0, at - 60):at + 60]!r}"


def compiled(folder, path):
    try:
        tree = ast.parse(pathlib.Path(folder, path).read_bytes())
        compile(tree, str(path), "exec", dont_inherit=True)
        return tree
    except (SyntaxError, ValueError) as error:
        print(f"broken {path}: {error}")
        return None


def parse(folder, path):
    parts = path.with_suffix("").parts
    module = parts[:-1] if parts[-1] == "__init__" else parts
    tree = compiled(folder, path)
    return (File(path, tree, list(module)), ".".join(module)) if tree else (None, None)


def paths(folder):
    return sorted(path.relative_to(folder) for path in pathlib.Path(folder).rglob("*.py"))


def comments(path):
    with open(path, "rb") as file:
        return sorted(token.string for token in tokenize.tokenize(file.readline) if token.type == tokenize.COMMENT)


def unbound(file):
    exported = {item.value for node in file.tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
                for item in getattr(node.value, "elts", []) if isinstance(item, ast.Constant)}
    missing = {name[1:] for _, name in file.reads if name[0] == "?"} | exported - set(file.top.bound)
    return set() if file.star else missing - set(dir(builtins))


def unused(file):
    """Imported things that nothing reads."""
    return {name for _, name in file.imports if not any(covers(name, use) or covers(use, name) for _, use in file.reads)}


def uses(folder, names):
    last = [name.rpartition(".")[2].encode() for name in names]
    for path in paths(folder):
        if not any(name in pathlib.Path(folder, path).read_bytes() for name in last):
            compiled(folder, path)
            continue
        file, _ = parse(folder, path)
        for kind, found in (("import", file.imports), ("use", file.reads)) if file else ():
            for line, name in found:
                if any(covers(old, name) for old in names):
                    print(f"{kind} {path}:{line} {name}")
    print(len(paths(folder)), "files")


def compare(before, after, pairs):
    pairs = [tuple(pair.split("=")) for pair in pairs]
    if paths(before) != paths(after):
        print("files are not the same")
    lost = set()
    for path in paths(after):
        if pathlib.Path(before, path).read_bytes() == pathlib.Path(after, path).read_bytes():
            continue
        (mine, module), (file, _) = parse(before, path), parse(after, path)
        if mine and file:
            lost |= {(module, name) for name in mine.top.bound if name not in file.top.bound and not file.star}
            difference(path, mine, file, pairs)
            if comments(pathlib.Path(before, path)) != comments(pathlib.Path(after, path)):
                print(f"comments {path}")
    for path in paths(after) if lost else ():
        if any(name.encode() in pathlib.Path(after, path).read_bytes() for _, name in lost) and (file := parse(after, path)[0]):
            for line, module, name in file.froms:
                if (module, name) in lost:
                    print(f"lost {path}:{line} {module}.{name}")
    print(len(paths(after)), "files")


def difference(path, mine, file, pairs):
    a, b = shape(mine.tree, pairs), shape(file.tree, [])
    if a != b:
        print(f"meaning {path}: {first_difference(a, b)}")
    wanted, given = {renamed(name, pairs) for _, name in mine.imports}, {name for _, name in file.imports}
    if wanted != given:
        print(f"imports {path}: gone {sorted(wanted - given)}, new {sorted(given - wanted)}")
    if len(file.imports) - len(given) > len(mine.imports) - len({name for _, name in mine.imports}):
        print(f"doubled {path}")
    if extra := unused(file) - {renamed(name, pairs) for name in unused(mine)}:
        print(f"unused {path}: {sorted(extra)}")
    if missing := unbound(file) - unbound(mine):
        print(f"unbound {path}: {sorted(missing)}")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.setrecursionlimit(20000)
    command, *rest = sys.argv[1:]
    uses(rest[0], rest[1:]) if command == "uses" else compare(rest[0], rest[1], rest[2:])
