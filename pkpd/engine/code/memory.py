"""How the kernel and its caller share memory: the workspace of the lanes, and the arrays they pass.

Each lane of the workspace holds one patient; number k of lane l stands at `k * width + l`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# What the kernel is given, in this order: whole numbers first said so, all others real. One row a patient unless said.
ARRAYS = (
    "sizes",  # whole: see SIZES
    "p",  # parameters as the program calls them
    "y",  # states at the beginning
    "atol",  # absolute tolerance of each state
    "begin",  # time at the beginning
    "row_time",  # times of the rows wanted, ascending, the same for all patients
    "row_post",  # whole: 1 where a row is wanted after what happens at its time, the same for all
    "stop_time",  # times at which something happens, ascending
    "stop_set",  # whole: which vector the state is set to at each stop, or -1; the same for all
    "stop_add",  # whole: where the additions of each stop begin, and the end; the same for all
    "add_state",  # whole: the state each addition goes to, the same for all
    "add_amount",  # what is added
    "rate",  # infusion rates between stops, for each state that can be infused
    "moves",  # how fast each stop moves in time with the parameter looked at; 0 but for sensitivities
    "vectors",  # what states can be set to
    "ws",  # the workspace
    "whole",  # whole: counters of the lanes
    "real",  # other numbers of the lanes
    "out",  # states at the rows, as (states, padded rows)
    "final",  # states and time at the end
    "status",  # whole: what became of the patient, steps, rejected steps
)
WHOLE = ("sizes", "row_post", "stop_set", "stop_add", "add_state", "whole", "status")
SIZES = (
    "width",
    "states",  # numbers that are stepped: states, with their derivatives in a program of sensitivities
    "moved",  # states of the model
    "parameters",
    "rates",
    "items",  # patients
    "rows",
    "padded",  # rows, rounded up to whole vectors
    "stops",
    "adds",
    "vectors",
    "most",  # steps a patient may take
)

# Patients in one vector: eight doubles fill the widest registers of today, and a narrower machine takes two or four
# turns. On a processor with such registers, sixteen were no faster and four took half as long again per patient.
WIDTH = 8
# What became of a patient.
DONE, TOO_SMALL, TOO_MANY = range(3)


@dataclass(frozen=True, slots=True)
class Layout:
    """The sections of the workspace, for a program of so many states, parameters and infused states."""

    states: int
    moved: int
    parameters: int
    rates: int

    @property
    def sections(self) -> Mapping[str, int]:
        """Numbers of one lane by section, in order."""
        single = dict.fromkeys(("t", "h", "rtol", "error", "growth"), 1)
        first = {"y": self.states, "p": self.parameters, "rate": self.rates, "atol": self.moved}
        return single | first | dict.fromkeys(("next", "d1", "d2", "d3"), self.states) | {"slope": self.moved}

    def offset(self, name: str) -> int:
        """Where a section begins, in numbers of one lane."""
        names = list(self.sections)
        return sum(self.sections[other] for other in names[: names.index(name)])

    @property
    def size(self) -> int:
        """Numbers of one lane in all."""
        return sum(self.sections.values())
