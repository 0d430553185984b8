"""The demo's mail server: takes every mail and lays it down as one `.eml` file; nothing ever leaves this machine.

`python -m deploy.demo.mailbox` reads SMTP_ADDRESS (host:port) and MAIL_DIR.
"""

import os
import signal
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


def main() -> int:
    """Serve until told to stop."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    host, _, port = os.environ["SMTP_ADDRESS"].rpartition(":")
    controller = Controller(Mailbox(Path(os.environ["MAIL_DIR"])), hostname=host, port=int(port))
    controller.start()
    ended.wait()
    controller.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
