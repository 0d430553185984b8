"""Enquiries at the desk: take one down, see what is needed, what was consented to, and who could help."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from contracts.codes import FundingJustification, ProofKind, Relation, StaffRole, Urgency, ViewPurpose
from contracts.partner.dossier import PERSON
from services.chassis.access import staff
from services.chassis.pages import label
from services.chassis.room import room
from services.chassis.web import request_work
from services.chassis.work import Work
from services.referral.commands import closing, enquiries, holds, household, matching, referrals
from services.referral.commands.person_links import mailbox_of
from services.referral.domain.documents import UPLOADED
from services.referral.domain.grounds import request_state_on, state_on
from services.referral.domain.matching import Exclusion, Ranking
from services.referral.domain.withdrawing import may_be_taken_back
from services.referral.queries import enquiries as enquiry_queries
from services.referral.queries import self_service
from services.referral.store import consents, documents, drafts, subject_rights
from services.referral.store.enquiries import Enquiry, Member
from services.referral.store.referrals import StaffActor
from services.referral.web import (
    bodies,
    company_requests,
    consent_drafts,
    duplicate_matters,
    enquiry_intake,
    external_disclosures,
    holding,
    notes,
    obstacles,
    plan,
    whose,
    withdrawals,
)
from services.referral.web.callers import house, staff_actor, validated, view_purpose
from services.referral.web.case_view import headline_of
from services.referral.web.consent_drafts import ConsentError
from services.referral.web.consent_form import guardians_offered
from services.referral.web.contact_cards import chosen_service
from services.referral.web.enquiry_steps import Standing, next_steps
from services.referral.web.forms import once_per_form
from services.referral.web.names import Names
from services.referral.web.person_links import links_of
from services.referral.web.recipients import recipients_for
from services.referral.web.subject_requests import choices, chosen
from services.referral.web.words import record_sections

navigators = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)
LONGEST_SEARCH = 100
#: What a form of this page says in the address when it is done (each has its sentence), and the part it belongs to.
DONE = {
    "consent": "",
    "declined": "",
    "prepared": "",
    "member": "",
    "need": "",
    "note": "",
    "drafted": "",
    "plan": "",
    "obstacle": "obstacles",
    "obstacle-corrected": "obstacles",
    "obstacle-taken-back": "obstacles",
    "withdrawal": "",
    "request": "",
    "subject-request": "rights",
    "rectification": "",
    "letter": "link",
    "link-void": "link",
    "document": "documents",
    "document-deletion": "documents",
    "external-disclosure": "told-outside",
    "care-asked": "",
    "care-stated": "",
    "closing": "",
    "resumption": "",
    "hold": "holds",
    "hold-lifted": "holds",
}


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("enquiry", __name__, url_prefix="/referral/enquiries", enable_openapi=False)
    pages.get("/new")(enquiry_intake.new)
    pages.post("/search")(enquiry_intake.search)
    pages.post("/")(enquiry_intake.take_down)
    pages.get("/<uuid:enquiry_id>")(show)
    pages.get("/<uuid:enquiry_id>/needs/<uuid:need_id>")(offers)
    pages.post("/<uuid:enquiry_id>/needs/<uuid:need_id>/referrals")(draft)
    pages.post("/<uuid:enquiry_id>/persons")(add_person)
    return pages


@navigators
def show(enquiry_id: UUID) -> str:
    """The whole enquiry."""
    return page(enquiry_id)


def page(enquiry_id: UUID, *, document_error: str = "", consent_error: ConsentError | None = None) -> str:
    """That somebody looks is committed before anything is shown."""
    by = staff_actor()
    with request_work() as work:
        enquiry = enquiries.load(work, enquiry_id, by, restricted_too=True).of_the_living()
        if enquiry.is_restricted:
            return closed_page(work, by, enquiry)
        records = household.records_viewed(work, house().keys.vault, by, enquiry)
        hold_words = holds.read(work, house().keys.vault, by, enquiry, ViewPurpose.CASE_WORK)
        belonging = {**page_of(work, enquiry), **holding.page_of(work, by, enquiry), "hold_words": hold_words}
    return render_template(
        "referral/enquiry.html",
        enquiry=enquiry,
        people=[(one, record_sections(enquiry.enquirer, found)) for one, found in records],
        members={one.person_id: name_in(found, one) for one, found in records},
        headline=headline_of(records[0][1] if records else {}),
        done=said_done(),
        opened={request.args.get("open", ""), DONE.get(said_done(), "")},
        document_error=document_error,
        consent_error=consent_error,
        typed=MultiDict() if consent_error and consent_error.consent_id else request.form,
        signed_as_typed=request.form,
        ticked_bodies=set(request.form.getlist("recipients")),
        **belonging,
    )


def name_in(record: Mapping[str, Any], member: Member) -> str:
    """What to call her in a form: her given name, or else how she belongs."""
    return str(record.get("given_name") or label(member.relation))


def said_done() -> str:
    """What a form of this page has just done, if it is one we know."""
    done = request.args.get("done", "")
    return done if done in DONE else ""


def closed_page(work: Work, by: StaffActor, enquiry: Enquiry) -> str:
    """A closed case: codes and days for everybody; for the lead, once she has named a purpose, what is in it."""
    purpose, vault = view_purpose(), house().keys.vault
    records, papers, hold_words = [], [], {}
    if closing.may_see(enquiry, by, purpose):
        records = household.records_viewed(work, vault, by, enquiry, purpose)
        hold_words = holds.read(work, vault, by, enquiry, purpose)
        papers = documents.of_enquiry(work.tx, enquiry.id)
    names = Names(work.tx)
    return render_template(
        "referral/enquiry_closed.html",
        enquiry=enquiry,
        referrals=referrals_of(work, enquiry, names),
        people=[(one, record_sections(enquiry.enquirer, found)) for one, found in records],
        members={one.person_id: name_in(found, one) for one, found in records},
        documents=papers,
        hold_words=hold_words,
        purpose=purpose,
        purposes=closing.PURPOSES,
        done=said_done(),
        opened={"holds"},
        **holding.page_of(work, by, enquiry),
        former=whose.former(enquiry),
        **withdrawals.of_closed(work, enquiry),
    )


def referrals_of(work: Work, enquiry: Enquiry, names: Names) -> list[dict[str, Any]]:
    rows = work.tx.execute(
        "SELECT id, reference, status, need_id, organization_id FROM referrals WHERE enquiry_id = %s"
        " AND person_id <> ALL(%s) ORDER BY drafted_on, id",
        (enquiry.id, list(enquiry.erased)),
    ).fetchall()
    return [{**row, "organization": names.organization(row["organization_id"])} for row in rows]


def standing_of(work: Work, enquiry: Enquiry, names: Names) -> dict[str, Any]:
    """Referrals and grounds, and what comes next because of them."""
    found, prepared = referrals_of(work, enquiry, names), consent_drafts.waiting(work, enquiry)
    given = [
        (one, state_on(one, work.today).value)
        for member in enquiry.members
        for one in consents.of_person(work.tx, member.person_id)
    ]
    requests = [
        (one, request_state_on(one, work.today).value) for one in consents.requests_of(work.tx, enquiry.person_id)
    ]
    standing = Standing(
        enquiry=enquiry, today=work.today, referrals=found, consents=given, drafts=prepared, requests=requests
    )
    today = work.today
    holders = {one.person_id: self_service.holders(work.tx, one.person_id) for one in enquiry.with_former().members}
    given += [
        (one, state_on(one, today).value)
        for member in enquiry.former
        for one in consents.of_person(work.tx, member.person_id)
        if may_be_taken_back(one, today, holders[one.person_id])
    ]
    return {
        "steps": next_steps(standing),
        "in_force": standing.in_force,
        "referrals": found,
        "consents": [
            (one, state, [(part, names.organization(part.organization_id)) for part in one.recipients])
            for one, state in given
        ],
        "consent_drafts": prepared,
        "requests": requests,
        "may_be_taken_back": lambda ground: may_be_taken_back(ground, today, holders[ground.person_id]),
    }


def page_of(work: Work, enquiry: Enquiry) -> dict[str, Any]:
    """What belongs to the enquiry, beside the person's record."""
    names = Names(work.tx)
    cards = enquiry_queries.cards(work.tx, enquiry.id)
    ticked, everything = request.form.getlist("recipients"), request.args.get("recipients") == "all"
    looked_for = request.args.get("q", "").replace("\0", "").strip()[:LONGEST_SEARCH]
    offered = recipients_for(work, enquiry, names, ticked, everything=everything, words=looked_for)
    return {
        **standing_of(work, enquiry, names),
        "proofs": tuple(ProofKind),
        "topics_offered": enquiries.topics_of(enquiry.enquirer),
        "urgencies": tuple(Urgency),
        "relations": tuple(one for one in Relation if one is not Relation.SELF),
        "withdrawable": lambda ground: withdrawals.rows_of(ground, names),
        "told_by": withdrawals.TOLD,
        "request_key": uuid4().hex,
        "cards": [names.organization(UUID(card["organization_id"])) for card in cards],
        "offered": offered,
        "guardians": guardians_offered(work.tx, offered.to_tick, names),
        "texts": consent_drafts.texts_to_read(enquiry),
        "subject_requests": [
            one
            for member in enquiry.with_former().members
            for one in subject_rights.of_person(work.tx, member.person_id)
        ],
        "request_choices": choices(),
        "former": whose.former(enquiry),
        "external": external_disclosures.section(work, enquiry, names),
        "today": work.today,
        "obstacles": obstacles.section(work, enquiry),
        "notes": notes.section(work, enquiry),
        "plan": plan.section(work, staff_actor(), enquiry),
        "care": duplicate_matters.section(work, enquiry),
        "relations_of": {one.person_id: one.relation for one in enquiry.members},
        "documents": documents.of_enquiry(work.tx, enquiry.id),
        "document_kinds": UPLOADED,
        "largest_document": house().document_bytes,
        "links": links_of(work.tx, enquiry),
        "has_mailbox": any(mailbox_of(work.tx, house().keys, one.person_id) for one in enquiry.members),
        "link_form_key": uuid4().hex,
        **company_requests.section(enquiry),
        "drafts": [one for member in enquiry.members for one in drafts.of_person(work.tx, member.person_id)],
    }


