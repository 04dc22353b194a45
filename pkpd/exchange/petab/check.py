"""What petab's own linter says of a problem."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from ...errors import PkpdError
from .problem import PetabProblem


def lint(problem: PetabProblem) -> tuple[str, ...]:
    """Everything that petab's linter holds against the files of a problem; empty where it passes. PkpdError where petab
    is missing.
    """
    with tempfile.TemporaryDirectory() as folder:
        _put(Path(folder), problem.files)
        yaml = Path(folder) / "problem.yaml"
        return _lint_1(yaml) if problem.version == 1 else _lint_2(yaml)


def _put(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def _lint_1(yaml: Path) -> tuple[str, ...]:
    petab = _petab("v1")
    with _heard() as said:
        wrong = petab.lint_problem(petab.Problem.from_yaml(str(yaml)))
    return tuple(said) or ("petab's linter found an error",) if wrong else ()


def _lint_2(yaml: Path) -> tuple[str, ...]:
    petab = _petab("v2")
    with _heard():
        return tuple(str(issue) for issue in petab.lint_problem(petab.Problem.from_yaml(str(yaml))))


def _petab(version: str) -> Any:
    try:
        return import_module(f"petab.{version}")
    except ImportError:
        raise PkpdError("checking a PEtab problem needs petab; install it with: pip install 'pkpd[exchange]'") from None


@contextmanager
def _heard() -> Iterator[list[str]]:
    """The errors that petab logs, kept instead of shown."""
    said: list[str] = []
    logger, handler = logging.getLogger("petab"), logging.Handler(logging.ERROR)
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    before = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        with warnings.catch_warnings():
            # petab calls pandas in ways that pandas is about to drop, which no user of this could mend
            warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"petab\.")
            yield said
    finally:
        logger.removeHandler(handler)
        logger.propagate = before
