"""Draws made by hand, and a package with or without draws of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from pkpd.inference.uncertainty import draws as draws_module
from pkpd.inference.uncertainty.draws import Draws
from pkpd.parameters import load_parameters

MODEL, PLAN = "il2_minimal", "1 MIU every 2d x3"
OWN = load_parameters(MODEL)
NAMES = ("treg_growth", "nk_growth")
FACTORS = np.random.default_rng(3).uniform(0.5, 2, (9, 2))
RUN = ("run", "he2020", "--model", MODEL, "--times", "0,1,2,7")


def draws(names: Sequence[str] = NAMES, factors: np.ndarray = FACTORS) -> Draws:
    """Draws of il2_minimal around its own values."""
    values = np.array([OWN[name].value for name in names]) * factors
    return Draws(tuple(names), tuple(OWN[name].unit for name in names), values, "file", "hand.csv")


def ship(monkeypatch: pytest.MonkeyPatch, some: Draws | None) -> None:
    """These draws, or none, come with every model, whatever the package holds."""
    monkeypatch.setattr(draws_module, "default_draws", lambda model: some)
