"""What the page may ask for: models, parameter sets and draws by key, all named when it was started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..data import built_in
from ..dosing.library import load_schedule
from ..engine.code.library import outline_of
from ..inference.uncertainty.draws import default_draws, read_draws
from ..model.registry import MODELS
from ..parameters import Parameters, load_parameters
from ..trials.run import check_set

if TYPE_CHECKING:
    from ..inference.uncertainty.draws import Draws

BESIDE = "draws.csv"  # as a fit writes it beside fitted.toml
FIRST = "he2020"  # the schedule shown first, with a model that knows IL-2


@dataclass(frozen=True, slots=True, eq=False)
class OfferedSet:
    """A parameter set: None are the model's own values; `typed` is what `--params` takes, `model` whose it is ("" for
    any).
    """

    parameters: Parameters | None = None
    typed: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class OfferedDraws:
    """Draws of a set, and what `--uncertainty` takes for them."""

    draws: Draws
    typed: str = "default"


@dataclass(frozen=True, slots=True, eq=False)
class Offer:
    """Everything that a request can name. `models` holds what `Options.model` takes, `draws` is by model and set, `ask`
    is the first ask as a plain dict, and `language` is "en", "zh" or "" for the browser's own.
    """

    models: Mapping[str, str]
    sets: Mapping[str, OfferedSet]
    draws: Mapping[tuple[str, str], OfferedDraws] = field(default_factory=dict)
    ask: Mapping[str, Any] = field(default_factory=dict)
    language: str = ""

    def base(self, model: str, key: str) -> Parameters:
        """The whole set behind two keys, before any change."""
        own, laid = outline_of(self.models[model]).defaults, self.sets[key].parameters
        return own if laid is None else laid.over(own)


def offer(
    model: str = "il2",
    params: str | None = None,
    uncertainty: str | None = None,
    schedule: str | None = None,
    *,
    days: str | None = None,
    bsa: str | None = None,
    weight: str | None = None,
    changes: Sequence[tuple[str, str]] = (),
    language: str = "",
) -> Offer:
    """What the command line names, beside everything built in; files are read now and never again. The texts of the
    first ask are not checked here: `read_ask(dict(found.ask), found)` does. PkpdError for what cannot be read, and for
    a set or draws of another model.
    """
    models = {name: name for name in MODELS} | {model: model}
    for name in models:
        outline_of(name)
    sets = {"": OfferedSet()} | _built_in_sets() | _typed_set(model, params)
    if schedule and ":" in schedule:  # named in a file, which only the command line may open
        schedule = load_schedule(schedule).text
    first = {
        "model": model,
        "set": params or "",
        "schedule": schedule or (FIRST if model in MODELS else "none"),
        "days": days or "",
        "changes": dict(changes),
        "bsa": bsa or "",
        "weight": weight or "",
        "outputs": [],
    }
    found = Offer(MappingProxyType(models), MappingProxyType(sets), {}, MappingProxyType(first), language)
    draws = _draws(found, model, params, uncertainty)
    return Offer(found.models, found.sets, MappingProxyType(draws), found.ask, language)


def _built_in_sets() -> dict[str, OfferedSet]:
    """Built-in files that are not just a model's own values."""
    found = {}
    for name in built_in("parameters"):
        if name not in MODELS:
            loaded = load_parameters(name)
            found[name] = OfferedSet(loaded, name, loaded.model)
    return found


def _typed_set(model: str, params: str | None) -> dict[str, OfferedSet]:
    if params is None:
        return {}
    loaded = load_parameters(params)
    check_set(loaded, outline_of(model))
    # a set that names no built-in model is only known to fit the one it was given with
    return {params: OfferedSet(loaded, params, loaded.model if loaded.model in MODELS else model)}


def _draws(
    found: Offer, model: str, params: str | None, uncertainty: str | None
) -> dict[tuple[str, str], OfferedDraws]:
    """The draws of every model and set, as `pkpd run` finds them."""
    drawn: dict[tuple[str, str], OfferedDraws] = {}
    for key, name in found.models.items():
        if (own := default_draws(name)) is not None:
            sets = (("", found.sets[""]), *((s, found.sets[s]) for s in found.sets if s in built_in("parameters")))
            drawn |= {(key, s): OfferedDraws(own) for s, offered in sets if offered.model in ("", key)}
    place = model, params or ""
    beside = Path(params).parent / BESIDE if params and params not in built_in("parameters") else None
    named = uncertainty if uncertainty not in (None, "default") else None
    if named is None and uncertainty is None and beside is not None and beside.is_file():
        named = str(beside)
    if named is not None:
        drawn[place] = OfferedDraws(read_draws(named), named)
    elif uncertainty == "default" and (own := default_draws(model)) is not None:
        drawn[place] = OfferedDraws(own)
    if place in drawn:
        drawn[place].draws.in_units_of(found.base(*place))
    return drawn
