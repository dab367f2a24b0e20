"""The house rules as functions: a source file in, sentences about what it breaks out.

`tests/test_house.py` runs them over the repository, and shows of each that it can fail.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

LINES = 300
"""Longest file."""

PURE = frozenset((
    "__future__", "array", "base64", "binascii", "bisect", "collections", "contextlib", "copy", "dataclasses",
    "datetime", "decimal", "difflib", "enum", "fractions", "functools", "hashlib", "heapq", "hmac", "html",
    "ipaddress", "itertools", "json", "math", "numbers", "operator", "re", "statistics", "string", "struct",
    "sys.byteorder", "textwrap", "types", "typing", "unicodedata", "urllib.parse", "uuid", "zlib",
))  # fmt: skip
"""What rtt/core may import of the standard library: nothing that reads a clock, a file, a socket or chance."""
IMPURE_CALLS = frozenset(("now", "utcnow", "today", "uuid1", "uuid4"))
"""Doors to the clock and to chance in modules that are otherwise pure."""

DIRECTION: dict[str, frozenset[str]] = {
    "core": frozenset(("core",)),
    "engines": frozenset(("engines", "core")),
    "brokers": frozenset(("brokers", "core")),
    "settings": frozenset(("core",)),
    "server": frozenset(("server", "engines", "brokers", "core")),
    "capture": frozenset(("capture", "core")),
    "display": frozenset(("display", "core")),
    "commands": frozenset(
        ("commands", "server", "capture", "display", "settings", "engines", "brokers", "core", "__version__")
    ),
    "__main__": frozenset(("commands",)),
    "__init__": frozenset(),
}
"""Who may import whom, by the first name below `rtt`."""

LATE_IMPORTS = ("rtt/commands/", "rtt/engines/catalogue.py")
"""Where imports inside functions are right: there a command line pays only for what it uses."""

LOOSE_TASKS: dict[str, str] = {}
"""Files that may start tasks outside a TaskGroup, each with its reason."""


@dataclass(frozen=True, slots=True)
class Source:
    """One Python file."""

    path: str
    """Below the root, with slashes."""
    text: str

    @property
    def tree(self) -> ast.Module:
        """Its syntax."""
        return ast.parse(self.text)

    @property
    def module(self) -> str:
        """Its dotted name."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def layer(self) -> str:
        """The first name below `rtt`: a folder, or a file of the top."""
        return self.path.split("/")[1].removesuffix(".py")


def imports(node: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield every module (with the name taken from it, where one is) that `node` imports, with its line."""
    for one in ast.walk(node):
        if isinstance(one, ast.Import):
            yield from ((alias.name, one.lineno) for alias in one.names)
        elif isinstance(one, ast.ImportFrom):
            start = "." * one.level + (one.module or "")
            yield from ((f"{start}.{alias.name}", one.lineno) for alias in one.names)


def too_long(source: Source) -> Iterator[str]:
    """Find files longer than a reader's patience."""
    count = len(source.text.splitlines())
    if count > LINES:
        yield f"{source.path}: {count} lines"


def impure_core(source: Source) -> Iterator[str]:
    """Find what is impure in the core: time and chance come as arguments, and nothing is read or written."""
    if source.layer != "core":
        return
    for name, line in imports(source.tree):
        known = name.startswith("rtt.") or any(name == pure or name.startswith(f"{pure}.") for pure in PURE)
        if not known:
            yield f"{source.path}:{line}: imports {name}"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and node.attr in IMPURE_CALLS:
            yield f"{source.path}:{node.lineno}: calls {node.attr}"
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("open", "print", "input")
        ):
            yield f"{source.path}:{node.lineno}: calls {node.func.id}"


def wrong_way(source: Source) -> Iterator[str]:
    """Find imports against the one way they point; above all, server and capture meet in core/wire only."""
    allowed = DIRECTION.get(source.layer, frozenset())
    for name, line in imports(source.tree):
        parts = name.split(".")
        if parts[0] == "rtt" and len(parts) > 1 and parts[1] not in allowed:
            yield f"{source.path}:{line}: {source.layer} imports {name}"
        if name.startswith("."):
            yield f"{source.path}:{line}: relative import"


