"""The partners' interface: look, fetch the sealed dossier, answer. The same commands as over AMQP."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import marshmallow
from apiflask import APIBlueprint
from flask import Response

from contracts.codes import Action
from contracts.partner import actions
from services.chassis.access import partner_system, public
from services.chassis.errors import InvalidError, NotFoundError, RefusedError
from services.chassis.web import expected_version, request_work, room
from services.chassis.work import Work
from services.referral.commands import enclosing, partners
from services.referral.commands.referrals import Withheld
from services.referral.domain import same_answer
from services.referral.queries import referrals as queries
from services.referral.sealing import SealedDossier
from services.referral.web import answers, bodies
from services.referral.web.callers import house, json_body, once_by_any_way, partner_actor, withheld

Json = dict[str, Any]

blueprint = APIBlueprint("api_partner", __name__, url_prefix="/partner", tag="Partner")


@blueprint.get("/.well-known/jwks.json")
@public
def own_keys() -> Response:
    """The network's public keys: to seal words to (`enc`), and to check receipts with (`sig`)."""
    keys = house().keys
    document = json.dumps({"keys": [*keys.own.public()["keys"], *keys.receipts.public()]})
    response = Response(document, content_type="application/jwk-set+json")
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


@blueprint.get("/v1/referrals/<uuid:referral_id>")
@blueprint.output(answers.PartnerReferralOut)
@partner_system
def referral(referral_id: UUID) -> Json:
    """A referral addressed to this partner, with what it may do now; a foreign one looks like a missing one."""
    with room().unit.db.read() as connection:
        return queries.partner_case(connection, referral_id, partner_actor())


@blueprint.get("/v1/referrals/<uuid:referral_id>/dossier")
@partner_system
def dossier(referral_id: UUID) -> Response:
    """The sealed dossier. Consent is asked at this moment, and the answer is committed before any byte is sent."""
    return send_dossier(referral_id)


def send_dossier(referral_id: UUID) -> Response:
    by = partner_actor()
    with request_work() as work:
        answer = partners.fetch_dossier(work, house().keys, referral_id, by)
    if isinstance(answer, Withheld):
        _, body = withheld(answer)
        raise RefusedError(body.pop("slug"), **body)
    return sealed_response(answer.sealed, answer.receipts)


def sealed_response(sealed: SealedDossier, receipts: Sequence[str]) -> Response:
    """The sealed bytes, with the network's signed word that it handed out these."""
    response = Response(sealed.jwe, content_type="application/jose")
    response.headers["Receipt"] = ", ".join(receipts)
    return response


@blueprint.get("/v1/referrals/<uuid:referral_id>/documents/<uuid:document_id>")
@partner_system
def document(referral_id: UUID, document_id: UUID) -> Response:
    """One paper the dossier names, sealed by itself; its media type stands in the JWE's header (`cty`).

    Consent is asked at this moment, for category DOCUMENTS, and the answer is committed before any byte is sent. The
    dossier that names the paper has to be fetched first.
    """
    by, keys = partner_actor(), house().keys
    with request_work() as work:
        answer = enclosing.fetch(work, keys, referral_id, document_id, by)
        handed = None if isinstance(answer, Withheld) else enclosing.hand_over(work, keys, answer)
    if isinstance(answer, Withheld):
        _, body = withheld(answer)
        raise RefusedError(body.pop("slug"), **body)
    assert handed is not None
    return sealed_response(*handed)


@blueprint.post("/v1/referrals/<uuid:referral_id>/actions/<action>")
@blueprint.output(answers.PartnerReferralOut)
@blueprint.doc(summary="Answer: one of the allowed actions on the version seen")
@partner_system
def act(referral_id: UUID, action: str) -> tuple[Json, int]:
    """Answer with one of the allowed actions; `If-Match` names the version that was seen."""
    by, version, body = partner_actor(), expected_version(), json_body()
    known, data = read_action(action, body)

    def run(work: Work) -> tuple[int, Json]:
        done = partners.perform(work, house().keys, referral_id, by, known, data, version)
        return 200, queries.answered(done.referral, done.receipts)

    return once_by_any_way(run, same_answer.said(referral_id, known, body))


def read_action(action: str, body: Any) -> tuple[Action, Any]:
    """The action and its body as the contract describes it; each wrong field is named."""
    try:
        known = Action(action)
        return known, actions.read_body(known, body)
    except (ValueError, KeyError):
        raise NotFoundError("referral.action-unknown") from None
    except TypeError:
        raise InvalidError("request.invalid", {"": "an-object"}) from None
    except marshmallow.ValidationError as error:
        raise InvalidError("request.invalid", bodies.fields_of(error)) from error
