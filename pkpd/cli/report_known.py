"""What `pkpd report` works out for its page: models, runs simulated again, and the built-in studies predicted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from ..errors import PkpdError

if TYPE_CHECKING:
    from ..inference.uncertainty.draws import Draws
    from ..model.declaration import Model
    from ..output.report.whole.known import Again, Known, Validated
    from ..output.report.whole.result import Result
    from ..output.report.whole.sets import OwnSet
    from ..parameters import Parameters

FIGURE = "overview"


def known_of(results: Sequence[Result], own: str, *, validate: bool) -> Known:
    """Everything the page needs beside the files; `own` is the user's model file, run only when named here."""
    from ..engine.code.library import outline_of
    from ..model.registry import MODELS, get_model
    from ..output.report.whole.known import Known

    names = dict.fromkeys(r.model for r in results if r.model)
    files = [name for name in names if name not in MODELS]
    if own and not files:
        raise click.UsageError(f"--model {own} is not needed: every result was made with a built-in model")
    # a file may lie elsewhere by now, which can be told only where it is the only one
    asked = {name: name if name in MODELS else own * (name == own or len(files) == 1) for name in names}
    models = {name: get_model(place) for name, place in asked.items() if place}
    outlines = {name: outline_of(name if name in MODELS else models[name]) for name in models}
    warnings = [
        f"{r.label}: the equations of model {r.model} have changed since; those shown are the present ones."
        for r in results
        if r.model in outlines and r.record["model"].get("fingerprint") != outlines[r.model].fingerprint
    ]
    warnings += [
        f"The model file {name} was not given with --model, so its equations are not shown."
        for name in files
        if not asked[name]
    ]
    again = {r.key: _again(r, models, own) for r in results if r.kind == "run" and r.model in models}
    warnings += [f"{r.label}: {again[r.key].said}" for r in results if r.key in again and not again[r.key].same]
    return Known(
        models,
        {name: outline.defaults for name, outline in outlines.items()},
        again,
        _validated(results, {name: outlines[name].defaults for name in outlines}) if validate else (),
        tuple(warnings),
    )


def _again(result: Result, models: dict[str, Model], own: str) -> Again:
    """A run from its record: what it prints, and a figure where the result holds none; refused if a table differs."""
    from ..inference.uncertainty.bands import bands_csv
    from ..output.plots import overview_figure
    from ..output.plots.style import image
    from ..output.report.whole.figures import figure_names
    from ..output.report.whole.known import Again
    from ..trials.record import csv_files, digests, from_record
    from ..trials.run import simulate_run
    from ..trials.summary import summary
    from ..trials.uncertainty import from_tables, run_bands
    from .report_numbers import run_numbers
    from .write import title

    try:
        run = from_record(result.record, result.label, "" if own and result.model != own else own)
        uncertainty, _ = from_tables(run, result.record, result.label)
        found = simulate_run(run)
        bands = run_bands(run, found, uncertainty) if uncertainty else ()
    except PkpdError as error:
        return Again(said=f"it cannot be simulated again ({error}), so what it printed is not shown.", same=False)
    tables = csv_files(found) | ({"bands.csv": bands_csv(bands)} if bands else {})
    differing = [name for name, value in digests(tables).items() if result.record["tables"].get(name) != value]
    if differing:
        said = f"simulated again, {', '.join(differing)} came out other than recorded, so what it printed is not shown."
        return Again(said=said, same=False)
    drawn = {}
    if not figure_names(result):
        drawn = {FIGURE: image(overview_figure(found, run.visits, title(run), bands), "svg")}
    said = f"Simulated again from the record for this page: {', '.join(tables)} came out the same, byte for byte."
    return Again(summary(run, found, bands), run_numbers(run, found, bands), drawn, said)


def _validated(results: Sequence[Result], declared: Mapping[str, Parameters]) -> tuple[Validated, ...]:
    """The built-in studies predicted with every set of a built-in model, each set once."""
    from ..data import built_in
    from ..inference.prediction import predict
    from ..model.registry import MODELS
    from ..output.report.whole.known import Validated
    from ..output.report.whole.sets import equal, grouped
    from ..studies.library import load_observations

    owned = [(one, result) for result in results if result.model in MODELS for one in _bases(result)]
    found = []
    for one, whose in grouped([one for one, _ in owned]):
        draws, said = draws_for([result for own, result in owned if equal(own, one)], one, declared[one.model])
        try:
            rows = predict(load_observations(*built_in("study")), one.model, one.values, draws)
        except PkpdError as error:
            found.append(Validated(one, (), (f"The studies cannot be predicted with this set: {error}",)))
            continue
        about = f"Model {one.model} with the set of {' and '.join(dict.fromkeys(whose))}."
        found.append(Validated(one, rows, (about, said)))
    return tuple(found)


def _bases(result: Result) -> list[OwnSet]:
    """The sets that are validated: of a run that before any study, of a fit the fitted one, else the first."""
    from ..output.report.whole.sets import validated_set

    found = validated_set(result)
    return [found] if found is not None else []


def draws_for(results: Sequence[Result], own: OwnSet, declared: Parameters) -> tuple[Draws | None, str]:
    """The draws that go with a set that these results share: those of its fit, else the model's own less whatever the
    set has from elsewhere; and a sentence on them.
    """
    from ..inference.uncertainty.bands import held, without
    from ..inference.uncertainty.draws import default_draws, read_draws

    fits = [r for r in results if r.kind == "fit" and r.data("draws.csv") is not None]
    draws = read_draws(fits[0].folder / "draws.csv") if fits else default_draws(own.model)
    if draws is not None and not fits:
        draws = without(draws, held(own.values, declared, draws))
    if draws is None or set(draws.names) - set(own.values):
        said = "Without draws of parameters, an interval holds only the assumed spread between studies and assays."
        return None, said
    return draws, f"{len(draws.values)} draws of {len(draws.names)} parameters ({draws.origin})."
