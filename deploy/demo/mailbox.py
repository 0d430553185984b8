"""The demo's mail server: takes every mail and lays it down as one `.eml` file; nothing ever leaves this machine.

`python -m deploy.demo.mailbox` reads SMTP_ADDRESS (host:port), MAIL_DIR and, where mails reach it over a network, a
certificate in SMTP_CERTIFICATE_FILE with its key in SMTP_KEY_FILE: then nothing is taken in the clear.
"""

import os
import signal
import ssl
import sys
import threading
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiosmtpd.controller import Controller


class Mailbox:
    """Writes first, answers 250 after: an accepted mail is on disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Take one mail; the recipients of the envelope are noted, they may differ from the header's."""
        draft = self._folder / f".{uuid4()}"
        draft.write_bytes(f"X-Envelope-To: {', '.join(envelope.rcpt_tos)}\r\n".encode() + envelope.content)
        draft.rename(self._folder / f"{len(list(self._folder.glob('*.eml'))):05}-{draft.name[1:9]}.eml")
        return "250 OK"


def certificate() -> ssl.SSLContext | None:
    """What the mailbox shows of itself, if it has anything to show."""
    if not os.environ.get("SMTP_CERTIFICATE_FILE"):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.environ["SMTP_CERTIFICATE_FILE"], os.environ["SMTP_KEY_FILE"])
    return context


def main() -> int:
    """Serve until told to stop."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    host, _, port = os.environ["SMTP_ADDRESS"].rpartition(":")
    tls = certificate()
    controller = Controller(
        Mailbox(Path(os.environ["MAIL_DIR"])),
        hostname=host,
        port=int(port),
        tls_context=tls,
        require_starttls=tls is not None,
    )
    controller.start()
    ended.wait()
    controller.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
