"""`pkpd explore [SCHEDULE]`: a local page of sliders and curves."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import click

from .options import (
    bsa_option,
    days_option,
    model_option,
    params_option,
    read_changes,
    refuse_empty,
    set_option,
    weight_option,
)

if TYPE_CHECKING:
    from ..app.offered import Offer


@click.command()
@click.argument("schedule", required=False)
@model_option
@params_option
@set_option
@click.option("--uncertainty", metavar="FILE", help="Draws of parameters for bands, or default (the model's).")
@days_option
@bsa_option
@weight_option
@click.option("--language", type=click.Choice(["en", "zh"]), help="Language of the page.  [default: the browser's]")
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="Where to listen.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), metavar="N", help="Port; 0 for a free one.  [default: 8765]")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@click.option("--check", is_flag=True, help="Simulate the first picture, look for the page's files, and end.")
def explore(
    schedule: str | None,
    host: str,
    port: int | None,
    no_browser: bool,
    check: bool,
    **options: Any,
) -> None:
    """Open a page in the browser to try schedules: sliders for doses and parameters, curves that follow, regimens to
    compare, uncertainty, endpoints, your own cohort beside them, and downloads with the command that makes them.

    It starts with SCHEDULE, a name (see `pkpd schedules`) or a text; what the options name can be chosen on the page.
    It runs until Ctrl-C, on this machine and for this machine only unless --host says otherwise. --check only tries
    it, as in these examples; leave it out to see the page.

    \b
    Examples:
      pkpd explore he2020 --check
      pkpd explore "1 MIU daily x5, rest 9d, repeat 3" --set treg_ec50=12pM --language zh --check
    """
    refuse_empty({"--host": host, "--params": options["params"], "--uncertainty": options["uncertainty"]})
    from ..app.server import check_extra

    check_extra()
    from ..app.offered import offer

    asked = options | {
        "changes": read_changes(options["model"], options["changes"]),
        "language": options["language"] or "",
    }
    offered = offer(schedule=schedule, **asked)
    if check:
        _check(offered)
    else:
        _serve(offered, host, port, not no_browser)


def _check(offered: Offer) -> None:
    """One line: what the first picture shows."""
    answer = _prepared(offered)
    days, doses = answer["days"], len(answer["doses"])
    click.echo(f"pkpd explore: ready; model {offered.ask['model']}, days {days:g}, doses {doses}")


def _prepared(offered: Offer) -> dict[str, Any]:
    """The first answer, with the model compiled for it; FileError when files of the page are missing."""
    from ..app.server import first_answer, missing_files
    from ..errors import FileError

    if missing := missing_files():
        raise FileError(f"files of the page are missing from this installation of pkpd: {', '.join(missing)}")
    return first_answer(offered)


def _serve(offered: Offer, host: str, port: int | None, browser: bool) -> None:
    """Listen until Ctrl-C; the model is compiled before the address is known, so that the first look is quick."""
    from ..app.listen import bind, hosts_of, is_loopback, listen
    from ..app.server import application

    with bind(host, port) as bound:
        _prepared(offered)
        if not is_loopback(host):
            click.echo(
                f"note: anyone who reaches {host} can use this page, and nothing sent to or from it is encrypted",
                err=True,
            )
        listen(application(offered, hosts_of(host)), bound, lambda url: _opened(url, browser))


def _opened(url: str, browser: bool) -> None:
    click.echo(f"pkpd explore: {url}  (Ctrl-C ends it)")
    if browser:
        import webbrowser

        # one in the terminal would keep the server from starting
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
