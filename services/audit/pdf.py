"""Reports as accessible PDFs (PDF/UA-1), where `typst` is installed: of a year, and of a part that is handed over.

The pages print without it.

`typst` is an extra (`pip install lotsennetz[pdf]`): a compiler in one wheel, no service and no network. It refuses to
write what PDF/UA does not allow, such as a document without a title or a picture without words.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

TEMPLATES = Path(__file__).parent / "web" / "templates" / "audit"


def is_possible() -> bool:
    """Whether the extra is installed."""
    return find_spec("typst") is not None


def written(report: Mapping[str, Any], made_at: datetime, template: str = "yearly.typ") -> bytes:
    """The document; of the same report the same bytes."""
    import typst  # noqa: PLC0415 - an extra: nothing else may need it

    content = typst.compile(
        (TEMPLATES / template).read_bytes(),
        sys_inputs={"report": json.dumps(report, ensure_ascii=False)},
        pdf_standards=["ua-1"],
        ignore_system_fonts=True,
        timestamp=made_at.replace(microsecond=0),  # it takes whole seconds alone
    )
    assert isinstance(content, bytes)
    return content
