"""Partners' places beside a running network: the stand-in of one stands still, and another program has its desk."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

import psutil

from deploy.demo.participants import PARTICIPANTS, Participant
from deploy.demo.story import HWK_RECOGNITION, IHK_RECOGNITION, KIA_LANGUAGE, Story
from tests.system.conftest import ROOT, RunningNetwork, Told

PAGES = ROOT / "docs" / "partners"
RUN = re.compile(r"^```sh run\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PERSON = {
    "given_name": "Gasta",
    "family_name": "Beispielfrau",
    "phone": "+49 241 5550188",
    "languages": ["fr"],
    "occupation": "Tischlerin",
    "occupation_code": "22342",
    "qualification_title": "Menuisière (diplôme)",
    "qualification_country": "FR",
    "qualification_year": 2011,
}
LANGUAGE = ["IDENTITY", "CONTACT", "LANGUAGE"]
#: Of each partner: the service it is asked for, the topic, and what the service's terms need.
SERVICES: Mapping[str, tuple[UUID, str, list[str]]] = {
    "hwk-aachen": (HWK_RECOGNITION, "ANERKENNUNG", [*LANGUAGE, "QUALIFICATION"]),
    "ihk-aachen": (IHK_RECOGNITION, "ANERKENNUNG", [*LANGUAGE, "QUALIFICATION"]),
    "kia-staedteregion-aachen": (KIA_LANGUAGE, "SPRACHE", LANGUAGE),
}


@dataclass(frozen=True)
class Guest:
    """Whoever sits at a partner's desk, in a folder of its own."""

    partner: Participant
    network: RunningNetwork
    story: Story
    folder: Path
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def given(self) -> dict[str, str]:
        """What it was told at onboarding, under the names its documentation uses."""
        state, slug = self.network.state, self.partner.slug
        keys, is_queue = self.network.dev / "keys", self.partner.channel == "amqp"
        proof = (
            {"CLIENT_KEY_FILE": str(keys / f"partner.{slug}.client.json")}
            if self.partner.signs_in_by_key
            else {"CLIENT_SECRET": state["secrets"][self.partner.client_id]}
        )
        queue = {
            "AMQP_HOST": f"127.0.0.1:{state['rabbitmq']['ports']['amqp']}",
            "AMQP_VHOST": state["broker"]["vhost"],
            "AMQP_USER": f"partner.{self.partner.organization_id}",
            "AMQP_PASSWORD": state["secrets"]["partner-amqp"],
        }
        return {
            "NETWORK": state["origin"],
            "TOKEN_URL": f"{state['issuer']}/token",
            "ORGANIZATION_ID": str(self.partner.organization_id),
            "CLIENT_ID": self.partner.client_id,
            "PRIVATE_KEY_FILE": str(keys / f"partner.{slug}.json"),
            **proof,
            **(queue if is_queue else {}),
            **self.more,
        }

    def told(self, **more: str) -> "Guest":
        """The same guest, who was given something more."""
        return replace(self, more={**self.more, **more})

    def run(self, *words: str, seconds: float = 120) -> Told:
        """One program, with nothing but what was given."""
        with self.begun(*words) as process:
            out, err = process.communicate(timeout=seconds)
        return Told(process.returncode, out, err)

    @contextmanager
    def begun(self, *words: str) -> Iterator["subprocess.Popen[str]"]:
        """The same, while we do something else."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        around = {**kept, **self.given, "PATH": f"{self.folder}:{Path(sys.executable).parent}:{kept['PATH']}"}
        process = subprocess.Popen(
            words, cwd=self.folder, env=around, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate(timeout=10)

    def follow(self, page: str) -> Told:
        """Every marked block of a page, one after the other, as somebody types them."""
        return self.run(*typed(page))

    def referred(self) -> str:
        """A consented referral to this partner, released; its id."""
        service, topic, categories = SERVICES[self.partner.slug]
        name = f"guest{len(self.story.ids)}"
        person = {**PERSON, "birth_date": f"19{len(self.story.ids) % 40 + 50}-02-03"}
        self.story._enquire(name, person, [{"topic": topic, "urgency": "normal"}])
        assert self.story._suggestions(name, topic)["suggestions"], "the directory has not arrived"
        recipient = self.story._recipient(self.partner.organization_id, service, [topic], categories)
        self.story._consent(name, "fr", [recipient])
        self.story._refer(f"{name}-referral", name, topic, service)
        referral = self.story.ids[f"{name}-referral"]
        self.story.desk.wait_for(referral, "requested")
        return referral

    def status_of(self, referral: str) -> str:
        return str(self.story.desk.get(f"/referral/api/v1/referrals/{referral}")["status"])


def blocks(page: str) -> list[str]:
    """The marked blocks of a page."""
    return RUN.findall((PAGES / page).read_text(encoding="utf-8"))


def typed(page: str) -> tuple[str, ...]:
    """All of them in one shell that stops at the first that fails."""
    return ("bash", "-euo", "pipefail", "-c", "\n".join(blocks(page)))


@contextmanager
def sitting_at(slug: str, network: RunningNetwork, story: Story, folder: Path) -> Iterator[Guest]:
    """The partner's stand-in stands still meanwhile."""
    partner = next(one for one in PARTICIPANTS if one.slug == slug)
    shutil.copytree(PAGES / "examples", folder / "examples")
    kit = folder / "lotsennetz-partner"  # as `pip install ./partner_kit` puts it there
    kit.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT / "partner_kit"} exec {sys.executable} -m lotsennetz_partner "$@"\n')
    kit.chmod(0o755)
    stand_in = running(network, f"deploy.demo.partners.{partner.program}")
    stand_in.send_signal(signal.SIGSTOP)
    try:
        yield Guest(partner, network, story, folder)
    finally:
        stand_in.send_signal(signal.SIGCONT)


def running(network: RunningNetwork, module: str) -> psutil.Process:
    """The one process that runs this module; others come and go while we look."""
    found = []
    for one in psutil.Process(network.process.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            found += [one] if module in one.cmdline() else []
    [only] = found
    return only
