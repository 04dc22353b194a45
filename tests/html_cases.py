"""Pages taken apart: tags that close, and nothing that a page would load from elsewhere."""

from __future__ import annotations

from html.parser import HTMLParser


class Tags(HTMLParser):
    """Which tags are open, and every tag, attribute and text that there was."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "wbr"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def parsed(html: str) -> Tags:
    """What a page holds, of which every tag that opens must close in turn."""
    tags = Tags()
    tags.feed(html)
    tags.close()
    assert tags.open == []
    return tags


def assert_alone(tags: list[tuple[str, dict[str, str | None]]]) -> None:
    """A whole page of a known language that loads nothing and runs nothing, in which every link has its one target."""
    kinds = [tag for tag, _ in tags]
    assert "script" not in kinds and "link" not in kinds and "iframe" not in kinds
    for tag, attributes in tags:
        for name in ("src", "href", "xlink:href"):
            allowed = ("#", "data:image/png;base64,") + (("https://", "http://") if tag == "a" else ())
            assert (attributes.get(name) or "#").startswith(allowed), (tag, name)
        assert not any(name.startswith("on") for name in attributes)
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [str(a[name]) for _, a in tags for name in ("xlink:href", "clip-path") if name in a]
    asked = {link.split("#")[-1].rstrip(")") for link in links if "#" in link}
    assert asked <= set(ids)
    assert dict(tags)["html"] == {"lang": "en"} and "title" in kinds
