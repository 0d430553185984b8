"""A made-up population for measuring duplicate care: everybody once, many a second time as another office wrote them.

Nobody here exists. Second records differ as real ones do: another transliteration, another order, a patronymic, a
married name, an unknown birth day, a misspelling. Near-duplicates are other people who look alike: twins, fathers and
sons of one name, namesakes born in one year.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from services.referral.domain.pseudonyms import Identity


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records, whether they are one person, and what sets them apart."""

    kind: str
    first: Identity
    second: Identity
    is_one: bool


#: Given names by the way two offices write them.
GIVEN = (
    ("Mohammed", "Muhammad"), ("Mohamed", "محمد"), ("Ahmad", "Achmed"), ("Youssef", "Yusuf"), ("Jusuf", "Yousef"),
    ("Fatima", "Fatma"), ("Aisha", "Aicha"), ("Khaled", "Chaled"), ("Layla", "Leila"), ("Omar", "عمر"),
    ("Oleksandr", "Aleksandr"), ("Олександр", "Alexander"), ("Olena", "Elena"), ("Dmytro", "Dmitri"),
    ("Yevhen", "Jewgeni"), ("Kateryna", "Екатерина"), ("Serhii", "Sergej"), ("Halyna", "Galina"), ("Yuliia", "Julia"),
    ("Günther", "Guenther"), ("Jürgen", "Jurgen"), ("Ayşe", "Ayse"), ("Gökhan", "Goekhan"), ("Yıldız", "Yildiz"),
    ("José", "Jose"), ("Thị Lan", "Lan"), ("Anna-Lena", "Annalena"), ("Selam", "Selam"), ("Nataliia", "Наталья"),
    ("Waleed", "Walid"), ("Rasheed", "Rachid"), ("Tewelde", "Tewolde"), ("Zoran", "Zoran"), ("Priya", "Prija"),
)  # fmt: skip
FAMILY = (
    ("Al-Musterri", "Elmusterri"), ("Haddadine", "Hadadine"), ("المستعار", "Mustaar"), ("Ben Erfunden", "Benerfunden"),
    ("Abd al-Niemand", "Abdelniemand"), ("Kovalenkivna", "Kowalenkiwna"), ("Шевченкове", "Schewtschenkowe"),
    ("Hryhorenkov", "Grigorenkow"), ("Beispielchuk", "Beispieltschuk"), ("Fiktivskyi", "Fiktivski"),
    ("Müllerbeispiel", "Muellerbeispiel"), ("Großmuster", "Grossmuster"), ("Schöngedacht", "Schongedacht"),
    ("Erdoğanov", "Erdoganov"), ("Yıldırımsız", "Yildirimsiz"), ("Şahinmez", "Sahinmez"),
    ("Çelikbeispiel", "Celikbeispiel"),
    ("García Ejemplo", "Garcia"), ("Nguyễnova", "Nguyenova"), ("O'Nobody", "ONobody"), ("van der Probe", "Probe"),
    ("Testowicz", "Testowitsch"), ("Popbeispiel", "Popbeispiel"), ("Ndiayemuster", "Ndiayemuster"),
    ("Tesfayebsp", "Tesfayebsp"),
)  # fmt: skip
#: Brothers and sisters whose names their parents chose to sound alike.
TWINS = (
    ("Hassan", "Hussein"), ("Anna", "Inna"), ("Ali", "Amal"), ("Daniel", "Daniela"), ("Amir", "Amira"),
    ("Mariana", "Marina"), ("Jan", "Jana"), ("Sara", "Samira"), ("Petro", "Pavlo"), ("Oleksandr", "Oleksandra"),
    ("Leon", "Noel"), ("Zaid", "Said"), ("Yara", "Lara"), ("Mohammed Ali", "Mahmoud Ali"), ("Ivan", "Ihor"),
)  # fmt: skip


