"""`docs/configuration.md`: the table of settings, from what the services declare and the words that go with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.dev.declared import EVERYBODY, Declared, declared
from deploy.dev.markdown import table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"


@dataclass(frozen=True, slots=True)
class Word:
    """What no declaration says: what a setting is for, in which unit, whether nobody else may read it."""

    meaning: str
    unit: str = "–"
    is_secret: bool = False
    #: Where it differs from "whatever has no default".
    required: str = ""
    default: str = ""


YES, NO, DEMO_ONLY = "yes", "no", "refused"
GUARDED = "holds a password"

WORDS = {
    "AMQP_URI": Word(
        f"the broker, as this service's own user ({GUARDED}); of a cluster every node's, divided by `;`",
        "address",
        True,
    ),
    "CHECKPOINT_DIR": Word("where signed tree heads are laid down, outside the database", "path"),
    "CHECKPOINT_KEY": Word("signs the log's tree heads", "signed-note key", True),
    "CHECKPOINT_PUBLIC_KEY": Word("checks them, former keys too", "signed-note keys"),
    "CONTROLLERS": Word("who is responsible, their data-protection officers and authorities", "JSON"),
    "CROSS_CONTROLLER_CHECK": Word("whether other controllers are asked about duplicate care [law]", "switch"),
    "CROSS_CONTROLLER_DPIA": Word("where the impact assessment for that is filed", required="if it is on"),
    "CROSS_CONTROLLER_DPIA_ON": Word("when that was signed", "day", required="if it is on"),
    "DATABASE_URL": Word(
        f"the service's database, as the role that works in it ({GUARDED}); with a second server that takes over both"
        " hosts, divided by a comma, and `target_session_attrs=primary`",
        "address",
        True,
    ),
    "DELETION_LEDGER_FILE": Word("who was erased, outside every database: a restore reads it first", "path"),
    "DEPLOYMENT_KEY": Word(
        "signs links and devices, seals webhook secrets and notes; the same in all four services",
        "64 hexadecimal digits",
        True,
    ),
    "DEPLOYMENT_KEYS_OLD": Word(
        "former ones, whose links, devices, secrets and notes still count; divided by white space",
        "64 hexadecimal digits",
        True,
    ),
    "DESK_LINK_DAYS": Word("how long a mailed link to a desk page works", "days"),
    "DESK_LINK_KEY": Word("signs those links", "JSON Web Key", True),
    "DESK_LINK_PUBLIC_KEY_FILE": Word("checks those links", "JSON Web Keys"),
    "DISPATCH_THREADS": Word("how many deliveries are made at once", "threads"),
    "DOCUMENT_MAX_BYTES": Word("how large a document may be that is taken in", "bytes"),
    "DUPLICATE_QUESTIONS_PER_DAY": Word(
        "how often one member of staff may ask about duplicate care", "questions a day"
    ),
    "EDITORS_MAILBOX": Word("who keeps the directory and is written to about it", "mailbox", default="as LEAD_MAILBOX"),
    "HOLD_MOST_MONTHS": Word("how long a hold may stop a deletion before somebody looks again", "months"),
    "HTTP_ADDRESS": Word("where the web role listens", "host:port"),
    "HTTP_THREADS": Word("how many requests are answered at once", "threads"),
    "INDICATORS": Word("what funders ask for in the yearly report", "JSON", default="a sample, named as one"),
    "INBOX_PARTITIONS": Word(
        "how many queues the inboxes of referral and notifications are divided into, the same for every service and for"
        ' `lotse`; see "More workers" in docs/operations.md before changing it',
        "number",
    ),
    "ISSUER_JWKS_URL": Word("the issuer's keys, where its own description does not name them", "address"),
    "ISSUER_URL": Word("the identity provider; https in production", "address"),
    "KEYS_DATABASE_URL": Word(
        f"the persons' keys; in production another database and role ({GUARDED})", "address", True
    ),
    "KEYS_MIGRATION_DATABASE_URL": Word(
        "the same as its owner, for `migrate` alone", "address", True, NO, "as KEYS_DATABASE_URL"
    ),
    "KEY_CONFIRMATION": Word("whether a second person confirms keys and channels; `none` in a demo alone", "switch"),
    "LADDER_SCALE": Word("shortens every delay between attempts, for tests and demonstrations", "factor"),
    "LEAD_MAILBOX": Word("who is written to when a delivery failed for good", "mailbox"),
    "LEGAL_NOTICES_FILE": Word(
        "imprint, privacy and accessibility statement [law]", "JSON", False, YES, "samples, in a demo"
    ),
    "LOG_LEVEL": Word("how much is written to the log"),
    "MAIL_FROM": Word("in whose name mails leave", "mailbox"),
    "MAX_REQUEST_BYTES": Word("how large any request may be that is no upload", "bytes"),
    "OTEL_EXPORTER_OTLP_ENDPOINT": Word(
        "the collector of traces, by OTLP over HTTP; without it nothing is told", "address", False, NO, "none"
    ),
    "MIGRATION_DATABASE_URL": Word(
        "the database as its owner, for `migrate` alone", "address", True, NO, "as DATABASE_URL"
    ),
    "MODE": Word("production refuses whatever is good for a demonstration alone"),
    "OIDC_CLIENT_ID": Word("this service's name at the issuer", default="lotsennetz-<service>"),
    "OIDC_CLIENT_SECRET": Word("and its secret there", "text", True),
    "OPERATIONS_AMQP_URI": Word("the broker's user that reads what could not be delivered", "address", True),
    "PARTNER_FACING_KEY_FILE": Word("opens what partners seal to the network", "JSON Web Keys", True),
    "PARTNER_REQUESTS_PER_MINUTE": Word("how often one partner's system may call", "requests a minute"),
    "PERSON_IDLE_MINUTES": Word("how long a person's page stays open untouched", "minutes"),
    "PERSON_LINK_DAYS": Word("how long a mailed link to a person works", "days"),
    "PERSON_LINK_KEY_FILE": Word("signs those links; the newest first", "JSON Web Keys", True),
    "PERSON_LINK_SHOWN_HOURS": Word("how long a link shown at the desk works", "hours"),
    "PERSON_LINK_SKEW_SECONDS": Word("how far two clocks may differ", "seconds"),
    "PERSON_SESSION_MINUTES": Word("how long a person's page stays open; ten times that if she asks", "minutes"),
    "PSEUDONYM_KEY": Word(
        "makes pseudonyms of staff, the same in all four services",
        "64 hexadecimal digits",
        True,
        required="with DEPLOYMENT_KEYS_OLD",
    ),
    "PUBLIC_URL": Word("the one origin everything is reached under; https in production", "address"),
    "RECEIPT_KEY_FILE": Word("signs what partners did and were given", "JSON Web Keys", True),
    "RETENTION_DATABASE_URL": Word("audit's database as the role that may let entries expire", "address", True),
    "RETENTION_HOUR": Word("from which hour a night's deletions run", "hour"),
    "RETENTION_PERIODS": Word("what differs from the default periods, as `CLOSED_CASE=24m REFERRAL_DRAFT=60d` [law]"),
    "SERVICE_KEY": Word("wraps the keys of persons", "32 bytes in base64", True),
    "SERVICE_KEYS_OLD": Word("former ones that still unwrap, divided by white space", "32 bytes in base64", True),
    "SESSION_HOURS": Word("how long staff stay signed in; a day, if they ask to stay", "hours"),
    "SESSION_IDLE_MINUTES": Word("how long they stay signed in untouched", "minutes"),
    "SMTP_URL": Word(f"the mail server; encrypted unless it is this machine ({GUARDED})", "address", True),
    "SIGN_IN_ACR": Word(
        "how strong a sign-in has to be: values of `acr`, divided by white space; none, and any will do"
    ),
    "STEP_UP_ACR": Word("the same for the doors that ask for more"),
    "STEP_UP_MINUTES": Word("how fresh a sign-in has to be for these; 0, and any will do", "minutes"),
    "STAFF_RULES_AGREED_ON": Word("when that was agreed", "day", required="with an agreement"),
    "STAFF_RULES_AGREEMENT": Word("what was agreed with the staff council; without it no look at how staff work [law]"),
    "STAFF_RULES_CALENDAR": Word("whose public holidays are no working days"),
    "STAFF_RULES_CASES_PER_HOUR": Word("how many cases an hour are many", "cases"),
    "STAFF_RULES_DAYS": Word("which days are working days"),
    "STAFF_RULES_HOURS": Word("when work is usual", "hours"),
    "STAFF_RULES_ZONE": Word("in which zone that is meant", "time zone"),
    "TOKEN_AUDIENCE": Word("for whom access tokens are made out"),
    "TRUSTED_PROXY": Word("whose word on who asks is taken: the door's address, `*` where only the door gets through"),
    "HELPER_GRACE_HOURS": Word("how long after an appointment a helper still sees it", "hours"),
    "UNDO_WINDOW_SECONDS": Word("how long a referral can be called back before it leaves", "seconds"),
    "WEBHOOK_ALLOW_NETS": Word("networks of one's own that webhooks may reach", "networks", required=DEMO_ONLY),
    "WITNESS_KEYS_FILE": Word("whose countersignatures under tree heads are kept", "signed-note keys"),
}


def settings() -> str:
    """The table."""
    headers = ("setting", "read by", "meaning", "unit", "expected", "default", "in production", "secret")
    return table(headers, [list(_row(one)) for one in declared().values()])


def _row(one: Declared) -> Iterator[str]:
    word = WORDS[one.name]
    yield f"`{one.name}`" + (" (`_FILE`)" if one.may_be_file else "")
    yield "all" if one.services == set(EVERYBODY) else ", ".join(sorted(one.services))
    yield word.meaning
    yield word.unit
    yield one.expected.replace("|", "\\|") or "–"
    yield word.default or (f"`{one.default.strip()}`" if one.default and one.default.strip() else "–")
    yield word.required or (YES if one.is_required else NO)
    yield YES if word.is_secret else NO
