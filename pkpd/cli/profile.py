"""`pkpd profile`: how far each fitted parameter may move before the rows object."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import FileError, nearest
from .fit_options import Asked, fitted_of, listed, noticing, read_search, search_options

if TYPE_CHECKING:
    from ..inference.fitted import Fitted
    from ..inference.uncertainty.profiles import Profile

STARTS = 8


@click.command()
@search_options
@click.option("--names", metavar="LIST", help="Which of the varied parameters to profile.  [default: all]")
def profile(names: str | None, **options: Any) -> None:
    """Fit as `pkpd fit` does, then profile: hold one parameter at a time, fit all others, and see how the rows object.

    STUDY may also be one folder that `pkpd fit` wrote: its fit is repeated from its end, with its settings.

    \b
    Examples:
      pkpd profile dilt1d hao2020 --vary treg_ec50,treg_activation --starts 2 --output results/profile
      pkpd profile results/fit --names treg_activation
    """
    asked, starts = _asked(options)
    wanted = asked.vary if names is None else listed(names, "--names")
    for name in wanted:
        if name not in asked.vary:
            raise click.UsageError(f"--names: '{name}' is not among those of --vary{nearest(name, asked.vary)}")
    from .fit_files import PROFILE_FILES, check_folder

    if asked.output:
        check_folder(asked.output, PROFILE_FILES)
    from ..inference.uncertainty.profiles import profile as profiles_of

    with noticing() as interrupts:
        found = fitted_of(asked, starts)
        profiles = () if interrupts else profiles_of(found, wanted, threads=asked.threads, progress=_teller(asked))
    _tell(found, profiles, asked, {"names": list(wanted)})
    if interrupts:
        click.echo("pkpd: interrupted; what was finished is kept", err=True)
        click.get_current_context().exit(130)


def _teller(asked: Asked) -> Any:
    """Says which profile of how many is done, where the search is told of too."""
    from .fit_options import teller

    if teller(asked.progress) is None:
        return None
    return lambda done, count: click.echo(f"profile {done}/{count}", err=True)


def _asked(options: dict[str, Any]) -> tuple[Asked, int]:
    """What to fit, and from how many starts: as said, or as the folder of a fit says."""
    studies = options["studies"]
    if len(studies) != 1 or not (Path(studies[0]) / "run.json").is_file():
        return read_search(**options), STARTS
    folder = Path(studies[0])
    said = _settings(folder)
    given = {name for name in options if _was_given(name)} - {"studies"}
    for name in ("model", "params", "changes"):
        if name in given and not (name == "model" and _own_model(said["model"])):
            raise click.UsageError(
                f"{folder} says where to start, so --{name.replace('changes', 'set')} does not go with it"
            )
    texts = {"vary": ",".join(said["vary"]), "roles": ",".join(said["roles"])}
    kept = {name: said[name] for name in ("model", "priors", "between_studies", "method", "seed")} | texts
    own = {name: value for name, value in kept.items() if name not in given}
    if _own_model(said["model"]) and "model" not in given:
        raise FileError(
            f"{folder} was made with the model '{said['model']}', a Python file: name it again with --model"
        )
    own |= {"studies": tuple(said["studies"]), "params": str(folder / "fitted.toml")}
    # one start: that set is the end of a search
    return read_search(**options | own), 1


def _own_model(name: str) -> bool:
    from ..data import built_in

    return name not in built_in("parameters")


def _settings(folder: Path) -> Mapping[str, Any]:
    """The settings of the fit in a folder; FileError when there is none, or it is damaged."""
    from ..output.provenance import read_record

    record = read_record(folder / "run.json", "")
    said = record.get("settings")
    if record["kind"] != "fit" or not isinstance(said, dict):
        raise FileError(f"{folder} holds no fit, but a {record['kind']}; `pkpd fit ... --output` writes one")
    texts = {"vary": list, "roles": list, "studies": list, "model": str, "priors": bool, "method": str}
    for name, kind in (texts | {"between_studies": float, "seed": int}).items():
        if not isinstance(said.get(name), kind) or (kind is list and not all(isinstance(v, str) for v in said[name])):
            raise FileError(f"{folder / 'run.json'} is damaged: '{name}' is {said.get(name)!r:.40}")
    return said


def _was_given(name: str) -> bool:
    return click.get_current_context().get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def _tell(found: Fitted, profiles: tuple[Profile, ...], asked: Asked, settings: Mapping[str, Any]) -> None:
    """Print the report; write everything where a folder was named."""
    from ..output.report.fit_text import report

    text = report(found, (), profiles)
    click.echo(text, nl=False)
    if not asked.output:
        return
    from ..output.plots.fit import profiles_figure
    from ..output.plots.style import images
    from ..output.provenance import write_results
    from .fit_files import fit_record, profiles_file

    files = {"profiles.csv": profiles_file(profiles), "report.txt": text.encode()}
    if profiles:
        files |= images({"profiles": profiles_figure(profiles)})
    written = write_results(asked.output, files, fit_record("profile", found, asked, settings, files))
    click.echo(f"\nWritten to {asked.output}: {', '.join(path.name for path in written)}")
