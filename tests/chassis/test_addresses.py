"""What of an address may be repeated in a link or kept: ids and codes, never what somebody typed."""

from collections.abc import Iterator

import pytest
from apiflask import APIBlueprint
from flask import Flask

from services.chassis.addresses import KINDS, harmless, harmless_query
from services.directory.domain.objects import Kind

ID = "01a21411-54f8-7acf-8f97-4a80d4f64f3f"


@pytest.fixture
def app() -> Iterator[Flask]:
    app = Flask(__name__)
    pages = APIBlueprint("pages", __name__, url_prefix="/referral")
    for path in ("/", "/enquiries/<uuid:enquiry_id>", "/entries/<int:position>", "/enter/<token>"):
        pages.add_url_rule(path, path, lambda **_: "")
    app.register_blueprint(pages)
    with app.app_context():
        yield app


@pytest.mark.parametrize(
    "address",
    [
        "/referral/",
        f"/referral/enquiries/{ID}",
        "/referral/entries/7",
        "/referral/?status=received&waiting_for=navigator&due=overdue",
        "/referral/?reference=R-26-ABC234&topic=ANERKENNUNG&from=2026-01-31",
        "/referral/?kind=service_at_location",
        f"/referral/?subject=referral%2F{ID}&type=referral.accepted.v1",
    ],
)
def test_a_page_of_ours_is_kept_with_its_ids_and_codes(app: Flask, address: str) -> None:
    assert harmless(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/referral/Maria",
        "/referral/enquiries/Maria",
        "/referral/enter/eyJhbGciOiJFZERTQSJ9",
        "//elsewhere.example/referral/",
        "https://elsewhere.example/referral/",
        "/\\elsewhere.example",
        "javascript:alert(1)",
        "/referral",
        "/referral/entries/7\r\nSet-Cookie: x=1",
    ],
)
def test_anything_else_is_no_address_to_keep(app: Flask, address: str) -> None:
    assert harmless(address) is None


def test_what_was_typed_into_a_filter_is_left_out(app: Flask) -> None:
    typed = "/referral/?reference=Maria+Muster&status=received&Maria=received&maria%20m=2"
    assert harmless(typed) == "/referral/?status=received"


@pytest.mark.parametrize("typed", ["maria", "Maria", "maria.muster@example.org", "+49 241 1", "Ma", "ANERKENNUNG x"])
def test_a_name_is_no_code(typed: str) -> None:
    assert harmless_query({"q": typed}) == {}


def test_the_lists_of_the_directory_are_found_again_after_a_sign_in() -> None:
    assert set(KINDS) == set(Kind)
