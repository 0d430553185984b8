"""Public documents: immutable JSON objects that only a public event may carry."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from contracts.texts import PATTERNS, LanguageTag


class FrozenDocument(Mapping[str, Any]):
    """An immutable JSON object; `as_dict` gives a plain copy for whoever must change or store it."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, Any]) -> None:
        self._items = {key: _freeze(item) for key, item in items.items()}
        self.check()

    def check(self) -> None:
        """Refuse content this kind of document may not hold."""

    def as_dict(self) -> dict[str, Any]:
        return {key: _thaw(item) for key, item in self._items.items()}

    def __getitem__(self, key: str) -> Any:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.as_dict()!r})"


class JsonDocument(FrozenDocument):
    """A published rule document, such as the eligibility rules of a service."""

    __slots__ = ()


class PublicText(FrozenDocument):
    """A public text per language tag."""

    __slots__ = ()

    def check(self) -> None:
        for tag, text in self.items():
            if not re.match(PATTERNS[LanguageTag], tag) or not isinstance(text, str):
                raise ValueError("a public text maps language tags to texts")


class PublicJwk(FrozenDocument):
    """The public half of a key (RFC 7517); a private member is refused."""

    __slots__ = ()

    def check(self) -> None:
        private = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}.intersection(self)
        if private or "kty" not in self:
            raise ValueError("a public JWK names its kty and holds no private member")


def _freeze(item: Any) -> Any:
    if isinstance(item, FrozenDocument):
        return item
    if isinstance(item, Mapping):
        return FrozenDocument(item)
    return tuple(_freeze(one) for one in item) if isinstance(item, list | tuple) else item


def _thaw(item: Any) -> Any:
    if isinstance(item, FrozenDocument):
        return item.as_dict()
    return [_thaw(one) for one in item] if isinstance(item, tuple) else item
