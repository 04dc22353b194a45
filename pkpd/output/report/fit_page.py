"""The report of a fit as one HTML file: the same words, and the figures inside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from ...inference.fitted import Fitted
from ...inference.uncertainty.draws import Draws
from ...inference.uncertainty.left_out import LeftOut
from ...inference.uncertainty.profiles import Profile
from ..plots.fit import fit_figures
from ..plots.style import image
from . import html
from .sections import Other, Section, sections, verdict

# name of a figure: the section it stands under, and what it shows
_CAPTIONS = {
    "predicted_observed": ("predictions", "Predicted against observed, with the line of identity and 2-fold band."),
    "courses": (
        "predictions",
        "Rows over time beside the fitted model, each with 95 % of its own error.",
    ),
    "parameters": ("parameters", "Fitted values and 95 % intervals beside the priors, between the bounds."),
    "correlations": ("correlations", "Correlations of the estimates."),
    "profiles": ("profiles", "Profiles: rise of the cost as one parameter is held and all others are fitted again."),
    "starts": ("starts", "Cost of every start, from the best to the worst."),
}


def page(
    fitted: Fitted,
    left_out: Sequence[LeftOut] = (),
    profiles: Sequence[Profile] = (),
    others: Mapping[float, Other] | None = None,
    drawn: Mapping[str, bytes] | None = None,
    draws: Draws | None = None,
) -> str:
    """What `fit_text.report` says, as a page that needs no other file, script or network.

    `drawn` holds figures as SVG files by name; without it they are drawn here. Every text is escaped.
    """
    if drawn is None:
        drawn = {name: image(figure, "svg") for name, figure in fit_figures(fitted, profiles).items()}
    said = sections(fitted, left_out, profiles, others or {}, draws)
    title = f"Fit of {fitted.model_name} to {', '.join(fitted.data)}"
    return html.document(title, _head(said[0], fitted), "".join(_section(s, drawn) for s in said[1:-1]), said[-1].lines)


def _head(section: Section, fitted: Fitted) -> str:
    kind = "invalid" if fitted.trouble else "valid"
    first = f'<p class="verdict {kind}" role="status">{escape(verdict(fitted))}</p>\n'
    return first + html.lines(section.lines[1:])


def _section(section: Section, drawn: Mapping[str, bytes]) -> str:
    parts = [html.lines(section.lines)]
    if section.table:
        parts.append(html.table(section.table[0], section.table[1:], section.title))
    parts.append(html.lines(section.notes))
    parts += [
        html.figure(name, drawn[name], caption)
        for name, (key, caption) in _CAPTIONS.items()
        if key == section.key and name in drawn
    ]
    return html.section(section.title, "".join(parts), section.key)