@navigators
def add_person(enquiry_id: UUID) -> Response:
    """One more person of the household, with a record of her own."""
    by, given = staff_actor(), request.form
    names = ("given_name", "family_name", "birth_date", "phone", "email")
    person = {name: value for name in names if (value := given.get(name, "").strip())}
    needs = [{"topic": topic} for topic in given.getlist("topics")]
    wanted = validated(bodies.MemberIn(), {"relation": given.get("relation"), "person": person, "needs": needs})

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        member = household.add_person(
            work,
            house().keys.vault,
            by,
            enquiry_id,
            relation=wanted["relation"],
            record=PERSON.dump(wanted["person"]),
            needs=[(need["topic"], need["urgency"]) for need in wanted["needs"]],
            asking=house().asking,
        )
        return 201, {"person_id": str(member.person_id)}

    once_per_form(by.actor, enquiry_id, "member", run)
    return redirect(f"/referral/enquiries/{enquiry_id}?done=member", 303)


#: Nobody reads more suggestions with a phone at her ear; the best come first.
MOST_SHOWN = 25


@navigators
def offers(enquiry_id: UUID, need_id: UUID) -> str:
    """Who could help with this need, and why; a person decides."""
    by = staff_actor()
    with request_work() as work:
        ranking = matching.suggest(work, house().keys.vault, by, enquiry_id, need_id)
        need = enquiries.load(work, enquiry_id, by).need(need_id)
        names = Names(work.tx)
        shown = offered(ranking, names)
    return render_template(
        "referral/offers.html",
        today=room().unit.clock.today(),
        enquiry_id=enquiry_id,
        need=need,
        elsewhere=ranking.elsewhere,
        place_needed=ranking.place_needed,
        is_cut=len(ranking.suggestions) > MOST_SHOWN,
        justifications=tuple(FundingJustification),
        **shown,
    )


