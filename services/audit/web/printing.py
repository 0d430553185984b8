"""Reports in the reader's words, for the program that sets them as PDFs: of a year, and of what is handed over."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from contracts.codes import LogFindingKind
from contracts.fields import parse_instant
from services.audit.queries.findings import FindingState
from services.audit.queries.report import SECTIONS
from services.audit.queries.search import FoundEntry, Search
from services.chassis import i18n
from services.chassis.pages import label, language

Rows = Sequence[Mapping[str, Any]]


def word(kind: str, code: str) -> str:
    """The word for a code; where there is none, the code."""
    key = f"{kind}:{code}"
    found = i18n.label("audit", language(), key)
    return (code or "–") if found == key else found


def yearly(figures: Mapping[str, Any], made_at: datetime, sha256: str | None) -> dict[str, Any]:
    """The same sections as the page shows, in the same order."""
    sections = [_counted(figures["tables"][one.name], f"report:{one.name}", one.words) for one in SECTIONS]
    facts = [
        [_("Made on"), i18n.format_moment(made_at, language())],
        [_("Signed head"), _("%(size)s entries") % {"size": figures["size"]}],
        [_("Root"), figures["root_sha256"]],
    ]
    return {
        "language": language(),
        "title": _("Yearly report %(year)s") % {"year": figures["year"]},
        "intro": _(INTRO) % {"number": figures["hidden_below"]},
        "facts": facts + ([[_("SHA-256 of the file"), sha256]] if sha256 else []),
        "sections": [
            *sections,
            _findings(figures["findings"]),
            _reviews(figures["reviews"]),
            _complete(figures),
            _retention(figures["retention"]),
        ],
    }


def selection(found: Iterable[FoundEntry], wanted: Search, note: str, made_at: datetime) -> dict[str, Any]:
    """What the page beside the signed entries says, in the same order."""
    rows = [_entry(one) for one in found]
    asked = [
        (_("From"), wanted.since and i18n.format_moment(wanted.since, language())),
        (_("Until"), wanted.until and i18n.format_moment(wanted.until, language())),
        (_("Controller"), wanted.controller and str(wanted.controller)),
        (_("What happened"), wanted.type and label(f"event:{wanted.type}")),
        *((label(f"field:{name}"), str(identity)) for name, identity in wanted.mentions.items()),
    ]
    return {
        "language": language(),
        "title": _("Report from the audit log"),
        "intro": _(HANDED_OVER),
        "facts": [
            [_("Made on"), i18n.format_moment(made_at, language())],
            [_("Entries"), str(len(rows))],
            *([name, value] for name, value in asked if value),
        ],
        "head": {"title": _("Signed head"), "lines": note.splitlines()},
        "entries": {
            "title": _("Entries"),
            "headers": [_("Entry"), _("When"), _("What happened"), _("About"), _("On whose behalf")],
            "rows": rows,
        },
    }


HANDED_OVER = (
    "Ids, codes and times; names stand in no entry. The signed entries and the program that verifies them lie beside"
    " this sheet."
)


def _entry(one: FoundEntry) -> list[str]:
    expired = f" ({_('The content has expired')})" if one.expired else ""
    moment = i18n.format_moment(one.occurred_at, language())
    return [str(one.position), moment, f"{label(f'event:{one.type}')}{expired}", one.subject or "–", one.actor or "–"]


INTRO = (
    "What the audit log holds of this year, as counts of codes. Figures below %(number)s are hidden, and with them"
    " what would give them away."
)


def _(text: str) -> str:
    """A sentence of the page in the reader's language; `label` would take a colon in it for a code."""
    return i18n.translations("audit", language()).gettext(text)


def _figure(n: int | None) -> str:
    return _("hidden") if n is None else str(n)


def _counted(table: Mapping[str, Any], title: str, words: Sequence[str]) -> dict[str, Any]:
    return {
        "title": label(title),
        "headers": [*(label(f"column:{one}") for one in words), _("How often")],
        "rows": [[*(_cell(kind, row[kind]) for kind in words), _figure(row["n"])] for row in table["rows"]],
        "after": f"{_('In all')}: {_figure(table['total'])}" if table["rows"] else _("None."),
    }


def _cell(kind: str, code: str) -> str:
    return f"{label('case:organization')} {code[-8:]}" if kind == "organization" else word(kind, code)


def _findings(table: Mapping[str, Any]) -> dict[str, Any]:
    counted = {(row["kind"], row["state"]): row["n"] for row in table["rows"]}
    return {
        "title": _("Findings"),
        "headers": [_("Finding"), *(label(f"finding_state:{state.value}") for state in FindingState)],
        "rows": [
            [label(kind), *(_figure(counted.get((kind.value, state.value), 0)) for state in FindingState)]
            for kind in LogFindingKind
        ],
        "after": f"{_('In all')}: {_figure(table['total'])}",
    }


def _reviews(held: Mapping[str, Any]) -> dict[str, Any]:
    told = _("of %(entries)s entries, under heads from %(first)s to %(last)s") % held
    number = i18n.translations("audit", language()).ngettext("%(num)s review", "%(num)s reviews", held["n"])
    after = number % {"num": held["n"]} + (f", {told}" if held["n"] else "")
    return {"title": _("Reviews held"), "headers": [], "rows": [], "after": after}


def _complete(figures: Mapping[str, Any]) -> dict[str, Any]:
    rows = [
        [
            one["source"],
            str(one["reported"]),
            f"{one['heard']}{', ' + _('missing') if one['missing'] else ''}",
            f"{_moment(one['reported_at'])}{', ' + _('silent') if one['silent'] else ''}",
            _("differs") if one["differing"] else _("equal up to %(position)s") % {"position": one["compared"]},
        ]
        for one in figures["streams"]
    ]
    return {
        "title": _("Completeness"),
        "headers": [_("Service"), _("sent"), _("arrived"), _("as of"), _("content compared")],
        "rows": rows,
        "after": " ".join(_unknown(figures)),
    }


def _unknown(figures: Mapping[str, Any]) -> Iterator[str]:
    """What nobody knows of how whole the log is."""
    if not figures["streams"]:
        yield _("No service has reported yet; each does so once a minute.")
    if any(one["silent"] for one in figures["streams"]):
        yield f"{_('silent')}: {_('what came after, nobody knows')}."
    if figures["never_heard"]:
        told = _("Of these services the log holds no report; whether anything of theirs is missing, nobody knows.")
        yield f"{told} {', '.join(figures['never_heard'])}"


def _moment(instant: str) -> str:
    return i18n.format_moment(parse_instant(instant), language())


def _retention(told: Mapping[str, Any]) -> dict[str, Any]:
    runs = ("%(num)s run emptied entries after their period", "%(num)s runs emptied entries after their period")
    number = i18n.translations("audit", language()).ngettext(*runs, told["runs"])
    rows = [
        [
            _("everything else") if one["kind"] == "*" else label(f"event:{one['kind']}"),
            str(one["days"]),
            word("log_retention_ground", one["ground"]),
        ]
        for one in told["periods"]
    ]
    return {
        "title": _("Retention"),
        "headers": [_("What happened"), _("Days kept"), _("Ground")],
        "rows": rows,
        "after": number % {"num": told["runs"]} + (f": {told['entries']}" if told["runs"] else ""),
    }
