"""What a module reaches: the source files that it imports, however deep, and the templates they render."""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from assay.artifacts import read_text

_TEMPLATE = re.compile(r'"((?:[a-z_]+/)?[a-z_]+\.[a-z]+\.j2)"')
_TEMPLATES = "src/assay/report/templates"
# Our packages, and where they lie in the project's folder.
_PACKAGES = {"assay": "src/assay", "stages": "stages"}


def import_closure(root: Path, modules: Iterable[str]) -> set[str]:
    """Return the POSIX paths, from the project's folder, of all source files behind some modules.

    Imports inside functions count; those for a type checker alone do not, and neither do empty files.

    Parameters
    ----------
    root : Path
        The project's folder.
    modules : iterable of str
        Names such as `stages.train`.
    """
    reached: set[str] = set()
    waiting = list(modules)
    while waiting:
        path = _source(root, waiting.pop())
        if path is None or path in reached:
            continue
        reached.add(path)
        text = read_text(root / path)
        reached.update(f"{_TEMPLATES}/{template}" for template in _TEMPLATE.findall(text))
        waiting.extend(name for name in imported_modules(text) if _top(name) in _PACKAGES)
    return reached


def outside_modules(root: Path, paths: Iterable[str]) -> dict[str, set[str]]:
    """Return the third-party packages that source files import, each with the files that do.

    Parameters
    ----------
    root : Path
        The project's folder.
    paths : iterable of str
        From `import_closure`.
    """
    found: dict[str, set[str]] = {}
    for path in paths:
        if path.endswith(".py"):
            for name in imported_modules(read_text(root / path)):
                if _top(name) not in {*_PACKAGES, *sys.stdlib_module_names}:
                    found.setdefault(_top(name), set()).add(path)
    return found


def _top(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


# The same files are behind every stage.
@cache
def imported_modules(text: str) -> frozenset[str]:
    """Return every module that may be meant by the imports of a source text."""
    names: set[str] = set()
    for node in _executed(ast.parse(text)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(names | {name.rsplit(".", 1)[0] for name in names})


def _executed(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk a tree without what only a type checker runs."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            waiting.extend(node.orelse)
        else:
            waiting.extend(ast.iter_child_nodes(node))


def _source(root: Path, module: str) -> str | None:
    """Return the path of a module's source file; None where there is none, or where it is empty."""
    top, *inner = module.split(".")
    base = "/".join([_PACKAGES[top], *inner])
    for candidate in (f"{base}.py", f"{base}/__init__.py"):
        path = root / candidate
        if path.is_file():
            return candidate if path.stat().st_size else None
    return None
