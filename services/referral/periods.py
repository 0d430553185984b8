"""How long what is recorded stays, as persons and the record of processing are told. All of it [law]."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Period:
    """One kind of data and its time: `unit` is day, month or year."""

    what: str
    amount: int
    unit: str


PERIODS = (
    Period("enquiry", 6, "month"),
    Period("case", 12, "month"),
    Period("draft", 90, "day"),
    Period("dossier", 30, "day"),
    Period("consent", 3, "year"),
    Period("log", 3, "year"),
)