def late_imports(source: Source) -> Iterator[str]:
    """Find imports inside functions: what a module needs stands at its top."""
    if source.path.startswith(LATE_IMPORTS):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from (f"{source.path}:{line}: imports {name} inside {node.name}" for name, line in imports(node))


def vague_names(source: Source) -> Iterator[str]:
    """Find names that do not say what a thing is, only that there is a thing."""
    if re.search(r"(^|/)_*(utils?|helpers?|misc|common)(\.py|/)", source.path):
        yield f"{source.path}: a drawer, not a name"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef) and re.search(r"(Manager|Helper|Utils?)$", node.name):
            yield f"{source.path}:{node.lineno}: class {node.name}"


def loose_tasks(source: Source) -> Iterator[str]:
    """Find tasks outside a TaskGroup: nobody hears of their death."""
    if source.path in LOOSE_TASKS:
        return
    for node in ast.walk(source.tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        owner = ast.unparse(node.func.value).lower()
        loose = node.func.attr == "create_task" and (owner == "asyncio" or "loop" in owner)
        if loose or node.func.attr == "ensure_future":
            yield f"{source.path}:{node.lineno}: {ast.unparse(node.func)}"


def unfinished(source: Source) -> Iterator[str]:
    """Find what is announced instead of done."""
    for number, line in enumerate(source.text.splitlines(), 1):
        if re.search(r"\b([T]ODO|[F]IXME|[X]XX|[N]otImplementedError)\b", line):
            yield f"{source.path}:{number}: {line.strip()}"


def mocks(source: Source) -> Iterator[str]:
    """Find patched code: fakes are classes that satisfy a seam, and nothing of ours changes under its users."""
    for name, line in imports(source.tree):
        if re.match(r"(unittest\.)?mock\b|pytest_mock\b|unittest\.mock\b", name):
            yield f"{source.path}:{line}: imports {name}"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.arg) and node.arg == "mocker":
            yield f"{source.path}:{node.lineno}: mocker"
        if (
            isinstance(node, ast.Attribute)
            and node.attr in ("setattr", "delattr", "setitem", "delitem", "syspath_prepend")
            and "patch" in ast.unparse(node.value)
        ):
            yield f"{source.path}:{node.lineno}: {ast.unparse(node)}"


# The brackets keep these patterns from being what they look for.
_PLACES = re.compile(
    r"(?<![\w.])/([h]ome|[U]sers|[r]oot|[w]ork|[o]pt)/\w"
    r"|\b(files\.)?([p]ypi|[p]ythonhosted|[n]pmjs|[a]naconda)\.(org|com)\b"
    r"|(extra-)?[i]ndex-url|[f]ind-links"
)


def places(path: str, text: str) -> Iterator[str]:
    """Find paths of one machine, and addresses packages come from."""
    for number, line in enumerate(text.splitlines(), 1):
        if found := _PLACES.search(line):
            yield f"{path}:{number}: {found[0]}"


def cycles(sources: list[Source]) -> Iterator[str]:
    """Find modules that need themselves the long way round (imports in functions not counted: they run later)."""
    known = {source.module: source for source in sources}
    needs: dict[str, set[str]] = {}
    for source in sources:
        top = ast.Module([node for node in source.tree.body if not isinstance(node, ast.FunctionDef)], [])
        names = [name for name, _ in imports(top)]
        parents = {name.rpartition(".")[0] for name in names}
        needs[source.module] = {name for name in (*names, *parents) if name in known and name != source.module}
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> Iterator[str]:
        if module in path:
            yield " -> ".join((*path[path.index(module) :], module))
        elif module not in done:
            for need in sorted(needs[module]):
                yield from visit(need, (*path, module))
            done.add(module)

    for module in sorted(needs):
        yield from visit(module, ())


def untested(modules: list[str], tests: list[str]) -> Iterator[str]:
    """Find modules without a test file of their own, in the same place below tests/."""
    have = set(tests)
    for path in modules:
        folder, _, name = path.removeprefix("rtt/").rpartition("/")
        wanted = "/".join(part for part in ("tests", folder, f"test_{name}") if part)
        if name not in ("__init__.py", "__main__.py") and wanted not in have:
            yield f"{path}: no {wanted}"
