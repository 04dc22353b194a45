"""Tables of observations against a model, and what `pkpd check` says of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from commands import parameter, pkpd, study_file, works

from pkpd.engine.code.library import outline_of
from pkpd.errors import PkpdError
from pkpd.inference.prediction import Prediction
from pkpd.inference.rows.noise import RESIDUAL, Noise
from pkpd.inference.uncertainty.draws import Draws, write_draws
from pkpd.output.report.predictions import predictions_csv
from pkpd.studies.against import check_against, dose_levels
from pkpd.studies.library import load_observations
from pkpd.studies.observation import Observation, Observations

REGIMEN = "1 MIU daily x5"
HEAD = "regimen,output,form,day,value\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(text: str, name: str = "cohort.csv") -> Observations:
    Path(name).write_text(text, encoding="utf-8")
    return load_observations(name)


def gaps(found: Observations) -> str:
    return "\n".join(check_against(found, outline_of("il2")))


# --- against a model


def test_what_a_cohort_leaves_open() -> None:
    head = "arm,id,regimen,output,form,day,value,unit,spread,spread_value,n\n"
    poor = written(
        head
        + f"a,,{REGIMEN},treg,count,5,60,,SD,9,\n"  # an SD without n
        + f"a,,{REGIMEN},nk,fold,5,2,,SE,0.3,\n"
        + "p,,placebo,nk,fold,5,1,,SE,0.1,\n"
    )
    said = gaps(poor)
    assert "one dose level (1 MIU): the gain and the EC50 of a response cannot be told apart" in said
    assert "1 row has neither log_se nor a spread with n" in said and "(cohort.csv line 2)" in said
    assert "no baseline count of treg" in said and "cohort a" in said
    assert "treg is read in cells/uL (cohort.csv line 2)" in said
    rich = written(
        head
        + f"a,,{REGIMEN},treg,count,0,30,cells/uL,SD,9,12\n"
        + f"a,,{REGIMEN},treg,count,5,60,cells/nL,SD,9,12\n"
        + "b,P1,2 MIU daily x5,nk,fold,5,3,,,,\n"  # one patient: his scatter is the fit's to assume
    )
    assert gaps(rich) == ""


@pytest.mark.parametrize(
    ("form", "value", "bound", "said"),
    [
        (
            "count",
            0,
            "=",
            "line 3: count 0 is at the end of its scale, and a fit refuses it, since it has no",
        ),
        ("percent", 0, "=", "no finite logit; write the limit of the assay as value with bound <"),
        ("percent", 100, "=", "no finite logit; write the limit of the assay as value with bound >"),
        ("percent_change", -100, "=", "percent_change -100 is at the end"),
        ("fold", 0, "<", "fold 0 is at the end"),
    ],
)
def test_what_a_fit_refuses_check_refuses(here: Path, form: str, value: float, bound: str, said: str) -> None:
    output = "treg_percent_cd4" if form == "percent" else "treg"

    def cohort(role: str) -> None:
        (here / "cohort.csv").write_text(
            "regimen,output,form,day,value,bound,role\n"
            f"{REGIMEN},treg,fold,3,2,=,fit\n{REGIMEN},{output},{form},5,{value},{bound},{role}\n"
        )

    cohort("fit")
    done = pkpd("check", "cohort.csv")
    assert done.status == 2 and said in done.err
    cohort("check")
    works("check", "cohort.csv")


def test_a_fold_before_the_dose_is_one() -> None:
    head = "regimen,output,form,day,value,side\n"
    wrong = written(head + f"{REGIMEN},nk,fold,0,1.4,\n{REGIMEN},nk,percent_change,0,10,pre\n")
    assert "2 rows are of day 0 before the dose, where a fold is 1 and a change 0 % by definition" in gaps(wrong)
    right = written(
        head + f"{REGIMEN},nk,fold,0,1,\n{REGIMEN},nk,percent_change,0,0,\n{REGIMEN},nk,fold,0,1.4,post\n"
        f"{REGIMEN},nk,fold,3,1.4,\n"
    )
    assert "by definition" not in gaps(right)


@pytest.mark.parametrize(("per", "name", "size"), [("m2", "bsa", "1.8 m2"), ("kg", "weight", "70 kg")])
def test_doses_per_size_need_a_size(here: Path, per: str, name: str, size: str) -> None:
    head = f"id,regimen,output,form,day,value,{name}\n"
    rows = f"P1,0.5 MIU/{per} daily x5,nk,fold,3,2,\nP2,0.5 MIU/{per} daily x5,nk,fold,3,2,1.9\n"
    said = gaps(written(head + rows + "P3,1 MIU daily x5,nk,fold,3,2,\n"))
    assert f"1 row has doses per {per} and no {name}: the model's own {size} stands in (cohort.csv line 2)" in said
    (here / "mine.csv").write_text("output,form,day,value\nnk,fold,3,2\n")
    arm = f'[arms.one]\nschedule = "0.5 MIU/{per} daily x3"\n'
    more = parameter(f"parameters.{name}", 1.7, size.split()[1])
    for own, stands in (("", True), (more, False)):
        (here / "mine.toml").write_text(study_file(arm, more=own))
        assert ("the model's own" in gaps(load_observations("mine.toml"))) is stands


def test_a_baseline_may_come_from_the_study(here: Path) -> None:
    (here / "mine.csv").write_text("output,form,day,value,unit,log_se\ntreg,count,3,60,cells/uL,0.2\n")
    for more, said in (("", True), (parameter("parameters.treg_baseline", 20, "cells/uL"), False)):
        (here / "mine.toml").write_text(study_file(more=more))
        assert ("no baseline count of treg" in gaps(load_observations("mine.toml"))) is said


def test_dose_levels_are_counted_across_units() -> None:
    regimens = ("1 MIU daily x5", "1000000 IU daily x2", "1 MIU/m2 daily x5", "2 MIU once", "none")
    found = written(HEAD + "".join(f"{r},nk,fold,3,2\n" for r in regimens))
    assert dose_levels(found, found.rows) == ("1 MIU", "1 MIU/m2", "2 MIU")
    assert dose_levels(found, found.rows[:2]) == ("1 MIU",)
    assert "one dose level" not in gaps(found)
    missed = written(HEAD + '"1 MIU daily x5, then 3 MIU once, miss 6",nk,fold,3,2\n')
    assert dose_levels(missed, missed.rows) == ("1 MIU",)
    assert "no row to fit was sampled under a dose" in gaps(written(HEAD + "none,nk,fold,3,2\n"))


@pytest.mark.parametrize(
    ("output", "form", "unit", "timing", "said"),
    [
        ("treg", "count", "cells/L", "point", ""),
        ("treg", "count", "pM", "point", "'pM' does not convert"),
        ("treg", "level", "cells/uL", "point", "its form is count"),
        ("treg", "percent", "%", "point", "its form is count"),
        ("treg", "percent_change", "%", "point", ""),
        ("treg_percent_cd4", "percent", "", "point", ""),
        ("treg_percent_cd4", "ratio", "1", "point", ""),
        ("treg_percent_cd4", "level", "%", "point", "its form is percent"),
        ("treg_percent_cd4", "fold", "", "point", ""),
        ("il2", "level", "nM", "point", ""),
        ("il2", "level", "pg/mL", "point", "1 pM of IL-2 (15.3 kDa) is 15.3 pg/mL, so times 0.06536 gives pM"),
        ("il2", "level", "ng/mL", "point", "so times 65.36 gives pM"),
        ("treg", "count", "1/uL", "point", "write cells/uL"),
        ("il2", "level", "IU/mL", "point", "'IU/mL' does not convert to it; 'il2_iu_per_ml' is in 'IU/mL'"),
        ("il2", "level", "IU/mL*h", "area", "does not convert to it; 'il2_iu_per_ml' is in 'IU/mL*d'"),
        ("il2", "count", "pM", "point", "its form is level or fold"),
        ("il2", "level", "pM*h", "area", ""),
        ("il2", "level", "pM", "area", "does not convert"),
        ("cd25", "level", "1", "point", ""),
        ("cd25", "level", "d", "area", ""),
        ("tregs", "count", "", "point", "did you mean 'treg'?"),
    ],
)
def test_forms_and_units_against_a_model(output: str, form: str, unit: str, timing: str, said: str) -> None:
    window = "2,4" if timing == "area" else "2,2"
    found = written(
        f"regimen,output,form,day_from,day_to,value,unit,timing\n{REGIMEN},{output},{form},{window},5,{unit},{timing}\n"
    )
    if not said:
        check_against(found, outline_of("il2"))
        return
    with pytest.raises(PkpdError, match=r"cohort\.csv line 2: ") as error:
        check_against(found, outline_of("il2"))
    assert said in str(error.value)


# --- pkpd check


def test_check_prints_what_it_understood(here: Path) -> None:
    (here / "cohort.csv").write_text(
        "arm,id,regimen,output,form,day_from,day_to,timing,value,unit,bound,n,spread,spread_value,role\n"
        f"a,P1,{REGIMEN},treg,count,0,,,25,cells/uL,,,,,\n"
        f"a,,{REGIMEN},nk,fold,4,6,maximum,2.5,,>,9,SD,0.9,\n"
        f"a,,2 MIU daily x5,nk,percent_change,4,,,150,,,,,,check\n"
    )
    head, _, *lines = works("check", "cohort.csv").splitlines()
    assert head == (
        "cohort.csv: 3 rows; 1 study (cohort); 1 id; 2 dose levels (1 MIU, 2 MIU); outputs treg, nk; fits model il2"
    )
    assumed = [f"{RESIDUAL['treg']:.2g} residual", f"{Noise().default_se:.2g} default"]
    cells = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines[:4]]
    assert cells == [
        ["line", "who", "regimen", "output", "form", "days", "value", "log SE", "role"],
        ["2", "cohort/a/P1", REGIMEN, "treg", "count", "0", "25 cells/uL", assumed[0], "fit"],
        # SD 0.9 of a mean of 2.5 in 9 patients: 0.9 / 2.5 / 3
        ["3", "cohort/a", REGIMEN, "nk", "fold", "4-6 maximum", "> 2.5", "0.12 printed", "fit"],
        [
            "4",
            "cohort/a",
            "2 MIU daily x5",
            "nk",
            "percent_change",
            "4",
            "150 %",
            f"{Noise().default_se:.2g} default",
            "check",
        ],
    ]
    assert len({line.index(word) for line, word in zip(lines[1:4], ("fit", "fit", "check"), strict=True)}) == 1
    assert lines[4:6] == ["", "missing or to be known:"] and "one dose level" in lines[6]


def test_check_prints_forty_rows(here: Path) -> None:
    for count, last in ((40, "line 41"), (43, "... and 3 more rows")):
        (here / "cohort.csv").write_text(
            "id," + HEAD + "".join(f"P{k},{1 + k % 2} MIU daily x5,nk,fold,3,2\n" for k in range(count))
        )
        lines = works("check", "cohort.csv").splitlines()
        assert f"{count} rows" in lines[0] and "missing" not in "".join(lines)
        table = lines[3:]
        assert len(table) == 40 + (count > 40)
        assert table[-1] == last if count > 40 else table[-1].startswith("41 ")


def test_check_counts_what_a_study_observed(here: Path) -> None:
    (here / "mine.toml").write_text(study_file())
    assert "observation" not in works("check", "mine.toml")
    (here / "mine.csv").write_text("output,form,day,value,role\nnk,fold,3,2,\nnk,fold,7,2,check\nnk,fold,6,,\n")
    assert works("check", "mine.toml").rstrip().endswith("; 3 observations (1 to fit, 1 to check, 1 without a value)")
    (here / "mine.csv").write_text("output,form,day,value\nnks,fold,3,2\n")
    said = pkpd("check", "mine.toml")
    assert said.status == 2 and "mine.csv line 2: model il2 has no output 'nks'; did you mean 'nk'?" in said.err


def test_check_knows_the_tables_of_pkpd(here: Path) -> None:
    draws = Draws(("treg_ec50", "treg_growth"), ("pM", "1/d"), np.ones((3, 2)), "file", "hand")
    (here / "draws.csv").write_bytes(write_draws(draws))
    assert "draws.csv: draws of a fit: 3 draws of treg_ec50, treg_growth; " in works("check", "draws.csv")
    (here / "predictions.csv").write_bytes(
        predictions_csv([Prediction(Observation("s", "treg", "fold", 2.0), 2.1)] * 2)
    )
    assert "predictions.csv: 2 predictions of rows" in works("check", "predictions.csv")
    (here / "draws.csv").write_text("draw,treg_ec50 [pM]\n1,many\n")
    said = pkpd("check", "draws.csv")
    assert said.status == 2 and "draws.csv line 2, column 2 (treg_ec50 [pM]): 'many' is not a finite number" in said.err


def test_check_takes_another_model(here: Path) -> None:
    (here / "cohort.csv").write_text(HEAD + f"{REGIMEN},treg,fold,3,2\n{REGIMEN},cd25,fold,3,2\n")
    assert "fits model il2" in works("check", "cohort.csv")
    said = pkpd("check", "cohort.csv", "--model", "il2_minimal")
    assert said.status == 2 and "cohort.csv line 3: model il2_minimal has no output 'cd25'" in said.err
