"""The calibration behind the shipped parameter files: `python scripts/calibrate_reference.py` fits `il2` and
`il2_minimal` to the rows marked "fit" of the built-in studies, and writes params/NAME.toml, params/draws/NAME.csv and
params/fits/NAME.txt; with --check it fits again and says whether the shipped values are reproduced to three digits.

The search is budgeted by evaluations, not by time, so that no machine is too slow for it; it needs a tenth of them.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import numpy as np

import pkpd
from pkpd.inference.fitted import Fitted
from pkpd.inference.fitting import refit
from pkpd.inference.search.multistart import Budget
from pkpd.inference.uncertainty.draws import covariance_draws, write_draws
from pkpd.inference.uncertainty.left_out import left_out
from pkpd.output.report.fit_text import report
from pkpd.studies.observation import Observations

ROOT = Path(__file__).resolve().parent.parent
PARAMS = ROOT / "params"
FITS = PARAMS / "fits"
# Every built-in study with rows marked "fit".
EVIDENCE = ("dilt1d", "hao2020", "feng2019", "koreth2016", "roswellpark1996")
MODELS = ("il2", "il2_minimal")
STARTS, EVALUATIONS, DRAWS = 6, 2000, 400


def varied(model: str) -> tuple[str, ...]:
    """The parameters that carry a prior: all that a fit of the reference set varies."""
    return tuple(t.name for t in pkpd.load_parameters(model).tables if t.prior is not None)


def evidence(model: str) -> Observations:
    """The rows marked "fit" that the model has an output for; the minimal model knows no CD56bright."""
    found = pkpd.load_observations(*EVIDENCE)
    outputs = {o.name for o in pkpd.get_model(model).outputs}
    rows = tuple(row for row in found.rows if row.output in outputs)
    return Observations(rows, found.courses, found.count_scale, ", ".join(EVIDENCE))


def reference_fit(model: str, starts: int = STARTS) -> Fitted:
    """The fit that made the shipped set."""
    return pkpd.fit(
        evidence(model),
        model,
        pkpd.load_parameters(model),
        varied(model),
        settings=pkpd.FitSettings(starts=starts, budget=Budget(evaluations=EVALUATIONS)),
    )


def write(model: str, fitted: Fitted) -> None:
    """Put the fitted values into the parameter file, and beside it the draws and the report."""
    path = PARAMS / f"{model}.toml"
    text = path.read_text(encoding="utf-8")
    low, high = fitted.interval
    shares = fitted.information.prior_share
    for k, name in enumerate(fitted.names):
        taught = f"share of variance left from the prior {100 * shares[k]:.0f} %"
        where = f"fit of {model}, scripts/calibrate_reference.py; 95 % {low[k]:.3g} to {high[k]:.3g}; {taught}"
        text = entered(text, name, "value", f"{fitted.values[k]:.4g}")
        text = entered(text, name, "where", f'"{where}"')
    path.write_text(text, encoding="utf-8")
    rows = fitted.objective.observations
    others = {sd: refit(fitted, rows, pkpd.Noise(between_studies=sd)) for sd in (0.2, 0.5)}
    (PARAMS / "draws").mkdir(exist_ok=True)
    FITS.mkdir(exist_ok=True)
    draws = covariance_draws(fitted, DRAWS, exact=True)
    print(f"{model}: {DRAWS} draws, whose weights were worth {draws.effective:.0f} independent ones")
    (PARAMS / "draws" / f"{model}.csv").write_bytes(write_draws(draws))
    text = report(fitted, left_out=left_out(fitted), profiles=pkpd.profile(fitted), others=others)
    (FITS / f"{model}.txt").write_text(text, encoding="utf-8")


def entered(text: str, name: str, key: str, value: str) -> str:
    """A parameter file with one key of one table changed, and everything else as it was."""
    pattern = re.compile(rf"(^\[{re.escape(name)}\]\n(?:(?!\[).*\n)*?{key} = ).*$", re.MULTILINE)
    changed, count = pattern.subn(lambda m: m[1] + value, text)
    if count != 1:
        raise SystemExit(f"[{name}] with {key} stands {count} times in the parameter file")
    return changed


def differences(model: str, fitted: Fitted) -> list[str]:
    """The parameters whose shipped value is not the fitted one to three digits."""
    shipped = pkpd.load_parameters(model)
    close = [np.isclose(v, shipped[n].value, rtol=1e-3) for n, v in zip(fitted.names, fitted.values, strict=True)]
    return [
        f"{n}: shipped {shipped[n].value:.4g}, fitted {v:.4g}"
        for n, v, same in zip(fitted.names, fitted.values, close, strict=True)
        if not same
    ]


def main() -> None:
    """Fit, and write or check."""
    asked = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    asked.add_argument("models", nargs="*", default=list(MODELS))
    asked.add_argument("--check", action="store_true", help="change nothing; say whether the values are reproduced")
    options = asked.parse_args()
    wrong = []
    for model in options.models:
        fitted = reference_fit(model)
        print(
            f"{model}: cost {fitted.cost:.4f}, {fitted.search.evaluations} evaluations, {fitted.search.seconds:.1f} s"
        )
        if options.check:
            wrong += differences(model, fitted)
        else:
            write(model, fitted)
    print("\n".join(wrong) if wrong else "reproduced to three digits" if options.check else "written")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
