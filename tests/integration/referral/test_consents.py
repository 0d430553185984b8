"""Consents as they are taken down: word of mouth, custody, versions, and what a mistake sets off."""

import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.codes import ConsentChannel, DocumentKind, DraftEnd, TaskKind
from contracts.referral import (
    ConsentDraftEnded,
    ConsentGiven,
    ConsentSigned,
    ConsentWithdrawn,
    DutyOpened,
    ReferralEnteredInError,
)
from services.chassis.errors import InvalidError
from services.referral.store import documents, drafts, persons
from tests.integration.referral.rig import Json, Network, recipient, to_ihk
from tests.integration.referral.scene import HWK, IHK, NOW
from tests.unit.referral.papers import a_pdf

TODAY = NOW.date()
SPOKEN = {"channel": "verbal_witnessed", "witness": "interpreter", "interpreter_name": "Samir Muster"}
NARROW = ["IDENTITY", "CONTACT", "LANGUAGE"]


def post(network: Network, enquiry: Json, path: str, body: Json) -> Any:
    return network.navigator.ask("POST", f"/referral/api/v1/enquiries/{enquiry['id']}/{path}", body)


def test_word_of_mouth_carries_a_little_for_five_working_days(network: Network):
    enquiry = network.navigator.enquire()
    consent = network.navigator.consent(enquiry, recipient(categories=NARROW), **SPOKEN)
    assert consent["lapses_on"] == (TODAY + timedelta(days=7)).isoformat()

    referral_id = network.navigator.draft(enquiry)["id"]
    network.navigator.act(referral_id, "prepare")
    network.scene.tick()

    assert set(network.hwk.fetch(referral_id)["person"]) <= {
        "given_name",
        "family_name",
        "birth_date",
        "email",
        "postal_code",
        "languages",
    }
    network.scene.clock.instant += timedelta(days=8)
    assert network.hwk.try_fetch(referral_id).json["slug"] == "consent.expired"


def test_confirmed_in_writing_it_lapses_no_more(network: Network):
    enquiry = network.navigator.enquire()
    consent = network.navigator.consent(enquiry, recipient(categories=NARROW), **SPOKEN)
    path = f"consents/{consent['id']}/confirmations"

    signed = {"document_id": network.navigator.scan(enquiry)}

    confirmed = post(network, enquiry, path, signed)
    again = post(network, enquiry, path, signed)

    assert (confirmed.status_code, confirmed.json["version"], confirmed.json["lapses_on"]) == (201, 2, None)
    assert (again.status_code, again.json["slug"]) == (409, "consent.nothing-to-confirm")
    versions = network.navigator.get(f"/referral/api/v1/enquiries/{enquiry['id']}")["consents"]
    assert {(one["version"], one["state"]) for one in versions} == {(1, "superseded"), (2, "given")}


def test_after_the_fifth_working_day_there_is_nothing_left_to_confirm(network: Network):
    enquiry = network.navigator.enquire()
    consent = network.navigator.consent(enquiry, recipient(categories=NARROW), **SPOKEN)
    network.scene.clock.instant += timedelta(days=8)

    late = post(
        network, enquiry, f"consents/{consent['id']}/confirmations", {"document_id": network.navigator.scan(enquiry)}
    )

    assert (late.status_code, late.json["slug"]) == (422, "consent.lapsed")


def test_the_form_that_lay_ready_ends_with_what_was_said(network: Network):
    enquiry = network.navigator.enquire()
    consent = network.navigator.consent(enquiry, recipient(categories=NARROW), **SPOKEN)
    signature = {"signer": "person", "channel": "signed_paper", "document_id": network.navigator.scan(enquiry)}
    path = f"consents/{consent['id']}/signatures"
    network.scene.clock.instant += timedelta(days=8)

    late = post(network, enquiry, path, signature)
    network.scene.tick()
    later = post(network, enquiry, path, signature)

    assert (late.status_code, late.json["slug"]) == (422, "consent.lapsed")
    assert (later.status_code, later.json["slug"]) == (404, "consent.not-drafted")
    assert [one.reason for one in network.scene.said(ConsentDraftEnded)] == [DraftEnd.LAPSED]
    assert len(network.scene.said(ConsentGiven)) == 1
    assert network.navigator.get("/referral/api/v1/tasks")["tasks"] == []


def test_a_form_prepared_after_what_was_said_had_lapsed_is_a_consent_like_any_other(network: Network):
    enquiry = network.navigator.enquire()
    said = network.navigator.consent(enquiry, recipient(categories=NARROW), **SPOKEN)
    network.scene.clock.instant += timedelta(days=8)
    network.scene.tick()
    terms = {"given_by": "self", "language": "de", "recipients": [recipient()], "follows": said["id"]}
    anew = post(network, enquiry, "consent-drafts", terms).json
    network.scene.tick()
    signature = {"signer": "person", "channel": "signed_paper", "document_id": network.navigator.scan(enquiry)}

    given = post(network, enquiry, f"consents/{anew['id']}/signatures", signature)

    assert (given.status_code, given.json["state"], given.json["lapses_on"]) == (201, "given", None)


