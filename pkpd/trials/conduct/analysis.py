"""What a trial reports of its measurements: means, spread, and tests against baseline and the control arm."""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np

from ...engine.functions import Vector
from ...engine.plan import Whole
from .result import Marks, Statistics


def analysed(measured: Vector, below: Marks, arm: Whole, arms: int, control: int) -> Statistics:
    """The analysis of some replicates: `measured` and `below` have shape (replicates, patients, visits, outputs),
    `arm` (replicates, patients). The first visit is the baseline; `control` numbers the arm that others are tested
    against, -1 for none.
    """
    folds = log_folds(measured)
    found = [_arm(measured, folds, below, _rows(arm, k)) for k in range(arms)]
    whole = {f.name: np.stack([getattr(one, f.name) for one in found], axis=1) for f in fields(Statistics)}
    whole["p_baseline"] = paired_p(whole["log_mean"], whole["log_sd"], whole["n"])
    p = np.full(whole["mean"].shape, np.nan)
    others = [k for k in range(arms) if k != control] if control >= 0 else []
    for k in others:
        one, two = ([whole[name][:, j] for name in ("log_mean", "log_sd", "n")] for j in (k, control))
        p[:, k] = welch_p(*one, *two)
    whole["p_control"] = p
    for name in ("p_baseline", "p_control"):
        whole[name][:, :, 0] = np.nan  # the fold of the baseline visit is 1 in everyone
    return Statistics(**whole)


def log_folds(measured: Vector) -> Vector:
    """Log of each value over the patient's own at the first visit, same shape; NaN where either is missing or 0."""
    # math.log, because numpy's may round the end of an array differently from its middle
    logs = np.array([math.log(x) if x > 0 else math.nan for x in measured.ravel().tolist()]).reshape(measured.shape)
    return np.asarray(logs - logs[:, :, :1])


def moments(values: Vector) -> tuple[Whole, Vector, Vector]:
    """How many numbers there are along axis 1, their mean and their SD; NaN is left out."""
    there = np.isfinite(values)
    n = there.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(there, values, 0.0).sum(axis=1) / n
        off = np.where(there, values - mean[:, None], 0.0)
        variance = (off * off).sum(axis=1) / (n - 1)
    # rounding of their mean is no spread of equal numbers
    lowest, highest = np.where(there, values, np.inf).min(axis=1), np.where(there, values, -np.inf).max(axis=1)
    sd = np.where(lowest < highest, np.sqrt(variance), 0.0)
    return n, mean, np.where(n > 1, sd, np.nan)


def paired_p(mean: Vector, sd: Vector, n: Whole) -> Vector:
    """Two-sided p of the t test that a mean is 0, from summaries of any shape; NaN without spread or patients."""
    from scipy import stats

    usable = (n > 1) & (sd > 0)
    t = np.where(usable, mean, 0.0) / (np.where(usable, sd, 1.0) / np.sqrt(np.maximum(n, 1)))
    return np.where(usable, 2 * stats.t.sf(np.abs(t), np.maximum(n - 1, 1)), np.nan)


def welch_p(mean1: Vector, sd1: Vector, n1: Whole, mean2: Vector, sd2: Vector, n2: Whole) -> Vector:
    """Two-sided p of Welch's t test from summaries of any shape; NaN where neither arm has a spread, or one has fewer
    than two patients.
    """
    from scipy import stats

    usable = (n1 > 1) & (n2 > 1) & ((sd1 > 0) | (sd2 > 0))
    (m1, m2), (s1, s2) = (np.where(usable, (a, b), v) for a, b, v in ((mean1, mean2, 0.0), (sd1, sd2, 1.0)))
    counts = (np.where(usable, n, 2) for n in (n1, n2))
    c1, c2 = counts
    found = stats.ttest_ind_from_stats(m1, s1, c1, m2, s2, c2, equal_var=False)
    return np.where(usable, found.pvalue, np.nan)


def _arm(measured: Vector, folds: Vector, below: Marks, rows: Whole) -> Statistics:
    """Counts and moments of one arm, shape (replicates, visits, outputs); no tests yet."""
    at = rows[:, :, None, None]
    own, logs = np.take_along_axis(measured, at, axis=1), np.take_along_axis(folds, at, axis=1)
    low = np.take_along_axis(below, at, axis=1)
    n, mean, sd = moments(own)
    _, log_mean, log_sd = moments(logs)
    none = np.full(mean.shape, np.nan)
    return Statistics(n, mean, sd, log_mean, log_sd, none, none, low.sum(axis=1))


def _rows(arm: Whole, k: int) -> Whole:
    """Numbers of the patients of an arm, as many in every replicate, shape (replicates, patients of the arm)."""
    return np.nonzero(arm == k)[1].reshape(len(arm), -1)
