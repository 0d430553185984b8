"""Every no a partner can meet and what to do about it: found in the code that says it, explained here.

What is raised on a partner's way and explained nowhere stops the documents from being made; so does what is explained
and raised no longer.
"""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from contracts.codes import RefusalReason
from services.chassis import errors, i18n
from services.chassis.access import UnauthenticatedError
from services.chassis.web_errors import STATUS, WERKZEUG_SLUGS

SERVICES = Path(errors.__file__).resolve().parents[1]

#: Where a request of a partner comes through, by HTTPS or by the queue.
MODULES = (
    "chassis/access.py",
    "chassis/auth.py",
    "chassis/db.py",
    "chassis/tokens.py",
    "chassis/web.py",
    "chassis/web_errors.py",
    "chassis/work.py",
    "referral/web/api_partner.py",
    "referral/web/api_receipts.py",
    "referral/web/callers.py",
    "referral/commands/appointing.py",
    "referral/commands/partners.py",
    "referral/commands/enclosing.py",
    "referral/commands/receipts.py",
    "referral/commands/disclosing.py",
    "referral/commands/referrals.py",
    "referral/commands/resting.py",
    "referral/domain/answering.py",
    "referral/domain/appointments.py",
    "referral/domain/owing.py",
    "referral/domain/referral.py",
    "referral/inlet.py",
    "referral/receipts.py",
    "referral/sealing.py",
    "referral/store/enclosures.py",
    "referral/store/receipts.py",
    "referral/store/referrals.py",
    "notifications/web/feed.py",
)
#: Why a dossier or paper is not handed out: a fetch tells nothing back, so the level is no reason.
WITHHELD = tuple(
    f"consent.{reason.value.lower().replace('_', '-')}"
    for reason in RefusalReason
    if reason is not RefusalReason.BACK_LEVEL_NOT_COVERED
)
#: Slugs that are put together or handed on, so that no module raises them by name.
ELSEWHERE: Mapping[str, int] = {
    **dict.fromkeys(WITHHELD, 409),
    "feed.cursor-ahead": 422,
    "lifecycle.not-allowed": 409,
    "referral.closed": 409,
    "request.incident": 500,
    **{slug: status for status, slug in WERKZEUG_SLUGS.items()},
}
#: The calls that say no, with the status each is answered with.
KINDS = {
    "refusal": 409,
    **{
        kind.__name__: status
        for kind in (*vars(errors).values(), UnauthenticatedError)
        for known, status in STATUS.items()
        if isinstance(kind, type) and issubclass(kind, known)
    },
}

_RENEW = "Ask for a new access token and repeat once. Stays it so, compare what you send with *Sign in*."
_FIX = "Your program's mistake: mend the request; repeating it as it is changes nothing."
_LATER = "Wait as long as `Retry-After` says, repeat under the same `Idempotency-Key`; nothing was decided."
_GONE = "Show it as ended; nothing can be fetched or said any more but what `duties` asks for."
_CONSENT = (
    "The person's consent does not carry this disclosure now. Nothing leaves; do not ask in a loop. "
    "`status` and `version` in the answer say how the referral stands."
)

