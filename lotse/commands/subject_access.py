"""`lotse subject-access`: what referral records about a person and what the audit log says, joined in one folder."""

import io
import json
import shutil
import tempfile
import time
import zipfile
from collections.abc import Collection, Mapping
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from contracts.codes import FindingKind, IdentityCheck
from lotse import showing
from lotse.network import Network, ProblemError, UnreachableError
from lotse.session import config_of
from lotse.showing import AsJson

#: What happened a moment ago is in the log a moment later.
PATIENCE_SECONDS = 30.0
DECIDED = "referral.disclosure_decided.v1"
#: What was told outside stands in the log at once, and is for her once a second person has seen that it endangers
#: nobody (DECISIONS 115, 118); findings and tasks about it name no disclosure, so they go with whichever is kept back.
TOLD_OUTSIDE = "referral.external_disclosure_"
OF_TOLD_OUTSIDE = frozenset({FindingKind.EXTERNAL_DISCLOSURE, FindingKind.DISCLOSURE_UNCONFIRMED})
HOW_TO_VERIFY = """How to verify this folder
=========================

1. That nothing in it was changed:      sha256sum --check MANIFEST.sha256
2. That the log really says this (Python 3.11 and `cryptography`; the program and the key from somewhere else than us):
       python lotsennetz_verify.py --export audit-extract.ndjson --checkpoint checkpoint.note --key audit.pub
3. That both say the same: every entry of `recorded.decisions` in auskunft.json stands in audit-extract.ndjson under the
   same decision_id, and none there is missing here. This was checked when the folder was made. What is about a case
   of another organization (`organization_id` in `recorded.enquiries`) is in that controller's extract, not in this one.

auskunft.html is to be read and printed; auskunft.json holds the same with every single entry.
"""


class Told(StrEnum):
    """What a pseudonym names."""

    ENQUIRY = "enquiry"
    PERSON = "person"


def subject_access(
    context: typer.Context,
    whose: Annotated[UUID, typer.Argument(help="The enquiry, or (with --person) the person's pseudonym.")],
    identity: Annotated[IdentityCheck, typer.Option(help="How it was made sure that the person is who she says.")],
    person: Annotated[bool, typer.Option("--person", help="The id is a person's pseudonym.")] = False,
    language: Annotated[str | None, typer.Option(help="Of the sheet; else that of her last consent.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where to; must not exist yet.")] = None,
    packed: Annotated[bool, typer.Option("--zip", help="One archive instead of a folder.")] = False,
    as_json: AsJson = False,
) -> None:
    """Everything recorded about a person, with the audit log's signed extract; all of it, or nothing is written.

    \b
    lotse subject-access 0198c0de-... --identity id_document
    lotse subject-access 0198c0de-... --person --identity known_in_person --language ar --zip
    """
    network = Network(config_of(context).as_lead())
    target = out or Path(f"auskunft-{str(whose)[:8]}{'.zip' if packed else ''}")
    if target.exists():
        raise typer.BadParameter(f"{target} is there already", param_hint="--out")
    _expect_audit(network)
    showing.err.print("[dim]Asking referral for everything it records …[/]")
    kind = Told.PERSON if person else Told.ENQUIRY
    files = obtain(network, kind, whose, {"identity_check": identity, "language": language})
    document = json.loads(files["auskunft.json"])
    showing.err.print("[dim]Asking the audit log for its signed extract …[/]")
    extract, left_out = for_her(document, agreeing_extract(network, document))
    _say_what_is_left_out(left_out)
    _say_what_is_elsewhere(len(elsewhere(document)))
    files |= {"audit-extract.ndjson": extract, "checkpoint.note": checkpoint_of(extract)}
    write(files, target, packed=packed)
    told = {"written": str(target), "access_id": document["access_id"], **counts(document, extract)}
    showing.as_json(told) if as_json else showing.details(told)


def _expect_audit(network: Network) -> None:
    """Nothing is handed out that could not be joined: the log is asked first whether it answers."""
    if (said := network.is_ready("audit")) != "ready":
        raise UnreachableError(f"audit is {said}; nothing was handed out and nothing written")


def obtain(network: Network, kind: Told, whose: UUID, body: dict[str, Any]) -> dict[str, bytes]:
    """The document and the sheet, both from one reading."""
    plural = {Told.ENQUIRY: "enquiries", Told.PERSON: "persons"}[kind]
    answer = network.obtain("referral", f"api/v1/{plural}/{whose}/subject-access", body, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer)) as archive:
        return {name: archive.read(name) for name in ("auskunft.html", "auskunft.json")}


def agreeing_extract(network: Network, document: Mapping[str, Any]) -> bytes:
    """The extract, once it holds what referral reports: the log hears everything, a moment later."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        extract = _extract(network, document)
        missing, surplus = differences(document, extract)
        if not missing and not surplus:
            return extract
        if time.monotonic() >= deadline:
            title = "Referral and the audit log do not say the same; nothing was written."
            raise ProblemError(409, {"title": title, "not in the log": missing, "only in the log": surplus})
        time.sleep(1)


def _extract(network: Network, document: Mapping[str, Any]) -> bytes:
    """By pseudonym; an employer's contact is named by no fact, so by her enquiry."""
    by_enquiry = "employer" in document["sources"]
    path = f"enquiries/{document['enquiry_id']}" if by_enquiry else f"persons/{document['person']['id']}"
    try:
        return network.download("audit", f"api/v1/{path}/extract")
    except ProblemError as error:
        if error.status != 404:
            raise
        return b""


