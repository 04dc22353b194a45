"""The outcomes of a study as observed: rates with intervals, every test, and which test gives the printed p."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...output.tables import Table, aligned
from ...studies.outcomes import ArmCount, Outcome
from ...studies.study import Study
from .caution import CAUTION
from .proportions import LABELS, PValues, tests_of

PER = ("analysed", "randomised")
LEVEL = 0.95
_RATES = ("outcome", "label", "sort", "day", "arm", "per", "responders", "patients", "rate", "low", "high", "source")
_P_VALUES = ("outcome", "label", "sort", "per", "test", "p", "p_printed", "reproduces_printed")


def interval(responders: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Jeffreys's interval of a rate, from Beta(r + 1/2, n - r + 1/2); it starts at 0 where none and ends at 1 where all
    respond.
    """
    from scipy.stats import beta

    law, tail = beta(responders + 0.5, n - responders + 0.5), (1 - level) / 2
    return (float(law.ppf(tail)) if responders else 0.0, float(law.ppf(1 - tail)) if responders < n else 1.0)


def rates_table(outcomes: Sequence[Outcome]) -> Table:
    """One row an outcome, arm and denominator: the observed rate with its interval at 95 %."""
    rows = [
        (o.name, o.label, sort_of(o), o.day, *_rate(arm, per, n), ", ".join(o.source))
        for o in outcomes
        for per in PER
        for arm in o.arms
        if (n := arm.among(per)) is not None
    ]
    return _table(_RATES, rows)


def p_values_table(outcomes: Sequence[Outcome]) -> Table:
    """One row an outcome, denominator and test: its two-sided p, the printed one, and whether they agree at the printed
    digits (empty where none was printed).
    """
    rows = []
    for o in outcomes:
        for per, tests in _tested(o):
            same = _reproducing(o, tests)
            rows += [
                (o.name, o.label, sort_of(o), per, test, p, o.p_printed, None if o.p_printed is None else test in same)
                for test, p in zip(LABELS, tests.values, strict=True)
            ]
    return _table(_P_VALUES, rows)


def observed_text(study: Study) -> str:
    """Rates and tests of a study's outcomes for a report, safety as observed below, and what they are no evidence of;
    empty for a study without outcomes.
    """
    if not study.outcomes:
        return ""
    efficacy = [o for o in study.outcomes if not o.safety]
    safety = [o for o in study.outcomes if o.safety]
    parts = []
    for title, outcomes in (
        (f"Outcomes of {study.name} as observed", efficacy),
        (f"Safety of {study.name} as observed, never linked to the model", safety),
    ):
        if outcomes:
            parts.append(f"{title} (rates with Jeffreys's 95 % interval)\n{_rates_text(outcomes, study)}")
            parts.append(f"Two-sided p of each test\n{_tests_text(outcomes)}")
            parts += ["\n".join(said)] if (said := list(_sentences(outcomes))) else []
    return "\n\n".join([*parts, f"Caution: {CAUTION}."])


def sort_of(outcome: Outcome) -> str:
    """What an outcome is to the model: "linked by assumption", "plain rate", or "safety, as observed"."""
    if outcome.safety:
        return "safety, as observed"
    return "linked by assumption" if outcome.linked else "plain rate"


def _rate(arm: ArmCount, per: str, n: int) -> tuple[object, ...]:
    return (arm.arm, per, arm.responders, n, arm.responders / n, *interval(arm.responders, n))


def _tested(outcome: Outcome) -> Iterator[tuple[str, PValues]]:
    """The tests for each denominator that both arms have."""
    a, b = outcome.arms
    for per in PER:
        n_a, n_b = a.among(per), b.among(per)
        if n_a is not None and n_b is not None:
            yield per, tests_of(a.responders, n_a, b.responders, n_b)


def _reproducing(outcome: Outcome, tests: PValues) -> tuple[str, ...]:
    return () if outcome.p_printed is None else tests.reproducing(outcome.p_printed, outcome.p_decimals)


def _rates_text(outcomes: Sequence[Outcome], study: Study) -> str:
    labels = {arm.name: arm.label for arm in study.arms}
    first = outcomes[0]
    head = ["outcome", "per", *(cell for arm in first.arms for cell in (labels[arm.arm], "%", "95 %"))]
    rows = [
        [o.label, per, *(cell for arm in o.arms for cell in _cells(arm, arm.among(per)))]
        for o in outcomes
        for per, _ in _tested(o)
    ]
    return aligned([head, *rows])


def _cells(arm: ArmCount, n: int | None) -> tuple[str, str, str]:
    if n is None:
        return ("", "", "")
    low, high = interval(arm.responders, n)
    return f"{arm.responders}/{n}", f"{100 * arm.responders / n:.1f}", f"{100 * low:.1f}-{100 * high:.1f}"


def _tests_text(outcomes: Sequence[Outcome]) -> str:
    rows = [["outcome", "per", *LABELS.values(), "printed"]]
    for o in outcomes:
        printed = "" if o.p_printed is None else f"{o.p_printed:.{o.p_decimals}f}"
        rows += [[o.label, per, *(f"{p:.4f}" for p in tests.values), printed] for per, tests in _tested(o)]
    return aligned(rows)


def _sentences(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Which test gives each printed p."""
    for o in outcomes:
        if o.p_printed is None:
            continue
        found = [f"{LABELS[test]} per {per}" for per, tests in _tested(o) for test in _reproducing(o, tests)]
        p = f"{o.p_printed:.{o.p_decimals}f}"
        said = f"the printed p {p} is that of {', '.join(found)}" if found else f"no two-sided test tried gives {p}"
        yield f"{o.label}: {said}."


def _table(names: Sequence[str], rows: Sequence[tuple[object, ...]]) -> Table:
    return Table(tuple((name, [row[k] for row in rows]) for k, name in enumerate(names)))
