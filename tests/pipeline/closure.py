"""What a stage reaches: the modules it imports, however deep, and the templates they render."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_TEMPLATE = re.compile(r'"([a-z_]+\.[a-z]+\.j2)"')


def stage_closure(stage: str) -> set[str]:
    """Return the POSIX paths, from the project's folder, of all source files behind a stage."""
    reached: set[str] = set()
    waiting = [f"stages.{stage}", "stages._stage"]
    while waiting:
        path = _source(waiting.pop())
        if path is None or path in reached:
            continue
        reached.add(path)
        text = (ROOT / path).read_text()
        for template in _TEMPLATE.findall(text):
            reached.add(f"src/assay/report/templates/{template}")
        waiting.extend(_imports(ast.parse(text)))
    return reached


def _imports(tree: ast.Module) -> set[str]:
    """Return every module that may be meant by the imports, at any level of the code."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    parents = {name.rsplit(".", 1)[0] for name in names}
    return {name for name in names | parents if name.split(".")[0] in {"assay", "stages"}}


def _source(module: str) -> str | None:
    base = module.replace(".", "/")
    base = f"src/{base}" if module.split(".", maxsplit=1)[0] == "assay" else base
    for candidate in (f"{base}.py", f"{base}/__init__.py"):
        path = ROOT / candidate
        # An empty __init__ decides nothing.
        if path.is_file():
            return candidate if path.stat().st_size else None
    return None
