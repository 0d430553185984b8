"""The type rule: an event carries ids, codes, numbers, dates and public texts, or it does not come to be."""

from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.codes import Classification, Topic, Urgency
from contracts.event import (
    REGISTRY,
    Code,
    ForbiddenTypeError,
    JsonDocument,
    LanguageTag,
    OfficialKey,
    PublicContact,
    PublicJwk,
    PublicText,
    PublicUrl,
    Reference,
    Slug,
    event,
    from_dict,
    spec_of,
    subject_of,
    to_dict,
    type_of,
    value,
)
from contracts.fields import FrozenDocument, SealedText, kind_of
from contracts.referral import ReferralResumed

FORBIDDEN = [
    str,
    dict,
    dict[str, str],
    float,
    Any,
    object,
    bytes,
    list[UUID],
    set[UUID],
    tuple[str, ...],
    tuple[UUID, UUID],
    tuple[UUID],
    str | None,
    UUID | int,
    UUID | int | None,
    dict[str, Any] | None,
    FrozenDocument,
    complex,
    type,
]
PUBLIC_ONLY = [
    PublicText,
    PublicContact,
    PublicJwk,
    JsonDocument,
    PublicText | None,
    tuple[PublicContact, ...],
]


@pytest.mark.parametrize("annotation", FORBIDDEN, ids=str)
def test_a_field_that_could_carry_free_text_is_refused_when_the_class_is_made(
    annotation: Any, registry: dict[str, type]
) -> None:
    planted = type("Planted", (), {"__annotations__": {"referral_id": UUID, "note": annotation}})
    with pytest.raises(ForbiddenTypeError, match=r"Planted\.note"):
        event("referral.planted.v1", subject=("referral", "referral_id"), registry=registry)(planted)
    assert registry == {}


@pytest.mark.parametrize("annotation", PUBLIC_ONLY, ids=str)
@pytest.mark.parametrize("classification", [Classification.INTERNAL, Classification.RESTRICTED])
def test_a_public_text_may_only_stand_in_a_public_event(
    annotation: Any, classification: Classification, registry: dict[str, type]
) -> None:
    planted = type("Planted", (), {"__annotations__": {"referral_id": UUID, "name": annotation}})
    decorate = event(
        "referral.planted.v1",
        subject=("referral", "referral_id"),
        classification=classification,
        registry=registry,
    )
    with pytest.raises(ForbiddenTypeError, match="public"):
        decorate(planted)


def test_a_public_text_cannot_hide_in_a_nested_value(registry: dict[str, type]) -> None:
    @value
    class Nested:
        name: PublicText

    def planted() -> type:
        return type("Planted", (), {"__annotations__": {"referral_id": UUID, "nested": Nested | None}})

    with pytest.raises(ForbiddenTypeError, match="public"):
        event("referral.planted.v1", subject=("referral", "referral_id"), registry=registry)(planted())
    event(
        "directory.planted.v1",
        subject=("referral", "referral_id"),
        classification=Classification.PUBLIC,
        registry=registry,
    )(planted())
    assert list(registry) == ["directory.planted.v1"]


def test_a_nested_value_obeys_the_same_rule() -> None:
    with pytest.raises(ForbiddenTypeError, match=r"Nested\.note"):
        value(type("Nested", (), {"__annotations__": {"note": str}}))


@pytest.mark.parametrize(
    "name", ["Referral.Rejected.v1", "referral.rejected", "rejected.v1", "referral.rejected.v0", ""]
)
def test_a_type_is_named_service_what_happened_version(name: str) -> None:
    with pytest.raises(ValueError, match="does not look like"):
        event(name, subject=("referral", "referral_id"))


def test_a_type_is_published_once(registry: dict[str, type]) -> None:
    planted = {"__annotations__": {"referral_id": UUID}}
    event("referral.planted.v1", subject=("referral", "referral_id"), registry=registry)(type("A", (), planted))
    with pytest.raises(ValueError, match="published twice"):
        event("referral.planted.v1", subject=("referral", "referral_id"), registry=registry)(type("B", (), planted))


def test_an_event_has_a_subject(registry: dict[str, type]) -> None:
    planted = type("Planted", (), {"__annotations__": {"referral_id": UUID}})
    with pytest.raises(ValueError, match="to be its subject"):
        event("referral.planted.v1", subject=("person", "person_id"), registry=registry)(planted)


