"""The parts an object is made of: phones, opening hours, terms of referral ... One shape each, named after HSDS 3."""

from contracts.codes import (
    OWN_CHANNELS,
    AgreementKind,
    BackLevel,
    DataCategory,
    DataProtectionLaw,
    TransferParty,
    TransferSafeguard,
)
from services.directory.domain.formats import (
    LONG,
    clock_time,
    code,
    country,
    currency,
    day,
    email,
    instant,
    language,
    numbers,
    phone_number,
    postal_code,
    reference,
    text,
    web_address,
    weekdays,
)
from services.directory.domain.keys import partner_jwk
from services.directory.domain.shapes import ListOf, Shape, may, must, number, one_of, whole

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
LOCATION_TYPES = ("physical", "postal", "virtual")

LANGUAGE = Shape({"code": must(language), "note": may(text())})
PHONE = Shape(
    {
        "number": must(phone_number),
        "extension": may(whole(0, 99999)),
        "type": may(one_of(("voice", "text", "fax", "textphone", "video"))),
        "description": may(text()),
        "languages": may(ListOf(LANGUAGE)),
    }
)
#: A contact is a desk, never a person: HSDS's ``name`` of a contact is not taken in.
CONTACT = Shape(
    {"title": may(text()), "department": may(text()), "email": may(email), "phones": may(ListOf(PHONE))},
)
ADDRESS = Shape(
    {
        "address_1": must(text()),
        "address_2": may(text()),
        "city": must(text()),
        "region": may(text()),
        "state_province": must(text()),
        "postal_code": must(postal_code),
        "country": must(one_of(("DE", "NL", "BE"))),
        "address_type": must(one_of(LOCATION_TYPES)),
    }
)
#: When somebody is there: a recurrence rule (RFC 5545) in parts, with times of day in Germany.
SCHEDULE = Shape(
    {
        "valid_from": may(day),
        "valid_to": may(day),
        "dtstart": may(day),
        "until": may(day),
        "count": may(whole(1, 1000)),
        "wkst": may(one_of(WEEKDAYS)),
        "freq": may(one_of(("WEEKLY", "MONTHLY"))),
        "interval": may(whole(1, 52)),
        "byday": may(weekdays),
        "byweekno": may(numbers(53)),
        "bymonthday": may(numbers(31)),
        "byyearday": may(numbers(366)),
        "opens_at": may(clock_time),
        "closes_at": may(clock_time),
        "description": may(text(LONG)),
        "schedule_link": may(web_address),
        "attending_type": may(text()),
        "notes": may(text(LONG)),
    }
)
COST_OPTION = Shape(
    {
        "valid_from": may(day),
        "valid_to": may(day),
        "option": may(text()),
        "currency": may(currency),
        "amount": may(number(0, 100_000)),
        "amount_description": may(text(LONG)),
    }
)
FUNDING = Shape({"source": must(text()), "code": may(code), "valid_from": may(day), "valid_to": may(day)})
REQUIRED_DOCUMENT = Shape({"document": must(text()), "uri": may(web_address)})
TERMS = Shape(
    {
        "service_id": must(reference("service")),
        "categories_accepted": must(ListOf(one_of(DataCategory), at_least=1)),
        "minimum_categories": must(ListOf(one_of(DataCategory))),
        "answer_days": may(whole(1, 90)),
        "contact_days": may(whole(1, 90)),
        "back_level": must(one_of(BackLevel)),
    }
)
CHANNEL = Shape({"kind": must(one_of(OWN_CHANNELS)), "webhook_url": may(web_address), "unit_mailbox": may(email)})
PARTNER_KEY = Shape(
    {"key": must(partner_jwk), "not_before": may(instant), "not_after": may(instant), "revoked_at": may(instant)}
)
THIRD_COUNTRY = Shape(
    {"country": must(country), "party": must(one_of(TransferParty)), "safeguard": must(one_of(TransferSafeguard))}
)
AGREEMENT = Shape(
    {
        "kind": must(one_of(AgreementKind)),
        "law": must(one_of(DataProtectionLaw)),
        "signed_on": must(day),
        "valid_until": may(day),
        "contact": may(email),
        # Left out: not stated. Empty: neither the partner nor anybody who processes for it is outside the EEA.
        "third_countries": may(ListOf(THIRD_COUNTRY)),
    }
)
ACCESSIBILITY = Shape({"description": may(text(LONG)), "details": may(text(LONG)), "url": may(web_address)})
IDENTIFIER = Shape({"identifier_scheme": may(text()), "identifier_type": must(text()), "identifier": must(text())})
PROGRAM = Shape({"name": must(text()), "alternate_name": may(text()), "description": must(text(LONG))})
#: What another directory says of an entry in a list of terms of its own; ours are fields.
ATTRIBUTE = Shape(
    {
        "taxonomy": may(text()),
        "code": may(text()),
        "name": must(text()),
        "description": may(text(LONG)),
        "term_uri": may(web_address),
        "link_type": may(text()),
        "link_entity": may(text()),
        "value": may(text(LONG)),
    }
)
#: Where an entry that nobody typed here comes from: in which system it has which id, and when it was fetched.
ORIGIN = Shape({"system": must(text()), "id": must(text()), "retrieved_at": must(instant), "url": may(web_address)})
