"""Obstacles met in a case: recorded, corrected, taken back. Codes are announced; words stay with the person."""

from dataclasses import replace
from uuid import UUID

from contracts.codes import DataCategory, ViewPurpose
from services.chassis.errors import NotFoundError
from services.chassis.work import Work
from services.referral.commands import enquiries
from services.referral.domain import obstacles
from services.referral.domain.obstacles import Met, Said
from services.referral.store import enquiries as enquiry_store
from services.referral.store import obstacles as store
from services.referral.store import persons, timeline
from services.referral.store import referrals as referral_store
from services.referral.store.enquiries import Enquiry
from services.referral.store.referrals import StaffActor
from services.referral.vault import PersonKey, Vault


def record(
    work: Work,
    vault: Vault,
    by: StaffActor,
    enquiry_id: UUID,
    need_id: UUID,
    said: Said,
    referral_id: UUID | None = None,
) -> Met:
    """Write down what stood in the way of this need; with a referral it stands in its timeline, too."""
    obstacles.check(said)
    enquiry = _held(work, by, enquiry_id)
    need = enquiry.need(need_id)
    person_id = enquiry.living(need.person_id).person_id
    if referral_id is not None:
        _expect_of_need(work, by, referral_id, need_id)
    words_id = _words(work, vault, enquiry_id, person_id, said.words)
    one = Met(
        work.new_id(),
        enquiry_id,
        need_id,
        person_id,
        need.topic,
        replace(said, words=""),
        work.now,
        referral_id,
        words_id=words_id,
    )
    store.add(work, enquiry, one)
    _tell(work, one, obstacles.recorded(one))
    return one


def correct(work: Work, vault: Vault, by: StaffActor, enquiry_id: UUID, obstacle_id: UUID, said: Said) -> Met:
    """It was something else; what was said before stands in the log."""
    obstacles.check(said)
    _held(work, by, enquiry_id)
    one = store.load(work.tx, enquiry_id, obstacle_id)
    words_id = _words(work, vault, enquiry_id, one.person_id, said.words)
    new = replace(one, said=replace(said, words=""), words_id=words_id, changed_at=work.now)
    if (new.said, new.words_id) == (one.said, one.words_id):
        return one
    store.save(work, new)
    _tell(work, new, obstacles.corrected(new))
    return new


def take_back(work: Work, by: StaffActor, enquiry_id: UUID, obstacle_id: UUID) -> None:
    """It was recorded by mistake; it is counted no longer."""
    _held(work, by, enquiry_id)
    one = store.load(work.tx, enquiry_id, obstacle_id)
    store.take_back(work, one)
    _tell(work, one, obstacles.taken_back(one))


def of_enquiry(work: Work, vault: Vault, by: StaffActor, enquiry: Enquiry) -> list[Met]:
    """What stood in the way of the living of an enquiry, with the words; that these are seen is noted."""
    found = [one for one in store.of_enquiry(work.tx, enquiry.id) if one.person_id not in enquiry.erased]
    keys = {one.person_id: persons.key_of(work.tx, vault, one.person_id) for one in found if one.words_id}
    words = {person_id: _opened(work, key, enquiry.id, person_id) for person_id, key in keys.items()}
    for person_id in keys:
        timeline.viewed(
            work,
            role=by.role,
            purpose=by.why(ViewPurpose.CASE_WORK),
            categories=(DataCategory.FREE_TEXT,),
            person_id=enquiry.known(person_id),
            enquiry_id=enquiry.id,
        )
    return [
        replace(one, said=replace(one.said, words=words[one.person_id][one.words_id])) if one.words_id else one
        for one in found
    ]


def _held(work: Work, by: StaffActor, enquiry_id: UUID) -> Enquiry:
    """The enquiry, held by this work alone: the same text said twice at once is kept once."""
    enquiry_store.lock(work, enquiry_id)
    return enquiries.load(work, enquiry_id, by)


def _expect_of_need(work: Work, by: StaffActor, referral_id: UUID, need_id: UUID) -> None:
    if referral_store.load(work.tx, referral_id, visible_to=by).need_id != need_id:
        raise NotFoundError("referral.unknown")


def _words(work: Work, vault: Vault, enquiry_id: UUID, person_id: UUID, words: str) -> UUID | None:
    """Where these words lie, sealed: with the same text of the same case, if it was said before."""
    if not words:
        return None
    key = persons.key_of(work.tx, vault, person_id)
    for words_id, before in _opened(work, key, enquiry_id, person_id).items():
        if obstacles.same_words(before, words):
            return words_id
    return store.add_words(work, key, enquiry_id, person_id, words)


def _opened(work: Work, key: PersonKey, enquiry_id: UUID, person_id: UUID) -> dict[UUID, str]:
    sealed = store.sealed_words(work.tx, enquiry_id, person_id)
    return {words_id: key.open(store.place(words_id), content).decode() for words_id, content in sealed}


def _tell(work: Work, one: Met, fact: object) -> None:
    if one.referral_id is None:
        work.announce(fact)
    else:
        timeline.tell(work, one.referral_id, fact)
