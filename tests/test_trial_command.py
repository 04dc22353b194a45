"""`pkpd trial`: its files, the same with any number of threads, and one sentence for what is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from commands import FILES, pkpd, put_files, record, refused, rows, study_file, works

from pkpd import data
from pkpd.cli.trial_files import NAMES
from pkpd.output.provenance import read_record
from pkpd.trials.clinical.caution import CAUTION

SMALL = ("he2020", "--replicates", "4", "--patients", "6")
PLAIN = (*SMALL, "--no-figures", "--no-uncertainty")
CLINICAL = {"responses.csv", "rates.csv", "power.csv"}
FIGURES = {f"{name}.{kind}" for name in ("trial", "significance", "responses", "power") for kind in ("png", "svg")}

pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A small trial with uncertainty and figures, and what it prints."""
    folder = tmp_path_factory.mktemp("trial") / "one"
    return folder, works("trial", *SMALL, "--threads", "1", "--output", str(folder))


def test_the_files_it_writes(made: tuple[Path, str]) -> None:
    folder, said = made
    assert {p.name for p in folder.iterdir()} == set(NAMES) - {"events.csv"} | FIGURES | {"run.json"}
    report = (folder / "report.txt").read_text()
    assert said.startswith(report) and CAUTION in report
    # the time differs from run to run, and the report must not
    assert "Time: " in said and "Time: " not in report


def test_threads_change_no_file(made: tuple[Path, str], tmp_path: Path) -> None:
    folder, _ = made
    works("trial", *SMALL, "--threads", "3", "--output", str(tmp_path / "three"))
    one, three = record(folder / "run.json"), record(tmp_path / "three" / "run.json")
    assert one["files"] == three["files"] and len(one["files"]) == len(NAMES) - 1 + len(FIGURES)
    assert {k for k in one if one[k] != three[k]} <= {"command", "digest"}


def test_seeds_differ_and_repeat(tmp_path: Path) -> None:
    tables = []
    for folder, seed in (("a", "1"), ("b", "2"), ("c", "1")):
        works("trial", *PLAIN, "--seed", seed, "--output", folder)
        tables.append(Path(folder, "replicates.csv").read_bytes())
    assert tables[0] == tables[2] != tables[1]


def test_tables_belong_together(made: tuple[Path, str]) -> None:
    folder, _ = made
    example, patients = rows(folder / "example.csv"), rows(folder / "patients.csv")
    arms = {row["id"]: row["arm"] for row in patients}
    assert len(patients) == 12 and sorted(arms.values()) == ["il2"] * 6 + ["placebo"] * 6
    assert all(arms[row["id"]] == row["arm"] for row in example)
    assert {row["sex"] for row in patients} <= {"female", "male"}
    # the level on day 0 without noise is the patient's own baseline
    first = {row["id"]: float(row["level"]) for row in example if row["output"] == "nk" and row["visit"] == "0"}
    for row in patients:
        # the solver starts at the baseline, so only its printed digits differ
        assert first[row["id"]] == pytest.approx(float(row["nk_baseline [cells/uL]"]), rel=1e-3)
    means = rows(folder / "replicates.csv")
    own = [float(row["value"]) for row in example if (row["arm"], row["output"], row["visit"]) == ("il2", "nk", "42")]
    told = next(r for r in means if (r["rep"], r["arm"], r["day"], r["output"]) == ("1", "il2", "42", "nk"))
    assert float(told["mean"]) == pytest.approx(sum(own) / len(own), rel=1e-9) and int(told["n"]) == len(own)


def test_the_record_says_what_was_assumed(made: tuple[Path, str]) -> None:
    folder, _ = made
    found = read_record(folder / "run.json", "trial")
    assert (found["seed"], found["replicates"], found["control"]) == (1, 4, "placebo")
    assert found["conduct"]["dropout"]["value"] == 0.016667
    assert found["illustration"]["caution"] == CAUTION and found["illustration"]["between_trials"] == 0.5
    assert found["draws"]["origin"] == "il2.csv" and found["parameters"]["tables"]["nk_baseline"]["value"] == 90
    assert set(found["arms"]) == {"il2", "placebo"} and found["arms"]["il2"]["patients"] == 6


def test_options_reach_the_trial() -> None:
    said = works(
        *("trial", *PLAIN, "--conduct", "dropout=1", "--conduct", "antibodies=1", "--alpha", "0.2"),
        *("--link", "regimen", "--between-trials", "1.5", "--side", "post", "--set", "treg_ec50=20pM"),
    )
    assert re.search("^dropout +1  set by --conduct$", said, re.MULTILINE) and "Link regimen, assumed" in said
    assert "two-sided p < 0.2" in said and "SD 1.5" in said and "are taken after the dose" in said
    counts = rows("results/he2020-trial/counts.csv")
    assert [(c["dropped"], c["antibodies"]) for c in counts] == [("24", "24"), ("24", "0")]
    found = record("results/he2020-trial/run.json")
    assert found["parameters"]["tables"]["treg_ec50"]["value"] == 20 and found["draws"] is None
    assert found["side"] == "post" and found["alpha"] == 0.2


