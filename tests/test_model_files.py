"""Models by name and from a user's own file: what runs, and the one sentence for every wrong form."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pkpd.engine.code import store
from pkpd.errors import ModelError
from pkpd.model.registry import MODELS, get_model
from pkpd.simulation import simulate

ROOT = Path(__file__).resolve().parent.parent

FILE = """
from pkpd.model.grammar import build

class Size:
    litres = 10.0

def drug(m):
    x = m.state("x", "mg")
    m.flow("loss", m.parameter("k", "1/h", value=0.1) * x, out_of=x)
    m.output("level", x / m.parameter("volume", "L", value=Size.litres), "mg/L")
    m.route("iv", into=x, unit="mg")

ready = build("ready", drug)

def made():
    return build("made", drug)

def of_two(a, b): return build("of_two", drug)
def fails(): raise ValueError("no luck")
def wrong(): return build("wrong", lambda m: m.change("x", 1))
def nothing(): pass
def leaves(): raise SystemExit(3)
def endless(): return endless()
number = 3
"""

WITH_DATACLASS = """
from __future__ import annotations
from dataclasses import dataclass
from pkpd.model.grammar import build

@dataclass
class Size:
    litres: float

made = build("made", lambda m: m.state("x", "mg", initial=Size(3).litres))
"""

BROKEN = {
    "syntax": "def (",
    "raises": "raise ValueError('no luck')",
    "leaves": "import sys; sys.exit(3)",
    "imports": "import no_such_module",
    "null": "a\0b",
    "empty": "",
    "units": "from pkpd.model.grammar import build\nx = build('x', lambda m: m.state('x', 'bananas'))",
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with the files above."""
    (tmp_path / "mine.py").write_text(FILE)
    (tmp_path / "notes.txt").write_text(FILE)
    (tmp_path / "with_dataclass.py").write_text(WITH_DATACLASS)
    (tmp_path / "latin.py").write_bytes(b"a = '\xff\xfe'")
    (tmp_path / "folder.py").mkdir()
    for name, text in BROKEN.items():
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["ready", "made"])
def test_a_model_from_a_file_runs_like_any_other(name: str, here: Path) -> None:
    for place in ("mine.py", here / "mine.py", "./mine.py"):
        model = get_model(f"{place}:{name}")
        assert model.name == name
        assert simulate("10 mg iv once", model, times=[0.0], side="post")["level"] == pytest.approx([1])
    assert simulate("10 mg once", f"mine.py:{name}", times=[0.0], side="post")["level"] == pytest.approx([1])


def test_a_model_file_may_use_dataclasses(here: Path) -> None:
    """They look their module up by name."""
    assert get_model("with_dataclass.py:made").name == "made"


def test_an_edited_model_file_is_read_again(here: Path) -> None:
    """In a notebook, a stale model would be a silent wrong answer."""
    assert get_model("mine.py:ready").states[0].name == "x"
    (here / "mine.py").write_text(FILE.replace('"x"', '"another"'))
    assert get_model("mine.py:ready").states[0].name == "another"


def test_a_name_that_is_a_path_stays_in_the_store(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies in the store runs as machine code, and a model's name is any text."""
    monkeypatch.setenv("PKPD_CACHE", str(here / "cache"))
    drug = get_model("mine.py:ready")
    simulate("10 mg iv once", replace(drug, name="/../../evil"), times=[0.0])
    assert [path.parent.name for path in here.rglob("*evil*")] == ["cache"]
    for name in ("", ".", "..", "../code", "a/../../code", "/tmp/code"):
        for use in (lambda name: store.read(name), lambda name: store.write(name, b"")):
            with pytest.raises(ValueError, match="no plain name"):
                use(name)


def test_an_edited_equation_is_what_the_compiled_engine_runs(here: Path) -> None:
    """Named as text in the same process, as a notebook does."""
    levels = []
    for rate in ("0.1", "0.2"):
        (here / "mine.py").write_text(FILE.replace("value=0.1", f"value={rate}"))
        levels.append(float(simulate("10 mg iv once", "mine.py:ready", times=[0.5])["level"][0]))
    # exp(-0.1 * 12) and its square, to ten times the solver's tolerance
    assert levels == pytest.approx([0.30119421, 0.09071795], rel=1e-5)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mine.py", "does not name a model in a file: write path/file.py:name"),
        ("mine.py:", "does not name a model in a file"),
        (":ready", "does not name a model in a file"),
        ("mine.py:a b", "does not name a model in a file"),
        ("mine.py:raedy", "mine.py holds no 'raedy'; did you mean 'ready'"),
        ("mine.py:number", "'number' in mine.py is not a model"),
        ("mine.py:nothing", "'nothing' in mine.py is not a model"),
        ("mine.py:Size", "mine.py"),
        ("mine.py:drug", "mine.py"),
        ("mine.py:build", "mine.py"),
        ("mine.py:of_two", "mine.py"),
        ("mine.py:fails", "mine.py.*no luck"),
        ("mine.py:wrong", "'x'"),
        ("mine.py:leaves", "mine.py"),
        ("mine.py:endless", "mine.py"),
        ("min.py:ready", "the model file min.py does not exist"),
        ("no/such.py:x", "does not exist"),
        ("folder.py:x", "the model file folder.py does not exist"),
        ("notes.txt:ready", "notes.txt is not a Python file"),
        ("il2:x", "the model file il2 does not exist"),
        ("a" * 300 + ".py:x", "does not exist"),
        ("a\0b.py:x", "does not exist"),
        ("syntax.py:x", "syntax.py does not run as Python: SyntaxError"),
        ("raises.py:x", "raises.py does not run as Python: ValueError: no luck"),
        ("leaves.py:x", "leaves.py does not run as Python"),
        ("imports.py:x", "imports.py does not run as Python: .*no_such_module"),
        ("null.py:x", "null.py does not run as Python"),
        ("latin.py:x", "latin.py does not run as Python"),
        ("empty.py:x", "empty.py holds no 'x'"),
    ],
    ids=lambda v: v[:20].replace("\0", "0"),
)
def test_a_wrong_model_file_is_refused_in_one_sentence(name: str, said: str, here: Path) -> None:
    with pytest.raises(ModelError, match=said) as caught:
        get_model(name)
    assert "\n" not in str(caught.value)


def test_an_error_of_the_grammar_names_what_is_wrong(here: Path) -> None:
    with pytest.raises(Exception, match="'bananas' is not a known unit"):
        get_model("units.py:x")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("il3", "did you mean 'il2'"),
        ("", "il2, il2_minimal"),
        ("IL2", "did you mean 'il2'"),
        ("zzz", "path/file.py:name"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(name: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        get_model(name)


def test_results_are_the_same_in_every_process() -> None:
    """Neither a fingerprint nor a bit of a result may hang on the order of a set, or no run could be replayed."""
    code = f"""
import hashlib
from pkpd.simulation import simulate
from pkpd.model.registry import get_model
for name in {list(MODELS)}:
    t = simulate("1 MIU every 2d x2", name, days=4)
    print(get_model(name).fingerprint, hashlib.sha256(t.table().to_csv().encode()).hexdigest())
"""
    said = set()
    for seed in ("0", "1"):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        said.add(done.stdout)
    assert len(said) == 1
