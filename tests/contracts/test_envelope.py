"""The envelope: what goes in comes out, and whatever comes, the answer is an envelope or InvalidEnvelopeError."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from contracts import envelope, upcasters
from contracts.codes import Classification, RejectionReason
from contracts.describe.examples import an_event
from contracts.envelope import Envelope, InvalidEnvelopeError
from contracts.event import REGISTRY, from_dict, spec_of, to_dict
from contracts.referral import ReferralRejected
from tests.contracts.conftest import GENERATED

TIME = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
REJECTED = ReferralRejected(
    referral_id=UUID(int=1),
    organization_id=UUID(int=2),
    reason=RejectionReason.NOT_COMPETENT,
    better_service_id=None,
)


def written(event: Any = REJECTED, **changes: Any) -> Envelope:
    attributes: dict[str, Any] = {
        "id": UUID(int=3),
        "source": "/lotsennetz/referral",
        "sequence": 1,
        "time": TIME,
        "actor": "staff:" + "ab" * 16,
        "correlation_id": UUID(int=4),
    }
    return envelope.write(event, **{**attributes, **changes})


def document(**changes: Any) -> dict[str, Any]:
    return {**json.loads(written().raw), **changes}


def raw(**changes: Any) -> bytes:
    return json.dumps(document(**changes)).encode()


def without(name: str) -> bytes:
    return json.dumps({key: item for key, item in document().items() if key != name}).encode()


@pytest.mark.parametrize("name", sorted(REGISTRY))
@pytest.mark.parametrize("minimal", [False, True], ids=["full", "minimal"])
def test_every_event_survives_its_envelope(name: str, minimal: bool) -> None:
    original = written(an_event(name, minimal=minimal))
    assert envelope.read(original.raw) == original
    assert original.is_known


@pytest.mark.parametrize("minimal", [True, False])
@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_fields_asked_one_by_one_say_what_the_whole_schema_says(name: str, minimal: bool) -> None:
    event = an_event(name, minimal=minimal)
    schema = spec_of(event).schema
    assert to_dict(event) == schema.dump(event)
    assert from_dict(name, to_dict(event)) == schema.load(to_dict(event)) == event


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ValidationError) as refusal:
        from_dict("referral.rejected.v1", {"referral_id": 7, "organization_id": None})
    assert isinstance(refusal.value.messages, dict)
    assert {"referral_id", "organization_id"} <= set(refusal.value.messages)
    with pytest.raises(ValidationError):
        from_dict("referral.rejected.v1", ["not", "a", "mapping"])  # type: ignore[arg-type]


def test_the_same_event_gives_the_same_bytes() -> None:
    assert written().raw == written().raw


def test_everything_an_envelope_may_say_survives() -> None:
    full = written(
        causation_id=UUID(int=5),
        traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01",
        consentref="urn:uuid:00000000-0000-0000-0000-000000000006;v=2",
        subject="referral/other",
    )
    assert envelope.read(full.raw) == full
    assert full.subject == "referral/other"


def test_the_mirror_headers_say_what_the_body_says() -> None:
    assert envelope.headers(written(sequence=None)) == {
        "ce-specversion": "1.0",
        "ce-id": str(UUID(int=3)),
        "ce-source": "/lotsennetz/referral",
        "ce-type": "referral.rejected.v1",
        "ce-subject": f"referral/{UUID(int=1)}",
        "ce-time": "2026-11-23T09:30:00.000000Z",
        "ce-actor": "staff:" + "ab" * 16,
        "ce-correlationid": str(UUID(int=4)),
        "ce-dataclassification": "internal",
        "ce-dataschema": "https://lotsennetz.example/schemas/referral.rejected.v1.json",
    }


def test_numbers_in_the_sequence_sort_as_text() -> None:
    assert json.loads(written(sequence=7).raw)["sequence"] < json.loads(written(sequence=10).raw)["sequence"]


@pytest.mark.parametrize(
    "changes",
    [
        {"time": datetime(2026, 11, 23)},  # noqa: DTZ001 - naive on purpose
        {"time": TIME.astimezone(timezone(timedelta(hours=1)))},
        {"actor": "Frau Müller"},
        {"source": "referral"},
        {"traceparent": "junk"},
        {"subject": "no kind"},
        {"sequence": -1},
        {"id": "not-an-id"},
    ],
    ids=str,
)
def test_a_wrong_attribute_is_not_even_written(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidEnvelopeError):
        written(**changes)


BAD: list[tuple[str, bytes]] = [
    *[(name, without(name)) for name in (*envelope.REQUIRED, "specversion", "data")],
    *[(name, raw(**{name: None})) for name in (*envelope.REQUIRED, "specversion", "data")],
    ("specversion", raw(specversion="0.3")),
    ("specversion", raw(specversion=1.0)),
    ("id", raw(id="")),
    ("id", raw(id=7)),
    ("id", raw(id="7b1d5f0e58a95c549a3f0c5b8d6f0a01")),
    ("id", raw(id=["a"])),
    ("source", raw(source="")),
    ("source", raw(source="referral")),
    ("source", raw(source="/Lotsen Netz")),
    ("source", raw(source={})),
    ("type", raw(type="rejected")),
    ("type", raw(type="referral.rejected")),
    ("type", raw(type=True)),
    ("subject", raw(subject="")),
    ("subject", raw(subject="Amira Muster")),
    ("subject", raw(subject=3)),
    ("time", raw(time="2026-11-23T09:30Z")),
    ("time", raw(time="2026-11-23T09:30:00+05")),
    ("time", raw(time="2026-11-23T09:30:00")),
    ("time", raw(time="2026-11-23")),
    ("time", raw(time="2026-11-23 09:30:00Z")),
    ("time", raw(time="2026-13-23T09:30:00Z")),
    ("time", raw(time="2026-11-23T09:30:61Z")),
    ("time", raw(time="9999-12-31T23:59:59-14:00")),
    ("time", raw(time=1763890200)),
    ("time", raw(time="")),
    ("sequence", raw(sequence="")),
    ("sequence", raw(sequence="one")),
    ("sequence", raw(sequence=-1)),
    ("sequence", raw(sequence=1.5)),
    ("sequence", raw(sequence=True)),
    ("sequence", raw(sequence="9" * 19)),
    ("actor", raw(actor="Frau Müller")),
    ("actor", raw(actor="staff:")),
    ("correlationid", raw(correlationid="x")),
    ("causationid", raw(causationid=4)),
    ("traceparent", raw(traceparent="00-xyz")),
    ("consentref", raw(consentref="with space")),
    ("dataref", raw(dataref="a\nb")),
    ("dataschema", raw(dataschema="")),
    ("expirytime", raw(expirytime="tomorrow")),
    ("expectedversion", raw(expectedversion="three")),
    ("dataclassification", raw(dataclassification="secret")),
    ("dataclassification", raw(dataclassification="INTERNAL")),
    ("dataclassification", raw(dataclassification=["internal"])),
    ("dataclassification", raw(dataclassification="public")),
    ("datacontenttype", raw(datacontenttype="xyz")),
    ("datacontenttype", raw(datacontenttype="text/plain")),
    ("datacontenttype", raw(datacontenttype=5)),
    ("data", raw(data=[])),
    ("data", raw(data="text")),
    ("data", raw(data=5)),
    ("data.reason", raw(data={**document()["data"], "reason": "BECAUSE"})),
    ("data.referral_id", raw(data={**document()["data"], "referral_id": "none"})),
    ("data.organization_id", raw(data={"referral_id": str(UUID(int=1)), "reason": "OTHER"})),
    ("envelope", b""),
    ("envelope", b"[]"),
    ("envelope", b"null"),
    ("envelope", b'"text"'),
    ("envelope", b"{"),
    ("envelope", b"\xff\xfe"),
    ("envelope", b"\xef\xbb\xbf{}"),
    ("envelope", b"[" * 100_000),
    ("envelope", b'{"a":' * 50_000),
    ("envelope", raw().replace(b'"id"', b'"id": "first", "id"')),
    ("envelope", raw(data={"x": float("nan")})),
    ("envelope", b"9" * 10_000),
    ("envelope", b" " * (envelope.MAX_BYTES + 1)),
]


@pytest.mark.parametrize(("field", "content"), BAD, ids=lambda item: str(item)[:40])
def test_bad_input_is_refused_with_the_field_that_is_wrong(field: str, content: bytes) -> None:
    with pytest.raises(InvalidEnvelopeError) as refused:
        envelope.read(content)
    assert refused.value.field == field
    assert refused.value.expected


def test_a_refusal_does_not_repeat_what_was_in_there() -> None:
    with pytest.raises(InvalidEnvelopeError) as refused:
        envelope.read(raw(subject="Amira Muster"))
    assert "Amira" not in str(refused.value)


def test_what_is_not_bytes_is_refused() -> None:
    with pytest.raises(InvalidEnvelopeError):
        envelope.read("text")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["subject", "sequence", "causationid", "traceparent", "consentref", "datacontenttype"])
def test_a_null_attribute_is_as_if_it_were_not_there(name: str) -> None:
    assert envelope.read(raw(**{name: None})).id == UUID(int=3)


@pytest.mark.parametrize("sequence", [1, "1", "0000000001"])
def test_a_sequence_is_read_as_text_or_number(sequence: Any) -> None:
    assert envelope.read(raw(sequence=sequence)).sequence == 1


def test_an_unknown_type_is_fine_and_its_data_stays_a_mapping() -> None:
    read = envelope.read(raw(type="referral.invented_later.v7", data={"anything": 1}, unknownextension="x"))
    assert read.data == {"anything": 1}
    assert not read.is_known


def test_the_bytes_that_were_read_are_kept() -> None:
    content = b"  " + raw(unknownextension="x") + b"\n"
    assert envelope.read(content).raw == content


def test_a_partner_need_not_know_our_extensions() -> None:
    names = ("actor", "correlationid", "dataclassification", "sequence", "dataschema")
    bare = {key: item for key, item in document(type="partner.accept.v1").items() if key not in names}
    bare |= {"source": "/partners/7b1d5f0e-58a9-5c54-9a3f-0c5b8d6f0a01", "data": {}, "expectedversion": 3}
    read = envelope.read(json.dumps(bare).encode())
    assert read.actor == "partner:7b1d5f0e-58a9-5c54-9a3f-0c5b8d6f0a01"
    assert (read.correlationid, read.dataclassification) == (read.id, Classification.RESTRICTED)
    assert read.expectedversion == 3


@pytest.mark.parametrize("name", ["id", "source"])
def test_a_partners_command_needs_id_and_source_all_the_same(name: str) -> None:
    bare = {key: item for key, item in document(type="partner.accept.v1", data={}).items() if key != name}
    with pytest.raises(InvalidEnvelopeError) as refused:
        envelope.read(json.dumps(bare).encode())
    assert refused.value.field == name


# --- batches --------------------------------------------------------------------------------------------------------


def test_a_batch_is_read_envelope_by_envelope() -> None:
    batch = b"[" + raw() + b"," + raw(id=str(UUID(int=9))) + b"]"
    assert [one.id for one in envelope.read_batch(batch)] == [UUID(int=3), UUID(int=9)]
    assert envelope.read_batch(b"[]") == ()


@pytest.mark.parametrize("content", [b"{}", b"[{}]", b"[1]", b"[[]]", b"[null]", b"", b"[" + raw() + b",{}]"])
def test_one_bad_envelope_refuses_the_batch(content: bytes) -> None:
    with pytest.raises(InvalidEnvelopeError):
        envelope.read_batch(content)


def test_a_batch_is_not_an_envelope() -> None:
    with pytest.raises(InvalidEnvelopeError):
        envelope.read(b"[" + raw() + b"]")


# --- whatever the bytes are -----------------------------------------------------------------------------------------

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


def answers_properly(content: bytes) -> None:
    for read in (envelope.read, envelope.read_batch):
        try:
            read(content)
        except InvalidEnvelopeError as refused:
            explained = bool(refused.field and refused.expected)
        else:
            explained = True
        assert explained


@given(st.binary(max_size=400))
def test_garbage_is_refused_and_nothing_worse(content: bytes) -> None:
    answers_properly(content)


@given(st.sampled_from([*envelope.READERS, "specversion", "datacontenttype", "data"]), JSON_VALUES)
def test_any_attribute_may_be_anything(name: str, item: Any) -> None:
    answers_properly(raw(**{name: item}))


@given(st.sampled_from(sorted(REGISTRY)), st.data())
def test_any_field_of_any_event_may_be_anything(name: str, data: st.DataObject) -> None:
    body = json.loads(written(an_event(name)).raw)
    field = data.draw(st.sampled_from(sorted(body["data"])))
    answers_properly(json.dumps({**body, "data": {**body["data"], field: data.draw(JSON_VALUES)}}).encode())


@given(st.integers(0, 800), st.binary(min_size=1, max_size=3))
def test_a_damaged_envelope_is_refused_or_still_whole(place: int, damage: bytes) -> None:
    whole = written().raw
    answers_properly(whole[:place] + damage + whole[place + len(damage) :])


# --- upcasting ------------------------------------------------------------------------------------------------------


def test_an_old_version_is_lifted_when_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def give_a_reason(data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "reason": data.pop("old_reason")}

    monkeypatch.setitem(upcasters.UPCASTERS, "referral.declined.v1", ("referral.rejected.v1", give_a_reason))
    ids = {"referral_id": str(UUID(int=1)), "organization_id": str(UUID(int=2))}
    lifted = envelope.read(raw(type="referral.declined.v1", data={**ids, "old_reason": "NOT_COMPETENT"}))
    assert (lifted.type, lifted.data) == ("referral.rejected.v1", REJECTED)
    with pytest.raises(InvalidEnvelopeError):
        envelope.read(raw(type="referral.declined.v1", data=ids))


def test_versions_are_lifted_step_by_step() -> None:
    registry: dict[str, Any] = {}
    upcasters.upcaster("a.b.v1", "a.b.v2", registry)(lambda data: {**data, "two": 2})
    upcasters.upcaster("a.b.v2", "a.b.v3", registry)(lambda data: {**data, "three": 3})
    assert upcasters.lift("a.b.v1", {"one": 1}, registry) == ("a.b.v3", {"one": 1, "two": 2, "three": 3})
    assert upcasters.lift("a.b.v9", {"one": 1}, registry) == ("a.b.v9", {"one": 1})


@pytest.mark.parametrize(("old", "new"), [("a.b.v1", "a.b.v3"), ("a.b.v2", "a.b.v2")])
def test_nothing_is_lifted_twice_or_onto_itself(old: str, new: str) -> None:
    registry: dict[str, Any] = {}
    upcasters.upcaster("a.b.v1", "a.b.v2", registry)(lambda data: data)
    with pytest.raises(ValueError, match="lifted twice"):
        upcasters.upcaster(old, new, registry)(lambda data: data)


# --- what others may rely on ----------------------------------------------------------------------------------------


def test_every_attribute_has_a_reader() -> None:
    assert set(envelope.READERS) | {"data", "raw"} == {field.name for field in fields(Envelope)}


@pytest.mark.parametrize("path", sorted((GENERATED / "examples").glob("*.json")), ids=lambda path: path.stem)
def test_every_committed_example_can_be_read(path: Any) -> None:
    read = envelope.read(path.read_bytes())
    assert read.type == path.stem
    assert replace(read, raw=b"") != read
