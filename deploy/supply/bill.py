"""The bill of materials: what a tool found installed, cut down to the images, and what the repository brings along."""

import hashlib
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from deploy.supply.licences import ROOT

STATIC = ROOT / "services" / "chassis" / "static"
#: What stands in the repository ready-made and goes into every image, by folder name and version.
VENDORED = {"kern-2.7.2": ("@kern-ux/native", "2.7.2", "EUPL-1.2", "pkg:npm/%40kern-ux/native@2.7.2")}


def of_images(whole: dict[str, Any], images: dict[str, str]) -> dict[str, Any]:
    """The same document with the components of the images alone; `images` names each package and its version."""
    wanted = {canonicalize_name(name) for name in images}
    kept = [one for one in whole["components"] if canonicalize_name(one["name"]) in wanted]
    brought = [vendored(folder) for folder in sorted(STATIC.iterdir()) if folder.is_dir()]
    refs = {one["bom-ref"] for one in (*kept, *brought)} | {whole["metadata"]["component"]["bom-ref"]}
    graph = [
        {**one, "dependsOn": sorted(ref for ref in one.get("dependsOn", ()) if ref in refs)}
        for one in whole["dependencies"]
        if one["ref"] in refs
    ]
    return {**whole, "components": kept + brought, "dependencies": graph}


def vendored(folder: Path) -> dict[str, Any]:
    """One folder brought along, by the hash of its list of hashes; a folder nobody described is an error."""
    name, version, licence, purl = VENDORED[folder.name]
    digest = hashlib.sha256((folder / "SHA256SUMS").read_bytes()).hexdigest()
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
        "licenses": [{"license": {"id": licence}}],
        "hashes": [{"alg": "SHA-256", "content": digest}],
    }


def missing(made: dict[str, Any], images: dict[str, str]) -> list[str]:
    """Packages an image installs and the bill does not hold, or holds in another version."""
    held = {canonicalize_name(one["name"]): one["version"] for one in made["components"]}
    return [
        f"{name} {version} is in the images, the bill says {held.get(canonicalize_name(name), 'nothing')}"
        for name, version in images.items()
        if held.get(canonicalize_name(name)) != version
    ]
