"""Writes the generated parts of README.md: `python scripts/readme.py` (the tests fail when they are out of date)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from published import comparisons, table
from speed import tables

import pkpd
from pkpd.model.registry import MODELS

README = Path(__file__).resolve().parent.parent / "README.md"


def glossary() -> str:
    """Every output and every parameter of the built-in models, from their declarations and parameter files."""
    models = [pkpd.get_model(name) for name in MODELS]
    outputs: dict[tuple[str, str, str], list[str]] = {}
    parameters: dict[tuple[str, str, str, str], list[str]] = {}
    for model in models:
        for o in model.outputs:
            if not o.name.endswith("_fold"):
                outputs.setdefault((o.name, o.unit, o.meaning), []).append(model.name)
        for p in model.parameters:
            row = (p.name, _plain(p.latex), p.unit, model.defaults[p.name].meaning)
            parameters.setdefault(row, []).append(model.name)
    said = "Every count and relative level also exists as `NAME_fold`, relative to the patient's own baseline."
    detail = "<details><summary>Parameters, with the field's symbols</summary>"
    first = _table(("output", "unit", "meaning", "models"), outputs)
    second = _table(("parameter", "symbol", "unit", "meaning", "models"), parameters)
    return "\n".join([first, "", said, "", detail, "", second, "", "</details>"])


def _table(head: tuple[str, ...], rows: Mapping[tuple[str, ...], list[str]]) -> str:
    lines = [" | ".join(head), "|".join("---" for _ in head)]
    lines += [" | ".join((f"`{row[0]}`", *row[1:], ", ".join(names))) for row, names in rows.items()]
    return "\n".join(f"| {line} |" if line[0] != "-" else f"|{line}|" for line in lines)


def _plain(latex: str) -> str:
    return re.sub(r"[{}\\]", "", latex)


def blocks() -> dict[str, str]:
    """The generated parts by name."""
    made = {"published": table(comparisons()), "glossary": glossary(), "speed": tables()}
    slow = {"range": "trial_range", "structures": "structures", "trial": "virtual_trial"}
    return made | {part: shipped(name) for part, name in slow.items()}


def shipped(name: str) -> str:
    """What a slow script wrote beside the fits, as it printed it."""
    return f"```\n{(README.parent / 'params' / 'fits' / f'{name}.txt').read_text(encoding='utf-8').rstrip()}\n```"


def filled(text: str) -> str:
    """The text with each `<!-- begin NAME -->` ... `<!-- end NAME -->` part made anew."""
    for name, content in blocks().items():
        part = re.compile(rf"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        if not part.search(text):
            raise SystemExit(f"README.md has no part '<!-- begin {name} -->'")
        text = part.sub(lambda m, content=content: f"{m[1]}{content}\n{m[2]}", text)
    return text


if __name__ == "__main__":
    README.write_text(filled(README.read_text(encoding="utf-8")), encoding="utf-8")
