"""Clinical outcomes of a study file: what he2020 printed, the table and text of it, and wrong files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pkpd.data import built_in
from pkpd.errors import PkpdError
from pkpd.studies.study import load_study
from pkpd.trials.clinical import observed
from pkpd.trials.clinical.caution import CAUTION

STUDY = """kind = "study"
name = "small"
meaning = "a study with one outcome"
days = 100
visits = [0, 84]

[arms.drug]
schedule = "1 MIU once"

[arms.none]
schedule = "placebo"

[outcomes.better]
label = "better at week 12"
day = 84
linked = true
control = "none"
p_printed = "0.050"
source = "he2020"
where = "table 2"

[outcomes.better.arms.none]
responders = 3
analysed = 10

[outcomes.better.arms.drug]
responders = 0
analysed = 9
randomised = 10
"""

WRONG = [
    ("day = 84", "dya = 84", "study.toml [outcomes.better] has the unknown key 'dya'; did you mean 'day'?"),
    ('where = "table 2"\n', "", "study.toml [outcomes.better] lacks the key 'where'"),
    ("day = 84", "day = 101", "study.toml [outcomes.better]: day is above 0 and at most the study's last day, 100"),
    ("day = 84", "day = true", "[outcomes.better]: day is above 0"),
    ("day = 84\n", "", "this outcome cannot be linked: the exposure runs until its day, which is not given"),
    ("linked = true", "linked = true\nsafety = true", "cannot be linked: safety is reported as observed only"),
    ("linked = true", "linked = 1", "[outcomes.better]: linked is true or false, not 1"),
    ("linked = true", 'safety = "no"', "[outcomes.better]: safety is true or false, not 'no'"),
    ('label = "better at week 12"', "label = 12", "[outcomes.better]: label is text, not 12"),
    ('control = "none"', 'control = "nobody"', "control 'nobody' is none of its arms none, drug"),
    ('p_printed = "0.050"', "p_printed = 0.05", 'p_printed is text such as "0.050", which keeps its digits, not 0.05'),
    ('p_printed = "0.050"', 'p_printed = "1.5"', "p_printed is text"),
    ('source = "he2020"', 'source = "he2021"', "source 'he2021' is not in references.toml; did you mean 'he2020'?"),
    ('source = "he2020"', "source = []", "source [] is not in references.toml"),
    ("[outcomes.better.arms.drug]", "[outcomes.better.arms.drg]", "has no arm 'drg'; did you mean 'drug'?"),
    (
        "randomised = 10",
        "randomised = 10\n[outcomes.better.arms.third]",
        "two tables, one an arm that is compared, not 3",
    ),
    ("responders = 3", "responders = 11", "[outcomes.better.arms.none]: 11 responders are more than the 10 patients"),
    (
        "responders = 3",
        "responders = -1",
        "[outcomes.better.arms.none]: responders is a whole number of patients, 0 or",
    ),
    ("responders = 3", "responders = 3.0", "responders is a whole number of patients"),
    ("analysed = 9", "analysed = 0", "analysed is a whole number of patients, 1 or more, not 0"),
    ("analysed = 9", "analysed = 11", "11 patients analysed are more than the 10 randomised"),
    ("randomised = 10", "randomized = 10", "has the unknown key 'randomized'; did you mean 'randomised'?"),
]


def written(folder: Path, text: str) -> Path:
    path = folder / "study.toml"
    path.write_text(text)
    return path


def test_outcomes_of_the_index_trial() -> None:
    found = {
        o.name: tuple((a.arm, a.responders, a.analysed, a.randomised) for a in o.arms)
        for o in load_study("he2020").outcomes
    }
    assert found == {
        "sri4_week12": (("il2", 16, 29, 30), ("placebo", 9, 30, 30)),
        "sri4_week24": (("il2", 19, 29, 30), ("placebo", 11, 30, 30)),
        "renal_remission": (("il2", 7, 13, None), ("placebo", 2, 12, None)),
        "injection_site_reaction": (("il2", 9, 29, None), ("placebo", 2, 30, None)),
        "infection": (("il2", 2, 29, None), ("placebo", 6, 30, None)),
        "severe_infection": (("il2", 0, 29, None), ("placebo", 2, 30, None)),
        "serious_adverse_event": (("il2", 0, 29, None), ("placebo", 3, 30, None)),
    }
    said = [(o.name, o.day, o.linked, o.safety, o.p_printed) for o in load_study("he2020").outcomes[:4]]
    assert said == [
        ("sri4_week12", 84.0, True, False, 0.052),
        ("sri4_week24", 168.0, True, False, 0.027),
        ("renal_remission", None, False, False, 0.036),
        ("injection_site_reaction", 168.0, False, True, None),
    ]


def test_outcomes_are_optional() -> None:
    assert {name for name in built_in("study") if load_study(name).outcomes} == {"he2020"}
    assert observed.observed_text(load_study("hao2020")) == ""


def test_reading(tmp_path: Path) -> None:
    (outcome,) = load_study(written(tmp_path, STUDY)).outcomes
    assert (outcome.active.arm, outcome.control.arm) == ("drug", "none")
    assert (outcome.p_printed, outcome.p_decimals, outcome.source) == (0.05, 3, ("he2020",))
    assert [outcome.active.among(per) for per in observed.PER] == [9, 10]
    assert [outcome.control.among(per) for per in observed.PER] == [10, None]


@pytest.mark.parametrize(("old", "new", "said"), WRONG)
def test_wrong_files(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert STUDY.count(old) == 1
    with pytest.raises(PkpdError) as caught:
        load_study(written(tmp_path, STUDY.replace(old, new)))
    assert said in str(caught.value)
    assert "study.toml" in str(caught.value) and "\n" not in str(caught.value).removesuffix("\n")


def test_names_are_plain(tmp_path: Path) -> None:
    with pytest.raises(PkpdError, match=r"study\.toml \[outcomes\.Better\]: the name is small letters"):
        load_study(written(tmp_path, STUDY.replace("outcomes.better", "outcomes.Better")))


def test_outcomes_that_are_no_tables(tmp_path: Path) -> None:
    head = STUDY[: STUDY.index("[outcomes.better]")]
    with pytest.raises(PkpdError, match=r"study\.toml: outcomes are tables \[outcomes\.NAME\], not 3"):
        load_study(written(tmp_path, head.replace("days = 100", "days = 100\noutcomes = 3")))


def test_which_test_the_source_used() -> None:
    table = observed.p_values_table(load_study("he2020").outcomes)
    # five tests of each outcome per analysed, and per randomised where that was printed
    assert len(table["p"]) == 5 * (7 + 2)
    same = [
        row
        for row in zip(table["outcome"], table["per"], table["test"], table["reproduces_printed"], strict=True)
        if row[3]
    ]
    assert [row[:3] for row in same] == [
        ("sri4_week12", "analysed", "n_minus_1"),
        ("sri4_week24", "analysed", "pearson"),
    ]
    assert {
        flag for name, flag in zip(table["outcome"], table["reproduces_printed"], strict=True) if "inf" in name
    } == {None}
    text = observed.observed_text(load_study("he2020"))
    assert "SRI-4 at week 12: the printed p 0.052 is that of N-1 per analysed." in text
    assert "complete remission of lupus nephritis: no two-sided test tried gives 0.036." in text


def test_every_test_that_gives_the_printed_p_is_named() -> None:
    study = load_study("he2020")
    rough = replace(study, outcomes=(replace(study.outcomes[0], p_printed=0.05, p_decimals=2),))
    said = "p 0.05 is that of Pearson per analysed, N-1 per analysed, likelihood ratio per analysed."
    assert said in observed.observed_text(rough)


def test_text_says_what_the_tables_say() -> None:
    study = load_study("he2020")
    text, p = observed.observed_text(study), observed.p_values_table(study.outcomes)
    rates = observed.rates_table(study.outcomes)
    assert all(f"{value:.4f}" in text for value in p["p"])
    for row in rates.rows():
        cells = dict(zip(rates, row, strict=True))
        assert f"{cells['responders']}/{cells['patients']}" in text
        assert f"{100 * cells['low']:.1f}-{100 * cells['high']:.1f}" in text
        assert cells["low"] <= cells["rate"] <= cells["high"]
    assert text.endswith(f"Caution: {CAUTION}.")


def test_safety_stands_apart() -> None:
    text = observed.observed_text(load_study("he2020"))
    before, after = text.split("Safety of he2020 as observed, never linked to the model")
    assert "SRI-4" in before and "reaction" not in before
    assert "SRI-4" not in after and "injection-site reaction" in after
    table = observed.rates_table(load_study("he2020").outcomes)
    assert {sort for name, sort in zip(table["outcome"], table["sort"], strict=True) if "infection" in name} == {
        "safety, as observed"
    }
