"""Ten minutes through the running demo, role by role: what to do, on which page, and what is seen then.

One source for `docs/tour.md` and for the test that walks it (`tests/system/test_tour.py`): a word in „quotes“ of a
German step is one of the page's, and is pressed, filled in or seen there by the step's acts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Act:
    """One thing done or seen; `word` is what stands on the page."""

    word: str


class Press(Act):
    """A button."""


class Follow(Act):
    """A link."""


class Unfold(Act):
    """Something folded away."""


class Tick(Act):
    """A box with this label."""


class Choose(Act):
    """The first box of a group of this name: bodies, for example, the best one first."""


class Attach(Act):
    """Any PDF, at the field with this label."""


class See(Act):
    """It stands on the page."""


class Await(Act):
    """It stands there within a minute, when the page is loaded again."""


@dataclass(frozen=True, slots=True)
class Fill(Act):
    """Something typed; `made_up`: everybody who takes the tour thinks of something else."""

    text: str = ""
    made_up: bool = False


@dataclass(frozen=True, slots=True)
class Select(Act):
    """One of a list."""

    option: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    de: str
    en: str
    acts: tuple[Act, ...]


@dataclass(frozen=True, slots=True)
class Stop:
    """What one role sees: who she is, where she begins, and the steps from there."""

    de: str
    en: str
    person: str
    path: str
    steps: tuple[Step, ...]


QUOTED = re.compile(r"„([^“]+)“")


def quoted(text: str) -> Iterator[str]:
    """The words of the page that a step names."""
    yield from QUOTED.findall(text)


NAVIGATOR = Stop(
    "Lotsin: vom Anliegen zum Verweis",
    "Navigator: from the enquiry to the referral",
    "Nina Beispiel",
    "/referral/",
    (
        Step(
            "Unter „Eingang“ steht, was auf Nina wartet, das Dringendste zuerst. Der Hinweis oben verschwindet mit"
            " „Verstanden, nicht mehr zeigen“; was die Wörter bedeuten, sagt unten auf jeder Seite das „Glossar“.",
            "The worklist shows what waits for Nina, soonest due first. The hint at the top goes away with its"
            " button; what the words mean is said by the glossary at the foot of every page.",
            (See("Eingang"), Press("Verstanden, nicht mehr zeigen"), See("Glossar")),
        ),
        Step(
            "„Neues Anliegen“ fragt Schritt für Schritt, „Schnell auf einer Seite“ alles zugleich. Dort: Haken bei"
            " „Anerkennung ausländischer Abschlüsse“, dann „Vorname“, „Familienname“ (ein erfundener), „Geburtsdatum“,"
            " „Postleitzahl“ 52062, „Beruf“ Tischlerin; ganz unten „Anliegen aufnehmen“.",
            "A new enquiry is asked for step by step, or quickly on one page. There: tick recognition, give a first"
            " name, a made-up family name, a date of birth, postal code 52062 and a craft as the occupation; take it"
            " down.",
            (
                See("Neues Anliegen"),
                Follow("Schnell auf einer Seite"),
                Tick("Anerkennung ausländischer Abschlüsse"),
                Fill("Vorname", "Tara"),
                Fill("Familienname", "Rundgang", made_up=True),
                Fill("Geburtsdatum", "1990-05-01"),
                Fill("Postleitzahl", "52062"),
                Fill("Beruf", "Tischlerin"),
                Press("Anliegen aufnehmen"),
            ),
        ),
        Step(
            "„Einwilligung aufnehmen“ öffnen. Unter „Wer darf was sehen?“ die erste Stelle anhaken; bei"
            " „Unterschriebenes Formular (Scan)“ irgendein PDF wählen, zum Beispiel diese Seite als PDF gedruckt;"
            " „Aufnehmen“. Ohne Einwilligung verlässt nichts das Haus.",
            "Open the form of a consent, tick the first body, choose any PDF as the signed form, take it down."
            " Without consent nothing leaves the house.",
            (
                Unfold("Einwilligung aufnehmen"),
                Choose("Wer darf was sehen?"),
                Attach("Unterschriebenes Formular (Scan)"),
                Press("Aufnehmen"),
            ),
        ),
        Step(
            "„Angebot suchen“: jede Stelle sagt „Passt, weil“ und was noch zu klären ist. Bei der ersten „Verweis"
            " entwerfen“.",
            "Find a service: each body says why it fits and what is still to be asked. Draft a referral to the first.",
            (Follow("Angebot suchen"), See("Passt, weil"), Press("Verweis entwerfen")),
        ),
        Step(
            "„Senden vorbereiten“. Dreißig Sekunden lang ließe es sich zurücknehmen; danach sendet das Netz von"
            " selbst, und das System der Kammer antwortet. Nach einer Minute die Seite neu laden: im „Verlauf“ steht,"
            " was geschah, auch wann die Unterlagen „abgerufen“ wurden.",
            "Prepare to send. For thirty seconds it could be taken back; then the network sends by itself and the"
            " chamber's own system answers. Load the page again after a minute: the timeline says what happened.",
            (Press("Senden vorbereiten"), See("Verlauf"), Await("abgerufen")),
        ),
        Step(
            "„Verfolgung“ zeigt alle Verweise des Standorts und auf wen jeder wartet.",
            "The board shows all referrals of the site and whom each waits for.",
            (Follow("Verfolgung"), See("Wartet auf uns")),
        ),
    ),
)

LEAD = Stop(
    "Leitung: Fristen und Vertretung",
    "Lead: time limits and substitutes",
    "Lena Beispiel",
    "/referral/data-protection/",
    (
        Step(
            "„Was jetzt ansteht“ nennt, was mit einer gesetzlichen Frist wartet; darunter, was sich nachschlagen"
            " lässt.",
            "What waits with a time limit set by law, and below what can be looked up.",
            (See("Was jetzt ansteht"),),
        ),
        Step(
            "„Eingang“ und dort „Geschlossene Stellen“: ein Standort wird geschlossen, ein anderer vertritt ihn.",
            "From the worklist to closed desks: one site is closed, another one works there as its substitute.",
            (Follow("Eingang"), Follow("Geschlossene Stellen"), See("Geschlossene Stellen")),
        ),
        Step(
            "„Stellen ohne System“: Codes, mit denen eine Stelle ein Gerät bekannt macht, per Brief oder Telefon.",
            "Units without a system: codes with which a unit makes a device known, by letter or telephone.",
            (Follow("Stellen ohne System"), See("Stellen ohne System")),
        ),
    ),
)

CLERK = Stop(
    "Sachbearbeitung beim Partner: der eigene Eintrag",
    "Partner's clerk: the own entry",
    "Klara Beispiel",
    "/directory/objects?kind=service",
    (
        Step(
            "„Einträge“ zeigt nur, was ihrer Kammer gehört. Den ersten öffnen, „Änderung vorschlagen“.",
            "The list shows only what belongs to her chamber. Open the first entry and propose a change.",
            (See("Einträge"), Choose("Gefundene Einträge"), Follow("Änderung vorschlagen")),
        ),
        Step(
            "Bei „Wichtiger Hinweis“ auf Deutsch etwas eintragen, dann „Vor dem Speichern ansehen“ und „Vorschlagen“.",
            "Write something into the German notice, look at it, propose it.",
            (
                Fill("Wichtiger Hinweis", "Geschlossen bis Montag", made_up=True),
                Press("Vor dem Speichern ansehen"),
                Press("Vorschlagen"),
            ),
        ),
    ),
)

EDITOR = Stop(
    "Redaktion: freigeben und Lücken sehen",
    "Editor: release it, and see gaps",
    "Edda Beispiel",
    "/directory/proposals",
    (
        Step(
            "Unter „Vorschläge“ liegt Klaras. Öffnen, ansehen, „Freigeben“: jetzt ist er öffentlich und allen gesagt.",
            "Klara's proposal lies there. Open it, look at it, release it: now it is public and everybody is told.",
            (See("Vorschläge"), Choose("Offen"), Press("Freigeben")),
        ),
        Step(
            "„Lücken und Überschneidungen“: wo niemand hilft, und wo mehrere dasselbe tun.",
            "Gaps and overlaps: where nobody helps, and where several do the same.",
            (Follow("Lücken und Überschneidungen"), See("Überschneidungen")),
        ),
    ),
)

COORDINATOR = Stop(
    "Koordination: Zahlen ohne Personen",
    "Coordinator: figures without persons",
    "Carl Beispiel",
    "/referral/steering",
    (
        Step(
            "„Steuerungszahlen“: Wege, Zeiten, Lücken, „Hindernisse“. Von weniger als fünf Personen wird nichts"
            " gesagt, darum steht nach einem ersten Tag noch wenig da.",
            "Flows, times, gaps, obstacles. Nothing is told of fewer than five persons, so there is little after a"
            " first day.",
            (See("Steuerungszahlen"), See("Hindernisse")),
        ),
    ),
)

OFFICER = Stop(
    "Datenschutzbeauftragte: wem wurde was weitergegeben?",
    "Data-protection officer: what was passed on to whom?",
    "Dora Beispiel",
    "/audit/",
    (
        Step(
            "„Prüfprotokoll“: bei „Was geschah“ die Zeile „Über Weitergabe entschieden“ wählen, „Anzeigen“.",
            "The audit log: choose that a disclosure was decided, and show.",
            (See("Prüfprotokoll"), Select("Was geschah", "Über Weitergabe entschieden"), Press("Anzeigen")),
        ),
        Step(
            "In der ersten Zeile den Fall öffnen („Verweis“ und eine Kennung): im „Verlauf“ steht neben jeder"
            " Weitergabe, von welcher Einwilligung sie „getragen von“ war. Namen stehen hier nirgends.",
            "Open the case in the first row: beside each disclosure stands the consent that carried it. There are no"
            " names here.",
            (Choose("Verweis"), See("Verlauf"), See("getragen von")),
        ),
        Step(
            "„Unversehrtheit“: der „Unterschriebener Stand“, mit dem jeder nachrechnen kann, dass nichts fehlt.",
            "Integrity: the signed head, with which anyone can work out that nothing is missing.",
            (Follow("Unversehrtheit"), See("Unterschriebener Stand")),
        ),
    ),
)

STOPS = (NAVIGATOR, LEAD, CLERK, EDITOR, COORDINATOR, OFFICER)
