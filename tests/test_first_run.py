"""Processes that share a folder of compiled code: the first ones, those after them, and those of an edited package."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
COMMAND = ("simulate", "1 MIU once", "--model", "il2_minimal", "--times", "0,1,3")
SAYS = r"pkpd: compiling (the stepping loop|model \w+) for this processor, once"
# what a simulation may load only to compile, or for another engine
HEAVY = ("sympy", "scipy", "numba", "lmfit")
WATCH = f"""
import atexit, sys
atexit.register(lambda: print("loaded", [n for n in {HEAVY!r} if n in sys.modules], file=sys.stderr))
"""
TELL = f"{WATCH}from pkpd.cli.main import main\nmain(sys.argv[1:])\n"
MORE = f"""{WATCH}
import pkpd
steady = pkpd.Schedule.of(pkpd.Dose.of("1 MIU", time=0, route="sc", steady_state=1, interval=2))
print(pkpd.simulate(steady, "il2_minimal", days=2)["treg_fold"][-1])
print(pkpd.simulate_many(steady, "il2_minimal", values={{"treg_growth": [17.0, 18.0]}}, days=2)["treg_fold"][:, -1])
"""


def start(cache: Path, *command: str, package: Path = ROOT) -> subprocess.Popen[str]:
    """A process with its own folder of code; numba optimises less, which changes no number and saves seconds."""
    more = {"PKPD_CACHE": str(cache), "PYTHONPATH": str(package), "NUMBA_OPT": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen(
        [sys.executable, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cache.parent,
        env={**os.environ, **more},
    )


def ended(process: subprocess.Popen[str]) -> tuple[str, list[str]]:
    """What it printed, and the lines it said beside that; it must succeed."""
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out, err.splitlines()


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[str, list[str]]]]:
    """An empty folder of code, and what eight processes said that began with it at once."""
    cache = tmp_path_factory.mktemp("first") / "cache"
    processes = [start(cache, "-m", "pkpd", *COMMAND) for _ in range(8)]
    return cache, [ended(process) for process in processes]


# eight at once


def test_eight_processes_get_the_same_numbers(first: tuple[Path, list[tuple[str, list[str]]]]) -> None:
    cache, said = first
    assert len({out for out, _ in said}) == 1
    assert re.search(r"^3 +\d", said[0][0], re.MULTILINE)
    in_peace = ended(start(cache, "-m", "pkpd", *COMMAND))[0]
    assert in_peace == said[0][0]


def test_nothing_half_written_is_left(first: tuple[Path, list[tuple[str, list[str]]]]) -> None:
    cache, _ = first
    found = [path.name for path in cache.iterdir()]
    assert not [name for name in found if not re.fullmatch(r"(kernel|il2_minimal(-plain)?)-[0-9a-f]{32}", name)]
    assert len(found) == 3 and cache.stat().st_mode & 0o777 == 0o700


# the first time and after


def test_the_first_run_says_what_takes_so_long(first: tuple[Path, list[tuple[str, list[str]]]]) -> None:
    """One or two lines on standard error: the model, and the loop if that was not there either."""
    _, said = first
    lines = [line for _, err in said for line in err]
    assert all(re.fullmatch(SAYS, line) for line in lines)
    assert any("the stepping loop" in line for line in lines) and any("model il2_minimal" in line for line in lines)
    assert all(len(err) <= 2 for _, err in said) and max(len(err) for _, err in said) == 2


def test_another_model_compiles_only_itself(first: tuple[Path, list[tuple[str, list[str]]]]) -> None:
    """And once it is there, nothing is said and nothing loaded that would be needed to compile."""
    cache, _ = first
    command = ("-c", TELL, "simulate", "1 MIU once", "--model", "il2", "--days", "2")
    out, err = ended(start(cache, *command))
    assert err[0] == "pkpd: compiling model il2 for this processor, once"
    assert err[1:] == ["loaded ['sympy']"] or "sympy" in err[-1]
    again, quiet = ended(start(cache, *command))
    assert again == out and quiet == ["loaded []"]


def test_steady_states_and_batches_load_no_more(first: tuple[Path, list[tuple[str, list[str]]]]) -> None:
    cache, _ = first
    out, err = ended(start(cache, "-c", MORE))
    assert err == ["loaded []"] and float(out.split()[0]) > 1


@pytest.mark.parametrize(
    "command",
    [
        ("run", "he2020", "--no-figures", "--output", "{folder}"),
        ("run", "he2020", "--times", "0,1", "--output", "{folder}"),
        ("simulate", "1 MIU once", "--days", "2", "--uncertainty", "default", "--csv", "{folder}/course.csv"),
        ("predict", "dilt1d", "--output", "{folder}"),
    ],
    ids=["run", "run with figures and validation", "simulate with bands", "predict"],
)
def test_bands_and_predictions_load_no_more(
    command: tuple[str, ...], first: tuple[Path, list[tuple[str, list[str]]]], tmp_path: Path
) -> None:
    """Reading draws needs no more than simulating does: what fits and draws is loaded by those who fit and draw."""
    cache, _ = first
    filled = [part.format(folder=tmp_path / "out") for part in command]
    # whichever comes first compiles, in each variant that a simulation and draws of it need
    ended(start(cache, "-m", "pkpd", "simulate", "1 MIU once", "--days", "1", "--uncertainty", "default"))
    out, err = ended(start(cache, "-c", TELL, *filled))
    assert err == ["loaded []"] and list((tmp_path / "out").iterdir())
    assert ("90 % range of 200 draws" in out) == (command[0] != "predict")


def test_other_engines_load_what_they_need(first: tuple[Path, list[tuple[str, list[str]]]]) -> None:
    """So the probe sees what is loaded."""
    cache, _ = first
    _, err = ended(start(cache, "-c", TELL, *COMMAND, "--engine", "scipy"))
    assert err == ["loaded ['sympy', 'scipy']"]


def test_damaged_code_is_made_again(first: tuple[Path, list[tuple[str, list[str]]]], tmp_path: Path) -> None:
    cache, said = first
    copy = shutil.copytree(cache, tmp_path / "cache")
    for path in copy.glob("il2_minimal*"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    out, err = ended(start(copy, "-m", "pkpd", *COMMAND))
    assert out == said[0][0] and err == ["pkpd: compiling model il2_minimal for this processor, once"]
    assert ended(start(copy, "-m", "pkpd", *COMMAND)) == (out, [])


# edits

KEYS = """
import sys
from pkpd.engine.code import library, machine, store
def note(name):
    print("kernel", name)
    sys.exit()
