"""The page's libraries: files of others, unchanged, each with its licence."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import pkpd

VENDOR = Path(pkpd.__file__).parent / "app" / "static" / "vendor"
LISTED = tomllib.loads((VENDOR / "VERSIONS.toml").read_text("utf-8"))["file"]


def test_every_file_is_listed_and_as_published() -> None:
    assert {path.name for path in VENDOR.iterdir()} == {"VERSIONS.toml"} | {
        name for file in LISTED for name in (file["file"], *file["licence_files"])
    }
    for file in LISTED:
        assert hashlib.sha256((VENDOR / file["file"]).read_bytes()).hexdigest() == file["sha256"], file["file"]
        for name in file["licence_files"]:
            assert "Copyright" in (VENDOR / name).read_text("utf-8")


def test_nothing_in_them_asks_another_host() -> None:
    for file in LISTED:
        text = (VENDOR / file["file"]).read_text("utf-8")
        assert not any(call in text for call in ("fetch(", "XMLHttpRequest", "WebSocket", "import(", "eval("))