def offered(ranking: Ranking, names: Names) -> dict[str, Any]:
    """What can be referred to; then what fits and cannot, with what is missing; own measures after both."""
    suggested = [(one, names.listing(one.service_id)) for one in ranking.suggestions[:MOST_SHOWN]]
    could_help = sorted((one for one in ranking.exclusions if one.could_help), key=unreferred_order)
    others = [one for one in ranking.exclusions if not one.could_help][:MOST_SHOWN]
    return {
        "existing": [(one, listing) for one, listing in suggested if listing and not one.own_measure],
        "unreferred": [(one, names.listing(one.service_id)) for one in could_help[:MOST_SHOWN]],
        "own": [(one, listing) for one, listing in suggested if listing and one.own_measure],
        "excluded": [
            (one, names.listing(one.service_id), [names.service(better) for better in one.better_bodies])
            for one in others
        ],
    }


def unreferred_order(one: Exclusion) -> tuple[int, int, str]:
    """As what is suggested; what of our papers is missing says nothing of how well it fits her."""
    return -one.score, len(one.to_clarify), str(one.service_id)


@navigators
def draft(enquiry_id: UUID, need_id: UUID) -> Response:
    """Begin a referral to the service the navigator chose."""
    by, service_id = staff_actor(), chosen_service()
    reason = chosen("justification", FundingJustification) if request.form.get("justification") else None

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        drafted = referrals.draft(work, house().keys, by, enquiry_id, need_id, service_id, justification=reason)
        return 201, {"id": str(drafted.id)}

    body = once_per_form(by.actor, enquiry_id, "draft", run)
    return redirect(f"/referral/referrals/{body['id']}", 303)