store.read = note
for name in ("il2", "il2_minimal"):
    for sensitive in (False, True):
        print(name, sensitive, library._source_key(name, sensitive))
machine.kernel()
"""
BUILT_IN, KERNEL = {"il2 False", "il2 True", "il2_minimal False", "il2_minimal True"}, {"kernel"}


def loop_files(name: str = "kernel") -> set[str]:
    """The files that numba compiles: the kernel, and what it imports from its own folder."""
    path = ROOT / "pkpd/engine/code" / f"{name}.py"
    imports = [
        n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.ImportFrom) and n.level == 1
    ]
    found = {module for n in imports for module in ([n.module] if n.module else [a.name for a in n.names])}
    return {f"{name}.py"}.union(*(loop_files(module) for module in found))


# every file that compiled code is made from
EDITS = [
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "pkpd/engine/code").glob("*.py")),
    *("pkpd/model/il2_minimal.py", "pkpd/model/grammar.py", "pkpd/model/blocks/counts.py", "pkpd/units.py"),
    "params/il2_minimal.toml",
]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package, to be edited."""
    folder = tmp_path_factory.mktemp("package")
    for name in ("pkpd", "params"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def keys(package: Path) -> dict[str, str]:
    """The names under which that package looks for code."""
    out, _ = ended(start(package / "cache", "-c", KEYS, package=package))
    return dict(line.rsplit(" ", 1) for line in out.splitlines())


@pytest.fixture(scope="module")
def before(package: Path) -> dict[str, str]:
    """The names for the package as it is."""
    return keys(package)


@pytest.mark.parametrize("file", EDITS)
def test_an_edit_makes_new_code(file: str, package: Path, before: dict[str, str]) -> None:
    """A comment is enough: what an edit means cannot be known."""
    text = (package / file).read_text()
    (package / file).write_text(text + "\n# edited\n")
    try:
        after = keys(package)
    finally:
        (package / file).write_text(text)
    assert before.keys() == BUILT_IN | KERNEL and len(set(before.values())) == len(before)
    in_loop = Path(file).name in loop_files() and "engine/code" in file
    assert {name for name in before if before[name] != after[name]} == (BUILT_IN | KERNEL if in_loop else BUILT_IN)


def test_the_loop_is_in_several_files() -> None:
    assert {"kernel.py", "memory.py"} < loop_files()


def test_an_edited_equation_is_what_runs(first: tuple[Path, list[tuple[str, list[str]]]], package: Path) -> None:
    """From the same folder of code, in which that of the equation before lies."""
    cache, said = first
    assert ended(start(cache, "-m", "pkpd", *COMMAND, package=package))[0] == said[0][0]
    file = package / "pkpd/model/il2_minimal.py"
    text = file.read_text()
    edited, times = re.subn(r'(m\.flow\("\w+", )', r"\1 2 * ", text)
    assert times
    file.write_text(edited)
    try:
        out, err = ended(start(cache, "-m", "pkpd", *COMMAND, package=package))
    finally:
        file.write_text(text)
    assert err == ["pkpd: compiling model il2_minimal for this processor, once"]
    assert out != said[0][0]
    assert ended(start(cache, "-m", "pkpd", *COMMAND, package=package)) == (said[0][0], [])
