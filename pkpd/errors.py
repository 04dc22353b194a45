"""Every error raised on purpose. A message is one sentence: what was asked, what was found, where, the nearest
valid thing.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import PurePath


class PkpdError(Exception):
    """Base of all errors a user can mend; the command line prints its message and exits with status 2."""


class UnitError(PkpdError):
    """A unit that is unknown, or that does not convert to the one needed."""


class FileError(PkpdError):
    """A file that is missing, unreadable, of another kind, or that would be overwritten."""


class ParameterError(PkpdError):
    """A parameter table or value that cannot be used."""


class ScheduleError(PkpdError):
    """A dosing schedule that cannot be read or given."""


class ModelError(PkpdError):
    """A model declaration that is incomplete or whose units disagree."""


class SimulationError(PkpdError):
    """A simulation that cannot be started or did not finish."""


class StudyError(PkpdError):
    """A study file that cannot be run."""


class InferenceError(PkpdError):
    """A fit, profile or prediction that cannot be made."""


def printable(text: str) -> str:
    """A text in one line without control characters, which a cell of a file could send to the terminal."""
    return "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))


def nearest(name: str, candidates: Iterable[str]) -> str:
    """`"; did you mean 'x'?"` for the closest candidate, or an empty string when none is close.

    Files that end alike are compared by what comes before the ending, which would make any two of them look close.
    """
    asked = name.lower()
    ending = PurePath(asked).suffix
    lowered = {n.lower(): n for n in sorted(candidates)}
    alike = {n.removesuffix(ending): n for n in lowered if ending and n.endswith(ending)}
    # a chance likeness of short names is common
    close = get_close_matches(asked.removesuffix(ending), list(alike), n=1, cutoff=0.65) if alike else []
    close = [alike[stem] for stem in close]
    close = close or get_close_matches(asked, [n for n in lowered if n not in alike.values()], n=1, cutoff=0.6)
    return f"; did you mean '{lowered[close[0]]}'?" if close else ""
