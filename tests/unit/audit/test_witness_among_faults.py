"""A witness hears the log over a network: whatever comes back, it says what is wrong and looks again."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from services.audit.domain.log import Head, grow
from services.audit.domain.merkle import consistency_proof, leaf_hash
from tests.unit.audit import sample
from tests.unit.audit.test_merkle import by_definition, independent, node_of

LEAVES = [b"one", b"two", b"three", b"four", b"five"]
HEAD, PROOF, HANDED_IN = "/checkpoints/latest", "/proofs/consistency?first=3&second=5", "/cosignatures"


@pytest.fixture(scope="module")
def program():
    return independent("lotsennetz_witness")


def note(size):
    head, _, _ = grow(Head(), LEAVES[:size], sample.START)
    return sample.signer().sign(size, head.frontier.root()).encode()


def proof():
    steps = consistency_proof(3, 5, node_of(LEAVES))
    return json.dumps({"proof": [base64.b64encode(step).decode() for step in steps]}).encode()


class Peer:
    """Says what it is told to say; what is not bytes alone is done to the connection."""

    def __init__(self):
        self.says = {}
        self.handed_in = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.answer(self, self.path)

            def do_POST(self):
                outer.handed_in.append(self.rfile.read(int(self.headers["Content-Length"])))
                outer.answer(self, self.path)

            def log_message(self, *_):
                """Nobody reads it."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, handler, path):
        said = self.says[path]
        if callable(said):
            said(handler)
            return
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(said)))
        handler.end_headers()
        handler.wfile.write(said)


@pytest.fixture
def peer():
    made = Peer()
    threading.Thread(target=made.server.serve_forever, args=(0.02,), daemon=True).start()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def arguments(program, peer, tmp_path):
    """A witness that has seen three entries."""
    program.make_key("witness.example/w", tmp_path / "own.key")
    (tmp_path / "log.pub").write_text(sample.signer().key.text())
    (tmp_path / "seen.json").write_text(json.dumps({"size": 3, "root": by_definition(LEAVES[:3]).hex()}))
    peer.says = {HEAD: note(5), PROOF: proof(), HANDED_IN: b"{}"}
    files = {"--key": "own.key", "--log-key": "log.pub", "--state": "seen.json"}
    return ["--log", peer.url, *(str(part) for name, file in files.items() for part in (name, tmp_path / file))]


def no_http(handler):
    handler.wfile.write(b"SSH-2.0-something\r\n\r\n")


def cut_off(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"proof": [')


def endless(handler):
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(b"[" * ((1 << 20) + 1))


@pytest.mark.parametrize(
    "said",
    [
        pytest.param({PROOF: b"<html>Bad gateway</html>"}, id="a page"),
        pytest.param({PROOF: b""}, id="nothing"),
        pytest.param({PROOF: b"\xff\xfe"}, id="no text"),
        pytest.param({PROOF: b"[]"}, id="a list"),
        pytest.param({PROOF: b'"proof"'}, id="a word"),
        pytest.param({PROOF: b"{}"}, id="no proof"),
        pytest.param({PROOF: b'{"proof": null}'}, id="an empty proof"),
        pytest.param({PROOF: b'{"proof": [7]}'}, id="a number for a hash"),
        pytest.param({PROOF: b'{"proof": ["%%%"]}'}, id="signs for a hash"),
        pytest.param({PROOF: no_http}, id="another protocol"),
        pytest.param({PROOF: cut_off}, id="cut off"),
        pytest.param({PROOF: endless}, id="without an end"),
        pytest.param({HEAD: b"\xff\xfe"}, id="a head of no text"),
        pytest.param({HEAD: b"lotsennetz.example/sample\nmany\nAAAA\n\n"}, id="a head of no size"),
        pytest.param({HEAD: no_http}, id="a head by another protocol"),
        pytest.param({HEAD: lambda handler: handler.send_error(502)}, id="a head refused"),
    ],
)
def test_garbage_is_named_and_nothing_is_countersigned(program, peer, arguments, capsys, tmp_path, said):
    before = (tmp_path / "seen.json").read_text()
    peer.says |= said
    assert program.main(arguments) == program.UNREADABLE
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and ("what the log sent" in told or "checkpoints/latest:" in told or "proofs/" in told)
    assert (peer.handed_in, (tmp_path / "seen.json").read_text()) == ([], before)


def test_a_proof_of_something_else_is_an_accusation(program, peer, arguments, capsys):
    peer.says[PROOF] = json.dumps({"proof": [base64.b64encode(leaf_hash(b"other")).decode()]}).encode()
    assert program.main(arguments) == program.BROKEN
    assert "FORKED" in capsys.readouterr().err and not peer.handed_in


def test_it_goes_on_after_garbage_and_ends_only_where_the_log_is_broken(program, peer, arguments, monkeypatch, capsys):
    turns = iter([{HEAD: b"garbage"}, {PROOF: b"garbage"}, {}, {HEAD: note(2)}])
    good = dict(peer.says)

    def next_turn(_seconds):
        peer.says = good | next(turns)

    monkeypatch.setattr(program.time, "sleep", next_turn)
    peer.says = good | {HEAD: no_http}
    assert program.main([*arguments, "--every", "60"]) == program.BROKEN
    told = capsys.readouterr()
    assert told.out == "countersigned 5 entries, 2 more than last time\n"
    assert (told.err.count("\n"), "SHRANK" in told.err, len(peer.handed_in)) == (4, True, 1)


@pytest.mark.parametrize("kept", ["", "[]", "{}", '{"size": null, "root": ""}', '{"size": 3, "root": "no"}'])
def test_a_memory_that_cannot_be_read_is_named_and_left_alone(program, arguments, capsys, tmp_path, kept):
    (tmp_path / "seen.json").write_text(kept)
    assert program.main(arguments) == program.UNREADABLE
    assert "state" in capsys.readouterr().err and (tmp_path / "seen.json").read_text() == kept
