"""Programs ready to run: found in the store, or compiled once and kept there.

A built-in model is found by the hash of the files it is made from, so that its equations need not be loaded; any other
by the hash of its LLVM text. Both hold versions and processor, so edited code or another machine never meets old code.
"""

from __future__ import annotations

import io
import json
import logging
import platform
import re
import zipfile
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import data
from ...model.outline import Outline, from_tables, outline
from ...model.registry import MODELS, get_model
from . import machine, store
from .machine import Machine, compile_text, processor
from .memory import Layout

if TYPE_CHECKING:
    from ...model.declaration import Model
    from .program import Program

LOG = logging.getLogger("pkpd")
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, eq=False)
class Code:
    """A compiled program: machine code by width, and the shapes of what it reads and writes (see `program.Program`)."""

    outline: Outline
    layout: Layout
    own: int
    fixed: int
    entered: tuple[int, ...]
    machines: dict[int, Machine]

    def address(self, name: str, width: int) -> int:
        """Where a function of the program begins."""
        return self.machines[width].address(name)


def code_of(model: Model | str, *, sensitive: bool = False) -> Code:
    """The code of a model, or of a built-in one by its name; `sensitive` code carries derivatives along."""
    if isinstance(model, str) and model in MODELS:
        return _built_in(model, sensitive)
    return _code(get_model(model) if isinstance(model, str) else model, sensitive)


def outline_of(model: Model | str) -> Outline:
    """The outline of a model; that of a built-in one comes from the store if it is there."""
    if isinstance(model, str) and model in MODELS:
        found = _stored(model, False)
        return found.outline if found else _outline(get_model(model))
    return _outline(get_model(model) if isinstance(model, str) else model)


@lru_cache(maxsize=16)
def _outline(model: Model) -> Outline:
    return outline(model)


@lru_cache(maxsize=8)
def _built_in(name: str, sensitive: bool) -> Code:
    found = _stored(name, sensitive)
    if found is None:
        code = _packed(get_model(name), sensitive)
        store.write(_source_key(name, sensitive), code)
        found = _unpacked(code)
    return found


@lru_cache(maxsize=8)
def _stored(name: str, sensitive: bool) -> Code | None:
    code = store.read(_source_key(name, sensitive))
    return _unpacked(code) if code else None


@lru_cache(maxsize=32)
def _code(model: Model, sensitive: bool) -> Code:
    return _unpacked(_packed(model, sensitive))


def _packed(model: Model, sensitive: bool) -> bytes:
    """Outline, shapes and object code of a model in one archive, from the store if its text was compiled before."""
    from .program import program

    made = program(model, sensitive=sensitive)
    said = json.dumps(_outline(model).to_tables())
    compiler = Path(machine.__file__).read_bytes()
    # only for people who look into the folder: a model's name is any text
    said_name = re.sub(r"\W", "_", model.name, flags=re.ASCII)[:60]
    name = f"{said_name}-" + store.key((said, *made.texts.values(), compiler, processor()))
    code = store.read(name)
    if code is None:
        LOG.info("compiling model %s for this processor, once", model.name)
        code = _archive(made, said)
        store.write(name, code)
    return code


def _archive(made: Program, said: str) -> bytes:
    shapes = {"layout": asdict(made.layout), "own": made.own, "fixed": made.fixed, "entered": made.entered}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("outline.json", said)
        archive.writestr("shapes.json", json.dumps(shapes))
        for width, text in made.texts.items():
            archive.writestr(f"{width}.o", compile_text(text))
    return packed.getvalue()


def _unpacked(code: bytes) -> Code:
    with zipfile.ZipFile(io.BytesIO(code)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    shapes: dict[str, Any] = json.loads(parts["shapes.json"])
    machines = {int(name.removesuffix(".o")): Machine(part) for name, part in parts.items() if name.endswith(".o")}
    return Code(
        outline=from_tables(json.loads(parts["outline.json"])),
        layout=Layout(**shapes["layout"]),
        own=shapes["own"],
        fixed=shapes["fixed"],
        entered=tuple(shapes["entered"]),
        machines=machines,
    )


def _source_key(name: str, sensitive: bool) -> str:
    """The name of a built-in model's code: a hash of every file, version and processor it depends on."""
    kind = "sensitive" if sensitive else "plain"
    return f"{name}-{kind}-" + store.key((_sources(), platform.python_version(), version("sympy"), processor()))


@lru_cache(maxsize=1)
def _sources() -> str:
    places = [*ROOT.glob("model/**/*.py"), *ROOT.glob("engine/code/*.py"), ROOT / "units.py", ROOT / "parameters.py"]
    files = sorted(places) + sorted(data.folder().glob("*.toml"))
    return store.key(part for file in files for part in (file.name, file.read_bytes()))
