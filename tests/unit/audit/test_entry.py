"""What an event leaves in the log - and what it never does."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

import contracts.audit
import contracts.directory
import contracts.notifications
import contracts.referral  # noqa: F401 - the registry is full once all four are imported
from contracts.codes import Audience, BackLevel, Capacity, Classification, DataCategory, ServiceRole, Topic
from contracts.directory import ServicePublished, Terms
from contracts.envelope import read, write
from contracts.event import REGISTRY, Code, JsonDocument, LanguageTag, OfficialKey, PublicText, spec_of
from contracts.fields import PUBLIC_ONLY
from services.audit.domain.entry import SCALARS, entry_of, spell
from tests.unit.audit.events import (
    ORGANIZATION,
    PERSON,
    REFERRAL,
    a_consent_given,
    a_disclosure_decided,
    a_referral_received,
)

WHEN = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def an_envelope(event, **attributes):
    usual = {
        "id": UUID(int=1),
        "source": "/lotsennetz/referral",
        "sequence": 4,
        "time": WHEN,
        "actor": "staff:abc",
        "correlation_id": UUID(int=2),
    }
    return write(event, **{**usual, **attributes})


def a_service_published():
    text = PublicText({"de": "Anerkennungsberatung", "en": "Advice on recognition"})
    return ServicePublished(
        service_id=UUID(int=0xD),
        version=3,
        organization_id=ORGANIZATION,
        name=text,
        description=text,
        delimitation=text,
        topics=(Topic.ANERKENNUNG,),
        areas=(OfficialKey("05334"),),
        audience=Audience.PERSON,
        legal_spheres=(),
        role=ServiceRole.ADVISES,
        own_measure=False,
        residence_independent=True,
        profession_independent=True,
        profession_codes=(),
        eligibility=JsonDocument({"all": []}),
        languages=(LanguageTag("de"),),
        interpreters=False,
        capacity=Capacity.UNKNOWN,
        capacity_reported_on=None,
        assured_on=None,
        overlap_group=None,
        funder=Code("land-nrw"),
        excludes_funders=(),
        terms=Terms(
            categories_accepted=(DataCategory.IDENTITY,),
            minimum_categories=(),
            answer_days=5,
            contact_days=5,
            back_level=BackLevel.STATUS,
        ),
        better_bodies=(),
    )


def test_an_entry_says_who_did_what_when_and_by_which_bytes():
    envelope = an_envelope(a_referral_received(), consentref="consent/x/2", causation_id=UUID(int=3))
    content = entry_of(envelope, stream_position=17).content
    assert content == {
        "id": str(UUID(int=1)),
        "source": "/lotsennetz/referral",
        "type": "referral.received.v1",
        "subject": f"referral/{REFERRAL}",
        "sequence": 4,
        "streamposition": 17,
        "time": "2026-11-23T09:00:00.000000Z",
        "actor": "staff:abc",
        "correlationid": str(UUID(int=2)),
        "causationid": str(UUID(int=3)),
        "consentref": "consent/x/2",
        "dataclassification": "internal",
        "data": {"referral_id": str(REFERRAL), "organization_id": str(ORGANIZATION)},
        "eventsha256": hashlib.sha256(envelope.raw).hexdigest(),
    }


def test_the_same_event_read_from_the_wire_leaves_the_same_leaf():
    written = an_envelope(a_consent_given())
    assert entry_of(read(written.raw)).leaf == entry_of(written).leaf


@pytest.mark.parametrize(
    "event", [a_disclosure_decided(), a_consent_given(), a_referral_received()], ids=lambda one: type(one).__name__
)
@pytest.mark.parametrize(
    "actor", ["staff:abc", 'a "quoted" \\ name', "\u00fcber\u2028\x01"], ids=["plain", "quoted", "odd"]
)
def test_the_leaf_is_json_in_one_spelling(event, actor):
    entry = entry_of(
        replace(an_envelope(event, causation_id=UUID(int=3)), actor=actor, subject=f"decision/{actor}"), 17
    )
    assert entry.leaf == rfc8785.dumps(dict(entry.content))


@dataclass(frozen=True)
class Nested:
    """Something an event could carry, its names out of order."""

    zone: object
    about: object
    none: object = None


scalars = (
    st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.sampled_from(Topic)
)
values = st.recursive(scalars, lambda inner: st.tuples(inner, inner) | st.builds(Nested, inner, inner), max_leaves=8)


@given(values)
def test_the_spelling_is_that_of_rfc_8785_whatever_the_values(value):
    assert spell(value).encode() == rfc8785.dumps(json.loads(spell(value)))
    assert json.loads(spell(value)) == as_json(value)


def as_json(value):
    if isinstance(value, tuple):
        return [as_json(item) for item in value]
    if isinstance(value, Nested):
        return {"about": as_json(value.about), "zone": as_json(value.zone)}
    return value


def test_ids_and_times_are_written_one_way():
    assert spell(UUID(int=10)) == '"00000000-0000-0000-0000-00000000000a"'
    assert spell(WHEN) == '"2026-11-23T09:00:00.000000Z"'
    assert spell(WHEN.astimezone(timezone(timedelta(hours=5)))) == '"2026-11-23T09:00:00.000000Z"'
    assert spell(datetime(33, 4, 3, tzinfo=UTC)) == '"0033-04-03T00:00:00.000000Z"'
    assert spell(date(2026, 11, 23)) == '"2026-11-23"'


def test_a_case_is_found_by_every_id_it_is_mentioned_with():
    references = entry_of(an_envelope(a_disclosure_decided())).references
    assert references == {"referral_id": REFERRAL, "person_id": PERSON, "organization_id": ORGANIZATION}


def test_a_subject_of_a_case_is_a_mention_too():
    envelope = an_envelope(a_referral_received(), subject=f"enquiry/{UUID(int=5)}")
    assert entry_of(envelope).references["enquiry_id"] == UUID(int=5)


def test_a_subject_that_is_no_uuid_is_no_mention():
    envelope = an_envelope(a_referral_received(), subject="person/unknown")
    assert "person_id" not in entry_of(envelope).references


def test_a_public_event_leaves_ids_and_version_but_no_text():
    envelope = an_envelope(a_service_published(), source="/lotsennetz/directory")
    content = entry_of(envelope).content
    assert content["data"] == {"service_id": str(UUID(int=0xD)), "version": 3, "organization_id": str(ORGANIZATION)}
    assert "Anerkennungsberatung" not in json.dumps(content)


def test_of_an_unknown_type_nothing_stays_but_envelope_and_hash():
    document = json.loads(an_envelope(a_referral_received()).raw)
    document |= {"type": "referral.something_new.v1", "data": {"name": "Amira", "referral_id": str(REFERRAL)}}
    content = entry_of(read(json.dumps(document).encode())).content
    assert content["data"] == {}
    assert "Amira" not in json.dumps(content)


def test_an_envelope_without_a_subject_is_recorded_too():
    document = json.loads(an_envelope(a_referral_received()).raw)
    del document["subject"]
    entry = entry_of(read(json.dumps(document).encode()))
    assert entry.subject is None and "subject" not in entry.content


@pytest.mark.parametrize("value", [1.5, {"a": 1}, [1], b"bytes", object(), PublicText({"de": "Text"})])
def test_what_may_not_stand_in_the_log_stops_the_entry(value):
    with pytest.raises(TypeError, match="may not stand in the log"):
        spell(value)


def test_true_stays_true_and_one_stays_one():
    assert (spell(True), spell(1)) == ("true", "1")
    assert bool in SCALARS


def test_no_event_that_is_not_public_can_carry_a_public_text():
    """What the rule by classification rests on: the contracts themselves refuse texts anywhere else."""
    for cls in REGISTRY.values():
        spec = spec_of(cls)
        carries_text = any(kind.public_only for kind in spec.kinds.values())
        assert not carries_text or spec.classification is Classification.PUBLIC
    assert PublicText in PUBLIC_ONLY
