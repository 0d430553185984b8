"""The smallest office there is: run by the partner kit with each new file, it answers as the test person's name says.

    command = "python answering.py"       in the kit's settings; the file to read comes as the last word

It knows nothing but files: what to copy from when a system of your own is to take part in a certification.
"""

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

ANSWERS: dict[str, list[dict[str, Any]]] = {
    "ACCEPT": [
        {"action": "accept"},
        {"action": "start", "first_contact_on": date.today().isoformat()},
        {"action": "complete", "outcome": "ADVICE_GIVEN"},
    ],
    "ASK": [{"action": "ask", "question": "LANGUAGE_LEVEL", "comment": "Welche Sprachen noch?"}],
    "REJECT": [{"action": "reject", "reason": "NOT_COMPETENT"}],
    "HOLD": [{"action": "receive"}],
}
OWED: dict[str, dict[str, Any]] = {
    "acknowledge_stop": {"action": "acknowledge_stop"},
    "state_deletion": {"action": "state_deletion", "deletion": "deleted"},
}
UNANSWERED = ("requested", "received")


def answers_to(content: dict[str, Any]) -> list[dict[str, Any]]:
    """What is to be said about this file; nothing where there is nothing to decide."""
    referral = content.get("referral", {})
    owed = [OWED[action] for action in referral.get("allowed_actions", ()) if action in OWED]
    if owed:
        return owed
    if "dossier" not in content or referral.get("status") not in UNANSWERED:
        return []
    word = content["dossier"]["person"]["family_name"].rpartition("-")[2]
    if content["notice"]["kind"] == "question_answered":
        return ANSWERS["ACCEPT"][:1] if word == "ASK" else []
    return ANSWERS.get(word, [])


def main(file: Path) -> int:
    """Lay the answers into the outbox beside the inbox; their names sort in the order in which they are said."""
    content = json.loads(file.read_text(encoding="utf-8"))
    outbox = file.parent.parent / "outbox"
    for number, answer in enumerate(answers_to(content)):
        whole = {"referral": content["notice"]["referral_id"], **answer}
        name = f"{content['notice']['referral_id']}-{number}-{answer['action']}.json"
        part = outbox / f".{name}.part"
        part.write_text(json.dumps(whole), encoding="utf-8")
        part.replace(outbox / name)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[-1])))
