"""The form of an object: one control for each field of its kind, made from the table of fields, in words.

The name of an input is the path of its value, and so is the place the readers name when something is wrong there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from services.chassis.i18n import PERSON_LANGUAGES
from services.chassis.pages import translate
from services.directory.domain.formats import LONG, Localized
from services.directory.domain.forms import is_code, path_of
from services.directory.domain.objects import FIELDS, Kind
from services.directory.domain.shapes import Expected, Field, ListOf, OneOf, Reader, Shape
from services.directory.web import words
from services.directory.web.form_controls import DRAWN, TYPES, Choices, Control, Look, choices_of, hint_for
from services.directory.web.form_layout import Section, sections

#: The languages a text is always asked for in; the others are folded.
FIRST_LANGUAGES = ("de", "en")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A section with its controls."""

    heading: str
    controls: Sequence[Control]
    is_open: bool


@dataclass(frozen=True, slots=True)
class Form:
    """What a form is drawn from: the values typed so far, what is wrong, and what there is to choose from."""

    kind: Kind
    value: Mapping[str, Any]
    is_new: bool
    problems: Mapping[str, str] = field(default_factory=dict)
    #: For each kind that is referred to, the objects to choose from; None if they are too many.
    choices: Mapping[Kind, Choices | None] = field(default_factory=dict)

    def drawn(self) -> list[Drawn]:
        return [self._drawn(section) for section in sections(self.kind, is_new=self.is_new)]

    def _drawn(self, section: Section) -> Drawn:
        controls = [self.control((name,), FIELDS[self.kind][name], self.value.get(name)) for name in section.fields]
        is_open = not section.is_folded or any(control.is_filled for control in controls)
        return Drawn(section.heading, controls, is_open)

    def control(self, path: words.Path, one: Field, value: Any) -> Control:
        """The control of one field."""
        made = self._made(path, one.read, value)
        name = str(path[-1])
        return replace(made, is_required=one.required, hint=made.hint or hint_for(name, one.read))

    def _made(self, path: words.Path, reader: Reader, value: Any) -> Control:
        bare = Control(Look.LINE, name_of(path), words.field_word(path), error=self._error(path))
        referred = words.referred_kind(self.kind, path)
        if isinstance(reader, Localized):
            return self._texts(bare, path, reader, value or {})
        if isinstance(reader, Shape):
            return replace(bare, look=Look.GROUP, parts=self._parts(path, reader, value or {}))
        if isinstance(reader, ListOf):
            return self._several(bare, path, reader.item, value or [], referred)
        if referred is not None:
            return self._reference(bare, referred, value or "")
        for is_meant, draw in DRAWN:
            if is_meant(reader):
                return draw(bare, reader, value)
        return replace(bare, value="" if value is None else str(value), type=TYPES.get(id(reader), "text"))

    def _parts(self, path: words.Path, shape: Shape, value: Mapping[str, Any]) -> list[Control]:
        return [self.control((*path, name), one, value.get(name)) for name, one in shape.fields.items()]

    def _texts(self, bare: Control, path: words.Path, reader: Localized, value: Mapping[str, str]) -> Control:
        tags = [*PERSON_LANGUAGES, *sorted(value.keys() - set(PERSON_LANGUAGES))]
        tags.sort(key=lambda tag: tag not in FIRST_LANGUAGES)
        look = Look.AREA if reader.limit == LONG else Look.LINE
        parts = [
            Control(
                look,
                f"{bare.name}.{tag}",
                words.language_in_words(tag),
                value.get(tag, ""),
                tag=tag,
                error=self.problems.get(f"{bare.name}.{tag}", "") or (bare.error if tag == "de" else ""),
                is_required=tag == "de",
            )
            for tag in tags
        ]
        return replace(bare, look=Look.TEXTS, parts=parts, error="")

    def _several(
        self, bare: Control, path: words.Path, item: Reader, value: Sequence[Any], referred: Kind | None
    ) -> Control:
        if isinstance(item, Shape):
            groups = [
                Control(
                    Look.GROUP,
                    name_of((*path, at)),
                    f"{bare.label} {at + 1}",
                    one,
                    parts=self._parts((*path, at), item, one),
                )
                for at, one in enumerate(value)
            ]
            return replace(bare, look=Look.GROUPS, parts=groups, more=bare.name, error=self.problems.get(bare.name, ""))
        if isinstance(item, OneOf):
            return replace(bare, look=Look.CHOICES, value=list(value), choices=choices_of(item))
        if is_code(item):
            return replace(bare, value=" ".join(map(str, value)))
        lines = [
            self._reference(
                Control(
                    Look.LINE,
                    f"{bare.name}[{at}]",
                    f"{bare.label} {at + 1}",
                    error=self.problems.get(f"{bare.name}[{at}]", ""),
                ),
                referred,
                one,
            )
            for at, one in enumerate(value or [""])
        ]
        return replace(bare, look=Look.LINES, parts=lines, more=bare.name, error=self.problems.get(bare.name, ""))

    def _reference(self, bare: Control, kind: Kind | None, value: str) -> Control:
        """A choice among objects; where they are too many, their short name."""
        known = self.choices.get(kind) if kind else None
        if known is None:
            return replace(bare, value=value, hint=translate("short name or id"))
        listed = known if not value or value in dict(known) else [*known, (value, value)]
        return replace(bare, look=Look.CHOICE, value=value, choices=listed)

    def _error(self, path: words.Path) -> str:
        """What is wrong with a field, or with a part of it that has no control of its own."""
        name = name_of(path)
        exact = self.problems.get(name)
        return exact or next(
            (said for at, said in self.problems.items() if at.startswith((f"{name}[", f"{name}."))), ""
        )

    def found(self) -> list[tuple[str, str, str]]:
        """Every mistake: the control to go to, where it is in words, and what was expected."""
        ids = {control.name: control.id for drawn in self.drawn() for control in every(drawn.controls)}
        ids |= {"": "form", "slug": "f-slug"}
        return [
            (ids[_nearest(name, ids)], words.place_word(path_of(name)) if name else "", said)
            for name, said in self.problems.items()
        ]


def _nearest(name: str, known: Mapping[str, str]) -> str:
    """The control a mistake belongs to: its own, or the one it lies in."""
    return max((one for one in known if name.startswith(one)), key=len)


def every(controls: Sequence[Control]) -> list[Control]:
    return [one for control in controls for one in (control, *every(control.parts))]


def name_of(path: words.Path) -> str:
    """The name of the input at a path: ``phones[0].number``."""
    made = ""
    for part in path:
        made += f"[{part}]" if isinstance(part, int) else f".{part}" if made else part
    return made


def in_words(expected: str) -> str:
    """What was expected of a value, in the reader's language."""
    if isinstance(expected, Expected):
        values = dict(expected.values)
        if "kind" in values:
            values["kind"] = words.kind_word(values["kind"])
        return translate(expected.pattern) % values
    return translate(expected)
