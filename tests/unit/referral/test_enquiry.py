"""The enquiry: whose consent counts, and which of its needs are meant."""

from uuid import uuid4

import pytest

from contracts.codes import EnquirerKind, Topic
from services.chassis.errors import NotFoundError
from tests.builders import a_need, an_enquiry


def test_an_employers_contact_is_nobody_who_is_advised():
    assert an_enquiry(enquirer=EnquirerKind.EMPLOYER).advised_person_id is None
    assert an_enquiry().advised_person_id is not None


def test_a_need_is_found_by_its_id_and_a_foreign_one_is_not():
    need = a_need(Topic.SPRACHE)

    assert an_enquiry(need).need(need.id) is need
    with pytest.raises(NotFoundError):
        an_enquiry(need).need(uuid4())