MET: Mapping[str, str] = {
    "agreement.not-in-force": "Your agreement with the network has ended or not begun: your contact there renews it.",
    "auth.algorithm-not-allowed": _RENEW,
    "auth.issuer-unreachable": _LATER,
    "auth.not-an-access-token": "You sent an ID token or another JWT: send the `access_token` of the token answer.",
    "auth.not-for-this-caller": "Sign in with the client of your own system, not with a person's token.",
    "auth.organization-missing": "Your client lacks its organization: ask the network's operations.",
    "auth.other-audience": "The token is for another application: ask for it with your client at the named address.",
    "auth.other-issuer": "The token comes from another issuer than the one you were given.",
    "auth.other-organization": "Not addressed to you. Check which of your clients you used.",
    "auth.role-missing": "Your client lacks its organization: ask the network's operations.",
    "auth.sender-unknown": "By queue: send with your own broker user and set `user_id` to it. Parked.",
    "auth.sign-in-required": "Send `Authorization: Bearer <access token>`.",
    "auth.token-expired": _RENEW,
    "auth.token-invalid": _RENEW,
    "auth.token-not-yet-valid": "Set your clock (NTP); more than 30 seconds apart is too much.",
    "auth.unknown-key": _RENEW,
    "consent.back-level": "You may not tell this much back. Nothing of it was kept. Offer only `allowed_actions`.",
    "database.unavailable": _LATER,
    "document.unknown": "The dossier you fetched last names other papers, or it was taken out: fetch the dossier anew.",
    "dossier.key-missing": "No key of yours counts now: hand in a new one. The referral waits and goes on by itself.",
    "enclosure.dossier-first": "Fetch the dossier before its papers.",
    "enclosure.not-accepted": "Your terms do not take papers: your contact at the network can change them.",
    "feed.cursor-ahead": "Never given out here (another sandbox, a restored backup): begin with `after=0`.",
    "idempotency.key-missing": "Send `Idempotency-Key`, 1 to 128 printable characters; a UUID for each answer will do.",
    "idempotency.key-reused": "This key named another request. A new answer needs a new key; the old one stands.",
    "lifecycle.not-allowed": "Not in this state. Fetch the referral and choose from `allowed_actions`.",
    "partner.appointment-invalid": "What was sealed as `sealed_appointment` is not as *Answers* describes it.",
    "partner.body-invalid": "By queue: `data` is not as described for this type.",
    "partner.left": "Your participation has ended. Tell your contact there what you still owe, as what was deleted.",
    "partner.suspended": "Your participation rests. What happens is kept for you until you are back: ask your contact.",
    "partner.comment-unreadable": "Seal to the newest key of `/partner/.well-known/jwks.json`; see *Sealing*.",
    "partner.version-missing": "By queue: send `expectedversion`, the version you saw.",
    "receipt.claims-invalid": "`fields` names each claim that is not as *Receipts* describes it.",
    "receipt.key-unknown": "No registered signing key of this `kid` counts now: register it, or use another.",
    "receipt.number-used": "Another token of yours has this `jti`: give each its own.",
    "receipt.other-content": "`sha256` is not what was handed out: changed on the way, or another fetch is meant.",
    "receipt.signature-invalid": "The signature does not hold under that key: sign the bytes that are sent.",
    "receipt.unknown": "No receipt of this number is yours.",
    "receipt.unreadable": "One compact JWS, `typ` `secevent+jwt`, an algorithm of the list, nothing critical.",
    "referral.action-unknown": "No such action; the list stands in *Answers*.",
    "referral.appointment-late": "`starts_at` is more than a year ahead.",
    "referral.appointment-past": "`starts_at` has passed.",
    "referral.better-is-same": "Name another service as the better one, or none.",
    "referral.both-sides": "The same human works for both sides of it. Let a colleague answer.",
    "referral.changed-meanwhile": "Fetch the referral, decide anew, answer on the new `version`.",
    "referral.closed": _GONE,
    "referral.comment-required": "This reason needs words: send `sealed_comment`.",
    "referral.contact-by-late": "`contact_by` is too far off for this urgency: promise an earlier day.",
    "referral.contact-by-past": "`contact_by` is today (Europe/Berlin) or later.",
    "referral.contact-date": "`first_contact_on` lies between the request and today (Europe/Berlin).",
    "referral.duty-not-open": "Nothing of this kind is owed (any more): read `duties`.",
    "referral.estimated-past": "`estimated_on` is today (Europe/Berlin) or later, or left out.",
    "referral.reason-not-valid": "The reason is not on its list today: read *Codes*.",
    "referral.retention-ground": "Send `ground` exactly when `deletion` is `retained`.",
    "referral.unknown": "None of this id is yours now: do not repeat. If a later notice names it, look anew.",
    "refusal.not-recorded": _LATER,
    "request.if-match-malformed": 'Send `If-Match: "<version>"`, the number in quotes.',
    "request.if-match-missing": 'Send `If-Match: "<version>"`, the version you saw.',
    "request.incident": "Our mistake. Repeat later under the same key; quote `instance` if it stays.",
    "request.invalid": "`fields` names each wrong field with what was expected there.",
    "request.malformed": _FIX,
    "request.media-type": "Send `Content-Type: application/json`.",
    "request.method-not-allowed": _FIX,
    "request.no-such-page": _FIX,
    "request.not-acceptable": "Accept `application/json`, `application/problem+json` and `application/jose`.",
    "request.too-large": _FIX,
    "request.too-many": "Too many requests this minute: wait `Retry-After` seconds. Better: ask with `wait=30`.",
    "work.changed-meanwhile": "Fetch the referral, decide anew, answer on the new `version`.",
    **dict.fromkeys(WITHHELD, _CONSENT),
}
#: Raised in the same modules, but not to a partner's system.
NOT_MET: Mapping[str, str] = {
    "appointment.unknown": "staff and persons who ask for a calendar file",
    "answer.not-accepted": "the navigator who answers",
    "referral.topic-not-offered": "the navigator who drafts",
    "auth.choose-role": "staff with several roles",
    "auth.other-purpose": "a person's link",
    "auth.site-missing": "staff",
    "dossier.partner-has-a-channel": "the navigator who prints",
    "enclosure.consent-form": "the navigator who encloses",
    "enclosure.of-an-employer": "the navigator who encloses",
    "enclosure.too-many": "the navigator who encloses",
    "sealing.key-unusable": "the editor who takes a key in",
    "sealing.key-weak": "the editor who takes a key in",
}


def slugs_in(source: str) -> Iterator[tuple[str, int]]:
    """Every slug a module raises by name, with the status it is answered with."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and (kind := _name(node.func)) in KINDS:
            found = [one.value for one in node.args[:2] if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            yield from ((slug, KINDS[kind]) for slug in found[:1] if "." in slug)


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def raised() -> dict[str, int]:
    """Every slug on a partner's way with its status."""
    sources = ((SERVICES / module).read_text(encoding="utf-8") for module in MODULES)
    by_name = {slug: status for source in sources for slug, status in slugs_in(source)}
    return {**by_name, **ELSEWHERE}


def met() -> list[tuple[str, int, str, str]]:
    """Slug, status, its sentence and what to do, by status; refuses to leave one out."""
    found = raised()
    unexplained = sorted(set(found) - set(MET) - set(NOT_MET))
    outlived = sorted({*MET, *NOT_MET} - set(found))
    if unexplained or outlived:
        raise LookupError(f"explain to partners: {unexplained}; raised no longer: {outlived}")
    rows = [(slug, found[slug], sentence(slug), what) for slug, what in MET.items()]
    return sorted(rows, key=lambda row: (row[1], row[0]))


def sentence(slug: str) -> str:
    """The title that travels in the answer, in English."""
    key = f"slug:{slug}"
    said = (i18n.translations(service, "en").gettext(key) for service in ("referral", "notifications"))
    return next((words for words in said if words != key), slug)
