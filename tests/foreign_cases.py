"""Rows of a foreign table: a plain one to change, and what each row of the published evidence becomes."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st

from pkpd.studies.foreign.table import COLUMNS, read_foreign
from pkpd.studies.observation import Observation

EVIDENCE = Path(__file__).resolve().parent / "data" / "evidence" / "immune_responses.csv"
HEADER = EVIDENCE.read_text("utf-8").splitlines()[0].split(",")
PLAIN = {
    **dict.fromkeys(COLUMNS, ""),
    **{"study": "one", "amount": "1", "amount_unit": "MIU", "route": "SC", "schedule": "daily x 5", "every_days": "1"},
    **{"times": "5", "analyte": "treg", "parent_or_gate": "absolute count", "form": "fold of own baseline"},
    **{"day_from": "5", "day_to": "5", "value": "2", "role": "check"},
}


def one(**cells: str) -> Observation:
    """A plain row with some cells changed, read."""
    return read_foreign([PLAIN | cells], "mine.csv")[0]


# study, output, form, value, regimen, timing, days, bound, role, and a word of the reason
EXPECTED: list[tuple[str, str, float | None, str, str, tuple[float, float], str, str, str]] = [
    ("treg_percent_cd4", "percent_change", 10, "0.101 MIU/m2 sc once", "maximum", (0, 7), "=", "check", ""),
    ("treg_percent_cd4", "percent_change", 20, "0.2 MIU/m2 sc once", "maximum", (0, 7), "=", "fit", ""),
    ("treg_percent_cd4", "percent_change", 50, "0.47 MIU/m2 sc once", "maximum", (0, 7), "=", "fit", ""),
    ("treg_percent_cd4", "percent_change", 30, "0.26 MIU/m2 sc every 3d x28", "point", (84, 84), "=", "design", ""),
    ("cd25", "percent_change", 25, "0.26 MIU/m2 sc every 3d x28", "point", (84, 84), "=", "design", ""),
    ("treg", "count", 26.8, "0.5 MIU sc every 1d x5", "point", (0, 0), "=", "fit", ""),
    ("treg", "count", 70.9, "0.5 MIU sc every 1d x5", "mean", (4, 6), "=", "fit", ""),
    ("treg", "fold", 2.5, "0.5 MIU sc every 1d x5", "mean", (4, 6), "=", "fit", ""),
    ("treg", "fold", 5, "1 MIU/m2 sc every 1d x84", "mean", (28, 84), ">", "fit", ""),
    ("nk", "fold", 4, "1 MIU/m2 sc every 1d x84", "mean", (28, 84), ">", "fit", ""),
    ("treg", "fold", 8, "", "point", (28, 28), ">", "check", "a range of doses"),
    ("treg_percent_cd4", "ratio", None, "", "point", (0, 0), "qualitative", "check", "a range of doses"),
    ("nk", "percent_change", 154, "0.4 MIU/m2 sc every 1d x90", "maximum", (42, 56), "=", "fit", ""),
    ("cd56bright", "percent_change", 368, "0.4 MIU/m2 sc every 1d x90", "maximum", (42, 56), "=", "fit", ""),
    ("nk", "percent_change", 530, "1.75 MIU/m2 sc every 1d x90", "maximum", (42, 56), "=", "fit", ""),
    ("cd56bright", "percent_change", 2763, "1.75 MIU/m2 sc every 1d x90", "maximum", (42, 56), "=", "fit", ""),
    ("il2", "level", 10, "", "point", (0, 0), "<", "check", "a range of doses"),
    ("cd56bright", "fold", 10, "", "mean", (28, 84), ">", "check", "a range of doses"),
    ("nk", "", None, "", "point", (0, 0), "range", "check", "'weeks until the count rises'"),
    ("treg_percent_cd4", "percent_change", None, "", "point", (0, 0), "qualitative", "check", "the dose is not given"),
    (
        "treg",
        "",
        None,
        "1 MIU sc every 2d x7, rest 14d, repeat 4",
        "point",
        (112, 112),
        "qualitative",
        "check",
        "'stand",
    ),
]

# Any text, and words that almost say something.
WORDS = st.sampled_from(
    [
        *(
            "daily x 5",
            "every 2 weeks",
            "then weekly",
            "x 3",
            "for 2 weeks",
            "monthly",
            "0.3 to 3",
            "-1",
            "1e308",
            "1e-9",
        ),
        *(
            "treg",
            "percent of CD4",
            "IU h/mL",
            "peak",
            "trough",
            "steady state",
            "3 days after each course",
            "week 9999",
        ),
        *(
            "iv",
            "continuous",
            "every 0 days",
            "q0.0001h x 99999",
            "99999 weeks off",
            ";;",
            "1;x;3",
            "IQR 3-1",
            "١٢",
            "²",
        ),
        *("every 0.001 h", "nan", "inf", "1/0", "within 5 months of the last dose", "after 99 weeks", "days 9 to 2"),
    ]
)
CELL = st.one_of(st.text(max_size=20), WORDS, st.tuples(WORDS, WORDS).map(", ".join), st.floats().map(str))
