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
    Localized,
    Numbers,
    Reference,
    Text,
    clock_time,
    code,
    country,
    currency,
    day,
    email,
    instant,
    language,
    phone_number,
    postal_code,
    web_address,
    weekdays,
)
from services.directory.domain.keys import partner_jwk
from services.directory.domain.shapes import ListOf, Number, Shape, Whole, may, must, one_of

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
LOCATION_TYPES = ("physical", "postal", "virtual")

LANGUAGE = Shape({"code": must(language), "note": may(Text(LONG))})
PHONE = Shape(
    {
        "number": must(phone_number),
        "extension": may(Whole(0, 99999)),
        "type": may(one_of(("voice", "text", "fax", "textphone", "video"))),
        "description": may(Text(LONG)),
        "languages": may(ListOf(LANGUAGE)),
    }
)
#: A contact is a desk, never a person: HSDS's ``name`` of a contact is not taken in.
CONTACT = Shape(
    {"title": may(Text()), "department": may(Text()), "email": may(email), "phones": may(ListOf(PHONE))},
)
ADDRESS = Shape(
    {
        "address_1": must(Text()),
        "address_2": may(Text()),
        "city": must(Text()),
        "region": may(Text()),
        "state_province": must(Text()),
        "postal_code": must(postal_code),
        "country": must(country),
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
        "count": may(Whole(1, 1000)),
        "wkst": may(one_of(WEEKDAYS)),
        "freq": may(one_of(("WEEKLY", "MONTHLY"))),
        "interval": may(Whole(1, 52)),
        "byday": may(weekdays),
        "byweekno": may(Numbers(53)),
        "bymonthday": may(Numbers(31)),
        "byyearday": may(Numbers(366)),
        "opens_at": may(clock_time),
        "closes_at": may(clock_time),
        "description": may(Text(LONG)),
        "schedule_link": may(web_address),
        "attending_type": may(Text()),
        "notes": may(Text(LONG)),
    }
)
COST_OPTION = Shape(
    {
        "valid_from": may(day),
        "valid_to": may(day),
        "option": may(Text()),
        "currency": may(currency),
        "amount": may(Number(0, 100_000)),
        "amount_description": may(Text(LONG)),
    }
)
FUNDING = Shape({"source": must(Text(LONG)), "code": may(code), "valid_from": may(day), "valid_to": may(day)})
REQUIRED_DOCUMENT = Shape({"document": must(Localized(plain=True)), "uri": may(web_address)})
TERMS = Shape(
    {
        "service_id": must(Reference("service")),
        "categories_accepted": must(ListOf(one_of(DataCategory), at_least=1)),
        "minimum_categories": must(ListOf(one_of(DataCategory))),
        "answer_days": may(Whole(1, 90)),
        "contact_days": may(Whole(1, 90)),
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
ACCESSIBILITY = Shape({"description": may(Text(LONG)), "details": may(Text(LONG)), "url": may(web_address)})
IDENTIFIER = Shape({"identifier_scheme": may(Text()), "identifier_type": must(Text()), "identifier": must(Text())})
PROGRAM = Shape({"name": must(Text()), "alternate_name": may(Text()), "description": must(Text(LONG))})
#: What another directory says of an entry in a list of terms of its own; ours are fields.
ATTRIBUTE = Shape(
    {
        "taxonomy": may(Text()),
        "code": may(Text()),
        "name": must(Text()),
        "description": may(Text(LONG)),
        "term_uri": may(web_address),
        "link_type": may(Text()),
        "link_entity": may(Text()),
        "value": may(Text(LONG)),
    }
)
#: Where an entry that nobody typed here comes from: in which system it has which id, and when it was fetched.
ORIGIN = Shape({"system": must(Text()), "id": must(Text()), "retrieved_at": must(instant), "url": may(web_address)})