class Population:
    """People made with one seed: always the same."""

    def __init__(self, seed: int = 7) -> None:
        self._chance = random.Random(seed)

    def born(self) -> date:
        return date(1950, 2, 2) + timedelta(days=self._chance.randrange(18_000))

    def phone(self) -> str:
        return f"+49 2410 {self._chance.randrange(10**6, 10**7)}"

    def somebody(self, writing: int = 0) -> tuple[Identity, Identity]:
        """One person, and the same person written by another office."""
        given, family = self._chance.choice(GIVEN), self._chance.choice(FAMILY)
        born, phone = self.born(), self.phone()
        return Identity(given[0], family[0], born, phone), Identity(given[1], family[1], born)

    def duplicates(self, many: int) -> Iterator[Pair]:
        for kind, change in CHANGES.items():
            for _ in range(many):
                first, second = change(self, *self.somebody())
                yield Pair(kind, first, second, True)

    def register(self, many: int, again: int) -> tuple[list[Identity], list[tuple[Identity, int | None]]]:
        """Who is in care, and who comes to the desk: some of them a second time, in turn by every kind of difference,
        and as many newcomers. Of every seventh nobody knows the birth day. With so few names, namesakes are more
        frequent than in any town."""
        written = [self.somebody() for _ in range(many)]
        kept, kinds = [first for first, _ in written], list(CHANGES.values())
        newcomers = [self.somebody()[0] for _ in range(again)]
        newcomers[::7] = [replace(one, birth_date=_new_year(one.birth_date)) for one in newcomers[::7]]
        kept[::7] = [replace(one, birth_date=_new_year(one.birth_date)) for one in kept[::7]]
        coming: list[tuple[Identity, int | None]] = [(one, None) for one in newcomers]
        for number in range(again):
            first, second = kinds[number % len(kinds)](self, *written[number])
            kept[number] = replace(first, birth_date=kept[number].birth_date)
            coming.append((second, number))
        return kept, coming

    def near_duplicates(self, many: int) -> Iterator[Pair]:
        for number in range(many):
            first, _ = self.somebody()
            one, other = TWINS[number % len(TWINS)]
            yield Pair("twins", replace(first, given_name=one), replace(first, given_name=other), False)
            older = replace(first, birth_date=self.born())
            yield Pair("father and son of one name", first, older, first.birth_date == older.birth_date)
            stranger, _ = self.somebody()
            yield Pair("born on one day", first, replace(stranger, birth_date=first.birth_date), False)
            assert first.birth_date is not None
            later = first.birth_date + timedelta(days=self._chance.randrange(1, 28))
            yield Pair("namesake of one year", first, replace(first, birth_date=later, phone=self.phone()), False)

    def misspelt(self, name: str) -> str:
        """One letter left out, doubled, or changed with its neighbor, inside a long name."""
        place = self._chance.randrange(2, len(name) - 2)
        return self._chance.choice(
            (
                name[:place] + name[place + 1 :],
                name[:place] + name[place] + name[place:],
                name[:place] + name[place + 1] + name[place] + name[place + 2 :],
            )
        )


Change = Callable[[Population, Identity, Identity], tuple[Identity, Identity]]


def _swapped_day(born: date | None) -> date | None:
    return date(born.year, born.day, born.month) if born and born.day <= 12 else born


def _new_year(born: date | None) -> date | None:
    """What offices write when nobody knows the day."""
    return date(born.year, 1, 1) if born else None


def _plain(identity: Identity) -> Identity:
    return replace(identity, given_name="Tewelde", family_name="Beispielmuster")


CHANGES: dict[str, Change] = {
    "the same spelling": lambda _, first, second: (first, replace(first, phone=None)),
    "another transliteration": lambda _, first, second: (first, second),
    "family and given name swapped": lambda _, first, second: (
        first,
        replace(second, given_name=second.family_name, family_name=second.given_name),
    ),
    "a patronymic": lambda _, first, second: (
        first,
        replace(second, given_name=f"{second.given_name} Beispielovych"),
    ),
    "a second given name": lambda _, first, second: (first, replace(second, given_name=f"{second.given_name} Pia")),
    "a second family name": lambda _, first, second: (first, replace(second, family_name=f"{second.family_name}-Zwei")),
    "birth day unknown": lambda _, first, second: (
        first,
        replace(second, birth_date=_new_year(first.birth_date)),
    ),
    "day and month swapped": lambda _, first, second: (
        first,
        replace(second, birth_date=_swapped_day(first.birth_date)),
    ),
    "family name misspelt": lambda people, first, second: (
        _plain(first),
        replace(_plain(first), family_name=people.misspelt("Beispielmuster"), phone=None),
    ),
    "married, same telephone": lambda _, first, second: (
        first,
        replace(second, family_name="Neuername", phone=first.phone),
    ),
    "married, another telephone": lambda _, first, second: (first, replace(second, family_name="Neuername")),
    "birth day mistyped, same telephone": lambda _, first, second: (
        first,
        replace(second, phone=first.phone, birth_date=first.birth_date.replace(day=14) if first.birth_date else None),
    ),
}
