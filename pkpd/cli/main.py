"""Entry point: verbs are imported only when asked for, and every error a user can mend is one sentence."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import sys
from collections.abc import Iterator, Sequence

import click

from .. import __version__
from ..errors import PkpdError, nearest, printable

# One line a verb: its name, and what `pkpd --help` says of it without importing it.
VERBS = {
    "run": "Simulate a study, every arm: tables, figures and a record that can be replayed.",
    "simulate": "Simulate one schedule in one patient.",
    "fit": "Fit parameters to the observations of studies: report, intervals, figures.",
    "profile": "Fit, then see how far the rows let each parameter move.",
    "predict": "Predict the observations of studies without fitting, and compare.",
    "population": "Simulate a study in virtual patients: bands, endpoints of every patient.",
    "trial": "Repeat a study as a virtual trial: visits, dropout, assays, tests.",
    "compare": "Set regimens side by side: cells, selectivity, IL-2 given.",
    "optimise": "Search for regimens that meet goals within constraints.",
    "sensitivity": "Which parameters decide an outcome: Morris and Sobol indices.",
    "vpc": "Set a user's individual data beside simulated patients (visual predictive check).",
    "explore": "Open a local page to try dosing schedules and look at curves.",
    "report": "Write one page that holds results, to hand on.",
    "export": "Write models, fits, schedules and parameters for other tools: SBML, PEtab, event tables.",
    "schedule": "Say what a schedule is and list its doses.",
    "schedules": "List the named schedules.",
    "model": "Print a model's states, equations, parameters and outputs.",
    "models": "List the models.",
    "check": "Validate any of our files and count what its values rest on.",
    "references": "Print the bibliography of a run, a study or a parameter set.",
}


class Verbs(click.Group):
    """A click group that loads a verb's module when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command: click.Command = getattr(importlib.import_module(f"pkpd.cli.{cmd_name}"), cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            raise click.UsageError(
                f"there is no command '{args[0]}'{nearest(args[0], VERBS) or '; there are ' + ', '.join(VERBS)}"
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="pkpd")
def cli() -> None:
    """Simulate low-dose interleukin-2: from a dosing schedule to Treg and NK trajectories.

    \b
    Examples:
      pkpd run he2020
      pkpd simulate "1 MIU every 2d x7, rest 14d, repeat 3" --plot course.png
      pkpd COMMAND --help

    Research software: no medical device, no advice on dosing a person.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; exit status 0, 2 for an error the user can mend, 130 for an interruption."""
    try:
        with _telling():
            given = None if arguments is None else list(arguments)
            status = cli.main(args=given, prog_name="pkpd", standalone_mode=False)
        if sys.stdout is not None:  # as when a shell closes it
            sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as help_wanted:
        click.echo(help_wanted.ctx.get_help() if help_wanted.ctx else help_wanted.format_message())
        sys.exit(2)
    except click.UsageError as error:
        hint = f" (see '{error.ctx.command_path} --help')" if error.ctx else ""
        _fail(error.format_message() + hint)
    except (PkpdError, click.ClickException) as error:
        _fail(error.format_message() if isinstance(error, click.ClickException) else str(error))
    except (click.Abort, KeyboardInterrupt):
        _fail("interrupted; nothing half-written is left", 130)
    except BrokenPipeError:
        _drop_output()  # the reader (head, say) has gone
        sys.exit(1)
    except OSError as error:
        _drop_output()
        _fail(f"{error.filename or 'the output'}: {error.strerror or error}")
    sys.exit(status if isinstance(status, int) else 0)


class _Teller(logging.Handler):
    """Tells the user what takes a while, such as compiling a model for the first time."""

    def emit(self, record: logging.LogRecord) -> None:
        click.echo(f"pkpd: {printable(record.getMessage())}", err=True)


@contextlib.contextmanager
def _telling() -> Iterator[None]:
    log, teller = logging.getLogger("pkpd"), _Teller(logging.INFO)
    log.addHandler(teller)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(teller)


def _drop_output() -> None:
    """What is still buffered has nowhere to go, and Python would complain of it when it ends."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(sentence: str, status: int = 2) -> None:
    click.echo(f"pkpd: {printable(sentence)}", err=True)
    sys.exit(status)
