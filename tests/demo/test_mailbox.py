"""The demo's mail server keeps each mail as a file."""

import smtplib
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.controller import Controller

from deploy.demo.mailbox import Mailbox
from deploy.demo.places import free_port


def test_an_accepted_mail_is_on_disk(tmp_path: Path) -> None:
    controller = Controller(Mailbox(tmp_path), hostname="127.0.0.1", port=free_port())
    controller.start()
    mail = EmailMessage()
    mail["To"], mail["From"], mail["Subject"] = "unit@beispiel.example", "network@beispiel.example", "R-2026"
    mail.set_content("http://127.0.0.1/referral/desk/enter/x")
    try:
        with smtplib.SMTP("127.0.0.1", controller.port) as smtp:
            smtp.send_message(mail)
    finally:
        controller.stop()
    [kept] = tmp_path.glob("*.eml")
    read = message_from_bytes(kept.read_bytes())
    assert read["Subject"] == "R-2026"
    assert read["X-Envelope-To"] == "unit@beispiel.example"
