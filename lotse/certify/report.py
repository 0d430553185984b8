"""What came of a certification: a document for machines, the same in words, and a signature over it (JWS, Ed25519)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from lotse.certify.exam import Outcome, Result

KIND = "lotsennetz.certification.v1"
TYPE = "lotsennetz-certification+jws"
ALGORITHM = "Ed25519"
COUNTED = {Outcome.PASSED: "passed", Outcome.FAILED: "failed", Outcome.NOT_TRIED: "concern other ways"}
MARKS = {Outcome.PASSED: "ok", Outcome.FAILED: "FAILED", Outcome.NOT_TRIED: "-"}


class ReportError(Exception):
    """A report that is none of ours, or was changed; or a key that cannot be used."""


@dataclass(frozen=True)
class Report:
    """One examination, over."""

    organization: str
    organization_id: str
    channel: str
    network: str
    run: str
    began_at: str
    ended_at: str
    complete: bool
    results: Sequence[Result] = field(default_factory=tuple)

    @property
    def passed(self) -> bool:
        """Everything that concerns this way was tried, and nothing failed."""
        return self.complete and not any(one.outcome is Outcome.FAILED for one in self.results)

    def document(self) -> dict[str, Any]:
        return {
            "report": KIND,
            "organization": self.organization,
            "organization_id": self.organization_id,
            "channel": self.channel,
            "network": self.network,
            "run": self.run,
            "began_at": self.began_at,
            "ended_at": self.ended_at,
            "complete": self.complete,
            "passed": self.passed,
            "counts": {outcome.value: sum(one.outcome is outcome for one in self.results) for outcome in Outcome},
            "checks": [one.as_row() for one in self.results],
        }


def sign(document: Mapping[str, Any], key_file: Path) -> str:
    """The document under the sandbox's key, as one compact JWS."""
    key = _key(key_file)
    if not key.is_private:
        raise ReportError(f"{key_file}: expected a private Ed25519 JSON Web Key")
    header = {"alg": ALGORITHM, "typ": TYPE, "kid": key.thumbprint()}
    payload = json.dumps(document, ensure_ascii=False, sort_keys=True).encode()
    return jws.serialize_compact(header, payload, key, algorithms=[ALGORITHM])


def verify(signed: str, key_file: Path) -> dict[str, Any]:
    """The document, if this key signed it just so."""
    try:
        found = jws.deserialize_compact(signed.strip(), _key(key_file), algorithms=[ALGORITHM])
        document: dict[str, Any] = json.loads(found.payload)
    except (JoseError, ValueError, TypeError) as error:
        raise ReportError(f"not signed by this key, or changed since ({type(error).__name__})") from error
    if found.headers().get("typ") != TYPE or document.get("report") != KIND:
        raise ReportError("signed, but no certification report")
    return document


def in_words(document: Mapping[str, Any]) -> str:
    """The report as people read it."""
    lines = [verdict(document), ""]
    for check in document["checks"]:
        lines += told(check)
    return "\n".join(lines) + "\n"


def verdict(document: Mapping[str, Any]) -> str:
    """The head of it, in three lines."""
    word = "PASSED" if document["passed"] else "NOT PASSED"
    if not document["complete"]:
        word = "no certificate, only a part was tried"
    counts = ", ".join(f"{count} {COUNTED[Outcome(name)]}" for name, count in document["counts"].items())
    return (
        f"Certification of {document['organization']} by {document['channel']}: {word}\n"
        f"run {document['run']}, {document['began_at']} to {document['ended_at']}, at {document['network']}\n"
        f"{counts}"
    )


def told(check: Mapping[str, Any]) -> list[str]:
    """One check: a line where it held, all of it where it did not."""
    outcome = Outcome(check["outcome"])
    head = f"{MARKS[outcome]:<7}{check['id']:<22}{check['seconds']:>6.1f} s  "
    if outcome is not Outcome.FAILED:
        return [head + check["seen"]]
    parts = (("sent", "sent"), ("expected", "expected"), ("seen", "seen"), ("what to do", "hint"))
    return [head.rstrip(), *(f"       {label:<11}{check[name]}" for label, name in parts)]


def write(document: Mapping[str, Any], signed: str, folder: Path) -> Path:
    """Three files of one name; the signed one is the report, the others are to be read."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"certification-{document['organization']}-{document['run']}"
    (folder / f"{name}.json").write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    (folder / f"{name}.txt").write_text(in_words(document), encoding="utf-8")
    (folder / f"{name}.jws").write_text(signed + "\n", encoding="ascii")
    return folder / f"{name}.jws"


def _key(file: Path) -> OKPKey:
    try:
        key = OKPKey.import_key(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError, JoseError) as error:
        raise ReportError(f"{file}: expected an Ed25519 JSON Web Key") from error
    return key
