"""One observation as the page draws it: on which axis, in its unit, with the ends of its error bar."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..errors import printable
from ..inference.rows.noise import Noise, from_link, observed_link, standard_error
from ..model.outline import Outline
from ..studies.observation import Observation
from ..units import factor

_RELATIVE = ("fold", "percent_change")
_TWO_SIDED_95 = 1.959963984540054
_LONGEST = 200  # of a text in the answer
_WIDEST = 20.0  # on a log: a factor of half a billion
Bar = tuple[float | None, float | None, str]


def point(row: Observation, why: str, model: Outline) -> dict[str, Any]:
    """The table of a row: `panel` is the output on whose axis it stands, "" with `why` where none fits. `value`, `low`
    and `high` are in `unit`, the panel's own; `range` says what low and high are: a name of `observation.SPREADS`, of
    one spread to each side where it is an SD or SE, "CI95" also for an assigned log SE, "" where there are none.
    """
    panel, reason = ("", why) if why else _panel(row, model)
    unit = next((output.unit for output in model.outputs if output.name == panel), row.unit)
    value, (low, high), kind = row.value, (row.low, row.high), row.spread
    if panel:
        low, high, kind = _bar(row)
        value, low, high = (None if number is None else _scaled(row, unit)(number) for number in (value, low, high))
        if not all(number is None or math.isfinite(number) for number in (value, low, high)):
            panel, reason, value, low, high, kind = "", "the number is too large to draw", None, None, None, ""
    texts = {key: getattr(row, key) for key in ("study", "arm", "id", "regimen", "output", "form", "timing", "bound")}
    return {
        "line": int(row.origin.rpartition(" ")[2]),
        **{key: printable(text)[:_LONGEST] for key, text in texts.items()},
        **{"n": row.n, "day_from": row.day_from, "day_to": row.day_to, "value": value, "low": low, "high": high},
        **{"range": kind, "unit": printable(unit), "panel": panel, "why": printable(reason)},
    }


def _panel(row: Observation, model: Outline) -> tuple[str, str]:
    """The output on whose axis a row stands, or why there is none."""
    names = {output.name for output in model.outputs}
    if row.value is None and (row.low is None or row.high is None):
        return "", "no value is given"
    if row.timing == "area":
        return "", "an area under a curve is no point on it"
    if row.form == "ratio":
        return "", "a ratio over the rest of its parent is not drawn"
    if row.form not in _RELATIVE or (row.form == "fold" and row.output.endswith("_fold")):
        return row.output, ""
    fold = f"{row.output}_fold"
    return (fold, "") if fold in names else ("", f"model {model.name} has no fold of {row.output}")


def _scaled(row: Observation, unit: str) -> Callable[[float], float]:
    """What turns a number of the row into one in the unit of its axis."""
    if row.form == "percent_change":
        return lambda number: 1 + number / 100
    times = factor(row.unit, unit) if row.unit and row.form in ("count", "level") else 1.0
    return lambda number: number * times


def _bar(row: Observation) -> Bar:
    """The ends of a row's error bar in its own unit, as printed where they are, and what they are."""
    if row.low is not None and row.high is not None:
        return row.low, row.high, row.spread or "range"
    if row.value is None:
        return None, None, ""
    if row.spread in ("SD", "SE") and row.spread_value is not None:
        least = -100.0 if row.form == "percent_change" else 0.0
        most = 100.0 if row.form == "percent" else math.inf
        return max(row.value - row.spread_value, least), min(row.value + row.spread_value, most), row.spread
    if row.spread == "log_SD" and row.spread_value is not None:
        # a logarithm of the number itself, also where the number is a percentage
        low, high, kind = _around(row.value, "" if row.form == "percent" else row.form, row.spread_value, row.spread)
        return low, min(high, 100.0) if high is not None and row.form == "percent" else high, kind
    if row.log_se is not None:
        return _around(row.value, row.form, _TWO_SIDED_95 * standard_error(row, Noise())[0], "CI95")
    return None, None, ""


def _around(value: float, form: str, width: float, kind: str) -> Bar:
    """So far to each side on the link of a form; nowhere at the end of its scale, or where it says nothing."""
    middle = observed_link(form, value)
    if not math.isfinite(middle) or width > _WIDEST:
        return None, None, ""
    return from_link(form, middle - width), from_link(form, middle + width), kind
