"""The words that are planted: people, employers and texts so distinctive that finding one anywhere is proof.

Everybody here is made up, and so is every word: none of them occurs in the program, its data or any language.
"""

from dataclasses import dataclass
from typing import Any

from tests.system.leaks.needles import Needle
from tests.unit.referral.papers import a_pdf

JSON = dict[str, Any]

#: Two people whose referrals travel through all four partner systems, played by the demo's own story.
QUAXILDE: JSON = {
    "given_name": "Quaxilde",
    "family_name": "Zwörbelmoß-Pötznäck",
    "birth_date": "1951-02-27",
    "email": "q.knisterbarth@brummkreisel.example",
    "phone": "+49 2417 7312988",
    "address": "Schnurpfeilgässchen 77",
    "city": "Hinterquassel",
    "postal_code": "52062",
    "languages": ["ar", "fr"],
    "interpreter": "ar",
    "occupation": "Elektronikerin für Flimmerquirle",
    "occupation_code": "26302",
    "qualification_title": "Brevet Schlumpfologique en électronique",
    "qualification_country": "TN",
    "note": "Fürchtet den Nachbarn Knotterbüx",
    "health_note": "Leidet an Plumpsfieber",
    "employer_name": "Raspelwerke Dünkelsborn",
    "recognition_notice": "Bescheid Zickzackbuch",
    "residence_status": "Wackelerlaubnis",
    "housing": "wohnt bei Familie Trödelmayr",
}
BOGDAN: JSON = {
    "given_name": "Xaverius-Bogdan",
    "family_name": "Quirlewicz",
    "birth_date": "1949-08-19",
    "email": "quirlewicz@sausewind.example",
    "phone": "+49 2417 6641573",
    "postal_code": "52064",
    "languages": ["uk"],
    "occupation": "Tischler",
    "occupation_code": "22342",
    "qualification_title": "Möbeltischler Hobelfritzenbrief",
    "qualification_country": "UA",
    "qualification_year": 2009,
}
CEREN: JSON = {**BOGDAN, "given_name": "Cerenjana", "family_name": "Mümmelstoß", "occupation_code": "81302"}
DARIO: JSON = {**BOGDAN, "given_name": "Dariollo", "family_name": "Wumpelsäck", "languages": ["en"]}
COMPANY: JSON = {
    "company": "Trallafitti Kabelklempnerei",
    "mailbox": "personal@purzelpost.example",
    "phone": "+49 2417 8846213",
    "address": "Ratterstraße Dingsbühl 3",
    "contact_name": "Frau Ohnsorgwitz",
    "employees": 24,
    "positions": 2,
    "occupation_sought": "24422",
    "note": "Sucht heimlich wegen Streik Kabelgeplänkel",
}

#: What is said on the way: by navigators, by partners, by the person. Each stays under the person's key.
ANSWER = "Abgeschlossen wurde bei Meister Antwortzipfel"
COMMENT = "Sie war am Telefon Kommentarbüttel"
CANCELLED = "Hat es sich anders überlegt Absagekringel"
RECTIFIED = "Umgezogen nach Berichtigungsau"
PARTNER_COMMENT = "Unterlagen fehlen laut Partnerschnörkel"
SEARCHED: JSON = {"given_name": "Suchfrieda", "family_name": "Findelwühl", "birth_date": "1947-10-13"}
TOLD_TO = "Wachtmeister Fernsprechnudel"
HELD_BECAUSE = "Streit um Aufbewahrungsknirps"

#: Somebody who hands in papers, has a child, and uses a page of her own.
PAPIERINE: JSON = {
    **BOGDAN,
    "given_name": "Papierinella",
    "family_name": "Zettelwurmsi",
    "birth_date": "1953-05-23",
    "email": "zettelwurmsi@sausewind.example",
    "languages": ["fr"],
}
CHILD: JSON = {"given_name": "Knöpfelchen", "family_name": "Zettelwurmsi", "birth_date": "2015-07-29"}
#: Who is spoken for by an interpreter, agrees online, and is told wrongly to a partner.
LATER: JSON = {
    **BOGDAN,
    "given_name": "Nachzüglerine",
    "family_name": "Trippelwisp",
    "birth_date": "1955-11-03",
    "email": "trippelwisp@sausewind.example",
    "languages": ["fr"],
}
INTERPRETER = "Dolmetschine Zungenwirbel"
BREACH_NOTE = "Der Windhosenfritz hat es gelesen"
#: What is written beside a case, what a body seals for her calendar, and who comes along.
NOTE = "Sie rief an wegen Notizkrümelwisch"
GOAL = "Ankommen im Zielschnabelitz"
STEP = "Zuerst zum Schrittknöpfling"
SECOND_STEP = "Danach zum Stapfenbrösel"
PLACE = "Terminwinkelgasse 9, Zimmer Türschnarr"
BRING = "Den Mitbringbüchsling im Original"
HELPER = "Beiseitine Helferknurr"
#: The made-up staff of the demo: their names stand at the issuer, and sealed under their own key.
STAFF_NAMES = ("Nina Beispiel", "Lena Beispiel", "Hanna Beispiel", "Dora Beispiel")
#: What is written about an entry of the directory: not about persons, and not for everybody.
PROPOSED = "Kammer Wunschkringel"
DECLINED_WISH = "So sagt es Begründungsschnurps"
DECLINED_BECAUSE = "Nicht ohne Ablehnungsfips"
RELEASED_WISH = "Weil es Freigabeschnörpel so nennt"
DOUBTED = "Dort sitzt nun Zweifelszwirbel"
PAPER = a_pdf(b"(Schnabeldokument der Papierinella)")
PAPER_NAME = "Dateinamsel.pdf"