GOOD: list[tuple[Any, Any]] = [
    (UUID, uuid4()),
    (int, 3),
    (bool, True),
    (date, date(2026, 11, 23)),
    (datetime, datetime(2026, 11, 23, tzinfo=UTC)),
    (Topic, Topic.SPRACHE),
    (Code, "sha256:ab"),
    (Slug, "consent.back-level"),
    (Reference, "R-26-4F7KQ"),
    (LanguageTag, "zh-Hant"),
    (OfficialKey, "05334"),
    (PublicUrl, "https://hwk.example/"),
    (PublicContact, "info@hwk.example"),
    (PublicText, PublicText({"de": "Handwerkskammer"})),
    (PublicJwk, PublicJwk({"kty": "OKP", "x": "abc"})),
    (JsonDocument, JsonDocument({"all": [{"fact": "age"}]})),
    (SealedText, "aaa.bb.cc.dd.ee"),
    (tuple[Topic, ...], (Topic.SPRACHE, Topic.ARBEIT)),
]
BAD: list[tuple[Any, Any]] = [
    (UUID, "0b6f0d3e-5f0c-4c7e-9a53-5c1f5a3d2b10"),
    (UUID, None),
    (int, True),
    (int, "3"),
    (int, 3.0),
    (bool, 1),
    (date, datetime(2026, 11, 23, tzinfo=UTC)),
    (date, "2026-11-23"),
    (datetime, datetime(2026, 11, 23)),  # noqa: DTZ001 - naive on purpose
    (datetime, datetime(2026, 11, 23, tzinfo=timezone(timedelta(hours=1)))),
    (Topic, "SPRACHE"),
    (Topic, Urgency.LOW),
    (Code, "Frau Müller"),
    (Code, "a b"),
    (Code, "abc\n"),
    (Code, ""),
    (Slug, "Not A Slug"),
    (Reference, "26-1"),
    (LanguageTag, "deutsch sprechend"),
    (OfficialKey, "05334x"),
    (PublicUrl, "javascript:alert(1)"),
    (PublicContact, "two\nlines"),
    (PublicText, {"de": "plain"}),
    (PublicJwk, PublicText({"de": "x"})),
    (JsonDocument, {}),
    (SealedText, "plain words"),
    (tuple[Topic, ...], [Topic.SPRACHE]),
    (tuple[Topic, ...], ("SPRACHE",)),
]


def an_event_class(annotation: Any, registry: dict[str, type]) -> Any:
    planted = type("Planted", (), {"__annotations__": {"import_id": UUID, "field": annotation}})
    return event(
        "directory.planted.v1",
        subject=("import", "import_id"),
        classification=Classification.PUBLIC,
        registry=registry,
    )(planted)


@pytest.mark.parametrize(("annotation", "item"), GOOD)
def test_what_is_allowed_survives_the_way_through_json(annotation: Any, item: Any, registry: dict[str, type]) -> None:
    made = an_event_class(annotation, registry)
    original = made(import_id=uuid4(), field=item)
    assert spec_of(made).schema.load(to_dict(original)) == original


@pytest.mark.parametrize(("annotation", "item"), BAD)
def test_an_event_with_a_wrong_value_never_comes_to_be(annotation: Any, item: Any, registry: dict[str, type]) -> None:
    made = an_event_class(annotation, registry)
    with pytest.raises(TypeError, match=r"Planted\.field") as refused:
        made(import_id=uuid4(), field=item)
    assert "Müller" not in str(refused.value)


def test_an_optional_field_is_left_out_of_json_and_comes_back_as_none(registry: dict[str, type]) -> None:
    made = an_event_class(Topic | None, registry)
    original = made(import_id=uuid4(), field=None)
    assert set(to_dict(original)) == {"import_id"}
    assert spec_of(made).schema.load(to_dict(original)) == original


def test_a_field_with_a_default_may_be_left_out() -> None:
    raw = to_dict(
        REGISTRY["referral.command_refused.v1"](
            refusal_id=uuid4(), referral_id=None, organization_id=None, slug=Slug("a.b"), action=None, count=2
        )
    )
    del raw["count"]
    assert from_dict("referral.command_refused.v1", raw).count == 1


def test_what_a_newer_version_says_more_is_left_out() -> None:
    ids = {"referral_id": str(uuid4()), "organization_id": str(uuid4())}
    known = from_dict("referral.resumed.v1", ids)
    assert from_dict("referral.resumed.v1", {**ids, "later_invention": 1}) == known


def test_an_event_is_frozen_and_knows_its_name_and_subject() -> None:
    referral_id = uuid4()
    resumed = ReferralResumed(referral_id=referral_id, organization_id=uuid4())
    with pytest.raises(FrozenInstanceError):
        resumed.referral_id = uuid4()  # type: ignore[misc]
    assert (type_of(resumed), subject_of(resumed)) == ("referral.resumed.v1", f"referral/{referral_id}")
    assert spec_of(resumed).service == "referral"


def test_no_event_of_the_network_but_the_public_ones_holds_a_public_text() -> None:
    public = {name for name, cls in REGISTRY.items() if any(kind.public_only for kind in spec_of(cls).kinds.values())}
    assert public == {"directory.organization_published.v1", "directory.service_published.v1"}


def test_documents_are_immutable_comparable_and_give_plain_copies() -> None:
    document = JsonDocument({"all": [{"fact": "age", "at_least": 12}], "nested": FrozenDocument({"a": 1})})
    assert document["all"][0]["fact"] == "age"
    assert document == JsonDocument(document.as_dict())
    assert hash(document) == hash(JsonDocument(document.as_dict()))
    assert len(document) == 2
    assert repr(document).startswith("JsonDocument({")
    with pytest.raises(TypeError):
        document["all"] = ()  # type: ignore[index]
    document.as_dict()["all"].append(1)
    assert len(document["all"]) == 1


@pytest.mark.parametrize("content", [{"kty": "RSA", "d": "secret"}, {"kty": "oct", "k": "secret"}, {"x": "abc"}])
def test_a_private_key_is_no_public_jwk(content: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="public JWK"):
        PublicJwk(content)


@pytest.mark.parametrize("content", [{"de": 1}, {"not a tag": "x"}])
def test_a_public_text_maps_tags_to_texts(content: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="language tags"):
        PublicText(content)


def test_a_literal_is_no_annotation() -> None:
    with pytest.raises(ForbiddenTypeError):
        kind_of("UUID")