def test_rules_decide_on_doses_and_are_listed() -> None:
    rule = "if treg_fold > 1.5 at visit: hold until < 1.2"
    said = works("trial", *PLAIN, "--rule", rule, "--output", "ruled")
    works("trial", *PLAIN, "--output", "plain")
    assert f"Rule of arm il2: {rule}" in said
    events, patients = rows("ruled/events.csv"), rows("ruled/patients.csv")
    arms = {row["id"]: row["arm"] for row in patients}
    assert events and all(arms[e["id"]] == e["arm"] for e in events)
    assert record("ruled/run.json")["rules"] == {"il2": [rule]}
    received = [float(rows(f"{folder}/counts.csv")[0]["doses_received"]) for folder in ("ruled", "plain")]
    assert received[0] < received[1]
    # no exposure, no effect: the placebo arm responds as without rules, since the anchor is the regimen without them
    placebo = [
        [r["responders"] for r in rows(f"{folder}/responses.csv") if r["arm"] == "placebo"]
        for folder in ("ruled", "plain")
    ]
    assert placebo[0] == placebo[1]


def test_the_rules_of_an_arm_are_followed() -> None:
    rule = "if treg_fold > 1.5 at visit: hold until < 1.2"
    text = (data.folder() / "studies" / "he2020.toml").read_text("utf-8")
    Path("own.toml").write_text(
        text.replace('schedule = "he2020"', f"schedule = \"he2020\"\nrules = ['{rule}']", 1), "utf-8"
    )
    said = works("trial", "own.toml", *PLAIN[1:], "--output", "own")
    works("trial", *PLAIN, "--rule", rule, "--output", "asked")
    assert f"Rule of arm il2: {rule}" in said and "follow them" not in said
    assert Path("own/responses.csv").read_bytes() == Path("asked/responses.csv").read_bytes()
    assert Path("own/events.csv").read_bytes() == Path("asked/events.csv").read_bytes()
    assert "Rule" not in works("trial", "own.toml", *PLAIN[1:], "--no-rules", "--output", "none")


def test_a_study_of_one_arm_without_outcomes_goes_without_the_clinical_part() -> None:
    said = works("trial", "hao2020", "--replicates", "2", "--patients", "3", "--no-uncertainty")
    assert "No control arm" in said and "No clinical illustration: study hao2020 has no outcome that is linked" in said
    written = {p.name for p in Path("results/hao2020-trial").iterdir()}
    assert "visits.csv" in written and not written & {*CLINICAL, "outcomes.csv", "power.png"}
    assert record("results/hao2020-trial/run.json")["illustration"] is None


def test_an_illustration_that_cannot_be_made_is_said_and_the_rest_stays() -> None:
    said = pkpd("trial", *PLAIN, "--conduct", "missed_doses=1")
    assert said.status == 0 and "note: no clinical illustration: the link treg_exposure" in said.err
    assert "No clinical illustration: the link treg_exposure of sri4_week12 needs reference patients" in " ".join(
        said.out.split()
    )
    assert not CLINICAL & {p.name for p in Path("results/he2020-trial").iterdir()}


def test_what_was_changed_by_hand_is_not_replaced() -> None:
    works("trial", *PLAIN)
    works("trial", *PLAIN)  # its own files are
    Path("results/he2020-trial/visits.csv").write_text("mine\n")
    assert "visits.csv was changed since pkpd wrote it" in refused("trial", *PLAIN)


def test_a_users_study_and_model_are_run() -> None:
    put_files(Path())
    assert "study.toml" in FILES
    text = study_file('[arms.one]\nn = 3\nschedule = "1 MIU daily x3"\n', '[arms.none]\nn = 3\nschedule = "none"\n')
    Path("own.toml").write_text(text)
    said = works("trial", "own.toml", "--replicates", "2", "--model", "model.py:model")
    assert "amount (IU)" in said and "study mine has no outcome that is linked" in said
    assert Path("results/mine-trial/trial.png").is_file()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("he2020 --replicates 0", "--replicates is a whole number, 1 or more, not 0"),
        ("he2020 --patients 0", "--patients is a whole number, 1 or more, not 0"),
        ("he2020 --seed -1", "--seed is a whole number, 0 or more, not -1"),
        ("he2020 --seed 99999999999999999999", "seed is a whole number from 0 to 2^64 - 1"),
        ("he2020 --link treg_peka", "there is no link 'treg_peka'; did you mean 'treg_peak'?"),
        ("he2020 --alpha 2", "--alpha is a chance above 0 and below 1, not 2"),
        ("he2020 --alpha nan", "--alpha is a chance above 0 and below 1, not nan"),
        ("he2020 --between-trials 0.2", "the between-trial SD of the log-odds is 0.5 or more, not 0.2"),
        ("he2020 --conduct dropuot=1", "did you mean 'dropout'?"),
        ("he2020 --conduct dropout=2", "dropout = 2 lies outside 0 to 1"),
        ("he2020 --conduct dropout", "--conduct takes NAME=VALUE, for example dropout=0.1, not 'dropout'"),
        ("he2020 --side both", "--side is pre or post, since a visit has one sample, not 'both'"),
        ("he2020 --no-uncertainty --uncertainty default", "contradict each other"),
        ("he2020 --output=", "--output takes a name, not an empty text"),
        ("he2020 --rule often", "'often' at character 1 was found where 'if' should begin a rule"),
        ("he2020 --set treg_ec5=3", "did you mean 'treg_ec50'?"),
        ("he2021", "study 'he2021' is neither a built-in name nor a file; did you mean 'he2020'?"),
        ("he2020 --replicates 999999999", "999999999 replicates of 60 patients were asked for; at most"),
    ],
)
def test_what_is_wrong_gets_one_sentence(words: str, sentence: str) -> None:
    assert sentence in refused("trial", *words.split(), "--no-figures")
