"""A receiver of webhooks, whole: Python 3.11 or newer, nothing else. It verifies, writes down, answers, in this order.

WEBHOOK_SECRET=whsec_... PORT=8080 python webhook.py        (TLS and the public address are your proxy's)
"""

import base64
import hashlib
import hmac
import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock

KEY = base64.b64decode(os.environ["WEBHOOK_SECRET"].removeprefix("whsec_"))
JOURNAL = Path(os.environ.get("JOURNAL", "notices.ndjson"))
LARGEST = 64 * 1024
known = {json.loads(line)["id"] for line in JOURNAL.read_text().splitlines()} if JOURNAL.exists() else set()
writing = Lock()


def is_genuine(headers, body):
    at = headers.get("webhook-timestamp", "")
    if not at.isdecimal() or abs(time.time() - int(at)) > 300:
        return False  # old or of the future: a repetition by somebody
    signed = f"{headers.get('webhook-id', '')}.{at}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    given = headers.get("webhook-signature", "").split(" ")  # several while the secret changes: one is enough
    return any(hmac.compare_digest(one.encode(), expected.encode()) for one in given)


class Receiver(BaseHTTPRequestHandler):
    timeout = 10

    def do_POST(self):
        size = int(self.headers.get("content-length", 0))
        body = self.rfile.read(size) if size <= LARGEST else b""
        genuine = is_genuine(self.headers, body)  # the bytes as they came: written anew they would not verify
        if genuine:
            self.take(json.loads(body))
        self.send_response(204 if genuine else 401)
        self.send_header("content-length", "0")
        self.end_headers()

    def take(self, notice):
        with writing:
            if notice["id"] in known:
                return  # the same notice may come again, under the same id
            with JOURNAL.open("a") as journal:
                journal.write(json.dumps(notice) + "\n")
                journal.flush()
                os.fsync(journal.fileno())
            known.add(notice["id"])
        print(notice["data"]["kind"], notice["data"].get("reference", ""), flush=True)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8080"))), Receiver)
print("listening", flush=True)
server.serve_forever()
