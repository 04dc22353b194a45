"""Wrong input of every kind: one sentence, exit status 2, and every file as it was."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from commands import pkpd, put_files, refused, works

WRONG = [
    # verbs, options, arguments
    ("runn he2020", "there is no command 'runn'; did you mean 'run'?"),
    ("x", "there is no command 'x'; there are run, simulate"),
    ("'' he2020", "there is no command ''"),
    ("--foo", "--foo"),
    ("run", "give a study"),
    ("run he2020 he2020", "unexpected extra argument"),
    ("run he2020 --replay run.json", "give a study, for example he2020, or --replay"),
    ("run he2020 --dys 3", "--days"),
    ("run he2020 --days", "--days"),
    ("schedule", "SCHEDULE"),
    ("simulate", "SCHEDULE"),
    ("check", "FILES"),
    ("models il2", "unexpected extra argument"),
    ("schedules a b", "unexpected extra argument"),
    ("references a b", "unexpected extra argument"),
    # studies
    ("run he202", "did you mean 'he2020'?"),
    ("run ''", "neither a built-in name nor a file"),
    ("run folder", "neither a built-in name nor a file"),
    ("run missing.toml", "does not exist"),
    ("run malformed.toml", "malformed.toml is not valid TOML"),
    ("run empty.toml", "empty.toml does not say what it is"),
    ("run parameters.toml", "kind 'parameters' where one of kind 'study' is needed"),
    ("run binary", "binary is not valid TOML"),
    ("run list.json", "list.json"),
    ("run mine.csv", "mine.csv is a table, not a study file; pkpd check, fit and predict read observations"),
    # models
    ("run he2020 --model il3", "did you mean 'il2'?"),
    ("run he2020 --model ''", "there is no model ''"),
    ("simulate '1 MIU once' --model il2_minima", "did you mean 'il2_minimal'?"),
    ("model il3", "did you mean 'il2'?"),
    ("model model.py", "path/file.py:name"),
    ("model model.py:", "path/file.py:name"),
    ("model model.py:modle", "did you mean 'model'?"),
    ("model model.py:number", "is not a model"),
    ("model model.py:broken", "a slip of the pen"),
    ("model missing.py:model", "missing.py does not exist"),
    ("model folder:model", "folder"),
    ("model syntax.py:model", "syntax.py"),
    ("model leaves.py:model", "leaves.py"),
    ("model binary:model", "binary"),
    # parameters and what is set
    ("run he2020 --params il3", "did you mean 'il2'?"),
    ("run he2020 --params missing.toml", "missing.toml"),
    ("run he2020 --params folder", "folder"),
    ("run he2020 --params mine.csv", "mine.csv is a table, not a parameters file"),
    ("run he2020 --params binary", "binary is not valid TOML"),
    ("run he2020 --params study.toml", "kind 'study' where one of kind 'parameters' is needed"),
    ("simulate he2020 --params misspelt.toml", "did you mean 'treg_ec50'?"),
    ("simulate he2020 --params dimension.toml", "dimension.toml", "treg_ec50", "'L' does not convert to 'pM'"),
    ("simulate he2020 --params negative.toml", "linear_clearance", "negative"),
    ("simulate he2020 --params minimal.toml", "minimal.toml", "il2_minimal"),
    ("simulate he2020 --params huge.toml", "huge.toml", "treg_ec50"),
    ("model il2 --params il2_minimal", "il2_minimal"),
    ("model il2 --params misspelt.toml", "did you mean 'treg_ec50'?"),
    ("model il2 --latex --params missing.toml", "missing.toml"),
    ("run he2020 --set treg_ec50", "--set takes NAME=VALUE"),
    ("run he2020 --set =12", "--set takes NAME=VALUE"),
    ("run he2020 --set treg_ec50=", "--set takes NAME=VALUE"),
    ("run he2020 --set treg_ec5=12", "did you mean 'treg_ec50'?"),
    ("run he2020 --set treg_ec50=twelve", "treg_ec50", "'twelve' is not a number with a unit"),
    ("run he2020 --set treg_ec50=nan", "'nan' is not a number"),
    ("run he2020 --set treg_ec50=inf", "'inf' is not a number"),
    ("run he2020 --set treg_ec50=1e999", "finite"),
    ("run he2020 --set treg_ec50=12L", "treg_ec50", "pM"),
    ("run he2020 --set treg_ec50=12pMM", "did you mean 'pM'?"),
    ("run he2020 --set 'treg_ec50=12 pM; import os'", "is not a unit"),
    ("simulate '1 MIU once' --set self=1", "'self'"),
    ("simulate '1 MIU once' --set sc_lag=-1", "lag"),
    ("simulate '1 MIU once' --set treg_baseline=-1", "treg_baseline"),
    ("simulate '1 MIU once' --set treg_baseline=9999", "Treg are part of CD4"),
    ("simulate '1 MIU once' --bsa -1.6", "bsa"),
    ("simulate '1 MIU once' --bsa 0", "bsa"),
    ("simulate '1 MIU once' --weight -60", "weight"),
    ("simulate '1 MIU once' --weight heavy", "weight", "'heavy' is not a number"),
    ("simulate '1 MIU once' --bsa '2 kg'", "bsa", "m2"),
    ("run he2020 --bsa nan", "bsa", "'nan' is not a number"),
    # times
    ("run he2020 --days -1", "--days -1 is not a length of time above 0"),
    ("run he2020 --days 0", "--days 0 is not"),
    ("run he2020 --days nan", "--days: 'nan' is not a length of time"),
    ("run he2020 --days inf", "--days: 'inf' is not a length of time"),
    ("run he2020 --days 1e9", "up to 36525 days"),
    ("run he2020 --days 1e999", "--days"),
    ("run he2020 --days ''", "--days"),
    ("run he2020 --days 3dd", "did you mean 'd'?"),
    ("run he2020 --days 3months", "is not a unit of time"),
    ("run he2020 --step -6h", "--step"),
    ("run he2020 --step 0h", "--step"),
    ("run he2020 --step 1e-9", "168000000000 times were asked for"),
    ("run he2020 --times ''", "--times"),
    ("run he2020 --times 1,,2", "--times"),
    ("run he2020 --times a,b", "--times: 'a' is not a length of time"),
    ("run he2020 --times 1,nan", "--times: 'nan' is not a length of time"),
    ("run he2020 --times 1e9", "--times"),
    ("run he2020 --times 0,7 --step 6h", "--times says every time itself"),
    ("run he2020 --times 0,7 --days 84", "--times says every time itself"),
    # side, engine, tolerance
    ("run he2020 --side pree", "pre, post, both"),
    ("run he2020 --engine scipy-raudau", "did you mean 'scipy-radau'?"),
    ("run he2020 --engine numba9", "there is no engine 'numba9'"),
    ("run he2020 --rtol fine", "--rtol"),
    ("run he2020 --rtol 0", "tolerance"),
    ("run he2020 --rtol -1e-6", "tolerance"),
    ("run he2020 --rtol nan", "tolerance"),
    ("run he2020 --rtol 1", "tolerance"),
    # schedules
    ("schedule he2002", "did you mean 'he2020'?"),
    ("schedule zzz", "neither a named schedule nor a schedule text"),
    ("schedule ''", "the schedule text is empty"),
    ("schedule '1 MIU'", "once, daily x5"),
    ("schedule '1 MIUU once'", "did you mean 'MIU'?"),
    ("schedule '1 pM once'", "is not the unit of a dose"),
    ("schedule '1 MIU dialy x5'", "did you mean 'daily'?"),
    ("schedule '1e999 MIU once'", "positive and finite"),
    ("schedule '1 MIU daily x99999999'", "at most 100000"),
    ("schedule schedules.toml:twic", "did you mean 'twice'?"),
    ("schedule missing.toml:twice", "missing.toml"),
    ("schedule study.toml:twice", "study.toml"),
    ("schedule '1 MIU/m2 once' --bsa 0", "--bsa"),
    ("schedule '1 MIU/m2 once' --bsa wide", "--bsa"),
    ("schedule '1 MIU/kg once' --weight '1 m2'", "--weight"),
    ("simulate '1 MIU via mouth once'", "no dose route 'mouth'; it has sc, iv"),
    ("simulate '1 nmol once'", "nmol"),
    ("simulate '1 MIU/m2 once' --model model.py:model", "body surface area"),
    ("schedules missing.toml", "missing.toml cannot be read"),
    ("schedules folder", "folder cannot be read"),
    ("schedules binary", "binary is not valid TOML"),
    ("schedules study.toml", "kind 'study' where one of kind 'schedules' is needed"),
    # references
    ("references he202", "did you mean 'he2020'?"),
    ("references folder", "folder"),
    ("references binary", "binary is not valid TOML"),
    ("references missing.json", "missing.json cannot be read"),
    ("references broken.json", "broken.json is not valid JSON"),
    ("references list.json", "list.json is not a record of a run"),
    # replay
    ("run --replay missing.json", "missing.json cannot be read"),
    ("run --replay folder", "folder cannot be read"),
    ("run --replay binary", "binary is not valid JSON"),
    ("run --replay broken.json", "broken.json is not valid JSON"),
    ("run --replay list.json", "list.json is not a record of a run"),
    ("run --replay study.toml", "study.toml is not valid JSON"),
    ("run --replay list.json --set treg_ec50=12", "goes without --set"),
    # where things are written
    ("simulate '1 MIU once' --csv mine.csv", "mine.csv was not written by pkpd and is not replaced"),
    ("simulate '1 MIU once' --csv ours.csv", "ours.csv.run.json is not valid JSON"),
    ("simulate '1 MIU once' --csv folder", "folder is in the way"),
    ("simulate '1 MIU once' --csv mine.csv/a.csv", "mine.csv"),
    ("simulate '1 MIU once' --csv ''", "--csv"),
    ("simulate '1 MIU once' --csv /proc/pkpd.csv", "/proc"),
    (f"simulate '1 MIU once' --csv {'x' * 300}.csv", "File name too long"),
    ("simulate '1 MIU once' --wide", "--wide goes with --csv"),
    ("simulate '1 MIU once' --plot course.gif", ".png, .svg or .pdf"),
    ("simulate '1 MIU once' --plot course", ".png, .svg or .pdf"),
    ("simulate '1 MIU once' --plot ''", "--plot"),
    ("simulate '1 MIU once' --plot mine.png", "mine.png was not written by pkpd and is not replaced"),
    ("simulate '1 MIU once' --csv a.svg --plot a.svg", "a.svg"),
    ("run he2020 --no-figures --output mine.csv", "mine.csv"),
    ("run he2020 --no-figures --output ''", "--output"),
    ("run he2020 --no-figures --output /proc/here", "/proc/here"),
]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files of every kind, good and bad, in a folder of this test's own."""
    put_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("command", "said"), [(command, said) for command, *said in WRONG])