def test_a_next_version_may_be_prepared_anew(network: Network):
    enquiry = network.navigator.enquire()
    consent = network.navigator.consent(enquiry, recipient(categories=NARROW))
    terms = {"given_by": "self", "language": "de", "recipients": [recipient()], "follows": consent["id"]}

    first, second = (post(network, enquiry, "consent-drafts", terms).json for _ in range(2))

    assert (first["version"], second["version"]) == (2, 2)
    assert first["code"] != second["code"]
    assert [one.reason for one in network.scene.said(ConsentDraftEnded)] == [DraftEnd.REPLACED]


def spoken_body(**changes: Any) -> Json:
    return {
        "given_by": "self",
        "language": "de",
        "recipients": [recipient(categories=NARROW)],
        "channel": "verbal_witnessed",
        **changes,
    }


def test_the_navigator_is_not_her_own_witness(network: Network):
    enquiry = network.navigator.enquire()
    said = post(network, enquiry, "consents", spoken_body(witness="staff"))

    own = post(network, enquiry, f"consents/{said.json['id']}/witnesses", {})

    assert (said.json["state"], own.status_code, set(own.json["fields"])) == ("drafted", 422, {"witnessed_by"})
    assert network.scene.said(ConsentGiven) == []


def test_an_interpreter_who_heard_it_is_named_and_her_name_lies_sealed(network: Network):
    enquiry = network.navigator.enquire()

    nameless = post(network, enquiry, "consents", spoken_body(witness="interpreter"))
    given = post(network, enquiry, "consents", spoken_body(witness="interpreter", interpreter_name="Samir Muster"))

    assert (nameless.status_code, set(nameless.json["fields"])) == (422, {"interpreter_name"})
    assert given.json["state"] == "given"
    with network.scene.db.read() as connection:
        key = persons.key_of(connection, network.scene.keys.vault, UUID(enquiry["person_id"]))
        assert drafts.remembered(connection, key, UUID(given.json["id"]), 1) == {"interpreter": "Samir Muster"}
    [consent] = network.scene.rows("SELECT * FROM consents")
    assert consent["witnessed_by"] == "interpreter" and "Samir" not in str(consent)


def test_nobody_at_a_desk_agrees_online_for_her(network: Network):
    enquiry = network.navigator.enquire()
    terms = {"given_by": "self", "language": "de", "recipients": [recipient()]}
    drafted = network.navigator.post(f"/referral/api/v1/enquiries/{enquiry['id']}/consent-drafts", terms)

    at_once = post(network, enquiry, "consents", {**terms, "channel": "online"})
    signed = post(network, enquiry, f"consents/{drafted['id']}/signatures", {"signer": "person", "channel": "online"})

    assert [(one.status_code, "channel" in str(one.json["fields"])) for one in (at_once, signed)] == [(422, True)] * 2
    with pytest.raises(InvalidError) as refused:
        network.scene.consent(network.scene.an_enquiry(), channel=ConsentChannel.ONLINE)
    assert refused.value.fields == {"channel": "online-only-by-her-own-link"}
    assert network.scene.said(ConsentGiven, ConsentSigned) == []


def papers_that_prove_nothing(network: Network, enquiry: Json) -> dict[str, str]:
    """Ids that could be named as a signed form and are none of hers."""
    scene, other = network.scene, network.navigator.enquire()
    with scene.unit.work(actor="staff:x") as work:
        certificate = documents.keep(
            work,
            scene.keys.vault,
            UUID(enquiry["person_id"]),
            enquiry_id=UUID(enquiry["id"]),
            kind=DocumentKind.CERTIFICATE,
            content=a_pdf(),
            media_type="application/pdf",
        )
    return {"another's": network.navigator.scan(other), "a certificate": str(certificate), "none": str(uuid4())}


def test_a_paper_that_is_not_her_signed_form_proves_no_consent(network: Network):
    enquiry = network.navigator.enquire()
    for document_id in papers_that_prove_nothing(network, enquiry).values():
        body = {"given_by": "self", "channel": "signed_paper", "language": "de", "recipients": [recipient()]}
        answer = post(network, enquiry, "consents", {**body, "document_id": document_id})
        assert (answer.status_code, set(answer.json["fields"])) == (422, {"document_id"})
    assert network.scene.said(ConsentGiven) == []


