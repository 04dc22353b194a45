"""What a virtual trial says in words and tables: how it went, what it saw at visits, and the clinical illustration."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from ...dosing.sentence import sentence
from ...parameters import Parameter, by_hand
from ...studies.study import Study
from ...trials.clinical.caution import CAUTION
from ...trials.clinical.observed import PER, observed_text
from ...trials.clinical.power import power_text
from ...trials.clinical.replicated import Illustration
from ...trials.conduct.result import VirtualTrial
from ...trials.conduct.tables import quantiles
from ...trials.evidence import data_behind, own_parameters
from ..tables import aligned
from .fit_rows import counted
from .predictions import number
from .trial_visits import Share, Spread, Visit

WIDTH = 110
MOST_SHOWN = 5  # patients who could not be simulated
MARK = " *"
_COUNTED = {
    "dropped": "left before the end",
    "doses_given": "doses given",
    "doses_missed": "doses missed",
    "antibodies": "antibodies",
    "failed": "could not be simulated",
    "redrawn": "redrawn",
    "samples": "samples",
    "below": "samples below the limit",
}


def trial_text(
    trial: VirtualTrial,
    visits: dict[tuple[str, str], tuple[Visit, ...]],
    study: Study,
    shown: Illustration | None,
    alpha: float = 0.05,
    missing: str = "",
) -> str:
    """The whole report, ready to print; `missing` says why there is no clinical illustration."""
    parts = [_head(trial), _conduct(trial), _happened(trial), *_visits_text(trial, visits, alpha)]
    parts += _clinical(study, shown) if shown else [_without(study, missing)]
    return "\n\n".join(folded(part) for part in parts) + "\n"


def _head(trial: VirtualTrial) -> str:
    lines = [
        f"{trial.study}: virtual trial, model {trial.model}, {counted(trial.replicates, 'replicate')}, "
        f"seed {trial.seed}"
    ]
    lines += [
        f"{arm.label}, {counted(size, 'patient')}: {sentence(arm.schedule)}"
        for arm, size in zip(trial.arms, trial.sizes, strict=True)
    ]
    side = "after" if trial.side == "post" else "before"
    lines.append(f"Samples on a dosing day are taken {side} the dose. The first visit is the baseline.")
    lines += [f"Rule of arm {arm}: {rule.text}" for arm, rules in trial.rules.items() for rule in rules]
    if trial.drawn:
        lines.append(
            f"Parameter uncertainty is on: each replicate takes one of the draws ({trial.drawn}) as its typical "
            "values, and its patients vary around them."
        )
    else:
        lines.append("Parameter uncertainty is off: patients of all replicates vary around the same typical values.")
    if not trial.control:
        why = "it has one arm" if len(trial.arms) == 1 else "every arm has doses"
        lines.append(f"No control arm ({why}), so nothing is tested against one.")
    return "\n".join(lines)


def _conduct(trial: VirtualTrial) -> str:
    conduct = trial.conduct
    steroids = conduct["steroid_effect"] != 0
    tables = [t for t in conduct.tables.tables if steroids or not t.name.startswith("prednisone_")]
    rows = [["", "value", "basis"], *([t.name, t.text, _basis(t)] for t in tables)]
    return f"How the trial goes\n{aligned(rows)}"


def _basis(table: Parameter) -> str:
    if by_hand(table.where):
        return "set by --conduct"
    return table.basis if table.source == ("assumed",) else f"{table.basis}, {', '.join(table.source)}"


def _happened(trial: VirtualTrial) -> str:
    """Totals over the replicates, with every failure counted."""
    counts, told = trial.counts(), range(len(trial.arms))
    everyone = [size * trial.replicates for size in trial.sizes]
    doses = [counts["doses_given"][k] + counts["doses_missed"][k] for k in told]
    of = {"doses_missed": doses, "samples": None, "doses_given": None, "below": counts["samples"]}
    rows = [["", *counts["label"]], ["randomised", *map(str, everyone)]]
    # those below the limit come last, since their outputs follow
    for name, head in _COUNTED.items():
        whole = of.get(name, everyone)
        rows.append([head, *(_counted(counts[name][k], whole[k] if whole else None) for k in told)])
    for name, low in below_limit(trial).items():
        rows.append([f"  of {name}", *(str(count) for count in low)])
    if trial.rules:
        a = trial.attendance
        rows.append(["full doses received", *(f"{a.received[a.arm == k].sum():.1f}" for k in told)])
    said = [f"What happened, in all {counted(trial.replicates, 'replicate')} together\n{aligned(rows)}"]
    if trial.rules:
        said.append(
            f"Rules took {counted(len(trial.example.events), 'decision')} in replicate 1; events.csv lists them."
        )
    said.append(
        "Redrawn: had no steady baseline when first drawn, and was drawn again, so patients differ a little less than "
        "declared."
    )
    if trial.lost:
        said.append(f"{counted(len(trial.lost), 'patient')} could not be simulated and had no visits, such as:")
        said += [
            f"  replicate {f.replicate + 1}, patient {f.patient + 1} ({f.arm}), day {number(f.day)}: {f.reason[:160]}"
            for f in trial.lost[:MOST_SHOWN]
        ]
    return "\n".join(said)


def below_limit(trial: VirtualTrial) -> dict[str, list[int]]:
    """Samples below the limit by output, one number an arm, for outputs that have any."""
    found = trial.statistics.below.sum(axis=(0, 2))
    return {name: found[:, k].tolist() for k, name in enumerate(trial.outputs) if found[:, k].any()}


def _counted(count: int, of: int | None) -> str:
    return str(count) if not of or not count else f"{count} ({number(100 * count / of)} %)"


def _visits_text(trial: VirtualTrial, visits: dict[tuple[str, str], tuple[Visit, ...]], alpha: float) -> list[str]:
    control = " and against the control arm (Welch's t)" if trial.control else ""
    said = [
        "As a trial would report it: mean (SD) of one trial, the median over the replicates; where 5-95 % of the "
        "replicates have their mean; fold, the geometric mean of each patient's own fold of baseline; and the % of "
        f"replicates with two-sided p < {alpha:g} of the log fold against baseline (paired t){control}, of those that "
        "have a p."
    ]
    for output, unit in zip(trial.outputs, trial.units, strict=True):
        own = trial.parameters
        assumed = output in {o for o in trial.outputs if not data_behind(o, own, trial.model)}
        title = f"{output} ({'no unit' if unit == '1' else unit}){MARK * assumed}"
        said.append(f"{title}\n{_output_text(trial, [visits[arm.name, output] for arm in trial.arms])}")
        if assumed:
            names = ", ".join(own_parameters(output, trial.model))
            said.append(f"* {output} rests on assumed values only ({names}): read its direction, not its size.")
    return said


def _output_text(trial: VirtualTrial, arms: Sequence[Sequence[Visit]]) -> str:
    """Arms side by side where lines stay short, else one below the other."""
    labels = [arm.label for arm in trial.arms]
    together = _side_by_side(trial, labels, arms)
    if max(map(len, together.splitlines())) <= WIDTH:
        return together
    return "\n".join(_side_by_side(trial, [label], [own]) for label, own in zip(labels, arms, strict=True))


def _side_by_side(trial: VirtualTrial, labels: Sequence[str], arms: Sequence[Sequence[Visit]]) -> str:
    top, head = [""], ["day"]
    tested = [bool(trial.control) and own[0].arm != trial.control for own in arms]
    for label, test in zip(labels, tested, strict=True):
        columns = ["n", "mean (SD)", "5-95 %", "fold", "% v base", *(["% v control"] if test else [])]
        top += ["", label[:20], *[""] * (len(columns) - 2)]
        head += columns
    rows = [top, head]
    for k, day in enumerate(trial.visits):
        row = [f"{day:g}"]
        for own, test in zip(arms, tested, strict=True):
            row += _cells(own[k], test)
        rows.append(row)
    return aligned(rows)


def _cells(v: Visit, tested: bool) -> list[str]:
    found = [number(v.n.value), f"{number(v.mean.value)} ({number(v.sd.value)})", _range(v.mean), _fold(v.fold)]
    return [*found, _share(v.baseline), *([_share(v.control)] if tested else [])]


def _range(spread: Spread) -> str:
    return f"{number(spread.low)}-{number(spread.high)}" if spread.told else "-"


def _fold(spread: Spread) -> str:
    return "-" if not spread.told else f"{spread.value:.2f}" if spread.value < 100 else number(spread.value)


def _share(share: Share) -> str:
    return f"{100 * share.value:.1f}" if share.told else "-"


def _clinical(study: Study, shown: Illustration) -> list[str]:
    labels = {o.name: o.label for o in shown.outcomes}
    banner = f"THE CLINICAL ENDPOINT IS AN ILLUSTRATION. It\n{CAUTION}."
    rule = "=" * len(CAUTION)
    return [
        f"{rule}\n{banner}\n{rule}",
        observed_text(study),
        _rates_text(study, shown),
        power_text(shown.rows, labels, shown.link, shown.assumed),
        _plain_rates(study),
        "A patient who left before an outcome's day, or could not be simulated, is no responder: among the randomised, "
        "not among the analysed. Each replicate anchors the link on its own patients of the active arm who were seen.",
        _anchor(study, shown),
    ]


def _anchor(study: Study, shown: Illustration) -> str:
    """Whose outcomes the link rests on, and who has none."""
    active, control = shown.outcomes[0].arms
    known = {active.arm, control.arm}
    labels = {arm.name: arm.label for arm in study.arms}
    said = f"The link takes the outcomes of {labels[active.arm]} as observed under the schedule {study.name} gives it."
    others = [label for name, label in labels.items() if name not in known]
    return f"{said} Without observed outcomes, so without rates here: {', '.join(others)}." if others else said


def _rates_text(study: Study, shown: Illustration) -> str:
    labels = {arm.name: arm.label for arm in study.arms}
    rows = [["outcome", "effect", "per", *(c for a in shown.outcomes[0].arms for c in (labels[a.arm], "5-95 %"))]]
    for o in shown.outcomes:
        for effect in shown.counts[o.name]:
            for per in PER:
                rates = shown.rates(o.name, effect, per)
                told = [quantiles(100 * rates[:, side]) for side in range(2)]
                cells = [c for low, mid, high in told for c in (number(mid), f"{number(low)}-{number(high)}")]
                rows.append([o.label, effect, per, *cells])
    return f"Virtual response rates in %, median over the replicates\n{aligned(rows)}"


def _plain_rates(study: Study) -> str:
    plain = [o.label for o in study.outcomes if not o.linked and not o.safety]
    safety = [o.label for o in study.outcomes if o.safety]
    said = [f"Not linked to the model, so as observed only: {'; '.join(names)}." for names in (plain, safety) if names]
    return "\n".join(said)


def _without(study: Study, missing: str) -> str:
    observed = observed_text(study)
    why = missing or f"study {study.name} has no outcome that is linked"
    said = f"No clinical illustration: {why.removesuffix('.')}."
    return f"{observed}\n\n{said}" if observed else said


def folded(text: str) -> str:
    """Sentences in lines of at most `WIDTH`; lines of tables, which hold runs of spaces, stay as they are."""
    lines = [
        line if len(line) <= WIDTH or re.search(r"\S {2,}\S", line) else textwrap.fill(line, WIDTH)
        for line in text.splitlines()
    ]
    return "\n".join(lines)
