"""Somebody under age: who has to agree, who may say no, and the night in which she comes of age."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from contracts.codes import DraftEnd, RefusalReason, TaskKind
from contracts.referral import ConsentDraftEnded, ConsentGiven, DisclosureDecided, ReferralRevoked, TaskOpened
from services.referral.domain.workdays import PLACE
from tests.integration.referral.rig import Json, Network, recipient, to_ihk
from tests.integration.referral.scene import HWK, HWK_SERVICE, IHK_SERVICE

API = "/referral/api/v1/enquiries"
PARENT = {"signer": "custody_holder", "channel": "signed_paper", "proof": "BIRTH_CERTIFICATE"}


def drafted(network: Network, born: str, **changes: Any) -> tuple[Json, Json]:
    enquiry = network.navigator.enquire(birth_date=born)
    terms = {
        "given_by": "guardian",
        "language": "de",
        "recipients": [recipient()],
        "custody": {"holders": 2},
        **changes,
    }
    return enquiry, dict(network.navigator.post(f"{API}/{enquiry['id']}/consent-drafts", terms))


def sign(network: Network, enquiry: Json, draft: Json, **signature: Any) -> Json:
    body = {"document_id": network.navigator.scan(enquiry), **signature}
    return dict(network.navigator.post(f"{API}/{enquiry['id']}/consents/{draft['id']}/signatures", body))


def test_one_of_two_who_have_custody_is_not_enough(network: Network):
    enquiry, draft = drafted(network, "2015-06-01")

    first = sign(network, enquiry, draft, **PARENT)
    referral_id = network.navigator.draft(enquiry)["id"]
    network.navigator.act(referral_id, "prepare")
    network.scene.tick()

    assert first["state"] == "drafted"
    assert network.navigator.see(referral_id)["status"] == "awaiting_consent"
    assert network.scene.said(ConsentGiven) == []
    assert sign(network, enquiry, draft, **PARENT, language="en")["state"] == "given"


def test_at_sixteen_her_no_counts_whatever_her_parents_say(network: Network):
    enquiry, draft = drafted(network, "2009-02-01", custody={"holders": 1})
    sign(network, enquiry, draft, **PARENT)

    network.navigator.post(f"{API}/{enquiry['id']}/consents/{draft['id']}/refusals", {})

    assert network.scene.said(ConsentGiven) == []
    assert [one.reason for one in network.scene.said(ConsentDraftEnded)] == [DraftEnd.DECLINED]


def test_the_office_that_is_guardian_does_not_consent_to_itself(network: Network):
    enquiry = network.navigator.enquire(birth_date="2015-06-01")
    body = {
        "given_by": "guardian",
        "language": "de",
        "recipients": [recipient()],
        "custody": {"guardian_organization_id": str(HWK)},
    }

    answer = network.navigator.ask("POST", f"{API}/{enquiry['id']}/consent-drafts", body)

    assert (answer.status_code, answer.json["fields"]) == (  # type: ignore[index]
        422,
        {"recipients": "another-body-than-the-guardian"},
    )


def test_a_guardian_shows_the_appointment(network: Network):
    enquiry, draft = drafted(network, "2015-06-01", custody={"guardianship": True})
    path = f"{API}/{enquiry['id']}/consents/{draft['id']}/signatures"
    signature = {"signer": "guardian", "channel": "signed_paper", "document_id": network.navigator.scan(enquiry)}

    unproven = network.navigator.ask("POST", path, signature)
    given = sign(network, enquiry, draft, signer="guardian", channel="signed_paper", proof="GUARDIAN_APPOINTMENT")

    assert (unproven.status_code, set(unproven.json["fields"])) == (422, {"proof"})  # type: ignore[index]
    assert given["state"] == "given"


@pytest.mark.timeout(180)
def test_in_the_night_of_her_eighteenth_birthday_it_ends(network: Network):
    """Born on 15 January: a second before midnight in Berlin it holds; two seconds later nothing leaves."""
    enquiry, draft = drafted(network, "2009-01-15", custody={"holders": 1})
    sign(network, enquiry, draft, **PARENT)
    given = sign(network, enquiry, draft, signer="person", channel="signed_paper")
    referral_id = network.navigator.draft(enquiry)["id"]
    network.navigator.act(referral_id, "prepare")
    network.scene.tick()
    network.hwk.act(referral_id, "accept")
    assert given["valid_until"] == "2027-01-14"

    network.scene.clock.instant = datetime(2026, 12, 15, 12, tzinfo=PLACE).astimezone(UTC)
    network.scene.tick()
    network.scene.tick()
    [task] = [one for one in network.scene.said(TaskOpened) if one.kind is TaskKind.COMES_OF_AGE]
    assert str(task.consent_id) == given["id"]

    network.scene.clock.instant = datetime(2027, 1, 14, 23, 59, 59, tzinfo=PLACE).astimezone(UTC)
    assert network.hwk.try_fetch(referral_id).status_code == 200
    network.scene.clock.instant = datetime(2027, 1, 15, 0, 0, 1, tzinfo=PLACE).astimezone(UTC)
    assert network.hwk.try_fetch(referral_id).json["slug"] == "consent.expired"  # type: ignore[index]
    assert network.scene.said(ReferralRevoked) == []


def consented(network: Network, born: str) -> tuple[Json, str]:
    """A guardian consented for her, and her referral has left; returns it with her enquiry."""
    enquiry, draft = drafted(network, born, custody={"holders": 1})
    assert sign(network, enquiry, draft, **PARENT)["state"] == "given"
    referral_id = str(network.navigator.draft(enquiry)["id"])
    network.navigator.act(referral_id, "prepare")
    network.scene.tick()
    assert network.navigator.see(referral_id)["status"] == "requested"
    return enquiry, referral_id


def rectify_birth_date(network: Network, enquiry: Json, born: str) -> list[Json]:
    network.navigator.post(f"{API}/{enquiry['id']}/rectifications", {"person": {"birth_date": born}})
    return list(network.navigator.get(f"{API}/{enquiry['id']}")["consents"])


@pytest.mark.parametrize("fetched", [False, True], ids=["waiting", "fetched"])
def test_when_it_turns_out_she_is_of_age_her_guardians_consent_carries_nothing_more(network: Network, *, fetched: bool):
    enquiry, referral_id = consented(network, "2015-06-01")
    if fetched:
        network.hwk.fetch(referral_id)

    versions = rectify_birth_date(network, enquiry, "2005-06-01")

    assert {(one["version"], one["state"], one["valid_until"]) for one in versions} == {
        (1, "superseded", "2027-05-23"),
        (2, "expired", "2023-05-31"),
    }
    assert network.navigator.see(referral_id)["status"] == "cancelled"
    assert network.hwk.try_fetch(referral_id).status_code == 409
    again = str(network.navigator.draft(enquiry)["id"])
    network.navigator.act(again, "prepare")
    network.scene.tick()
    assert network.navigator.see(again)["status"] == "awaiting_consent"
    assert [one.consent_version for one in network.scene.said(ConsentGiven)] == [1, 2]


@pytest.mark.timeout(180)
def test_when_she_is_older_than_was_written_it_ends_with_her_true_eighteenth_birthday(network: Network):
    enquiry, referral_id = consented(network, "2015-06-01")
    network.hwk.act(referral_id, "accept")

    versions = rectify_birth_date(network, enquiry, "2009-01-15")

    assert [one["valid_until"] for one in versions if one["state"] == "given"] == ["2027-01-14"]
    assert network.hwk.try_fetch(referral_id).status_code == 200
    network.scene.clock.instant = datetime(2027, 1, 15, 0, 0, 1, tzinfo=PLACE).astimezone(UTC)
    assert network.hwk.try_fetch(referral_id).json["slug"] == "consent.expired"  # type: ignore[index]


@pytest.mark.parametrize("fetched", [False, True], ids=["waiting", "fetched"])
@pytest.mark.parametrize("given_by", ["self", "representative"])
def test_when_it_turns_out_she_is_under_age_what_she_alone_consented_to_carries_nothing_more(
    network: Network, given_by: str, *, fetched: bool
):
    enquiry, draft = drafted(network, "1990-06-01", given_by=given_by, custody=None)
    capacity: Json = (
        {"signer": "person"} if given_by == "self" else {"signer": "representative", "proof": "POWER_OF_ATTORNEY"}
    )
    assert sign(network, enquiry, draft, channel="signed_paper", **capacity)["state"] == "given"
    referral_id = str(network.navigator.draft(enquiry)["id"])
    network.navigator.act(referral_id, "prepare")
    network.scene.tick()
    if fetched:
        network.hwk.fetch(referral_id)

    versions = rectify_birth_date(network, enquiry, "2012-06-01")

    assert {(one["version"], one["state"]) for one in versions} == {(1, "superseded"), (2, "expired")}
    assert network.navigator.see(referral_id)["status"] == "cancelled"
    assert network.hwk.try_fetch(referral_id).status_code == 409
    again = str(network.navigator.draft(enquiry)["id"])
    network.navigator.act(again, "prepare")
    network.scene.tick()
    assert network.navigator.see(again)["status"] == "awaiting_consent"
    [refused] = [one for one in network.scene.said(DisclosureDecided) if str(one.referral_id) == again]
    assert refused.refusal is RefusalReason.EXPIRED


@pytest.mark.parametrize("is_known", [True, False], ids=["another", "none"])
def test_a_birth_date_told_as_an_answer_ends_what_a_child_alone_consented_to(network: Network, *, is_known: bool):
    """Everywhere, at the body that asked as well as at another; and whoever has the wrong one deletes it."""
    enquiry = network.navigator.enquire(birth_date="1990-06-01")
    if not is_known:
        network.navigator.post(f"{API}/{enquiry['id']}/rectifications", {"remove": ["birth_date"]})
    network.navigator.consent(enquiry, recipient(), to_ihk())
    asked, fetched = sent(network, enquiry, HWK_SERVICE), sent(network, enquiry, IHK_SERVICE)
    network.ihk.fetch(fetched)
    network.hwk.act(asked, "ask", {"question": "OTHER"})

    answered = network.navigator.act(asked, "answer", {"person": {"birth_date": "2012-06-01"}})

    versions = network.navigator.get(f"{API}/{enquiry['id']}")["consents"]
    assert {(one["version"], one["state"]) for one in versions} == {(1, "superseded"), (2, "expired")}
    assert (answered["status"], network.navigator.see(fetched)["status"]) == ("cancelled", "cancelled")
    assert network.hwk.try_fetch(asked).status_code == 409
    assert {one["duty"] for one in network.ihk.see(fetched)["duties"]} == {"acknowledge_stop", "state_deletion"}


def sent(network: Network, enquiry: Json, service_id: UUID) -> str:
    referral_id = str(network.navigator.draft(enquiry, service_id)["id"])
    network.navigator.act(referral_id, "prepare", {"duplicates_acknowledged": True})
    network.scene.tick()
    return referral_id


def test_a_form_printed_for_an_adult_is_not_signed_by_a_child(network: Network):
    enquiry, draft = drafted(network, "1990-06-01", given_by="self", custody=None)
    rectify_birth_date(network, enquiry, "2012-06-01")
    body = {"signer": "person", "channel": "signed_paper", "document_id": network.navigator.scan(enquiry)}

    answer = network.navigator.ask("POST", f"{API}/{enquiry['id']}/consents/{draft['id']}/signatures", body)

    assert (answer.status_code, answer.json["fields"]) == (422, {"given_by": "guardian-for-somebody-under-age"})  # type: ignore[index]
    assert network.scene.said(ConsentGiven) == []


def test_a_later_birth_date_stretches_no_consent(network: Network):
    enquiry, _ = consented(network, "2015-06-01")

    versions = rectify_birth_date(network, enquiry, "2016-06-01")

    assert [(one["version"], one["state"]) for one in versions] == [(1, "given")]
