"""What partners may answer: closed bodies, no text but sealed text."""

import json
from typing import Any
from uuid import UUID

import pytest
from marshmallow import ValidationError

from contracts import envelope
from contracts.codes import Action, Outcome
from contracts.describe.examples import all_examples
from contracts.envelope import InvalidEnvelopeError
from contracts.partner.actions import ACTIONS, BODIES, Complete, fields_of, read_body, type_of_action, write_body
from contracts.partner.messages import command_of

SEALED = "aaaa.bbbb.cccc.dddd.eeee"
GOOD: list[tuple[Action, dict[str, Any]]] = [
    (Action.RECEIVE, {}),
    (Action.ASK, {"question": "OTHER", "sealed_comment": SEALED}),
    (Action.ACCEPT, {"contact_by": "2026-12-01"}),
    (Action.ACCEPT, {}),
    (Action.WAITLIST, {"estimated_on": None}),
    (Action.REJECT, {"reason": "NOT_COMPETENT", "better_service_id": str(UUID(int=1))}),
    (Action.START, {"first_contact_on": "2026-11-23"}),
    (Action.PAUSE, {"reason": "VISA"}),
    (Action.RESUME, {}),
    (Action.COMPLETE, {"outcome": "GOAL_REACHED", "obstacles": ["COST"]}),
    (Action.END, {"reason": "PERSON_MOVED"}),
    (Action.ACKNOWLEDGE_STOP, {}),
    (Action.STATE_DELETION, {"deletion": "retained", "ground": "LEGAL_CLAIM"}),
    (Action.DISPUTE, {}),
]
BAD: list[tuple[Action, dict[str, Any], str]] = [
    (Action.ASK, {}, "question"),
    (Action.ASK, {"question": "OTHER", "comment": "in the clear"}, "comment"),
    (Action.ASK, {"question": "OTHER", "sealed_comment": "in the clear"}, "sealed_comment"),
    (Action.ACCEPT, {"contact_by": "soon"}, "contact_by"),
    (Action.REJECT, {"reason": "BECAUSE"}, "reason"),
    (Action.REJECT, {"reason": "OTHER", "better_service_id": "HWK"}, "better_service_id"),
    (Action.START, {}, "first_contact_on"),
    (Action.COMPLETE, {"outcome": "GOAL_REACHED", "obstacles": "COST"}, "obstacles"),
    (Action.RECEIVE, {"note": "thanks"}, "note"),
]


@pytest.mark.parametrize(("action", "data"), GOOD)
def test_a_body_is_read_and_written(action: Action, data: dict[str, Any]) -> None:
    body = read_body(action, data)
    assert isinstance(body, BODIES[action])
    assert read_body(action, write_body(body)) == body


@pytest.mark.parametrize(("action", "data", "field"), BAD)
def test_a_wrong_body_is_refused_by_field(action: Action, data: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        read_body(action, data)
    assert field in refused.value.messages_dict


def test_what_the_sender_does_is_no_partners_action() -> None:
    with pytest.raises(KeyError):
        read_body(Action.CANCEL, {})


def test_a_body_is_made_valid_or_not_at_all() -> None:
    assert Complete(outcome=Outcome.ADVICE_GIVEN).obstacles == ()
    with pytest.raises(TypeError):
        Complete(outcome="fine")  # type: ignore[arg-type]


def test_forms_know_the_fields() -> None:
    assert fields_of(Action.ASK) == ("question", "sealed_comment")


def test_each_action_has_its_type() -> None:
    assert ACTIONS["partner.state_deletion.v1"] is Action.STATE_DELETION
    assert {type_of_action(action) for action in BODIES} == set(ACTIONS)


# --- commands as they arrive ----------------------------------------------------------------------------------------


def arrived(**changes: Any) -> envelope.Envelope:
    example = {**json.loads(all_examples()["partner.accept.v1"]), **changes}
    return envelope.read(json.dumps({key: item for key, item in example.items() if item is not None}).encode())


def test_a_command_is_understood_without_looking_at_its_body() -> None:
    command = command_of(arrived(data={"contact_by": "nonsense"}, expectedversion=7))
    assert (command.action, command.expected_version) == (Action.ACCEPT, 7)
    assert command.body == {"contact_by": "nonsense"}


def test_a_command_may_leave_the_version_out() -> None:
    assert command_of(arrived(expectedversion=None)).expected_version is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"type": "partner.cancel.v1"}, "type"),
        ({"type": "referral.invented.v1"}, "type"),
        ({"subject": None}, "subject"),
        ({"subject": "referral/four"}, "subject"),
        ({"subject": f"person/{UUID(int=1)}"}, "subject"),
    ],
    ids=str,
)
def test_what_nobody_can_answer_is_refused_as_an_envelope(changes: dict[str, Any], field: str) -> None:
    extensions = {"actor": "partner:x", "correlationid": str(UUID(int=1)), "dataclassification": "restricted"}
    with pytest.raises(InvalidEnvelopeError) as refused:
        command_of(arrived(**extensions, **changes))
    assert refused.value.field == field
