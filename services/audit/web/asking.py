"""What may be asked of the API, as schemas: they check first and describe themselves in the OpenAPI document."""

from apiflask import Schema
from marshmallow import EXCLUDE, fields, validate

from services.audit.web.wanted import MOST

BIGGEST = 2**53 - 1


class Asked(Schema):
    """What is not named here is passed over."""

    class Meta:
        unknown = EXCLUDE


class SearchAsked(Asked):
    """What an entry must have; several conditions all hold."""

    subject = fields.String(metadata={"description": "kind and id, as in referral/<uuid>"})
    subject_kind = fields.String()
    actor = fields.String(metadata={"description": "staff:<pseudonym>, partner:<id>, system:<part>"})
    type = fields.String(metadata={"description": "an event type such as referral.rejected.v1"})
    enquiry_id = fields.UUID()
    referral_id = fields.UUID()
    person_id = fields.UUID()
    organization_id = fields.UUID()
    controller = fields.UUID(metadata={"description": "whose cases alone; an auditor's own is always meant"})
    from_ = fields.String(data_key="from", metadata={"description": "a day in Berlin or an RFC 3339 instant"})
    until = fields.String(metadata={"description": "the same; a day is included"})


class EntriesAsked(SearchAsked):
    cursor = fields.String(metadata={"description": "`cursor` of the page before"})
    limit = fields.Integer(validate=validate.Range(1, MOST), load_default=50)


class InclusionAsked(Asked):
    position = fields.Integer(validate=validate.Range(0, BIGGEST))
    event_id = fields.UUID()
    size = fields.Integer(validate=validate.Range(1, BIGGEST), load_default=None)


class ConsistencyAsked(Asked):
    first = fields.Integer(validate=validate.Range(1, BIGGEST), required=True)
    second = fields.Integer(validate=validate.Range(1, BIGGEST), load_default=None)


class ExportAsked(Asked):
    first = fields.Integer(validate=validate.Range(0, BIGGEST), load_default=0)
