"""What a report says of the draws that were written beside it."""

from __future__ import annotations

from ...inference.uncertainty.draws import Draws
from .fit_rows import counted, fixed

_KINDS = {
    "covariance": "normal around the fitted values, with the covariance of the fit",
    "bootstrap": "fits to rows drawn anew from the fitted model",
    "posterior": "of likelihood times priors",
}


def draws_lines(draws: Draws) -> tuple[str, ...]:
    """Kind, number and rejections, then what chains say of their convergence."""
    count = len(draws.values)
    meaning = f" ({_KINDS[draws.kind]})" if draws.kind in _KINDS else ""
    lines = [f"draws.csv holds {counted(count, 'draw')} of the kind {draws.kind}{meaning}; {draws.rejected} rejected."]
    if draws.effective is not None:
        lines.append(f"The sample they were taken from is worth {fixed(draws.effective, 0)} independent draws.")
    return (*lines, *([draws.said] if draws.said else []))
