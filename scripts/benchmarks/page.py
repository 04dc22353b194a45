"""From a slider moved to the picture redrawn, in a real browser: the page of `pkpd explore`, and beside it the field's
habit, a Shiny page whose server draws the figure.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .rows import AS_ASKED, Effort, Row
from .timing import Times

PAGE = "page: from a slider moved to the picture redrawn, he2020, five outputs"
OURS, SHINY = "pkpd explore", "Shiny for Python, slider and matplotlib"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# until the frame after the curves are drawn; the page numbers its pictures
MOVE = """([position]) => new Promise(done => {
    const slider = document.querySelector('[data-parameter=treg_ec50] input[type=range]');
    const begin = performance.now();
    new MutationObserver((_, watch) => {
        watch.disconnect();
        requestAnimationFrame(() => setTimeout(() => done(performance.now() - begin)));
    }).observe(document.documentElement, {attributeFilter: ['data-drawn']});
    slider.value = position;
    slider.dispatchEvent(new Event('input', {bubbles: true}));
})"""
# until the image of the new value is decoded
MOVE_SHINY = """([position]) => new Promise(done => {
    const begin = performance.now();
    const shown = () => requestAnimationFrame(() => setTimeout(() => done(performance.now() - begin)));
    window.jQuery('#course').one('shiny:value', () =>
        setTimeout(() => document.querySelector('#course img').decode().then(shown)));
    window.jQuery('#ec50').data('ionRangeSlider').update({from: position});
})"""


def page(effort: Effort) -> list[Row]:
    """Both pages, one after the other; a row without times where a part is not installed."""
    moves = 10 if effort.quick else 40
    ours = [sys.executable, "-m", "pkpd", "explore", "he2020", "--no-browser", "--port", "0"]
    theirs = [sys.executable, str(Path(__file__).with_name("shiny_page.py"))]
    return [
        _row(OURS, ours, "html[data-drawn]", MOVE, lambda k: 400 + 7 * k, moves),
        _row(SHINY, theirs, "#course img", MOVE_SHINY, lambda k: 10 + 0.1 * k, moves),
    ]


def _row(engine: str, command: list[str], ready: str, move: str, position: Callable[[int], float], moves: int) -> Row:
    browser = shutil.which("chromium")
    if browser is None:
        return Row(PAGE, engine, AS_ASKED, note="not measured: no chromium")
    try:
        with _served(command) as address:
            times = [t / 1e3 for t in _moved(browser, address, ready, move, [position(k + 1) for k in range(moves)])]
    except ImportError as error:
        return Row(PAGE, engine, AS_ASKED, note=f"not measured: {error}")
    return Row(PAGE, engine, AS_ASKED, times=Times(min(times), statistics.median(times), len(times)))


@contextmanager
def _served(command: list[str]) -> Iterator[str]:
    """A page's server as its own process; its address is the first in what it prints."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if "http://" in line:
                    yield "http://" + line.split("http://")[1].split()[0]
                    return
            raise ImportError(f"{' '.join(command[1:3])} did not start")
        finally:
            process.terminate()


def _moved(browser: str, address: str, ready: str, move: str, positions: list[float]) -> list[float]:
    """Milliseconds of each move, after one to warm up."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        opened: Any = started.chromium.launch(executable_path=browser, args=list(FLAGS))
        shown = opened.new_page(viewport={"width": 1400, "height": 1000})
        shown.goto(address)
        shown.locator(ready).first.wait_for()
        shown.wait_for_timeout(1000)  # both pages settle
        found = []
        for k, position in enumerate([positions[0] - 1, *positions]):
            took = shown.evaluate(move, [position])
            shown.wait_for_timeout(300)  # what follows a picture, such as the address, is done
            found += [took] if k else []
        opened.close()
    return found
