"""The application behind the page of `pkpd explore`: files of the page, and answers as JSON.

Starlette and not Shiny for Python, which is built on Starlette itself. Shiny 1.8.0 was looked at: its sliders and
number fields wait 250 ms after the last move where the whole way from input to redrawn picture has 200 ms; it writes
every upload to disk, with no limit of size; its state lives in a session of the server where ours is a pure function
of one request; and it brings 31 packages and 97 MB against 7 and 8 MB.

Nothing is kept between requests. Answers are not compressed: on one machine that takes longer than it saves.
"""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ..errors import PkpdError
from .guard import Guard

if TYPE_CHECKING:
    from anyio import CapacityLimiter
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from .offered import Offer

STATIC = Path(__file__).parent / "static"
# without these there is no page; it loads more
FILES = (
    *("index.html", "style.css", "texts.json", "js/main.js"),
    *("vendor/uPlot.esm.js", "vendor/uPlot.min.css", "vendor/htm-preact.module.js"),
)
# a system's own table of types may say otherwise, and a browser runs no script that is called plain text
MEDIA = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
# at once, for all windows together: curves, and what takes seconds, which must not keep curves waiting
QUICK, SLOW = 2, 1


class _NotJson(Exception):
    """A body that is not JSON as the page sends it; the message is a sentence."""


def application(offer: Offer, hosts: Sequence[str], static: Path = STATIC) -> Starlette:
    """The page and its answers for what `offer` holds; `hosts` are the names it may be called by, without a port, or
    "*". PkpdError when Starlette is not installed.
    """
    check_extra()
    from anyio import CapacityLimiter
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.middleware import Middleware

    from .cohort import MOST_BYTES

    for ending, media in MEDIA.items():
        mimetypes.add_type(media, ending)
    page = Starlette(
        routes=_routes(_Answers(offer, static, CapacityLimiter(QUICK), CapacityLimiter(SLOW))),
        middleware=[Middleware(Guard, hosts=tuple(hosts), csv_bytes=MOST_BYTES)],
        exception_handlers={PkpdError: _mended, _NotJson: _not_json, HTTPException: _http},
    )
    page.router.redirect_slashes = False
    return page


def check_extra() -> None:
    """PkpdError when what the page needs is not installed."""
    for name in ("starlette", "uvicorn"):
        try:
            import_module(name)
        except ImportError:
            raise PkpdError(f"pkpd explore needs {name}; install it with: pip install 'pkpd[explore]'") from None


def first_answer(offer: Offer) -> dict[str, Any]:
    """The answer to the first ask, which also compiles the model; PkpdError when it cannot be answered."""
    from .answer import answer
    from .asked import read_ask

    return answer(read_ask(dict(offer.ask), offer), offer)


def missing_files(static: Path = STATIC) -> tuple[str, ...]:
    """Those files of the page that are not there."""
    return tuple(name for name in FILES if not (static / name).is_file())


@dataclass(frozen=True, slots=True)
class _Answers:
    """One method a route. What computes runs in threads, few at once."""

    offer: Offer
    static: Path
    quick: CapacityLimiter
    slow: CapacityLimiter

    async def page(self, request: Request) -> Response:
        from starlette.responses import FileResponse

        return FileResponse(self.static / "index.html")

    async def icon(self, request: Request) -> Response:
        """Browsers ask for it, and call it an error when there is none."""
        from starlette.responses import Response

        return Response(status_code=204)

    async def start(self, request: Request) -> Response:
        from .catalogue import start_tables

        return await _computed(request, self.quick, lambda: start_tables(self.offer))

    async def model(self, request: Request) -> Response:
        from .catalogue import model_tables

        model, key = request.query_params.get("model", ""), request.query_params.get("set", "")
        return await _computed(request, self.quick, lambda: model_tables(model, key, self.offer))

    async def simulate(self, request: Request) -> Response:
        from .answer import answer
        from .asked import read_ask

        body = await _json(request)
        return await _computed(request, self.quick, lambda: answer(read_ask(body, self.offer), self.offer))

    async def bands(self, request: Request) -> Response:
        from .ranges import ranges

        body = await _json(request)
        return await _computed(request, self.slow, lambda: ranges(body, self.offer))

    async def cohort(self, request: Request) -> Response:
        from .cohort import read_cohort

        data, model = await request.body(), request.query_params.get("model", "")
        return await _computed(request, self.slow, lambda: read_cohort(data, model, self.offer))

    async def download(self, request: Request) -> Response:
        from .downloads import download

        body, name = await _json(request), request.path_params["name"]
        return await _computed(request, self.slow, lambda: download(name, body, self.offer), _file)


def _routes(answers: _Answers) -> list[BaseRoute]:
    from starlette.routing import Mount, Route
    from starlette.staticfiles import StaticFiles

    return [
        Route("/", answers.page),
        Route("/favicon.ico", answers.icon),
        Mount("/static", StaticFiles(directory=answers.static)),
        Route("/api/start", answers.start),
        Route("/api/model", answers.model),
        Route("/api/simulate", answers.simulate, methods=["POST"]),
        Route("/api/bands", answers.bands, methods=["POST"]),
        Route("/api/cohort", answers.cohort, methods=["POST"]),
        Route("/api/download/{name}", answers.download, methods=["POST"]),
    ]


def _json_answer(value: Any, status: int = 200) -> Response:
    from starlette.responses import Response

    data = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return Response(data, status, media_type="application/json")


def _file(found: Any) -> Response:
    from starlette.responses import Response

    name = re.sub(r"[^A-Za-z0-9._-]+", "-", found.name)
    return Response(
        found.data, media_type=found.media, headers={"content-disposition": f'attachment; filename="{name}"'}
    )


async def _computed(
    request: Request,
    limiter: CapacityLimiter,
    compute: Callable[[], Any],
    answer: Callable[[Any], Response] = _json_answer,
) -> Response:
    """What `compute` gives, as an answer; nothing is computed for a window that has gone while it waited."""
    from anyio.to_thread import run_sync
    from starlette.responses import Response

    async with limiter:
        if await request.is_disconnected():
            return Response(status_code=204)
        return await run_sync(lambda: answer(compute()))


async def _json(request: Request) -> dict[str, Any]:
    """The JSON object of a body; _NotJson for anything else."""
    data = await request.body()
    try:
        found = json.loads(data.decode("utf-8"), parse_constant=_no_number)
        # half a character passes as an escape, and fails wherever it is written later
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    except RecursionError:
        raise _NotJson("the request is not usable JSON: it is nested too deep") from None
    except ValueError:
        raise _NotJson("the request is not JSON in UTF-8, with finite numbers and whole characters") from None
    if not isinstance(found, dict):
        raise _NotJson("the request is JSON, but not an object")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


async def _mended(request: Request, error: Exception) -> Response:
    return _json_answer({"error": str(error), "field": getattr(error, "field", "")}, 422)


async def _not_json(request: Request, error: Exception) -> Response:
    return _json_answer({"error": str(error), "field": ""}, 400)


async def _http(request: Request, error: Exception) -> Response:
    """Starlette's own refusals, of a path or a method that is not there."""
    status = getattr(error, "status_code", 404)
    said = "this method is not answered here" if status == 405 else "there is nothing at this address"
    answer = _json_answer({"error": said, "field": ""}, status)
    answer.headers.update(getattr(error, "headers", None) or {})
    return answer
