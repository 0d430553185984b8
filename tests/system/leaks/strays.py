"""Wrong requests: every route of every service is called with words where ids, codes and fields belong."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import requests

from deploy.demo.databases import SERVICES
from tests.system.leaks import plants

JSON = dict[str, Any]
#: Who calls, how, where, with which body and which headers.
Wrong = tuple[str, str, str, Any, JSON]
#: Pages that no OpenAPI document lists.
PAGES = (
    "/referral/{}",
    "/referral/enquiries/{}",
    "/referral/enquiries/new?enquirer={}",
    "/referral/enquiries/begin?enquirer={}&topics={}",
    "/referral/enquiries/drafts/{}/{}",
    "/referral/referrals/{}?done={}",
    "/referral/?due={}&kind={}&desk={}&after={}&done={}&task={}&until={}",
    "/referral/news?since={}",
    "/referral/tracking?status={}&reference={}&after={}&waiting_for={}&partner={}",
    "/referral/tracking/referrals.csv?status={}&after={}",
    "/referral/desk/enter/{}",
    "/referral/desk/referrals/{}",
    "/referral/data-protection/{}",
    "/referral/sign-in?next=/referral/{}",
    "/referral/sign-in/callback?code={}&state={}",
    "/referral/static/{}",
    "/directory/{}",
    "/directory/?topic={}",
    "/directory/services/{}",
    "/notifications/{}",
    "/notifications/deliveries?state={}",
    "/notifications/referrals/{}",
    "/audit/{}",
    "/audit/?subject={}&actor={}&type={}&cursor={}&from={}",
    "/audit/cases/{}/{}",
    "/{}/{}",
)
#: Where a word is sent as a header that the network reads.
HEADERS = {
    "Idempotency-Key": plants.WRONG_HEADER,
    "If-Match": f'"{plants.WRONG_HEADER}"',
    "X-Correlation-Id": plants.WRONG_HEADER,
    "traceparent": f"00-{plants.WRONG_HEADER}-00",
    "Accept-Language": plants.WRONG_HEADER,
    "User-Agent": plants.WRONG_HEADER,
    "Referer": f"https://example.org/{plants.WRONG_HEADER}",
    "X-Forwarded-For": plants.WRONG_HEADER,
    "Cookie": f"language={plants.WRONG_HEADER}; lotsennetz={plants.WRONG_HEADER}",
}


def wrong_requests(origin: str, callers: Mapping[str, requests.Session], ids: Mapping[str, str]) -> int:
    """Send them all; no answer may be a mistake of ours. How many they were."""
    sent = 0
    for caller, method, path, body, headers in _requests(origin, callers, ids):
        answer = callers[caller].request(
            method, f"{origin}{path}", json=body, headers=headers, timeout=30, allow_redirects=False
        )
        assert answer.status_code != 500, f"{method} {path} as {caller}: {answer.text[:300]}"
        sent += 1
    for content in (b'{"' + plants.WRONG_VALUE.encode(), plants.WRONG_VALUE.encode("utf-16"), b"\xff\xfe"):
        callers["nina"].post(f"{origin}/referral/api/v1/enquiries", data=content, headers=_fresh(), timeout=30)
        sent += 1
    return sent


def _requests(origin: str, callers: Mapping[str, requests.Session], ids: Mapping[str, str]) -> Iterator[Wrong]:
    for path in PAGES:
        for caller in ("nina", "nobody", "dora"):
            yield caller, "GET", path.replace("{}", plants.WRONG_PATH), None, {}
    yield "nina", "GET", "/referral/api/v1/referrals", None, HEADERS
    for service in SERVICES:
        document = callers["nobody"].get(f"{origin}/{service}/openapi.json", timeout=30).json()
        for path, operations in document["paths"].items():
            for method in operations:
                yield from _about(method.upper(), path, operations[method], ids)
    yield from _bodies(ids)


def _about(method: str, path: str, operation: JSON, ids: Mapping[str, str]) -> Iterator[Wrong]:
    """One operation: a word in its path, words in its query, words for fields, a word as its key - by who may call."""
    caller = _caller_of(path)
    fitting = _filled(path, ids)
    names = [
        one["name"] for one in operation.get("parameters", []) if isinstance(one, dict) and one.get("in") == "query"
    ]
    query = "&".join(f"{name}={quote(plants.WRONG_QUERY)}" for name in [*names, plants.WRONG_FIELD])
    yield caller, method, _worded(path), None, _fresh()
    yield caller, method, f"{fitting}?{query}", None, _fresh()
    if method != "GET":
        yield caller, method, fitting, {plants.WRONG_FIELD: plants.WRONG_VALUE}, _fresh()
        yield caller, method, fitting, [plants.WRONG_VALUE], _fresh()
        yield caller, method, fitting, {"reason": plants.WRONG_VALUE}, HEADERS
        yield "nobody", method, fitting, {plants.WRONG_FIELD: plants.WRONG_VALUE}, HEADERS


def _caller_of(path: str) -> str:
    if path.startswith("/partner"):
        return "partner"
    if "/operator" in path:
        return "edda" if path.startswith("/directory") else "operations"
    return {"audit": "dora", "directory": "edda"}.get(path.split("/")[1], "nina")


def _worded(path: str) -> str:
    return "/".join(plants.WRONG_PATH if part.startswith("{") else part for part in path.split("/"))


def _filled(path: str, ids: Mapping[str, str]) -> str:
    known = {"{enquiry_id}": ids["amira"], "{referral_id}": ids["amira-ihk"], "{consent_id}": ids["amira/consent"]}
    known |= {"{need_id}": ids["amira/ANERKENNUNG"], "{action}": "cancel"}
    return "/".join(known.get(part, str(uuid4()) if part.startswith("{") else part) for part in path.split("/"))


def _bodies(ids: Mapping[str, str]) -> Iterator[Wrong]:
    """Bodies that are almost right: every field of the forms that take persons, wrong in its own way."""
    value, field = plants.WRONG_VALUE, plants.WRONG_FIELD
    needs = [{"topic": "ANERKENNUNG", "urgency": "normal"}]
    people: tuple[JSON, ...] = (
        {"birth_date": value},
        {"email": f"{value} ohne Klammeraffe"},
        {"phone": value},
        {"postal_code": value},
        {"languages": [value]},
        {"language_levels": [{"language": value, "level": value}]},
        {"documents": [{"kind": value}]},
        {"benefits": [value]},
        {"qualification_year": value},
        {"given_name": value * 40},
        {field: value},
    )
    for person in people:
        body = {"enquirer": "person", "site": "aachen", "person": person, "needs": needs}
        yield "nina", "POST", "/referral/api/v1/enquiries", body, _fresh()
        path = f"/referral/api/v1/enquiries/{ids['amira']}/rectifications"
        yield "nina", "POST", path, {"person": person}, _fresh()
    consent = f"/referral/api/v1/enquiries/{ids['amira']}/consents"
    for change in (
        {"text_id": value},
        {"language": value},
        {"witness": value},
        {"interpreter_name": value * 40},
        {"document_id": value},
        {"recipients": [value]},
    ):
        yield (
            "nina",
            "POST",
            consent,
            {"given_by": "self", "channel": "signed_paper", "language": "de", **change},
            _fresh(),
        )
    answer = f"/referral/api/v1/referrals/{ids['amira-ihk']}/actions/answer"
    yield "nina", "POST", answer, {"answer": value}, {**_fresh(), "If-Match": '"1"'}
    yield "nina", "POST", "/referral/api/v1/persons/searches", {**plants.SEARCHED, "birth_date": value}, _fresh()


def _fresh() -> JSON:
    return {"Idempotency-Key": str(uuid4())}