#: What comes in where it does not belong: wrong links, unfit bodies, garbage on the queue, a partner's error.
WRONG_PATH = "Irrpfadine"
WRONG_QUERY = "Fragezipfelin"
WRONG_FIELD = "Feldmurksina"
WRONG_VALUE = "Wertmurksius"
WRONG_HEADER = "Kopfmurksus"
WRONG_COMMAND = "Befehlsquark"
WRONG_ROUTE = "Wegequarkus"
PARTNER_ERROR = "Fehlerschlotter"


@dataclass(frozen=True, slots=True)
class Crowd:
    """Needles of one kind."""

    name: str
    needles: tuple[Needle, ...]


def _words(label: str, *words: str) -> tuple[Needle, ...]:
    return tuple(Needle(label, word) for word in words)


PEOPLE = Crowd(
    "people and employers",
    (
        *_words("interpreter", "Dolmetschine", "Zungenwirbel"),
        *_words(
            "given name",
            "Nachzüglerine",
            "Quaxilde",
            "Xaverius",
            "Cerenjana",
            "Dariollo",
            "Papierinella",
            "Knöpfelchen",
        ),
        *_words(
            "family name",
            "Trippelwisp",
            "Zwörbelmoß",
            "Pötznäck",
            "Quirlewicz",
            "Mümmelstoß",
            "Wumpelsäck",
            "Zettelwurmsi",
        ),
        *_words(
            "birth date",
            "1951-02-27",
            "27.02.1951",
            "27.2.1951",
            "1949-08-19",
            "19.08.1949",
            "1953-05-23",
            "1955-11-03",
            "2015-07-29",
        ),
        *_words("mail address", "knisterbarth", "brummkreisel", "sausewind"),
        *_words("telephone number", "7312988", "731 29 88", "6641573"),
        *_words("address", "Schnurpfeil", "Hinterquassel", "Trödelmayr"),
        *_words("occupation", "Flimmerquirle", "Dünkelsborn"),
        *_words("qualification", "Schlumpfolog", "Hobelfritz", "Zickzackbuch"),
        *_words("residence", "Wackelerlaubnis"),
        *_words("health", "Plumpsfieber"),
        *_words("note", "Knotterbüx"),
        *_words("employer", "Trallafitti", "purzelpost", "8846213", "Dingsbühl", "Ohnsorgwitz", "Kabelgeplänkel"),
    ),
)
TEXTS = Crowd(
    "texts",
    (
        *_words("answer", "Antwortzipfel"),
        *_words("comment", "Kommentarbüttel", "Absagekringel", "Partnerschnörkel"),
        *_words("rectification", "Berichtigungsau"),
        *_words("question of a partner", "Abschluss erworben"),
        *_words("search", "Suchfrieda", "Findelwühl", "1947-10-13"),
        *_words("document", "Schnabeldokument"),
        *_words("name of a file", "Dateinamsel"),
        *_words("told to", "Fernsprechnudel"),
        *_words("note on a case", "Notizkrümelwisch"),
        *_words("goal", "Zielschnabelitz"),
        *_words("step of a plan", "Schrittknöpfling", "Stapfenbrösel"),
        *_words("appointment", "Terminwinkelgass", "Türschnarr", "Mitbringbüchsling"),
        *_words("whoever comes along", "Beiseitine", "Helferknurr"),
        *_words("why held", "Aufbewahrungsknirps"),
        *_words("note on a breach", "Windhosenfritz"),
    ),
)
STRAYS = Crowd(
    "strays",
    (
        *_words("wrong path", WRONG_PATH),
        *_words("wrong query", WRONG_QUERY),
        *_words("wrong field", WRONG_FIELD),
        *_words("wrong value", WRONG_VALUE),
        *_words("wrong header", WRONG_HEADER),
        *_words("wrong command", WRONG_COMMAND),
        *_words("wrong routing", WRONG_ROUTE),
        *_words("partner's error", PARTNER_ERROR),
    ),
)
#: Searched by itself: there are places where these may stand.
EDITORIAL = Crowd(
    "editors' words",
    (
        *_words("proposal", "Wunschkringel"),
        *_words("why proposed", "Begründungsschnurps", "Freigabeschnörpel"),
        *_words("why declined", "Ablehnungsfips"),
        *_words("doubt", "Zweifelszwirbel"),
    ),
)
STAFF = Crowd("names of staff", _words("name of staff", *STAFF_NAMES))
CROWDS = (PEOPLE, TEXTS, STRAYS)
NEEDLES = tuple(needle for crowd in CROWDS for needle in crowd.needles)
