"""How many doses a schedule's text plans, counted before any is laid out.

Laying out the most that the language allows takes seconds, which one request must not cost, nor each row of a file.
"""

from __future__ import annotations

from ..dosing.amount import MAX_DOSES
from ..dosing.steps import count
from ..dosing.text import steps_of
from ..errors import PkpdError


def planned_doses(text: str) -> int:
    """The doses of a text, missed ones too; 0 for a name or what cannot be read."""
    try:
        return count(steps_of(text))
    except PkpdError:  # its reader says what is wrong
        return 0


def many(number: int) -> str:
    """A count in figures, as far as anyone reads them."""
    return str(number) if number < MAX_DOSES else f"{MAX_DOSES} or more"
