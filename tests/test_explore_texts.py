"""The page's texts: one catalogue, two languages, nothing missing and nothing left over."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pkpd
from pkpd.engine.code.library import outline_of
from pkpd.model.registry import MODELS

STATIC = Path(pkpd.__file__).parent / "app" / "static"
TEXTS: dict[str, dict[str, str]] = json.loads((STATIC / "texts.json").read_text("utf-8"))
SCRIPTS = {path.name: path.read_text("utf-8") for path in sorted((STATIC / "js").glob("**/*.js"))}
# a literal first argument of t() or t.or(), and one of two behind a question mark
_KEY = re.compile(r'\bt(?:\.or)?\(\s*"([^"]+)"')
_CHOSEN = re.compile(r'\bt(?:\.or)?\([^()"`]*\?\s*"([^"]+)"\s*:\s*"([^"]+)"')
# a key made at run time: t(`regimen.${name}`
_MADE = re.compile(r"\bt(?:\.or)?\(\s*`([^`]*?)\$\{")
# key -> why it is the same in both languages
SAME = {"cohort.column_other": "names of columns, as the file must have them"}
_PLACE = re.compile(r"\{(\w+)\}")


def said() -> Iterator[tuple[str, str]]:
    """Keys that scripts name in full, with the script."""
    for name, text in SCRIPTS.items():
        for key in _KEY.findall(text):
            yield key, name
        for pair in _CHOSEN.findall(text):
            yield from ((key, name) for key in pair)


def meanings() -> Iterator[tuple[str, str, str]]:
    """Key, model and meaning of every parameter and output of the built-in models."""
    for model in MODELS:
        shape = outline_of(model)
        for parameter in shape.parameters:
            yield f"parameter.{parameter.name}", model, shape.defaults[parameter.name].meaning
        for output in shape.outputs:
            yield f"output.{output.name}", model, output.meaning


def test_two_languages_each() -> None:
    assert TEXTS and list(TEXTS) == sorted(TEXTS)
    for key, entry in TEXTS.items():
        assert set(entry) == {"en", "zh"} and all(text.strip() for text in entry.values()), key
        assert sorted(set(_PLACE.findall(entry["en"]))) == sorted(set(_PLACE.findall(entry["zh"]))), key
        assert "\ufffd" not in entry["zh"], key


def test_chinese_is_chinese() -> None:
    """A text with words of its own has some Chinese; a short name or unit need not."""
    for key, entry in TEXTS.items():
        same = entry["zh"] == entry["en"] and (len(entry["en"]) < 12 or key in SAME)
        same = same or not re.search(r"[A-Za-z]", _PLACE.sub("", entry["en"]))
        assert re.search(r"[\u4e00-\u9fff]", entry["zh"]) or same, key


def test_parameters_and_outputs() -> None:
    """What the page says in English is what the file says, so that a text is never that of another meaning."""
    left = {key for key in TEXTS if key.startswith(("parameter.", "output."))}
    for key, model, meaning in meanings():
        own = key.replace(".", f".{model}.", 1)  # where two models mean different things by one name
        found = own if own in TEXTS else key
        assert TEXTS[found]["en"] == meaning, found
        left.discard(found)
    assert not left, "texts of parameters and outputs that no model has"
    entries = [entry for key, entry in TEXTS.items() if key.startswith(("parameter.", "output."))]
    chinese = {entry["en"]: entry["zh"] for entry in entries}
    assert all(chinese[entry["en"]] == entry["zh"] for entry in entries), "one meaning, said in two ways"
    assert all(f"basis.{basis}" in TEXTS for basis in ("measured", "derived", "fitted", "assumed"))


def test_every_key_exists() -> None:
    missing = sorted(f"{name}: {key}" for key, name in said() if key not in TEXTS)
    assert not missing
    made = {(start, name) for name, text in SCRIPTS.items() for start in _MADE.findall(text)}
    empty = sorted(f"{name}: {start}" for start, name in made if not any(key.startswith(start) for key in TEXTS))
    assert not empty


def test_every_text_is_used() -> None:
    """By a key named in a script or the page, or by the beginning of one that is made at run time."""
    begun = {start for text in SCRIPTS.values() for start in _MADE.findall(text)}
    begun |= {"parameter.", "output."}  # found by their English (t.said)
    assert "" not in begun, "a key made of nothing but a variable can be any key"
    named = {key for key, _ in said()}
    whole = "\n".join(SCRIPTS.values()) + (STATIC / "index.html").read_text("utf-8")
    unused = [key for key in TEXTS if key not in named and not key.startswith(tuple(begun)) and f'"{key}"' not in whole]
    assert not unused
