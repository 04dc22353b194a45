"""Every reader of a file: the right value or a refusal, for whatever stands in the file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from commands import pkpd
from documents import (
    READERS,
    VALID,
    changed,
    fits,
    one_of_each,
    places,
    reads,
    sort,
    store,
    valid_documents,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from pkpd.references import load_references

plain = st.one_of(
    st.text(max_size=12),
    st.sampled_from(("20", "1e-6", "true", "he2020", "assumed", "pM", "1 MIU once", "2020", "il2", "")),
    st.booleans(),
    st.integers(-3, 10**400),
    st.floats(),
)
values = st.recursive(
    plain, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=5), v, max_size=3), max_leaves=5
)
moments = st.sampled_from((date(2020, 1, 1), datetime(2020, 1, 1, 1), time(1)))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder in which this module works."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("documents"))
        yield Path()


@pytest.fixture(scope="module")
def valid(place: Path) -> dict[str, dict[str, Any]]:
    return valid_documents()


# --- documents


@pytest.mark.parametrize("kind", READERS)
def test_the_valid_documents_are_read(kind: str, valid: dict[str, dict[str, Any]]) -> None:
    READERS[kind](store(valid[kind], kind))


@pytest.mark.parametrize("kind", READERS)
@settings(max_examples=60)
@given(data=st.data())
def test_another_sort_of_value_is_refused(kind: str, valid: dict[str, dict[str, Any]], data: st.DataObject) -> None:
    """A number where text belongs, a text where a list belongs, and so on, at every place of a file."""
    at, old = data.draw(st.sampled_from(list(places(valid[kind]))))
    new = data.draw(values | (st.none() if kind == "run" else moments))
    if sort(new) == sort(old) or fits(kind, at, new):
        return
    path = store(changed(valid[kind], at, new), kind)
    assert not reads(path, kind)
    if kind != "run" or at[0] != "kind":
        assert pkpd("check", str(path)).status == 2


SWAPS: tuple[Any, ...] = ("1", 1, 2.5, True, [], ["1"], [1], {}, {"1": 1})


@pytest.mark.parametrize("kind", READERS)
def test_each_place_refuses_another_sort(kind: str, valid: dict[str, dict[str, Any]]) -> None:
    """As above, with the same few values at every place; all that is wrongly read is listed."""
    swaps = (*SWAPS, None) if kind == "run" else (*SWAPS, date(2020, 1, 1))
    assert [
        (at, new)
        for at, old in one_of_each(valid[kind], kind)
        for new in swaps
        if sort(new) != sort(old) and not fits(kind, at, new)
        if reads(store(changed(valid[kind], at, new), kind), kind)
    ] == []


@pytest.mark.parametrize("kind", ["parameters", "schedules", "references", "study"])
def test_an_unknown_key_is_refused_anywhere(kind: str, valid: dict[str, dict[str, Any]]) -> None:
    tables = [(at, value) for at, value in places(valid[kind]) if isinstance(value, dict)]
    assert tables
    for at, _ in tables:
        assert not reads(store(changed(valid[kind], (*at, "extra"), 1), kind), kind), at
    assert not reads(store({**valid[kind], "extra": 1}, kind), kind)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 10**400, -(10**400)], ids=lambda n: str(n)[:5])
@pytest.mark.parametrize("kind", ["parameters", "study", "run"])
def test_no_number_is_infinite(kind: str, number: float, valid: dict[str, dict[str, Any]]) -> None:
    numbers = [at for at, value in places(valid[kind]) if sort(value) == "number" and not fits(kind, at, number)]
    wrong = [at for at in numbers if reads(store(changed(valid[kind], at, number), kind), kind)]
    # as many patients as one likes, and a whole number of them
    assert [at for at in wrong if at[-1] != "n"] == []


@pytest.mark.parametrize("kind", READERS)
def test_a_missing_key_is_refused_or_has_a_default(kind: str, valid: dict[str, dict[str, Any]]) -> None:
    optional = {
        "parameters": {"model", "where", "bounds", "spread", "note", "treg_baseline", "bsa"},
        "schedules": {"note", "twice", "none_at_all"},
        "references": {"title", "authors", "journal", "year", "doi", "pmid", "url", "note", "mine"},
        "study": {"source", "population", "parameters", "label", "n", "where", "bounds", "spread", "note", "one", "two"}
        | {"treg_baseline", "bsa"},
        "run": {"fingerprint", "where", "bounds", "spread", "note", "text", "one", "treg_baseline"}
        | {"correlation", "cd4_baseline", "lymphocyte_baseline"},
    }[kind]
    for at, _ in one_of_each(valid[kind], kind):
        # of a dose, a field at its default is left out
        if at[-1] not in optional and not (isinstance(at[-1], int) or "doses" in at[:-1]):
            assert not reads(store(changed(valid[kind], at, ...), kind), kind), at


@pytest.mark.parametrize("kind", READERS)
@settings(max_examples=60)
@given(data=st.data())
def test_any_document_is_read_or_refused(kind: str, place: Path, data: st.DataObject) -> None:
    keys = st.text(max_size=6) | st.sampled_from([str(at[-1]) for at, _ in places(VALID.get(kind, {}))] or ["arms"])
    shape = st.recursive(values, lambda v: st.dictionaries(keys, v, max_size=4), max_leaves=8)
    document = {"kind": kind} | data.draw(st.dictionaries(keys, shape, max_size=4).filter(lambda d: "kind" not in d))
    path = store(document, kind)
    read = reads(path, kind)
    said = pkpd("check", str(path))
    assert said.status == 0 if read and kind in ("references", "run") else said.status in (0, 2)
    assert read or said.status == 2
    assert pkpd("references", str(path)).status in (0, 2)


# --- bytes


@pytest.mark.parametrize("kind", READERS)
@settings(max_examples=60)
@given(data=st.data())
def test_any_bytes_are_read_or_refused(kind: str, valid: dict[str, dict[str, Any]], data: st.DataObject) -> None:
    """A valid file with some bytes taken out, put in or doubled."""
    content = store(valid[kind], kind).read_bytes()
    cut = data.draw(st.integers(0, len(content)))
    until = data.draw(st.integers(cut, min(len(content), cut + 40)))
    put = data.draw(st.one_of(st.binary(max_size=20), st.just(content[cut:until] * 2), st.just(b"")))
    path = Path("mine.json" if kind == "run" else "mine.toml")
    load_references.cache_clear()
    path.write_bytes(content[:cut] + put + (content[until:] if data.draw(st.booleans()) else b""))
    reads(path, kind)


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"\0", b"\xff\xfe", b"{", b"[]", b"3", b"null", b'"run"', b'{"kind": "run"}', b'{"kind": ["run"]}'),
        b"[" * 100_000,
        b'{"kind":' * 50_000,
        b'{"kind": "run", "times": [' + b"9" * 5000 + b"]}",
        '{"kind": "run"}'.encode("utf-16"),
        b'{"kind": "run", "arms": NaN, "arms": Infinity}',
    ],
    ids=lambda content: repr(content[:20]),
)
def test_what_is_no_record(content: bytes, place: Path) -> None:
    path = Path("mine.json")
    path.write_bytes(content)
    assert not reads(path, "run")
    for verb in ("check", "references"):
        assert pkpd(verb, "mine.json").status == 2
    assert pkpd("run", "--replay", "mine.json", "--no-figures").status == 2
