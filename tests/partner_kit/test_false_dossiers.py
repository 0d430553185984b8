"""The dossiers a certification sends that must not be believed; the kit is among those that are certified."""

from collections.abc import Callable
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey
from lotsennetz_partner import keys as kit
from lotsennetz_partner.errors import UnreadableError

from lotse.certify.checks import seals

#: Of two kinds, made once; a short RSA key, because making a long one takes seconds.
OWN = {"RSA": RSAKey.generate_key(2048, auto_kid=True), "EC": ECKey.generate_key("P-256", auto_kid=True)}


@pytest.mark.parametrize("kind", sorted(OWN))
@pytest.mark.parametrize(
    "make", [seals.to_another_key, seals.changed, seals.compressed, seals.by_a_forbidden_algorithm]
)
def test_the_kit_believes_no_false_dossier(kind: str, make: Callable[[Any], str]):
    own = OWN[kind]
    with pytest.raises(UnreadableError):
        kit.open_sealed(make(kit.public(own)), [own])
