"""On which ground each kind of processing stands (GDPR Art. 6, 9, 30): one list for page, file and document.

What leaves leaves on the consent engine's yes alone; the rest is what the house does with the data itself. Where `law`
is set the ground is what the software was built for, and a lawyer has to confirm it for the deployment [law].
"""

from collections.abc import Iterable
from dataclasses import dataclass

from contracts.codes import EMPLOYER_TOPICS, SHARED_TOPICS, EnterpriseGround, Purpose

EMPLOYERS = tuple(Purpose(one.value) for one in sorted({*EMPLOYER_TOPICS, *SHARED_TOPICS}))
PERSONS = tuple(
    one
    for one in Purpose
    if one is not Purpose.DOPPELPRUEFUNG and one.value not in {topic.value for topic in EMPLOYER_TOPICS}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Processing:
    """One kind of processing: what is done, for which purposes of the list, and on which ground."""

    what: str
    purposes: tuple[Purpose, ...] = ()
    article_6: str
    #: For health, free text and whatever else may reveal a special category.
    article_9: str = "–"
    law: bool = False


def _letters(grounds: Iterable[EnterpriseGround]) -> str:
    """The articles an employer's request may stand on, as the code list names them."""
    found = [one.value.removeprefix("ART_").split("_") for one in grounds]
    return ", ".join(f"{article}({paragraph})({letter.lower()})" for article, paragraph, letter in found)


PROCESSINGS = (
    Processing(what="passing_on", purposes=PERSONS, article_6="6(1)(a)", article_9="9(2)(a)"),
    Processing(what="employer_contact", purposes=EMPLOYERS, article_6=_letters(EnterpriseGround), law=True),
    Processing(what="duplicates_within", purposes=(Purpose.DOPPELPRUEFUNG,), article_6="6(1)(e)", law=True),
    Processing(what="duplicates_across", purposes=(Purpose.DOPPELPRUEFUNG,), article_6="6(1)(a)", article_9="9(2)(a)"),
    Processing(what="keeping", article_6="6(1)(e)", article_9="9(2)(g)", law=True),
    Processing(what="told_outside", article_6="6(1)(c), 6(1)(d)", article_9="9(2)(c), 9(2)(g)", law=True),
    Processing(what="log", article_6="6(1)(c)", law=True),
    Processing(what="rights", article_6="6(1)(c)"),
    Processing(what="breaches", article_6="6(1)(c)"),
    Processing(what="links", article_6="6(1)(a)", law=True),
)
