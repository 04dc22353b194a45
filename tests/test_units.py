"""Units: what is known and refused, conversion laws, exact lengths of time, and that no result depends on a unit."""

from __future__ import annotations

import math
from contextlib import suppress
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, settings
from hypothesis import given as for_all
from hypothesis import strategies as st

from pkpd.errors import UnitError
from pkpd.units import amount, coherent_factor, duration, duration_text, exact, factor, unit

# Conversion factors are products of at most a dozen floats, each rounded once.
ROUNDING = 1e-14

PIECES = (
    *("pM", "nM", "M", "IU", "MIU", "mL", "L", "h", "d", "wk", "min", "s", "mg", "ug", "µg", "kg", "cells", "cell"),
    *(
        "pmol",
        "%",
        "percent",
        "m",
        "m2",
        "cm2",
        "1",
        "2",
        "-1",
        "9",
        "^",
        "*",
        "/",
        "(",
        ")",
        " ",
        "nan",
        "NaN",
        "inf",
        "e",
        "k",
    ),
)
unit_texts = st.one_of(st.lists(st.sampled_from(PIECES), max_size=6).map("".join), st.text(max_size=12))

names = st.sampled_from(
    ["pM", "nM", "IU", "MIU", "mL", "L", "h", "d", "min", "mg", "kg", "cells", "pmol", "%", "m2", "cm"]
)


@st.composite
def alike(draw: st.DrawFn) -> tuple[str, str, str]:
    """Three units of one dimension: a product whose parts are replaced by others of their kind."""
    kinds = [("pM", "nM", "uM", "pmol/L", "mol/m3"), ("IU", "kIU", "MIU"), ("mL", "L", "cm3"), ("h", "d", "min", "wk")]
    kinds += [("mg", "kg", "ug"), ("cells", "cell"), ("%", "m/m"), ("m2", "cm^2")]
    chosen = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=3))
    signs = [draw(st.sampled_from("*/")) for _ in chosen]

    def one() -> str:
        parts = [draw(st.sampled_from(kind)) for kind in chosen]
        divided = [f"/({part})" if sign == "/" else f"*{part}" for sign, part in zip(signs, parts, strict=True)]
        return "1" + "".join(divided)

    return one(), one(), one()


# texts


@pytest.mark.parametrize(
    ("text", "in_coherent_units"),  # h, L, pmol, mg, IU, cell
    [
        ("1", 1),
        ("%", 0.01),
        ("pM", 1),
        ("nmol", 1e3),
        ("pM/(IU/mL)", 1e-3),
        ("1/h", 1),
        ("1/d", 1 / 24),
        ("L/h", 1),
        ("mL/min", 0.06),
        ("cells/uL", 1e6),
        ("MIU", 1e6),
        ("MIU/m2", 1e4),
        ("IU/kg", 1e-6),
        ("mg/L", 1),
        ("ug/mL", 1),
        ("m^2", 100),
        ("h^-1", 1),
        ("1/h/mg", 1),
        ("L/(h*mg)", 1),
        ("wk", 168),
        (" µg ", 1e-3),
        ("μg", 1e-3),
    ],
)
def test_units_of_the_field_are_read(text: str, in_coherent_units: float) -> None:
    assert coherent_factor(text, "h") == pytest.approx(in_coherent_units, rel=ROUNDING)


NO_UNITS = [
    "",
    "pN",
    "iu",
    "p M",
    "pM/",
    "/h",
    "1/1",
    "2",
    "3",
    "h**2",
    "h^99",
    "h^0.5",
    "(h)",
    "L/(h",
    "L/((h))",
    "x" * 100,
]
NO_UNITS += ["_", "U", "nan", "NaN", "1/nan", "%%", "h%", "%h", "percent%", "pM*%d", "degC", "a.b", "__class__", "L/h;"]


@pytest.mark.parametrize("text", NO_UNITS)
def test_what_is_no_unit_is_refused(text: str) -> None:
    with pytest.raises(UnitError):
        unit(text)
    with pytest.raises(UnitError):
        coherent_factor(text, "h")
    with pytest.raises(UnitError):
        factor(text, "h")


@pytest.mark.parametrize(("wrong", "right"), [("iu", "IU"), ("Cells", "cells"), ("pm/h/Miu", "MIU"), ("Pm", "pM")])
def test_the_nearest_unit_is_named(wrong: str, right: str) -> None:
    with pytest.raises(UnitError, match=f"did you mean '{right}'"):
        unit(wrong)


@for_all(unit_texts)
@settings(max_examples=300)
def test_any_text_is_a_unit_or_refused(text: str) -> None:
    """With any other error the test fails."""
    with suppress(UnitError):
        unit(text)
    with suppress(UnitError):
        coherent_factor(text, "h")
    with suppress(UnitError):
        amount(text)
    with suppress(UnitError):
        amount(f"3{text}")
    with suppress(UnitError):
        duration(text)


