"""What tests of the page share: what is offered by default, and an answer as the browser gets it."""

from __future__ import annotations

import json
import shlex
from typing import Any

from commands import works

from pkpd.app.answer import answer
from pkpd.app.asked import read_ask
from pkpd.app.offered import Offer, offer

OFFER = offer()
SHORT = {"schedule": "1 MIU daily x3", "days": "5"}


def told(body: object, made: Offer = OFFER) -> dict[str, Any]:
    """The answer, which must be JSON without NaN."""
    found: dict[str, Any] = json.loads(json.dumps(answer(read_ask(body, made), made), allow_nan=False))
    return found


def values(found: dict[str, Any]) -> dict[str, Any]:
    """The endpoints of an answer by their ids."""
    return {row["id"]: row["value"] for row in found["endpoints"]}


def ran(line: str) -> None:
    """A command of the page, as a shell splits it."""
    program, *words = shlex.split(line)
    assert program == "pkpd"
    works(*words)
