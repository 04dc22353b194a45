"""What the page hands on as files: figures, tables, a schedule, a parameter set, and commands."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import inf
from threading import Lock
from types import MappingProxyType
from typing import Any

import numpy as np

from ..dosing.library import read_schedules
from ..dosing.sentence import sentence
from ..errors import nearest, printable
from ..inference.uncertainty.bands import Band, bands_csv
from ..output.tables import Table, stack
from ..output.trajectory import Trajectory
from ..parameters import Parameter
from ..trials.record import csv_files
from ..trials.run import Run
from ..trials.uncertainty import run_bands
from .answer import simulated
from .asked import Ask, AskError, blamed, read_ask, run_of, schedule_of
from .catalogue import MOST_PINS
from .command import bands_command, commands
from .endpoints import endpoints_of
from .offered import Offer
from .ranges import BandAsk, drawn_for, ranges, read_bands

LONGEST_LABEL = 60
CHINESE = "\u2e80"  # from here on the font of the figures has no letters
ENDPOINTS = ("id", "output", "what", "day", "value", "unit")
_KEYS, _PIN = ("ask", "label", "pins", "bands"), ("label", "ask")
_FORMULA = "=+-@"  # a spreadsheet runs a cell that begins with one of these
_MEDIA = {
    "png": "image/png",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "csv": "text/csv; charset=utf-8",
    "toml": "application/toml",
    "txt": "text/plain; charset=utf-8",
}
# matplotlib draws in one thread at a time
_DRAWING = Lock()


@dataclass(frozen=True, slots=True)
class Download:
    """A file to hand on: a name of letters and dots, its media type, its bytes."""

    name: str
    media: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Regimen:
    """One regimen of the page; `label` is clean, and "" where the user gave none."""

    label: str
    ask: Ask


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request for a file: the current regimen first, then the pins, each with a label of its own; and a band."""

    regimens: tuple[Regimen, ...]
    bands: BandAsk | None
    offer: Offer

    @property
    def ask(self) -> Ask:
        """The current regimen."""
        return self.regimens[0].ask

    @property
    def label(self) -> str:
        """What the user calls the current regimen, or ""."""
        return self.regimens[0].label

    def named(self, *, drawn: bool = False) -> list[tuple[str, Ask]]:
        """Every regimen with what to call it, no two alike; `drawn` gives no names that figures have no letters for."""
        found: dict[str, Ask] = {}
        for regimen in self.regimens:
            given = "" if drawn and max(regimen.label, default="") >= CHINESE else regimen.label
            own = label = given or _clean(regimen.ask.schedule)
            number = 1
            while own in found:
                own = f"{label} ({(number := number + 1)})"
            found[own] = regimen.ask
        return list(found.items())


def download(name: str, body: object, offer: Offer) -> Download:
    """The file of that name for what the page shows; AskError for another name, or what cannot be simulated."""
    if name not in MAKERS:
        raise AskError(f"there is no file '{name[:40]}' to download{nearest(name[:40], MAKERS)}")
    make, several = MAKERS[name]
    data = make(_wanted(body, offer, several))
    return Download(name, _MEDIA[name.rpartition(".")[2]], data)


def _wanted(body: object, offer: Offer, several: bool) -> Wanted:
    """The request; pins are read only for a file that holds them."""
    if not isinstance(body, Mapping):
        raise AskError("a request for a file is an object with the key ask")
    _check_keys(body, _KEYS, "a request for a file")
    regimens = [Regimen(_label(body.get("label", "")), read_ask(body.get("ask", {}), offer))]
    pins = body.get("pins", [])
    if not isinstance(pins, list) or len(pins) > MOST_PINS:
        raise AskError(f"pins are a list of at most {MOST_PINS} regimens", "pins")
    for number, pin in enumerate(pins if several else [], 1):
        if not isinstance(pin, Mapping):
            raise AskError(f"pin {number} is not an object with a label and an ask", "pins")
        _check_keys(pin, _PIN, f"pin {number}")
        regimens.append(Regimen(_label(pin.get("label", "")), read_ask(pin.get("ask", {}), offer)))
    bands = body.get("bands")
    if not isinstance(bands, Mapping | None):
        raise AskError("bands are an object with a kind, or null", "bands")
    asked = None if bands is None else read_bands(dict(bands) | {"ask": body.get("ask", {})}, offer)
    return Wanted(tuple(regimens), asked, offer)


def _check_keys(table: Mapping[Any, Any], known: tuple[str, ...], what: str) -> None:
    for key in table:
        if key not in known:
            raise AskError(f"{what} has the unknown key '{str(key)[:40]}'{nearest(str(key)[:40], known)}")


def _label(value: object) -> str:
    if not isinstance(value, str):
        raise AskError("a label is a text", "label")
    return _clean(value)


def _clean(text: str) -> str:
    """One short line that neither a spreadsheet nor a terminal takes for more than a text."""
    line = printable(text[: 10 * LONGEST_LABEL]).lstrip(_FORMULA + " ")
    return line if len(line) <= LONGEST_LABEL else f"{line[: LONGEST_LABEL - 1]}…"


def _table(wanted: Wanted) -> bytes:
    return _csv(wanted)["trajectories.csv"]


def _doses(wanted: Wanted) -> bytes:
    return _csv(wanted)["doses.csv"]


def _csv(wanted: Wanted) -> dict[str, bytes]:
    """The tables as `pkpd simulate` writes them."""
    _, trajectories = simulated(wanted.ask, wanted.offer)
    with blamed("", wanted.ask):
        return csv_files(trajectories)