def test_by_word_of_mouth_one_speaks_for_oneself_alone_and_releases_nobody_from_secrecy(network: Network):
    """What is read out speaks to her of her own name, contact and language."""
    enquiry = network.navigator.enquire(birth_date="2015-02-01")
    told = recipient(categories=["IDENTITY", "CONTACT", "LANGUAGE"])
    heard = {"channel": "verbal_witnessed", "witness": "interpreter", "interpreter_name": "Samir Muster"}
    spoken = {**heard, "language": "de", "recipients": [told]}
    parent = {"given_by": "guardian", "custody": {"holders": 1}, "proof": "BIRTH_CERTIFICATE"}
    refused = post(network, enquiry, "consents", {**spoken, **parent})
    assert (refused.status_code, refused.json["fields"]) == (422, {"channel": "in-writing-where-others-decide"})
    adult = network.navigator.enquire()
    refused = post(network, adult, "consents", {**spoken, "given_by": "self", "secrecy_release": True})
    assert (refused.status_code, refused.json["fields"]) == (422, {"secrecy_release": "in-writing-only"})
    assert network.scene.said(ConsentGiven) == []
    assert post(network, adult, "consents", {**spoken, "given_by": "self"}).status_code == 201


def test_a_form_that_shows_a_consent_shows_no_second_one(network: Network):
    enquiry = network.navigator.enquire()
    signed = network.navigator.scan(enquiry)
    first = network.navigator.consent(enquiry, document_id=signed)
    more = {"given_by": "self", "channel": "signed_paper", "language": "de", "recipients": [to_ihk()]}
    for changes in ({}, {"follows": first["id"]}):
        answer = post(network, enquiry, "consents", {**more, **changes, "document_id": signed})
        assert (answer.status_code, answer.json["fields"]) == (422, {"document_id": "a-form-not-used-before"})
    assert len(network.scene.said(ConsentGiven)) == 1


def test_the_record_names_the_hash_of_the_scan_that_lies_sealed(network: Network):
    enquiry = network.navigator.enquire()
    given = network.navigator.consent(enquiry)
    [signature] = given["signatures"]
    [paper] = network.scene.rows("SELECT id, sealed, evidence_sha256 FROM documents")
    with network.scene.db.read() as connection:
        scan = documents.open_one(connection, network.scene.keys.vault, paper["id"]).content
    assert signature["evidence_sha256"] == hashlib.sha256(scan).hexdigest() == paper["evidence_sha256"]
    assert scan not in bytes(paper["sealed"])


def test_for_a_young_person_everybody_with_custody_signs_and_she_does_too(network: Network):
    enquiry = network.navigator.enquire(birth_date="2009-02-01")
    terms = {"given_by": "guardian", "language": "de", "recipients": [recipient()], "custody": {"holders": 2}}
    drafted = network.navigator.post(f"/referral/api/v1/enquiries/{enquiry['id']}/consent-drafts", terms)
    signatures = f"consents/{drafted['id']}/signatures"
    paper = {"channel": "signed_paper", "document_id": network.navigator.scan(enquiry)}
    parent = {**paper, "signer": "custody_holder", "proof": "BIRTH_CERTIFICATE"}

    states = [post(network, enquiry, signatures, parent).json["state"] for _ in range(2)]
    given = post(network, enquiry, signatures, {**paper, "signer": "person"})

    assert states == ["drafted", "drafted"]
    assert (given.json["state"], given.json["valid_until"]) == ("given", "2027-01-31")
    assert [one["signer"] for one in given.json["signatures"]] == ["custody_holder", "custody_holder", "person"]
    assert [told.missing for told in network.scene.said(ConsentSigned)] == [2, 1, 0]
    assert len(network.scene.said(ConsentGiven)) == 1


def test_a_withdrawn_consent_cannot_be_withdrawn_again(network: Network):
    enquiry = network.navigator.enquire()
    consent = network.navigator.consent(enquiry)
    path = f"consents/{consent['id']}/withdrawals"

    first = post(network, enquiry, path, {"channel": "online"})
    second = post(network, enquiry, path, {"channel": "online"})

    assert (first.status_code, second.status_code, second.json["slug"]) == (201, 409, "consent.withdrawn")
    [withdrawn] = network.scene.said(ConsentWithdrawn)
    assert withdrawn.organization_id is None


def test_only_a_recipient_can_be_taken_out(network: Network):
    enquiry = network.navigator.enquire()
    consent = network.navigator.consent(enquiry)

    answer = post(
        network, enquiry, f"consents/{consent['id']}/withdrawals", {"channel": "online", "organization_id": str(IHK)}
    )

    assert (answer.status_code, set(answer.json["fields"])) == (422, {"organization_id"})


