"""What a command finds out for the page, since the page itself neither loads a model nor simulates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .sets import OwnSet

if TYPE_CHECKING:
    from ....inference.prediction import Prediction
    from ....model.declaration import Model
    from ....parameters import Parameters


@dataclass(frozen=True, slots=True)
class Again:
    """A run that was simulated again from its record: what it prints, its main numbers (arm, what, value, range,
    day), figures as SVG, and whether it is the same.
    """

    text: str = ""
    numbers: tuple[tuple[str, str, str, str, str], ...] = ()
    figures: Mapping[str, bytes] = field(default_factory=dict)
    said: str = ""
    same: bool = True


@dataclass(frozen=True, slots=True)
class Validated:
    """The built-in studies as a model predicts them with one set."""

    own: OwnSet
    predictions: tuple[Prediction, ...]
    said: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """Models by name with their declared sets, runs by the key of their result, validations, and warnings."""

    models: Mapping[str, Model] = field(default_factory=dict)
    declared: Mapping[str, Parameters] = field(default_factory=dict)
    again: Mapping[str, Again] = field(default_factory=dict)
    validated: tuple[Validated, ...] = ()
    warnings: tuple[str, ...] = ()
