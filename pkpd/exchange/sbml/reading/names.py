"""Names of an SBML file as names of a model: the same where they can be, else with a suffix."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass, field

from ....model.grammar import RESERVED

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,60}\Z")
# parameters by which doses per m2 and per kg are sized, in units a foreign file may not use
BODY = ("bsa", "weight")


@dataclass(slots=True)
class Names:
    """Gives every id of a file one name, and remembers which it had to change; `body` leaves the size of the patient
    its names, in the units that doses per m2 and per kg need.
    """

    body: bool = False
    taken: set[str] = field(default_factory=set)
    by_id: dict[str, str] = field(default_factory=dict)

    def claim(self, identifier: str) -> str:
        """The name for an id of the file."""
        usable = _NAME.match(identifier) and not keyword.iskeyword(identifier) and identifier not in RESERVED
        if usable and (self.body or identifier not in BODY):
            self.by_id[identifier] = self.fresh(identifier)
        else:
            stem = identifier if identifier[:1].isalpha() else f"x{identifier}"
            self.by_id[identifier] = self.fresh(f"{stem[:50]}_")
        return self.by_id[identifier]

    def fresh(self, wanted: str) -> str:
        """A name like `wanted` that nothing has yet."""
        found, number = wanted, 2
        while found in self.taken:
            found, number = f"{wanted[:50]}_{number}", number + 1
        self.taken.add(found)
        return found

    @property
    def changed(self) -> tuple[str, ...]:
        """`id -> name` for each that could not be kept."""
        return tuple(f"{old} -> {new}" for old, new in self.by_id.items() if old != new)