# conversion


@for_all(alike())
@settings(max_examples=100)
def test_conversion_is_invertible_and_transitive(units: tuple[str, str, str]) -> None:
    a, b, c = units
    assert factor(a, b) * factor(b, a) == pytest.approx(1, rel=ROUNDING)
    assert factor(a, b) * factor(b, c) == pytest.approx(factor(a, c), rel=ROUNDING)
    assert coherent_factor(a, "h") == pytest.approx(factor(a, b) * coherent_factor(b, "h"), rel=ROUNDING)
    assert factor(a, a) == 1


@for_all(names, names, st.sampled_from(["h", "d", "min"]))
def test_coherent_factors_multiply(a: str, b: str, time: str) -> None:
    """Which is why equations in coherent units need no factor."""
    product, quotient = coherent_factor(f"{a}*{b}", time), coherent_factor(f"{a}/{b}", time)
    assert product == pytest.approx(coherent_factor(a, time) * coherent_factor(b, time), rel=ROUNDING)
    assert quotient == pytest.approx(coherent_factor(a, time) / coherent_factor(b, time), rel=ROUNDING)


@for_all(names, names)
def test_units_convert_just_when_their_dimensions_agree(a: str, b: str) -> None:
    if unit(a).dimensionality == unit(b).dimensionality:
        assert factor(a, b) > 0
    else:
        with pytest.raises(UnitError) as caught:
            factor(a, b)
        assert f"'{a}'" in str(caught.value) and f"'{b}'" in str(caught.value)


@pytest.mark.parametrize(("a", "b"), [("IU", "mg"), ("IU", "pmol"), ("cells", "1"), ("pM", "IU/mL"), ("%", "cells")])
def test_units_that_must_not_be_confused(a: str, b: str) -> None:
    """How many pmol an IU is depends on the preparation, and a cell is no pure number."""
    with pytest.raises(UnitError, match="does not convert"):
        factor(a, b)


@pytest.mark.parametrize(
    ("text", "value", "name"),
    [
        ("12pM", 12, "pM"),
        ("0.4 MIU/m2", 0.4, "MIU/m2"),
        ("1e3IU", 1000, "IU"),
        ("-3 pM", -3, "pM"),
        (".5 %", 0.5, "%"),
        ("3", 3, "1"),
    ],
)
def test_a_number_with_its_unit(text: str, value: float, name: str) -> None:
    assert amount(text) == (value, name)


@pytest.mark.parametrize(
    "text", ["", "pM", "nan pM", "inf h", "1e999 pM", "1,5 pM", "1.5.2 pM", "0x1 pM", "1_0 pM", "3 pM 4"]
)
def test_what_is_no_number_with_a_unit_is_refused(text: str) -> None:
    with pytest.raises(UnitError):
        amount(text)


# lengths of time


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("6h", Fraction(1, 4)),
        ("14d", Fraction(14)),
        ("2wk", Fraction(14)),
        ("2 weeks", Fraction(14)),
        ("30min", Fraction(1, 48)),
        ("1/3 d", Fraction(1, 3)),
        ("0.1", Fraction(1, 10)),
        ("1e1 h", Fraction(10, 24)),
        ("1s", Fraction(1, 86400)),
        ("-6h", Fraction(-1, 4)),
        (0.1, Fraction(1, 10)),
        (3, Fraction(3)),
        (np.float64(0.7), Fraction(7, 10)),
        (Fraction(1, 7), Fraction(1, 7)),
    ],
)
def test_lengths_of_time_are_exact(text: str | float | Fraction, days: Fraction) -> None:
    assert duration(text) == days


@pytest.mark.parametrize(
    "value",
    ["", "h", "6 bananas", "6H", "1/0 d", "1//3", "nan", "0x10", "1e400", "6h 2min", math.inf, True, None],
)
def test_what_is_no_length_of_time_is_refused(value: object) -> None:
    with pytest.raises(UnitError):
        duration(value)  # type: ignore[arg-type]


@for_all(st.fractions(0, 10_000, max_denominator=10_000))
def test_a_length_of_time_is_written_so_that_it_reads_back(days: Fraction) -> None:
    assert duration(duration_text(days)) == days


@for_all(st.integers(0, 10**9), st.integers(0, 9))
def test_decimals_add_up_without_drift(digits: int, places: int) -> None:
    """A float means the decimal it prints as, so n steps of it are exactly n times as long."""
    step = digits / 10**places
    assume(str(step) == repr(step))
    assert exact(step) == Fraction(digits, 10**places)
    assert sum([exact(step)] * 7) == exact(step) * 7
