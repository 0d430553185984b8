"""The kit keeps and checks what the network signs, and signs in return; each side reads with its own code."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey
from lotsennetz_partner import __main__ as program
from lotsennetz_partner import keys, receipts
from lotsennetz_partner.client import Event
from lotsennetz_partner.errors import RefusedError, UnreadableError

from services.referral.receipts import ReceiptKeys, generate_receipt_keys, read
from tests.partner_kit.test_office import OURS, REFERRAL, FakeNetwork, office

NETWORK = "https://network.example"
SIGNER = ReceiptKeys.of(generate_receipt_keys(), NETWORK)
KEY_SET = {"keys": SIGNER.public()}
BYTES = "ab" * 32


def receipt(**changes: Any) -> str:
    body = {"referral_id": REFERRAL, "sha256": BYTES}
    usual = {"aud": str(OURS), "jti": str(uuid4()), "iat": 1, "events": {receipts.EVENT + "referral.accepted.v1": body}}
    return SIGNER.sign({**usual, **changes})


def test_what_the_network_signed_is_read():
    found = receipts.verify(receipt(jti="one"), KEY_SET, NETWORK, OURS)
    assert (found.number, found.referral_id, found.sha256) == ("one", REFERRAL, BYTES)


def forged(**header: Any) -> str:
    """Signed by somebody else under a name of the network's key."""
    stranger = OKPKey.generate_key("Ed25519")
    usual = {"alg": "Ed25519", "typ": "secevent+jwt", "kid": SIGNER.key_id}
    return jwt.encode({**usual, **header}, {"iss": NETWORK}, stranger, algorithms=["Ed25519"])


STRANGER = OKPKey.generate_key("Ed25519", auto_kid=True)
NOT_OURS = {
    "of a stranger": forged(),
    "with a key of its own": forged(jwk=STRANGER.as_dict(private=False)),
    "by an unknown key": forged(kid="nobody"),
    "no receipt": forged(typ="JWT"),
    "for another": receipt(aud=str(uuid4())),
    "of another network": ReceiptKeys("https://other.example", SIGNER.keys).sign({"aud": str(OURS), "jti": "1"}),
    "two events": receipt(events={}),
    "no token": "words",
    "no signature": receipt().rpartition(".")[0] + ".",
}


@pytest.mark.parametrize("case", sorted(NOT_OURS))
def test_nothing_else_passes_for_a_receipt(case: str):
    with pytest.raises(UnreadableError):
        receipts.verify(NOT_OURS[case], KEY_SET, NETWORK, OURS)


@pytest.mark.parametrize("kind", ["EC", "RSA"])
def test_what_the_kit_signs_the_network_reads(kind: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(keys, "RSA_BITS", 2048)  # the size is tried where keys are made
    key = keys.generate(kind, "sig")
    found = receipts.verify(receipt(jti="one"), KEY_SET, NETWORK, OURS)
    ours = receipts.confirm(found, key, NETWORK, OURS)
    claims = read(ours, [keys.public(key)]).claims
    assert claims["events"] == {receipts.CONFIRMED: {"referral_id": REFERRAL, "receipt": "one", "sha256": BYTES}}
    assert (claims["iss"], claims["aud"]) == (str(OURS), NETWORK)


class SigningNetwork(FakeNetwork):
    """Also publishes its keys and takes receipts."""

    def __init__(self, *events: Event) -> None:
        super().__init__(*events)
        self.handed: list[str] = []
        self.asked_for_keys = 0

    def network_keys(self) -> dict[str, Any]:
        self.asked_for_keys += 1
        return dict(KEY_SET)

    def hand_in(self, token: str) -> dict[str, Any]:
        self.handed.append(token)
        if self.fails:
            raise self.fails
        return {}


def with_key(place: Path) -> dict[str, Any]:
    file = place / "signing.json"
    if not file.exists():
        keys.write(keys.generate("EC", "sig"), file)
    return {"signing_key_file": file}


def result(*tokens: str) -> Event:
    data = {"command_id": str(uuid4()), "result": "done", "receipts": list(tokens)}
    return Event("result-1", "partner.command_result.v1", data)


def test_a_receipt_from_the_queue_is_checked_and_confirmed_once(tmp_path: Path):
    network = SigningNetwork(result(receipt()))
    desk = office(tmp_path, network, **with_key(tmp_path))
    for _ in range(3):
        desk.turn()
    assert len(network.handed) == 1
    assert [one.state for one in desk.journal.receipts()] == ["confirmed"]
    assert network.asked_for_keys == 1


def test_killed_between_signing_and_hearing_the_same_word_is_said_again(tmp_path: Path):
    network = SigningNetwork(result(receipt()))
    network.fails = KeyboardInterrupt()  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        office(tmp_path, network, **with_key(tmp_path)).turn()
    network.fails = None
    office(tmp_path, network, **with_key(tmp_path)).turn()
    assert len(network.handed) == 2
    assert len(set(network.handed)) == 1


def test_other_bytes_than_we_got_are_never_confirmed(tmp_path: Path):
    network = SigningNetwork()
    desk = office(tmp_path, network, **with_key(tmp_path))
    desk.journal.keep_receipt(receipt(), "cd" * 32)
    desk.turn()
    assert (network.handed, [one.state for one in desk.journal.receipts()]) == ([], ["wrong"])


def test_without_a_signing_key_receipts_are_checked_and_kept(tmp_path: Path):
    network = SigningNetwork(result(receipt(), forged()))
    desk = office(tmp_path, network)
    desk.turn()
    assert [one.state for one in desk.journal.receipts()] == ["checked", "wrong"]


def test_a_refused_one_is_said_no_more(tmp_path: Path):
    network = SigningNetwork(result(receipt()))
    network.fails = RefusedError(422, {"slug": "receipt.key-unknown"})
    desk = office(tmp_path, network, **with_key(tmp_path))
    desk.turn()
    desk.turn()
    assert (len(network.handed), desk.journal.receipts()[0].state) == (1, "refused")


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    file = tmp_path / "settings.toml"
    lines = {"network_url": NETWORK, "organization_id": OURS, "token_url": f"{NETWORK}/token", "client_id": "a"}
    file.write_text("\n".join(f'{name} = "{value}"' for name, value in lines.items()))
    return file


def test_on_the_command_line_without_the_network(
    settings_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "keys.json").write_text(json.dumps(KEY_SET))
    outcomes = []
    for token in (receipt(jti="one"), forged()):
        (tmp_path / "token").write_text(token)
        words = ["verify-receipt", str(tmp_path / "token"), "--keys", str(tmp_path / "keys.json")]
        outcomes.append(program.main(["--settings", str(settings_file), *words]))
    assert outcomes == [program.OK, program.REFUSED]
    assert json.loads(capsys.readouterr().out)["number"] == "one"


def test_a_signing_key_is_made_for_signing(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert program.main(["keygen", str(tmp_path / "sig.json"), "--use", "sig"]) == program.OK
    assert json.loads(capsys.readouterr().out)["use"] == "sig"
    assert json.loads((tmp_path / "sig.json").read_text())["use"] == "sig"


def test_words_are_sealed_to_the_key_for_sealing_wherever_it_stands():
    theirs = keys.generate("EC", "enc")
    sealed = keys.seal_words("words", {"keys": [*SIGNER.public(), keys.public(theirs)]})
    assert keys.header_of(sealed)["kid"] == theirs.kid
