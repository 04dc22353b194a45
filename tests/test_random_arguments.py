"""Random command lines: whatever the words, an orderly exit, and what was there stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import FILES, pkpd, put_files
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pkpd.cli.main import VERBS

NUMBERS = (
    *("0", "1", "-1", "7", "1.6", "nan", "inf", "1e9", "1e-9", "1e999"),
    *("6h", "14d", "12pM", "0,1,2", "1,,2", "3,1"),
)
PATHS = (
    *("a.csv", "b.csv", "out", "a.csv.run.json", "out/run.json", "parameters.toml", "study.toml", "schedules.toml"),
    *("binary", "model.py:model", "model.py:broken", "list.json", "folder", "mine.csv", "missing.toml", ".", ""),
)
TAKES = {
    "run": ("he2020", "study.toml"),
    "simulate": ("1 MIU once", "1 MIU daily x2", "0.4 MIU/m2 iv over 2h once", "none", "schedules.toml:twice"),
    "export": ("events", "sbml", "parameters", "antimony", "petab", "he2020"),
    "schedule": ("he2020", "placebo", "0.4 MIU/m2 once", "1 MIU every 2d x7, miss 3, rest 14d, repeat 2"),
    "schedules": ("schedules.toml",),
    "model": ("il2", "il2_minimal", "model.py:model"),
    "models": (),
    "check": ("il2", "he2020", "parameters.toml", "study.toml", "out/run.json"),
    "references": ("il2", "he2020", "out/run.json"),
    "fit": ("dilt1d", "hao2020", "study.toml", "mine.csv"),
    "profile": ("hao2020", "out", "folder"),
    "predict": ("dilt1d", "hao2020", "study.toml", "mine.csv"),
    "population": ("he2020", "study.toml", "1 MIU once"),
    "trial": ("he2020", "study.toml"),
    "compare": ("he2020", "placebo", "1 MIU once", "1 MIU daily x2"),
    "optimise": (),
    "sensitivity": ("he2020", "1 MIU once", "study.toml"),
    "vpc": ("dilt1d", "mine.csv", "study.toml"),
    "explore": ("he2020", "1 MIU once", "none", "schedules.toml:twice"),
    "report": ("small", "small/run.json"),
}
# what makes a verb quick whose own defaults take long; figures have tests of their own
QUICK = {
    "run": ("--no-figures",),
    "population": ("--patients", "3", "--no-uncertainty", "--no-figures"),
    "trial": ("--replicates", "1", "--patients", "2", "--no-uncertainty", "--no-figures"),
    "compare": ("--no-uncertainty", "--no-figures"),
    "optimise": ("--evaluations", "4", "--no-uncertainty", "--no-figures"),
    "sensitivity": ("--vary", "treg_ec50", "--samples", "8", "--no-figures"),
    "vpc": ("--replicates", "2", "--no-figures"),
    "explore": ("--check",),
    "report": ("--no-validation",),
}
OPTIONS = {
    **dict.fromkeys(("--days", "--times", "--step", "--weight", "--bsa", "--rtol"), (*NUMBERS, "")),
    **dict.fromkeys(("--params", "--csv", "--output", "--replay", "--uncertainty", "--bands"), (*PATHS, "default")),
    "--model": ("il2", "il2_minimal", "model.py:model", "model.py:broken", "syntax.py:model", "il3"),
    "--set": ("treg_feedback=1", "treg_ec50=12pM", "treg_ec50=0", "bsa=1.7", "bsa=-1", "elimination=1/h", "a=b", "="),
    "--vary": ("treg_ec50", "treg_ec5", "a,,b"),
    "--side": ("pre", "post", "both", "left"),
    "--quantity": ("treg_peak_fold", "treg_pek", ""),
    "--seed": NUMBERS,
    "--rule": ("if treg_fold > 2 at visit: stop", "if"),
    "--conduct": ("dropout=0.5", "dropout=2", "a=1"),
    "--goal": ("max treg_auc", "max", "min treg"),
    "--subject-to": ("nk_peak_fold<2", "nk<"),
    "--over": ("dose 0.2..3 MIU", "dose 3..1 MIU", "a"),
    "--engine": ("scipy", "scipy-radau", "numba"),
}
anything = st.text(st.characters(exclude_characters="\0"), max_size=8)
flags = st.sampled_from(("--wide", "--no-figures", "--latex", "--help", "-h", "--version", "--", "-", "--x", "\udcff"))


@st.composite
def commands(draw: st.DrawFn) -> list[str]:
    """A verb with what it takes and options with what they take; now and then with something else in their place."""
    verb = draw(st.sampled_from(tuple(VERBS)))
    found = [verb]
    if positional := TAKES[verb]:
        found += draw(st.lists(st.sampled_from(positional), min_size=1, max_size=1) | st.just([]))
    # figures take seconds and have tests of their own
    options = [option for option in OPTIONS if (verb, option) != ("simulate", "--output")]
    for option in draw(st.lists(st.sampled_from(options), max_size=3, unique=True)):
        found += [option, draw(st.sampled_from(OPTIONS[option]))]
    for _ in range(draw(st.integers(0, 2))):
        found.insert(draw(st.integers(0, len(found))), draw(st.one_of(anything, flags, st.sampled_from(PATHS))))
    return [*found, *QUICK.get(verb, ())]


@pytest.fixture(scope="module")
def playground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One folder, with files of every kind, for all random commands."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("playground"))
        put_files(Path())
        yield Path.cwd()


@settings(max_examples=120)
@given(arguments=commands())
@example(arguments=["simulate", "1 MIU once", "--csv", "mine.csv"])
@example(arguments=["run", "study.toml", "--output", ".", "--no-figures"])
def test_random_arguments(arguments: list[str], playground: Path) -> None:
    """Any words end in an orderly exit: 0, or 2 with a sentence; files that were there stay as they were."""
    said = pkpd(*arguments)
    assert said.status in (0, 2), said
    if said.status and said.err:
        assert said.err.splitlines()[-1].startswith("pkpd: ")
    for name, text in FILES.items():
        assert (playground / name).read_text() == text
