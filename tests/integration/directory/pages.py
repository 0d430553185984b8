"""A page's form as a browser without JavaScript sends it: every input with what stands in it."""

from html.parser import HTMLParser


class _Form(HTMLParser):
    """Reads the inputs of the last form that is sent by POST to an address with this end."""

    def __init__(self, action: str) -> None:
        super().__init__()
        self._action = action
        self.inputs: list[tuple[str, str]] = []
        self._is_inside = False
        self._select: tuple[str, list[str], list[str]] | None = None
        self._area: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._is_inside = said.get("method") == "post" and said.get("action", "").endswith(self._action)
            self.inputs = [] if self._is_inside else self.inputs
        elif self._is_inside and tag == "input":
            ticked = said.get("type") != "checkbox" or "checked" in said
            if ticked:
                self.inputs.append((said["name"], said.get("value", "")))
        elif self._is_inside and tag == "select":
            self._select = (said["name"], [], [])
        elif self._is_inside and tag == "option" and self._select is not None:
            self._select[1].append(said["value"])
            if "selected" in said:
                self._select[2].append(said["value"])
        elif self._is_inside and tag == "textarea":
            self._area = (said["name"], [])

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_inside = False
        elif tag == "select" and self._select is not None:
            name, offered, chosen = self._select
            self.inputs.append((name, (chosen or offered)[0]))
            self._select = None
        elif tag == "textarea" and self._area is not None:
            name, lines = self._area
            # The newline right after the tag is the markup's.
            self.inputs.append((name, "".join(lines).removeprefix("\n").replace("\n", "\r\n")))
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area[1].append(data)


def form_of(page: str, action: str = "") -> dict[str, list[str]]:
    """The inputs of a page's form, by name."""
    reader = _Form(action)
    reader.feed(page)
    found: dict[str, list[str]] = {}
    for name, value in reader.inputs:
        found.setdefault(name, []).append(value)
    return found
