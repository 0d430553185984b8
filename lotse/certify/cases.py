"""The made-up persons of a certification. What the partner's system is to do stands in their family name."""

import secrets
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

#: Nobody is called so. Whatever follows the last hyphen is the word the partner's system goes by.
FAMILY_NAME = "Erfunden"
#: Letters only, as names have them; none that make a word by chance.
LETTERS = "bcdfghklmnprstvw"
FIRST_BIRTHDAY = date(1960, 1, 1)
BIRTHDAYS = 15_000


class Word(StrEnum):
    """What is to become of a test referral; the partner's system, or its clerk, reads it in the dossier."""

    ACCEPT = "ACCEPT"
    ASK = "ASK"
    REJECT = "REJECT"
    HOLD = "HOLD"


#: What each word asks for, for the partner's documentation and for the sandbox's instructions.
MEANING: dict[Word, str] = {
    Word.ACCEPT: "accept, start (first contact today), complete (any outcome)",
    Word.ASK: "ask (any question); once it is answered fetch the dossier again and accept, nothing more",
    Word.REJECT: "reject with a reason that needs no comment, such as NOT_COMPETENT",
    Word.HOLD: "receive and fetch, then leave it alone until the network says that it is stopped",
}


@dataclass
class Cast:
    """The persons of one run: no two alike, so that the network never takes one for another."""

    run: str = field(default_factory=lambda: "".join(secrets.choice(LETTERS) for _ in range(6)))
    made: int = 0

    def person(self, word: Word) -> dict[str, Any]:
        """Somebody obviously made up, who can be reached by nobody."""
        self.made += 1
        number = "".join(LETTERS[int(digit)] for digit in str(self.made))
        born = FIRST_BIRTHDAY + timedelta(days=secrets.randbelow(BIRTHDAYS))
        return {
            "given_name": f"Testperson-{self.run.title()}-{number.title()}",
            "family_name": f"{FAMILY_NAME}-{word}",
            "birth_date": born.isoformat(),
            "email": f"testperson-{self.run}-{number}@beispiel.example",
            "languages": ["fr"],
        }
