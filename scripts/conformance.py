"""The conformance suite of dosing semantics: `python scripts/conformance.py` writes the event tables and exact
solutions in tests/conformance/ and the tables of its README; with --check it says what is out of date.

The exact solutions come from closed forms and arrivals written by hand, not from pkpd. Only the last column of the
README's table is pkpd's: the worst error of its engine, which no check compares, since processors round differently.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "conformance"
sys.path.insert(0, str(FOLDER))

from exact import RATES, VOLUME  # noqa: E402
from scenario import VALUES, Scenario  # noqa: E402
from scenarios import SCENARIOS  # noqa: E402

README = FOLDER / "README.md"
MEANINGS = {
    "F1": "bioavailability of CMT 1",
    "ALAG1": "lag of CMT 1, h",
    "R1": "modelled rate into CMT 1 (RATE -1), mg/h",
    "D1": "modelled duration into CMT 1 (RATE -2), h",
    "F2": "bioavailability of CMT 2",
    "ALAG2": "lag of CMT 2, h",
    "R2": "modelled rate into CMT 2 (RATE -1), mg/h",
    "D2": "modelled duration into CMT 2 (RATE -2), h",
}


def files() -> dict[str, str]:
    """The text of every CSV by its path in the folder."""
    found = {"scenarios.csv": listing()}
    for scenario in SCENARIOS:
        found[f"events/{scenario.name}.csv"] = scenario.events()
        found[f"exact/{scenario.name}.csv"] = scenario.solution()
    return found


def listing() -> str:
    """One line a scenario: its structure and every value of its routes."""
    lines = [",".join(("name", "structure", *VALUES, "shows"))]
    for s in SCENARIOS:
        lines.append(",".join((s.name, s.structure, *(f"{float(s.values[v]):g}" for v in VALUES), f'"{s.shows}"')))
    return "\n".join(lines) + "\n"


def constants() -> str:
    """The parameters that all scenarios share, and those of the routes where a scenario says no other."""
    lines = ["| parameter | value | meaning |", "|---|---|---|"]
    meanings = {"ka": "absorption", "k": "elimination", "k12": "central to peripheral", "k21": "and back"}
    lines += [f"| `{name}` | {value} | {meanings[name]}, 1/h |" for name, value in RATES.items()]
    lines += [f"| `V` | {VOLUME} | volume of central, L |"]
    lines += [f"| `{name}` | {VALUES[name]} unless said | {MEANINGS[name]} |" for name in VALUES]
    return "\n".join(lines)


def overview(errors: dict[str, str]) -> str:
    """The table of scenarios with the peak of the concentration and the error of pkpd."""
    lines = ["| scenario | what it shows | values | peak, mg/L | worst error of pkpd |", "|---|---|---|---|---|"]
    for s in SCENARIOS:
        said = ", ".join(f"{name} {float(value):g}" for name, value in s.changes.items())
        peak = max(float(level["concentration"]) for _, _, level in s.rows)
        lines.append(f"| `{s.name}` | {s.shows} | {said} | {peak:.4g} | {errors.get(s.name, '')} |")
    return "\n".join(lines)


def filled(errors: dict[str, str]) -> str:
    """README.md with each `<!-- begin NAME -->` ... `<!-- end NAME -->` part made anew."""
    text = README.read_text("utf-8")
    parts = {"count": f"{len(SCENARIOS)} scenarios:", "constants": constants(), "scenarios": overview(errors)}
    for name, content in parts.items():
        part = re.compile(rf"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        if not part.search(text):
            raise SystemExit(f"{README} has no part '<!-- begin {name} -->'")
        text = part.sub(lambda m, content=content: f"{m[1]}{content}\n{m[2]}", text)
    return text


def written_errors() -> dict[str, str]:
    """The errors that the README gives, by scenario."""
    return dict(re.findall(r"^\| `(\w+)` \|.*\| (\de[-+]\d+) \|$", README.read_text("utf-8"), re.MULTILINE))


def measured(scenario: Scenario) -> str:
    """The worst error of pkpd over all records, relative to the peak of its output; one digit."""
    from ours import error

    return f"{error(scenario):.0e}"


def outdated() -> list[str]:
    """What is not as it would be written now, the errors of pkpd aside: paths in the folder."""
    made = files()
    there = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.csv")}
    wrong = [path for path in made if path not in there or (FOLDER / path).read_text("utf-8") != made[path]]
    wrong += sorted(there - made.keys())
    return wrong + (["README.md"] if README.read_text("utf-8") != filled(written_errors()) else [])


def write() -> None:
    """Write the CSVs, take away those of no scenario, measure, and fill in the README."""
    made = files()
    for path in FOLDER.rglob("*.csv"):
        if path.relative_to(FOLDER).as_posix() not in made:
            path.unlink()
    for path, text in made.items():
        (FOLDER / path).parent.mkdir(exist_ok=True)
        (FOLDER / path).write_text(text, "utf-8")
    README.write_text(filled({s.name: measured(s) for s in SCENARIOS}), "utf-8")


def main() -> None:
    """Write, or check."""
    parser = argparse.ArgumentParser(description="the conformance suite of dosing semantics")
    parser.add_argument("--check", action="store_true", help="write nothing; say what is out of date")
    if not parser.parse_args().check:
        write()
    elif wrong := outdated():
        raise SystemExit(f"out of date: {', '.join(wrong)}; run python scripts/conformance.py")


if __name__ == "__main__":
    main()
