"""Text from files and from the command line is never evaluated, whatever stands in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import parameter, parameter_file, pkpd
from documents import READERS, changed, one_of_each, reads, sort, store, valid_documents
from hypothesis import given, settings
from hypothesis import strategies as st

from pkpd.dosing.library import load_schedule
from pkpd.dosing.schedule import Schedule
from pkpd.errors import PkpdError


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder in which this module works, with a Python file that leaves a trace when it is run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("documents"))
        Path("evil.py").write_text("open('touched', 'w')\n")
        yield Path()


@pytest.fixture(scope="module")
def valid(place: Path) -> dict[str, dict[str, Any]]:
    return valid_documents()


@pytest.fixture(autouse=True)
def nothing_ran(place: Path) -> Iterator[None]:
    """No test of this module may leave the trace of `evil.py`, or of any text below."""
    yield
    trace = place / "touched"
    ran = trace.exists()
    trace.unlink(missing_ok=True)
    assert not ran


# --- names and texts on the command line


@settings(max_examples=150)
@given(
    text=st.text(max_size=20)
    | st.builds("{}:{}".format, st.sampled_from(("study.toml", "x.toml", "evil.py")), st.text())
)
def test_any_schedule_is_read_or_refused(text: str, place: Path) -> None:
    try:
        assert isinstance(load_schedule(text), Schedule)
    except PkpdError as refusal:
        assert str(refusal).strip()


# --- text is text

TRACE = "open('touched','w')"
HOSTILE = (
    f"__import__('builtins').{TRACE}",
    f"{{__import__('builtins').{TRACE}}}",
    "$(touch touched); touch touched",
    "./evil.py:model",
    "{0.__class__}%s%n\\",
)


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_text_of_a_file_is_never_evaluated(kind: str, hostile: str, valid: dict[str, dict[str, Any]]) -> None:
    """In every place that holds text, through the reader and the commands that take the file."""
    for at, value in one_of_each(valid[kind], kind):
        if sort(value) != "text" or at == ("kind",):
            continue
        path = str(store(changed(valid[kind], at, hostile), kind))
        reads(Path(path), kind)
        pkpd("check", path)
        pkpd("references", path)


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_names_and_options_are_never_evaluated(hostile: str, place: Path) -> None:
    key = json.dumps(hostile)
    Path("names.toml").write_text(parameter_file(parameter(key, 1, "1")))
    Path("arms.toml").write_text(
        'kind = "study"\nname = "mine"\nmeaning = ""\ndays = 1\nvisits = [0]\n' + f'[arms.{key}]\nschedule = "none"\n'
    )
    fast = ("--model", "il2_minimal", "--times", "0")
    for command in (
        *(("check", "names.toml"), ("simulate", "none", "--params", "names.toml", *fast)),
        *(("check", "arms.toml"), ("run", "arms.toml", *fast, "--no-figures", "--output", "arms")),
        *(("schedule", hostile), ("schedule", f"1 {hostile} once"), ("schedule", "1 MIU once", "--bsa", hostile)),
        *(
            ("simulate", "none", *fast, f"--set=treg_feedback={hostile}"),
            ("simulate", "none", *fast, f"--set={hostile}=1"),
        ),
        *(
            ("simulate", "none", "--model", "il2_minimal", f"--times={hostile}"),
            ("simulate", "none", f"--days={hostile}"),
        ),
        *(("simulate", "none", *fast, f"--params={hostile}"), ("simulate", "none", *fast, f"--engine={hostile}")),
        *(("run", hostile), ("references", hostile), ("check", hostile), ("schedules", hostile)),
    ):
        pkpd(*command)
