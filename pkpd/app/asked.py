"""What one request asks for: read strictly from JSON, checked against what is offered, and turned into a run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ..dosing.library import load_schedule
from ..dosing.schedule import Schedule
from ..dosing.write import MAX_TEXT
from ..engine.code.library import outline_of
from ..errors import ParameterError, PkpdError, ScheduleError, nearest, printable
from ..simulation import grid
from ..trials.run import Options, Run, check_set, schedule_run
from ..units import amount, duration, factor
from .offered import Offer
from .sized import many, planned_doses

MOST_DAYS = 731  # two years; one request must not keep the machine busy
MOST_DOSES = 1500  # twice a day for two years
MOST_TEXT = 200  # characters of any text but a schedule's
PANELS = ("il2", "treg", "nk", "cd56bright", "eosinophils")
SIZES = {"bsa": "m2", "weight": "kg"}
_TEXTS = ("model", "set", "schedule", "days", "bsa", "weight")
_KEYS = (*_TEXTS, "changes", "outputs")


class AskError(PkpdError):
    """A request that cannot be answered; `field` says which part of it is at fault, "" where none is alone."""

    def __init__(self, sentence: str, field: str = "") -> None:
        super().__init__(printable(sentence))
        self.field = field


@dataclass(frozen=True, slots=True)
class Ask:
    """One regimen in one patient, as texts. `schedule` has single spaces; `changes` are names and values as
    `--set` takes them; without `outputs` those of the panels are meant.
    """

    model: str
    set: str = ""
    schedule: str = "none"
    days: str = ""
    changes: tuple[tuple[str, str], ...] = ()
    bsa: str = ""
    weight: str = ""
    outputs: tuple[str, ...] = ()

    def to_tables(self) -> dict[str, Any]:
        """The ask as JSON holds it."""
        texts = {key: getattr(self, key) for key in _TEXTS}
        return texts | {"changes": dict(self.changes), "outputs": list(self.outputs)}


def read_ask(body: object, offer: Offer) -> Ask:
    """An ask from JSON; AskError for what it does not know, what is not a text, or what is not offered."""
    if not isinstance(body, Mapping):
        raise AskError(f"a request is an object with keys such as schedule, not {_kind(body)}")
    for key in body:
        if key not in _KEYS:
            raise AskError(f"a request has the unknown key '{str(key)[:40]}'{nearest(str(key)[:40], _KEYS)}")
    texts = {key: _text(body.get(key, ""), key) for key in _TEXTS}
    texts["model"] = texts["model"] or str(offer.ask.get("model") or next(iter(offer.models)))
    _known(texts["model"], offer.models, "model", "model")
    _known(texts["set"], offer.sets, "set", "parameter set")
    outline = outline_of(offer.models[texts["model"]])
    if texts["set"]:
        _check_set(texts["model"], texts["set"], offer)
    parameters = [p.name for p in outline.parameters]
    changes = _changes(body.get("changes", {}), parameters, texts["model"])
    outputs = _outputs(body.get("outputs", []), [o.name for o in outline.outputs], texts["model"])
    return Ask(**texts, changes=changes, outputs=outputs)


def run_of(ask: Ask, offer: Offer) -> Run:
    """The run that the command line would make of the same words; AskError names the part at fault."""
    options = options_of(ask, offer)
    schedule = schedule_of(ask)
    with blamed("schedule"):
        lasts = options.days if options.days is not None else Fraction(float(grid(schedule, None, "1d")[-1]))
    if lasts > MOST_DAYS:
        raise AskError(
            f"the schedule takes {float(lasts):g} days, and at most {MOST_DAYS} are shown; say how many", "days"
        )
    with blamed("", ask):
        return schedule_run(ask.schedule, schedule, options)


def options_of(ask: Ask, offer: Offer) -> Options:
    """Model, set, changes, days and body size as `Options` takes them; every change is tried by itself."""
    base = offer.base(ask.model, ask.set)
    for name, text in ask.changes:
        with blamed(f"changes.{name}"):
            base.set("value of", **{name: text})
    return Options(
        model=offer.models[ask.model],
        parameters=offer.sets[ask.set].parameters,
        changes=ask.changes,
        days=_days(ask.days),
        bsa=_size(ask.bsa, "bsa"),
        weight=_size(ask.weight, "weight"),
    )


def schedule_of(ask: Ask) -> Schedule:
    """The schedule by its built-in name or its text, never from a file; AskError for too many doses."""
    # the language has no colon, and `mine.toml:name` would open a file
    if ":" in ask.schedule:
        raise AskError(
            "a schedule here is a built-in name or a text such as '1 MIU daily x5', without a colon", "schedule"
        )
    if (planned := planned_doses(ask.schedule)) > MOST_DOSES:
        raise AskError(f"the schedule has {many(planned)} doses, and at most {MOST_DOSES} are shown", "schedule")
    with blamed("schedule"):
        return load_schedule(ask.schedule)


def shown(ask: Ask, outputs: tuple[str, ...]) -> tuple[str, ...]:
    """The outputs asked for, else the panels of a model with these outputs."""
    counts = tuple(name for name in outputs if name.removesuffix("_fold") not in outputs or not name.endswith("_fold"))
    return ask.outputs or tuple(name for name in PANELS if name in outputs) or counts[: len(PANELS)]


@contextmanager
def blamed(field: str, ask: Ask | None = None) -> Iterator[None]:
    """Any PkpdError as an AskError of a field; without one, the field that the sentence speaks of."""
    try:
        yield
    except AskError:
        raise
    except PkpdError as error:
        raise AskError(str(error), field or _field(error, ask)) from None


def _field(error: PkpdError, ask: Ask | None) -> str:
    """What a sentence is about: a change by its name, a body size, or what doses it speaks of."""
    said, changed = str(error), [name for name, _ in ask.changes] if ask else []
    for name in changed:
        if re.search(rf"\b{re.escape(name)}\b", said):
            return f"changes.{name}"
    for name, words in (("bsa", "body surface area"), ("weight", "weight in kg")):
        if words in said or (isinstance(error, ParameterError) and re.search(rf"\b{name}\b", said)):
            return name
    if isinstance(error, ScheduleError) or re.search(r"\broute\b", said):
        return "schedule"
    return f"changes.{changed[0]}" if len(changed) == 1 else ""


def _text(value: object, key: str) -> str:
    """A text in one line with single spaces, short and printable; keys stay as they are."""
    if not isinstance(value, str):
        raise AskError(f"{key} is a text, not {_kind(value)}", key)
    if key in ("model", "set"):  # keys, one of those offered or none
        return value
    most = MAX_TEXT if key == "schedule" else MOST_TEXT
    if len(value) > most:
        raise AskError(f"{key} has {len(value)} characters; at most {most} are read", key)
    text = " ".join(value.split())
    if not text.isprintable():
        raise AskError(f"{key} holds characters that cannot be printed", key)
    return text


def _known(text: str, offered: Mapping[str, object], field: str, what: str) -> None:
    if text not in offered:
        raise AskError(f"there is no {what} '{text[:80]}' here{nearest(text[:80], offered)}", field)


def _check_set(model: str, key: str, offer: Offer) -> None:
    offered = offer.sets[key]
    if offered.model not in ("", model):
        raise AskError(f"the set {key} holds parameters of model {offered.model}, not of {model}", "set")
    if offered.parameters is not None:
        with blamed("set"):
            check_set(offered.parameters, outline_of(offer.models[model]))


def _changes(value: object, known: list[str], model: str) -> tuple[tuple[str, str], ...]:
    """Names and new values, without those left empty."""
    if not isinstance(value, Mapping):
        raise AskError(f"changes are an object of names and texts, not {_kind(value)}", "changes")
    if len(value) > len(known):
        raise AskError(f"{len(value)} changes were asked for, and model {model} has {len(known)} parameters", "changes")
    found = []
    for name, text in value.items():
        field = f"changes.{printable(str(name)[:40])}"
        if name in SIZES:
            raise AskError(f"{name} has a key of its own and does not stand among the changes", name)
        if name not in known:
            raise AskError(f"model {model} has no parameter '{str(name)[:40]}'{nearest(str(name)[:40], known)}", field)
        if read := _text(text, field):
            found.append((str(name), read))
    return tuple(found)


def _outputs(value: object, known: list[str], model: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in value):
        raise AskError("outputs are a list of names", "outputs")
    for name in value:
        if name not in known:
            raise AskError(f"model {model} has no output '{name[:40]}'{nearest(name[:40], known)}", "outputs")
    return tuple(dict.fromkeys(value))


def _days(text: str) -> Fraction | None:
    if not text:
        return None
    with blamed("days"):
        days = duration(text)
    if not 0 < days <= MOST_DAYS:
        raise AskError(f"the days shown are more than 0 and at most {MOST_DAYS}, not '{text[:40]}'", "days")
    return days


def _size(text: str, name: str) -> float | None:
    """A body size in m2 or kg, read as `--bsa` and `--weight` are."""
    if not text:
        return None
    with blamed(name):
        value, given = amount(text)
        value *= 1.0 if given == "1" else factor(given, SIZES[name])
    if not 0 < value < 1e4:
        raise AskError(f"{name} is a size above 0 {SIZES[name]}, not '{text[:40]}'", name)
    return value


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "a truth value", type(None): "nothing"}
    return names.get(type(value), "a number")
