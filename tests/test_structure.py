"""The shape of the code: who may import whom, how long things may be, what `import pkpd` may load."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# a module may import its own row and the rows above it
ROOMS = (
    ("errors", "units", "data"),
    ("references", "parameters"),
    ("dosing",),
    ("model",),
    ("engine",),
    ("output",),
    ("simulation",),
    ("endpoints", "measures"),
    ("quantities", "keyed"),
    ("many",),
    ("sensitivity", "shards"),
    ("exchange.events",),
    ("studies",),
    ("inference",),
    ("trials",),
    ("output.plots", "output.report"),
    ("exchange",),
    ("app",),
    ("cli",),
    ("__init__", "__main__"),
)
RANK = {room: rank for rank, row in enumerate(ROOMS) for room in row}
# figures and the report know results, not solvers
SOLVERS = ("engine", "simulation")

LONGEST_MODULE, LONGEST_FUNCTION = 300, 40
# "path" or "path:function" -> why it must be longer
EXCEPTIONS: dict[str, str] = {}

MODULES = sorted((ROOT / "pkpd").rglob("*.py"))
SOURCES = [*MODULES, *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "scripts").glob("*.py"))]


def dotted(path: Path, package: Path) -> str:
    """`model.grammar` for pkpd/model/grammar.py; a package goes by its folder, pkpd itself by `__init__`."""
    parts = path.relative_to(package).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def room(name: str) -> str:
    """The room of a module: the longest listed name that it is, or lies in."""
    fitting = [known for known in RANK if name == known or name.startswith(known + ".")]
    assert fitting, f"pkpd.{name} is in no room: add it to ROOMS"
    return max(fitting, key=len)


def imported(tree: ast.AST, path: Path, package: Path) -> Iterator[str]:
    """Names within pkpd that a module imports, at the top or inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                here = ("pkpd", *path.relative_to(package).parts[:-1])
                base = ".".join([*here[: len(here) - node.level + 1], *filter(None, [base])])
            found = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in found:
            if name == "pkpd" or name.startswith("pkpd."):
                yield name.removeprefix("pkpd").removeprefix(".") or "__init__"


def downward(package: Path) -> list[str]:
    """Every import in a package that its room does not allow."""
    wrong = []
    for path in sorted(package.rglob("*.py")):
        own = room(dotted(path, package))
        for name in imported(ast.parse(path.read_text("utf-8")), path, package):
            if name == "__version__":
                continue
            # what is in no room is a public name, taken from the package itself
            target = room(name) if name.split(".")[0] in RANK else "__init__"
            solver = own in ("output.plots", "output.report") and target in SOLVERS
            if RANK[target] > RANK[own] or solver:
                wrong.append(f"{path.relative_to(package.parent)} ({own}) imports {name} ({target})")
    return wrong


def test_imports_point_up() -> None:
    assert MODULES
    assert downward(ROOT / "pkpd") == []


@pytest.mark.parametrize(
    ("file", "line", "bad"),
    [
        ("model/a.py", "from pkpd.errors import ModelError", False),
        ("model/a.py", "from ..errors import ModelError", False),
        ("model/a.py", "from pkpd.engine.events import steps", True),
        ("model/a.py", "from ..engine import events", True),
        ("model/a.py", "from pkpd import simulation", True),
        ("model/a.py", "from pkpd import simulate", True),
        ("model/a.py", "def f():\n    import pkpd.cli.main", True),
        ("output/tables.py", "from pkpd.output.plots import strip", True),
        ("output/plots/strip.py", "from pkpd.output.tables import tidy", False),
        ("output/plots/strip.py", "from pkpd.engine import scipy_engine", True),
        ("trials/run.py", "from pkpd import __version__", False),
    ],
)
def test_import_rule_sees(tmp_path: Path, file: str, line: str, bad: bool) -> None:
    path = tmp_path / "pkpd" / file
    path.parent.mkdir(parents=True)
    path.write_text(line + "\n")
    assert bool(downward(tmp_path / "pkpd")) is bad


def too_long(path: Path, name: str) -> Iterator[str]:
    """`name` when a module is too long, and `name:function` for each function in it that is."""
    text = path.read_text("utf-8")
    if len(text.splitlines()) > LONGEST_MODULE:
        yield name
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            if node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION:
                yield f"{name}:{node.name}"


def test_lengths() -> None:
    found = {item for path in SOURCES for item in too_long(path, path.relative_to(ROOT).as_posix())}
    assert found - EXCEPTIONS.keys() == set(), "split it, or say in EXCEPTIONS why it must be long"
    assert EXCEPTIONS.keys() - found == set(), "no longer too long: take it out of EXCEPTIONS"


def test_length_rule_sees(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    body = "def f():\n" + "    x = 1\n" * LONGEST_FUNCTION
    path.write_text(body + "# a\n" * (LONGEST_MODULE - LONGEST_FUNCTION))
    assert list(too_long(path, "a.py")) == ["a.py", "a.py:f"]
    path.write_text(body.replace("    x = 1\n", "", 1))
    assert list(too_long(path, "a.py")) == []


def test_import_is_light() -> None:
    heavy = ("scipy", "sympy", "matplotlib", "numba", "pint", "lmfit")
    code = f"import sys, pkpd; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