def test_a_consent_is_told_with_its_text_and_its_recipients(network: Network):
    enquiry = network.navigator.enquire()
    shown = network.navigator.consent(enquiry, recipient(), to_ihk())

    [told] = network.scene.said(ConsentGiven)

    assert (told.text_id, told.text_sha256, told.language) == (shown["text_id"], shown["text_sha256"], "ar")
    assert {one.organization_id for one in told.recipients} == {HWK, IHK}


def test_another_enquirys_consent_is_unknown_here(network: Network):
    consent = network.navigator.consent(network.navigator.enquire())
    other = network.navigator.enquire()

    answer = post(network, other, f"consents/{consent['id']}/withdrawals", {"channel": "online"})

    assert (answer.status_code, answer.json["slug"]) == (404, "consent.unknown")


def test_a_mistake_that_reached_the_partner_starts_the_breach_clock(network: Network):
    referral_id = network.requested()
    network.hwk.fetch(referral_id)
    aware = (NOW - timedelta(hours=2)).isoformat().replace("+00:00", "Z")

    network.navigator.act(referral_id, "mark_entered_in_error", {"became_aware_at": aware})

    [marked] = network.scene.said(ReferralEnteredInError)
    assert (marked.breach_check, marked.became_aware_at) == (True, NOW - timedelta(hours=2))
    assert len(network.scene.said(DutyOpened)) == 2
    [task] = network.staff(sub="lena", roles=["lead"]).get("/referral/api/v1/tasks")["tasks"]
    assert (task["kind"], task["role"]) == (TaskKind.BREACH_CHECK, "lead")


def test_a_mistake_nobody_saw_is_no_breach(network: Network):
    drafted = network.navigator.draft(network.navigator.enquire())["id"]

    network.navigator.act(drafted, "mark_entered_in_error")

    [marked] = network.scene.said(ReferralEnteredInError)
    assert not marked.breach_check
    assert network.navigator.get("/referral/api/v1/tasks")["tasks"] == []


def test_a_sheet_is_printed_only_for_partners_without_a_channel(network: Network):
    referral_id = network.requested()

    answer = network.navigator.ask("POST", f"/referral/api/v1/referrals/{referral_id}/prints", {})

    assert (answer.status_code, answer.json["slug"]) == (409, "dossier.partner-has-a-channel")


def test_words_that_came_by_telephone_lie_under_the_persons_key(network: Network):
    referral_id = network.requested()
    body = {"action": "reject", "way": "phone", "told_on": TODAY.isoformat(), "reason": "OTHER"}
    path = f"/referral/api/v1/referrals/{referral_id}/records"

    assert network.navigator.ask("POST", path, body).status_code == 422
    network.navigator.post(path, {**body, "comment": "Ben Salah war schon da", "unit": "BERATUNG-2"})

    assert network.navigator.see(referral_id)["status"] == "rejected"
    [kept] = network.scene.rows("SELECT sealed, action FROM comments")
    assert b"Ben Salah" not in bytes(kept["sealed"])
    [record] = network.scene.rows("SELECT action, way, unit FROM hand_records")
    assert record == {"action": "reject", "way": "phone", "unit": "BERATUNG-2"}


def test_a_detail_that_does_not_belong_to_the_action_is_named(network: Network):
    referral_id = network.requested()
    body = {"action": "receive", "way": "letter", "told_on": TODAY.isoformat(), "outcome": "ADVICE_GIVEN"}

    answer = network.navigator.ask("POST", f"/referral/api/v1/referrals/{referral_id}/records", body)

    assert (answer.status_code, answer.json["fields"]) == (422, {"outcome": "no-detail-of-this-action"})


def test_an_operator_finds_a_referral_by_its_reference_in_codes_alone(network: Network):
    referral_id = network.requested()
    operator = network.staff(sub="ole", roles=["operations"], site=None, employer=None)
    reference = network.navigator.see(referral_id)["reference"]

    found = operator.get(f"/referral/operator/referrals/{reference}")

    assert (found["id"], found["status"]) == (referral_id, "requested")
    assert [one["kind"] for one in found["deadlines"]] == ["remind_first", "remind_second", "expire"]
    assert "Ben Salah" not in str(found)
    assert operator.ask("GET", "/referral/operator/referrals/R-26-NOBODY").status_code == 404


@pytest.mark.parametrize(("counts", "mode"), [(True, "demo"), (False, "production")])
def test_operations_are_told_whether_made_up_persons_may_be_sent_here(
    network: Network, monkeypatch: pytest.MonkeyPatch, counts: bool, mode: str
):
    """What a certification asks before it sends anything; nobody but operations may ask."""
    operator = network.staff(sub="ole", roles=["operations"], site=None, employer=None)
    monkeypatch.setattr(network.scene.texts, "samples_count", counts)
    assert operator.get("/referral/operator/mode") == {"mode": mode}
    assert network.navigator.ask("GET", "/referral/operator/mode").status_code == 403
