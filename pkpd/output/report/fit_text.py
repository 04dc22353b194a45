"""The report of a fit as text."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from ...inference.fitted import Fitted
from ...inference.uncertainty.draws import Draws
from ...inference.uncertainty.left_out import LeftOut
from ...inference.uncertainty.profiles import Profile
from ..tables import aligned
from .sections import Other, Section, sections

WIDTH = 120


def report(
    fitted: Fitted,
    left_out: Sequence[LeftOut] = (),
    profiles: Sequence[Profile] = (),
    others: Mapping[float, Other] | None = None,
    draws: Draws | None = None,
) -> str:
    """Everything to know before a fit is used, in the order in which it matters; the first line is the verdict.

    `left_out` are the errors of leaving one study out, `profiles` profile intervals, `others` the fits under other log
    SDs between studies: the fitted coordinates, shape (names,), and whether that search converged; `draws` those that
    are written beside it. The same fit gives the same text.
    """
    return "\n\n".join(_text(section) for section in sections(fitted, left_out, profiles, others or {}, draws)) + "\n"


def _text(section: Section) -> str:
    parts = [section.title] if section.title else []
    parts += [_wrapped(line) for line in section.lines]
    if section.table:
        parts.append(textwrap.indent(aligned(section.table), "  "))
    parts += [_wrapped(line) for line in section.notes]
    return "\n".join(parts)


def _wrapped(line: str) -> str:
    return textwrap.fill(
        line, WIDTH, initial_indent="  ", subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    ).removeprefix("  " if line.startswith(("VALID", "NOT VALID")) else "")
