"""What the README shows is there, small, and made by the command it names."""

import re

from tests.architecture.sizes import ROOT
from tests.browser.readme_screens import BYTES_AT_MOST, PICTURES, SCREENS

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_pictures_are_those_of_the_command_and_small() -> None:
    shown = re.findall(r"!\[([^\]]{20,})\]\(docs/screens/([a-z]+)\.webp\)", README)
    assert [name for _, name in shown] == list(PICTURES)
    assert {path.name for path in SCREENS.iterdir()} == {f"{name}.webp" for name in PICTURES}
    for name in PICTURES:
        picture = (SCREENS / f"{name}.webp").read_bytes()
        assert (picture[:4], picture[8:12]) == (b"RIFF", b"WEBP")
        assert len(picture) <= BYTES_AT_MOST


def test_every_place_the_readme_leads_to_exists() -> None:
    places = [place for place in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", README) if "://" not in place]
    assert [place for place in places if not (ROOT / place).exists()] == []