def differences(document: Mapping[str, Any], extract: bytes) -> tuple[list[str], list[str]]:
    """Decisions that stand in one of both only; those about another controller's case are in no extract of ours."""
    recorded = {row["id"] for row in document["recorded"]["decisions"]} - elsewhere(document)
    logged = {leaf["data"]["decision_id"] for leaf in leaves(extract) if leaf["type"] == DECIDED}
    signed = bool(extract) or not recorded
    return sorted(recorded - logged) if signed else ["(nothing signed yet)"], sorted(logged - recorded)


def elsewhere(document: Mapping[str, Any]) -> set[str]:
    """Decisions about cases of another controller: referral tells her all, the log each controller its own."""
    recorded = document["recorded"]
    controllers = {row["id"]: row["organization_id"] for row in recorded["enquiries"]}
    own = controllers.get(document["enquiry_id"])
    theirs = {row["id"] for row in recorded["referrals"] if controllers.get(row["enquiry_id"], own) != own}
    return {row["id"] for row in recorded["decisions"] if row["referral_id"] in theirs}


def leaves(extract: bytes) -> list[dict[str, Any]]:
    """The entries of an extract whose time is not over."""
    lines = [json.loads(line) for line in extract.splitlines()]
    return [json.loads(line["leaf"]) for line in lines[1:] if line["leaf"]]


def for_her(document: Mapping[str, Any], extract: bytes) -> tuple[bytes, int]:
    """The extract without what she may not hear yet, and how many lines that is: what referral does not show her of
    what was told outside. Every line has a proof of its own, so the others prove what they proved.
    """
    shown = {row["id"] for row in document["recorded"]["external_disclosures"]}
    kept_back = [leaf["data"] for leaf in leaves(extract) if leaf["type"].startswith(TOLD_OUTSIDE)]
    if all(data["disclosure_id"] in shown for data in kept_back):
        return extract, 0
    header, *lines = (json.loads(line) for line in extract.splitlines())
    stays = [line for line in lines if not line["leaf"] or _may_hear(json.loads(line["leaf"]), shown)]
    told = [{**header, "entries": len(stays)}, *stays]
    written = (json.dumps(one, ensure_ascii=False, separators=(",", ":")) + "\n" for one in told)
    return "".join(written).encode(), len(lines) - len(stays)


def _may_hear(leaf: Mapping[str, Any], shown: Collection[str]) -> bool:
    """Whether a fact may be hers while something that was told outside is kept from her."""
    if leaf["type"].startswith(TOLD_OUTSIDE):
        return leaf["data"]["disclosure_id"] in shown
    return leaf["data"].get("kind") not in OF_TOLD_OUTSIDE


def _say_what_is_left_out(lines: int) -> None:
    """To whoever hands it out, and nowhere in the folder: that something is missing would tell her that there is."""
    if lines:
        showing.err.print(
            f"[yellow]{lines} lines of the log are left out: what was told outside that nobody has confirmed yet, or"
            " that is kept from her so as to endanger nobody. Hand out no other extract of the log, and do not say"
            " this to her. See Data protection > Told outside.[/]"
        )


def _say_what_is_elsewhere(decisions: int) -> None:
    if decisions:
        showing.err.print(
            f"[yellow]{decisions} decisions are about cases of another controller: auskunft.json has them, the log's"
            " extract does not. Its own lead hands out that extract.[/]"
        )


def checkpoint_of(extract: bytes) -> bytes:
    """The signed head the extract was made under, as a file of its own."""
    return str(json.loads(extract.splitlines()[0])["checkpoint"]).encode() if extract else b""


def counts(document: Mapping[str, Any], extract: bytes) -> dict[str, int]:
    return {
        "disclosures": len(document["disclosures"]),
        "refusals": len(document["refusals"]),
        "views": len(document["views"]),
        "audit_entries": len(leaves(extract)),
        "decisions_elsewhere": len(elsewhere(document)),
    }


def write(files: Mapping[str, bytes], target: Path, *, packed: bool = False) -> None:
    """Everything at once: made beside its place and moved there whole, so that half of it is never left."""
    whole = {**files, "HOW-TO-VERIFY.txt": HOW_TO_VERIFY.encode()}
    lines = [f"{sha256(content).hexdigest()}  {name}\n" for name, content in sorted(whole.items())]
    whole["MANIFEST.sha256"] = "".join(lines).encode()
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=".auskunft-", dir=target.parent))
    try:
        folder = beside / "folder"
        folder.mkdir(mode=0o700)
        for name, content in whole.items():
            (folder / name).write_bytes(content)
        if packed:
            shutil.make_archive(str(beside / "packed"), "zip", folder)
            (beside / "packed.zip").chmod(0o600)
            (beside / "packed.zip").replace(target)
        else:
            folder.replace(target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