def _endpoints(wanted: Wanted) -> bytes:
    tables = []
    for label, ask in wanted.named():
        run, (trajectory,) = simulated(ask, wanted.offer)
        with blamed("", ask):
            rows = endpoints_of(run, trajectory)
        columns = tuple((key, [row[key] for row in rows]) for key in ENDPOINTS)
        tables.append(Table((("regimen", [label] * len(rows)), *columns)))
    return stack(tables).to_csv().encode()


def _bands(wanted: Wanted) -> bytes:
    if wanted.bands is None:
        raise AskError("a table of bands was asked for without their kind, uncertainty or population", "bands")
    run, (trajectory,) = simulated(wanted.ask, wanted.offer)
    return bands_csv([_band(wanted.bands, run, trajectory, wanted.offer)])


def _band(asked: BandAsk, run: Run, trajectory: Trajectory, offer: Offer) -> Band:
    """The band of the current regimen at every row and output; that of the draws as `pkpd simulate --bands` has it."""
    if asked.kind == "uncertainty":
        found, _ = drawn_for(run, asked.ask, offer)
        with blamed("", asked.ask):
            return run_bands(run, (trajectory,), found)[0]
    body = asked.ask.to_tables() | {"outputs": list(trajectory.outputs)}
    told = ranges({"ask": body, "kind": asked.kind, "patients": asked.patients, "seed": asked.seed}, offer)
    # of a long table the band has fewer rows
    values = [
        [np.interp(trajectory.times, told["times"], told["bands"][name][end]) for end in ("low", "median", "high")]
        for name in trajectory.outputs
    ]
    own = replace(_no_band(trajectory), values=np.array(values))
    return replace(own, draws=told["count"], failed=told["failed"])


def _no_band(trajectory: Trajectory) -> Band:
    """A band without width, for a regimen beside one that has a band."""
    names = trajectory.outputs
    values = np.array([[trajectory[name]] * 3 for name in names])
    units = tuple(trajectory.unit(name) for name in names)
    return Band(trajectory.arm, trajectory.times, trajectory.sides, names, units, values, 0, 0)


def _figure(wanted: Wanted, form: str) -> bytes:
    """One page with every regimen as an arm, and the band of the current one."""
    arms, runs = [], []
    for label, ask in wanted.named(drawn=True):
        run, (trajectory,) = simulated(ask, wanted.offer)
        arms.append(replace(trajectory, arm=label))
        runs.append(run)
    bands = []
    if wanted.bands is not None:
        bands = [_band(wanted.bands, runs[0], arms[0], wanted.offer), *(_no_band(arm) for arm in arms[1:])]
    models = " and ".join(dict.fromkeys(arm.bound.model.name for arm in arms))
    what = f"{len(arms)} regimens" if len(arms) > 1 else _clean(wanted.ask.schedule)
    kind = "virtual patients" if wanted.bands and wanted.bands.kind == "population" else ""
    with _DRAWING, blamed(""):
        from ..output.plots import overview_figure
        from ..output.plots.style import image

        figure = overview_figure(arms, runs[0].visits, f"{what}, model {models}", bands)
        for text in figure.legends[0].get_texts() if kind else ():
            text.set_text(re.sub(r"\A(90 % of \d+) draws?\Z", rf"\1 {kind}", text.get_text()))
        return image(figure, form)


def _schedule(wanted: Wanted) -> bytes:
    """A file of one schedule, which `pkpd simulate schedule.toml:NAME` reads."""
    import tomli_w

    plan, known = schedule_of(wanted.ask), read_schedules().get(wanted.ask.schedule)
    slug = re.sub(r"[^a-z0-9]+", "_", wanted.label.lower()).strip("_")
    name = slug if slug[:1].isalpha() and slug != "kind" else f"regimen_{slug}".rstrip("_")
    said: dict[str, Any] = {"meaning": sentence(plan), "source": "assumed", "where": "made with pkpd explore"}
    if known is not None:
        name, said = known.name, {"meaning": known.meaning, "source": list(known.source), "where": known.where}
        said |= {"note": known.note} if known.note else {}
    with blamed("schedule"):
        table = {"text": plan.text} | said
    return tomli_w.dumps({"kind": "schedules", name: table}).encode()


def _parameters(wanted: Wanted) -> bytes:
    """The whole set with its changes, as `Parameters.write` writes it."""
    import tomli_w

    values = run_of(wanted.ask, wanted.offer).arms[0].parameters
    kept = replace(values, tables=tuple(_readable(table) for table in values.tables))
    return tomli_w.dumps({"kind": "parameters", "model": values.model} | kept.to_tables()).encode()


def _readable(table: Parameter) -> Parameter:
    """Without bounds that leave out the value, which no parameter file may have."""
    return replace(table, bounds=(-inf, inf)) if table.outside else table


def _commands(wanted: Wanted) -> bytes:
    named = wanted.named()
    for _, ask in named:
        run_of(ask, wanted.offer)  # no command is handed on that would be refused
    text = commands(named, wanted.offer)
    if (asked := wanted.bands) is not None:
        told = f"# bands{', in population/bands.csv: one row a percentile' * (asked.kind == 'population')}"
        text += f"\n{told}\n{bands_command(wanted.ask, wanted.offer, asked.kind, asked.patients, asked.seed)}\n"
    return text.encode()


def _drawn(form: str) -> Callable[[Wanted], bytes]:
    return lambda wanted: _figure(wanted, form)


# name -> what makes it, and whether it holds the pins too
MAKERS: Mapping[str, tuple[Callable[[Wanted], bytes], bool]] = MappingProxyType(
    {f"figure.{form}": (_drawn(form), True) for form in ("png", "svg", "pdf")}
    | {"table.csv": (_table, False), "doses.csv": (_doses, False), "bands.csv": (_bands, False)}
    | {"endpoints.csv": (_endpoints, True), "commands.txt": (_commands, True)}
    | {"schedule.toml": (_schedule, False), "parameters.toml": (_parameters, False)}
)
