"""Stand-in for the KIA of the StädteRegion Aachen: asks for its own events with a cursor, answers by REST.

Needs no open port, and signs in with a key of its own (`private_key_jwt`). Course places are scarce: it puts people on
the list first and starts them a few rounds later.
"""

from datetime import date

from deploy.demo.partners.office import (
    Network,
    Settings,
    Store,
    fetch_once,
    in_days,
    meet_duties,
    run,
    send_open_answers,
)

ROUNDS_ON_THE_LIST = 3
#: With nothing on the desk the next notice is waited for; short enough to be told to stop.
LONGEST_WAIT = 3


class Kompetenzzentrum:
    def __init__(self) -> None:
        settings = Settings.from_environment()
        self.store = Store(settings.store)
        self.network = Network(settings)

    def turn(self) -> None:
        self.pull()
        for case in self.store.rows("select * from cases where step not in ('started', 'stopped')"):
            self.advance(case["referral_id"], case["step"], case["rounds"])
        send_open_answers(self.store, self.network)

    def pull(self) -> None:
        """Take what is new, write it down, and only then say that it was taken."""
        cursor = self.store.place("cursor")
        busy = self.store.rows("select 1 from cases where step not in ('started', 'stopped') limit 1")
        asked = {"after": cursor or "0", "limit": 100, "wait": 0 if busy else LONGEST_WAIT}
        answer = self.network.call("GET", "/partner/v1/events", params=asked)
        answer.raise_for_status()
        page = answer.json()
        for event in page["events"]:
            data = event["data"]
            if self.store.take(event["id"], data["referral_id"], data["kind"]) and data["kind"] in (
                "referral_stopped",
                "duty_opened",
            ):
                meet_duties(self.store, data["referral_id"])
        if page["events"]:
            self.network.call(
                "POST", "/partner/v1/acknowledgements", json={"cursor": page["cursor"]}
            ).raise_for_status()
            self.store.keep_place("cursor", str(page["cursor"]))

    def advance(self, referral_id: str, step: str, rounds: int) -> None:
        if step == "new":
            self.store.plan(referral_id, "receive", {}, step="received")
        elif step == "received":
            fetch_once(self.store, self.network, referral_id)
            self.store.plan(referral_id, "waitlist", {"estimated_on": in_days(30)}, step="listed")
        elif rounds < ROUNDS_ON_THE_LIST:
            with self.store.transaction() as tx:
                tx.execute("update cases set rounds = rounds + 1 where referral_id = ?", (referral_id,))
        else:
            self.store.plan(referral_id, "start", {"first_contact_on": date.today().isoformat()}, step="started")


if __name__ == "__main__":
    run(Kompetenzzentrum().turn)
