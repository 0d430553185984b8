"""What a page says of a code through a key of its own: every code of the list behind it has its word.

The lists of `contracts.codes` say themselves (`tests/chassis/test_i18n.py`); here are those that stand in one service,
and keys that are put together on a page. A key nobody lists here fails, so that none is forgotten.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

import pytest

import contracts.audit
import contracts.directory
import contracts.notifications
import contracts.referral  # noqa: F401 - fills the registry
from contracts import codes
from contracts.event import REGISTRY
from contracts.partner.dossier import SCHEMAS
from services.audit.domain.flow import Lane
from services.audit.queries.findings import FindingState
from services.audit.queries.findings import Turn as FindingTurn
from services.chassis.i18n import PERSON_LANGUAGES, SERVICES, STAFF_LANGUAGES, key_of, translations
from services.directory.domain.freshness import Freshness
from services.directory.domain.objects import Kind
from services.directory.store.proposals import State as ProposalState
from services.referral.domain import deadlines, desk_devices, following_up, footing, handover, indicators, matching
from services.referral.domain import partner_keys as keys
from services.referral.domain.drafting import Review
from services.referral.domain.lifecycle import TRANSITIONS
from services.referral.domain.resolution import State as ResolutionState
from services.referral.queries.protection_list import OTHERS_STEP, OWN_STEP
from services.referral.queries.steering import Table
from services.referral.queries.subject_access import RIGHTS, WRITTEN
from services.referral.queries.worklist import Source
from services.referral.store.letters import State as LetterState
from services.referral.web import intake_steps
from tests.chassis.test_i18n import code_lists

#: Where a key begins and what is put behind it is not known before the page is drawn.
ASKED = re.compile(r'\b(?:t|label|translate)\(\s*f?"([a-z_]+):(?:\{|"\s*~)')
PREFIXED = re.compile(r'map\("prefixed", "([a-z_]+)"\)')
PROTECTION = {"breach", "requests", "duties", "told_outside", "duplicates"} | {
    *OWN_STEP.values(),
    *OTHERS_STEP.values(),
}
WAITING = {one.value for one in Source} - {Source.TASK}

#: By service and key: the codes that may stand behind it.
LISTED: Mapping[tuple[str, str], Iterable[str]] = {
    ("referral", "deadline"): deadlines.DeadlineKind,
    ("referral", "agreement_state"): footing.AgreementState,
    ("referral", "blocked"): [matching.OwnMeasureReason.EXISTING_NOT_REFERABLE],
    ("referral", "code_ending"): desk_devices.Ending,
    ("referral", "consequence"): {action for action, _ in TRANSITIONS if action not in {"request", "expire", "revoke"}},
    ("referral", "counts"): indicators.Counts,
    ("referral", "indicator_source"): indicators.Source,
    ("referral", "intake"): {step.name for steps in intake_steps.STEPS.values() for step in steps}
    | {intake_steps.CHECK},
    ("referral", "key_state"): set(keys.KeyState) - {keys.KeyState.ENDED},  # a key that has simply ended is not shown
    ("referral", "left_out"): following_up.LeftOut,
    ("referral", "letter_state"): LetterState,
    ("referral", "next"): {*codes.TaskKind, *WAITING},
    ("referral", "not_handed"): handover.LeftOut,
    ("referral", "resolution"): ResolutionState,
    ("referral", "retention_reason"): codes.RetentionKind,
    ("referral", "review"): Review,
    ("referral", "situation"): intake_steps.SITUATIONS,
    ("referral", "steering"): Table,
    ("referral", "steering_hint"): Table,
    ("referral", "protect"): PROTECTION,
    ("referral", "waits"): WAITING,
    ("referral", "watch"): PROTECTION,
    ("audit", "event"): [name for name in REGISTRY if not name.startswith("partner.")],  # those are no facts
    ("audit", "finding_state"): FindingState,
    ("audit", "lane"): Lane,
    ("audit", "turn"): FindingTurn,
    ("audit", "why"): codes.LogFindingKind,
    ("directory", "assured"): Freshness,
    ("directory", "freshness"): Freshness,
    ("directory", "object_kind"): set(Kind) - {Kind.PARTICIPATION},  # shown as a part of its organization
    ("directory", "proposal_state"): ProposalState,
}
#: The same for what a person reads, in each of her languages.
FOR_PERSONS: Mapping[str, Iterable[str]] = {
    "consent": ("given", "ahead", "expired", "superseded", "withdrawn"),
    "field": {name for schema in SCHEMAS.values() for name in schema.fields},
    "right": RIGHTS,
    "said": [kind for _, kind, _, _ in WRITTEN],
}
#: Keys whose codes come from configuration or from the page itself, or are looked at elsewhere.
ELSEWHERE: Mapping[str, str] = {
    "actor": "who acted: the kinds in front of an actor's colon",
    "area": "official keys of districts, from the configuration",
    "ask": "what a rule of matching asks, tests/integration/referral/test_explanations.py",
    "attention": "figures of the hub, tests/integration/referral/test_data_protection_pages.py",
    "bulk": "columns of a list that is read in",
    "case": "what a case of the log has",
    "cause": "causes a delivery failed for",
    "column": "headings of tables",
    "consent_field": "fields of a form",
    "contact": "kinds of contacts",
    "done": "what was just done, from an address",
    "excluded": "what a rule of matching excludes, tests/integration/referral/test_explanations.py",
    "expected": "what a field wants, tests/chassis/test_web.py",
    "fact": "names of facts in rules",
    "fact_value": "values of facts in rules",
    "fits": "what a rule of matching found, tests/integration/referral/test_explanations.py",
    "form": "fields of a form",
    "hint": "hints of a form, where there is one",
    "link_state": "states of a link, computed on the page",
    "list": "tests/unit/directory/test_glossary.py",
    "meaning": "tests/unit/directory/test_glossary.py",
    "measure": "the measures of the record of processing",
    "others": "the rest of a picture",
    "parked": "why something is parked, by the chassis",
    "period": "tests/integration/referral/test_record_of_processing.py",
    "processing": "tests/integration/referral/test_record_of_processing.py",
    "profile_code": "codes of the profile of opening hours and lists",
    "proposal_done": "what was just done, from an address",
    "receipt": "what a receipt is for",
    "report": "sections of the yearly report",
    "slug": "tests/chassis/test_i18n.py",
    "state_means": "states of an object of the directory",
    "step": "steps of the tour of consent",
    "subject": "tests/integration/referral/test_record_of_processing.py",
    "told": "what was just done, from an address",
    "term": "tests/unit/directory/test_glossary.py",
    "text": "fields of an object that are translated",
    "unit": "units of a period",
    "why": "rules behind an answer, tests/integration/referral/test_explanations.py",
    "do": "rights that are done on a page of their own, tests/integration/referral/test_data_protection_pages.py",
    "event": "facts of the timeline that are said, tests/integration/referral/test_case_page.py",
    "field": "fields of forms and records; those of a record stand above",
}


def unsaid(service: str, language: str, key: str, values: Iterable[str]) -> list[str]:
    said = translations(service, language)
    return sorted(str(one) for one in values if said.gettext(f"{key}:{one}") == f"{key}:{one}")


@pytest.mark.parametrize("language", STAFF_LANGUAGES)
@pytest.mark.parametrize(("service", "key"), LISTED, ids=lambda one: one)
def test_every_code_of_a_list_has_a_word_where_it_is_shown(service: str, key: str, language: str) -> None:
    assert unsaid(service, language, key, LISTED[service, key]) == []


@pytest.mark.parametrize("language", PERSON_LANGUAGES)
@pytest.mark.parametrize("key", FOR_PERSONS)
def test_every_code_a_person_reads_has_a_word_in_her_language(key: str, language: str) -> None:
    assert unsaid("referral", language, key, FOR_PERSONS[key]) == []


def keys_asked() -> Iterator[tuple[str, str]]:
    """Every key that is put together on a page, by service."""
    for path in [*SERVICES.rglob("*.html"), *SERVICES.rglob("*.py")]:
        text = path.read_text(encoding="utf-8")
        for key in {*ASKED.findall(text), *PREFIXED.findall(text)}:
            yield path.relative_to(SERVICES).parts[0], key


def test_no_key_is_put_together_that_nobody_has_listed() -> None:
    shared = {key_of(code).partition(":")[0] for one in code_lists() for code in one}
    known = {*LISTED, *(("referral", key) for key in FOR_PERSONS)}
    asked = set(keys_asked())
    assert sorted(one for one in asked - known if one[1] not in {*shared, *ELSEWHERE}) == []
    assert {key for _, key in known} | set(ELSEWHERE) <= {key for _, key in asked}, "nobody asks for this any more"