def test_wrong_input_is_one_sentence(command: str, said: list[str]) -> None:
    sentence = refused(*shlex.split(command))
    assert all(word in sentence for word in said), sentence


def test_more_rows_than_memory_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every ten seconds for half a year, in two arms and some thirty outputs, are ninety million rows."""

    def simulate(*_: object, **__: object) -> None:
        pytest.fail("the run was started")

    monkeypatch.setattr("pkpd.trials.run.simulate", simulate)
    assert "were asked for" in refused("run", "he2020", "--step", "10s", "--no-figures")


def test_times_by_the_thousand_are_taken_or_refused() -> None:
    many = ",".join(str(k / 1000) for k in range(5000))
    works("simulate", "1 MIU once", "--model", "il2_minimal", "--times", many)
    assert "times" in refused("simulate", "1 MIU once", "--model", "il2_minimal", "--times", many + ",x")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing.toml", "missing.toml"),
        ("binary", "is not valid TOML"),
        ("folder", "folder"),
        ("empty.toml", "does not say what it is"),
        ("malformed.toml", "is not valid TOML"),
        ("misspelt.toml", "did you mean 'treg_ec50'?"),
        ("dimension.toml", "does not convert"),
        ("huge.toml", "treg_ec50"),
        ("broken.json", "is not valid JSON"),
        ("list.json", "is not a record of a run"),
        ("he202", "did you mean 'he2020'?"),
    ],
)
def test_check_names_each_wrong_file(name: str, said: str) -> None:
    done = pkpd("check", name, "study.toml", "--model", "il2")
    assert done.status == 2 and done.out.startswith("study.toml: a study of 1 arm over ")
    verdict, last = done.err.splitlines()
    assert verdict.startswith(f"{name}: not valid: ") and said in verdict
    assert last.startswith("pkpd: 1 of 2 files")
