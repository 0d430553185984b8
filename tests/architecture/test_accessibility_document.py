"""`docs/accessibility.md` says of every criterion of WCAG 2.2, A and AA, how it stands: none left out, none twice."""

import re

from tests.architecture.sizes import ROOT

ROW = re.compile(r"^\| (\d\.\d\.\d+) [^|]+ \| (A|AA) \| (met|open|falls away) \| ([^|]+) \|$", re.MULTILINE)
#: WCAG 2.2 (2023-10-05), without level AAA and without 4.1.1, which was taken out.
LEVEL_A = """1.1.1 1.2.1 1.2.2 1.2.3 1.3.1 1.3.2 1.3.3 1.4.1 1.4.2 2.1.1 2.1.2 2.1.4 2.2.1 2.2.2 2.3.1 2.4.1 2.4.2 2.4.3
 2.4.4 2.5.1 2.5.2 2.5.3 2.5.4 3.1.1 3.2.1 3.2.2 3.2.6 3.3.1 3.3.2 3.3.7 4.1.2"""
LEVEL_AA = """1.2.4 1.2.5 1.3.4 1.3.5 1.4.3 1.4.4 1.4.5 1.4.10 1.4.11 1.4.12 1.4.13 2.4.5 2.4.6 2.4.7 2.4.11 2.5.7 2.5.8
 3.1.2 3.2.3 3.2.4 3.3.3 3.3.4 3.3.8 4.1.3"""


def test_every_criterion_stands_there_once_with_its_level_and_something_to_show_for_it() -> None:
    rows = ROW.findall((ROOT / "docs" / "accessibility.md").read_text(encoding="utf-8"))
    wanted = {**dict.fromkeys(LEVEL_A.split(), "A"), **dict.fromkeys(LEVEL_AA.split(), "AA")}
    assert len(wanted) == 55
    assert sorted((number, level) for number, level, _, _ in rows) == sorted(wanted.items())
    assert [number for number, _, _, shown in rows if len(shown.strip()) < 10] == []
