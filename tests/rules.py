"""Small checks of the source for accidents that reviews would miss."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOMS = (
    "domain",
    "security",
    "persistence",
    "actions",
    "subscriptions",
    "gql",
    "web",
    "integrations",
    "server",
    "bench",
    "clients/python",
)
LONGEST_FILE = 400
LONGEST_FUNCTION = 60
CLOCK = Path("persistence/store.py")


def faults() -> Iterator[str]:
    """Yield what breaks a rule."""
    for room in ROOMS:
        for path in sorted(Path(room).rglob("*.py")):
            if "migrations" in path.parts:
                continue
            source = path.read_text()
            yield from _sizes(path, source)
            yield from _clock(path, ast.parse(source))


def _sizes(path: Path, source: str) -> Iterator[str]:
    lines = source.count("\n")
    if lines > LONGEST_FILE:
        yield f"{path}: {lines} lines; a file that outgrows {LONGEST_FILE} becomes a package"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LONGEST_FUNCTION:
                yield f"{path}:{node.lineno}: {node.name} has {length} lines"


def _clock(path: Path, tree: ast.Module) -> Iterator[str]:
    """The present is the transaction's `now`; only the store's clock asks the system."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("now", "utcnow", "today"):
            value = node.value
            if isinstance(value, ast.Name) and value.id in ("datetime", "date") and path != CLOCK:
                yield f"{path}:{node.lineno}: asks the system's clock"


if __name__ == "__main__":
    found = list(faults())
    sys.stdout.write("".join(f"{fault}\n" for fault in found))
    raise SystemExit(1 if found else 0)
