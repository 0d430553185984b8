"""Everything under `docs/partners` that is made: parts of its pages, the picture, and what programs read."""

import json
from collections.abc import Collection
from pathlib import Path

from contracts.describe import yaml_text
from contracts.describe.code_lists import all_lists
from contracts.describe.schemas import all_schemas
from deploy.dev import markdown
from deploy.dev.lifecycle_picture import svg
from deploy.dev.partner_api import openapi, partner_asyncapi
from deploy.dev.partner_parts import PARTS


def documents(folder: Path, others: Collection[Path] = ()) -> dict[Path, str]:
    """Each generated file and each page with a generated part, as it should stand; `others` are made elsewhere."""
    pages = {page: page.read_text(encoding="utf-8") for page in sorted(folder.glob("*.md")) if page not in others}
    renewed = {page: markdown.renewed(text, PARTS) for page, text in pages.items() if markdown.PART.search(text)}
    return {**renewed, **{folder / name: text for name, text in whole().items()}}


def whole() -> dict[str, str]:
    """The files in which nothing is written by hand."""
    return {
        "lifecycle.svg": svg(),
        "openapi.yaml": yaml_text.dump(openapi()),
        "asyncapi.yaml": yaml_text.dump(partner_asyncapi()),
        "dossier.schema.json": json.dumps(all_schemas()["dossier"], indent=2) + "\n",
        "codes.json": json.dumps(all_lists(), indent=2) + "\n",
    }
