"""The register of agreements and the clock's warnings: before one ends, when it has ended, and no more once renewed."""

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from joserfc.jwk import OKPKey

from contracts.codes import ChannelKind, FindingKind, KeyUse, Site, StaffRole, TaskKind
from contracts.directory import Agreement, Channel, PartnerKey
from contracts.event import PublicJwk
from contracts.referral import FindingRaised, TaskClosed, TaskOpened
from services.referral import handlers
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import (
    CENTER,
    HWK,
    HWK_SERVICE,
    IHK,
    NOW,
    a_public_key,
    a_service,
    an_organization,
    some_terms,
)
from tests.integration.referral.test_data_protection_pages import HUB, browser_of

PAGE = "/referral/data-protection/agreements"
TODAY = NOW.date()
KINDS = (TaskKind.AGREEMENT_ENDS, TaskKind.AGREEMENT_ENDED)


def until(day: date | None) -> Agreement:
    agreement = an_organization().agreement
    assert agreement is not None
    return replace(agreement, valid_until=day)


def tell(network: Network, version: int, organization: Any = HWK, **changes: Any) -> None:
    """The directory publishes a new version of an organization."""
    with network.scene.unit.work(actor="system:directory") as work:
        handlers.keep_organization(work, an_organization(organization, version=version, **changes))


def days_from(network: Network, end: date, days: int) -> None:
    """The clock stands at noon so many days before (negative) or after the last day, and ticks."""
    network.scene.clock.instant = NOW + timedelta(days=(end - TODAY).days + days)
    network.scene.tick()


def tasks(network: Network) -> list[TaskOpened]:
    return [one for one in network.scene.said(TaskOpened) if one.kind in KINDS]


def open_kinds(network: Network) -> list[str]:
    sql = "SELECT kind FROM tasks WHERE closed_at IS NULL AND kind LIKE 'agreement%%'"
    return [row["kind"] for row in network.scene.rows(sql)]


def rows(page: str) -> list[list[str]]:
    """The text of each cell of the register's rows."""
    body = page.split("<tbody", 1)[1].split("</tbody>", 1)[0]
    found = re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    return [
        [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)]
        for row in found
    ]


@pytest.fixture
def dpo(network: Network) -> FlaskClient:
    return browser_of(network, sub="dora", roles=["dpo"], site=None)


def test_the_register_follows_the_directory(network: Network, dpo: FlaskClient):
    network.requested()
    tell(network, 2, agreement=until(None), name=an_organization().name)
    tell(
        network,
        2,
        IHK,
        agreement=until(TODAY + timedelta(days=12)),
        channel=Channel(kind=ChannelKind.LIGHT),
        public_key=None,
    )
    soon, endless = rows(dpo.get(PAGE).text)
    assert soon[1] == "ends soon Independent controller, GDPR Third countries: not stated"
    assert (soon[4], soon[5], soon[7], soon[8]) == ("12 days", "kept for it", "nothing", "0")
    assert endless[1].startswith("in force")
    assert (endless[3], endless[4], endless[7], endless[8]) == ("no end agreed", "–", "nothing", "1")
    assert endless[5].startswith("to seal to counts")

    tell(network, 3, agreement=until(TODAY - timedelta(days=3)), public_key=None)
    with network.scene.unit.work(actor="system:directory") as work:
        handlers.keep_service(work, a_service(HWK_SERVICE, HWK, version=2, terms=some_terms(categories_accepted=())))
    ended, soon = rows(dpo.get(PAGE).text)
    assert ended[1].startswith("ended")
    assert (ended[4], ended[5], ended[6]) == ("ended 3 days ago", "none on file", "Anerkennung: missing")
    assert ended[7] == "no agreement in force; no terms of referral; no key on file"
    assert soon[4] == "12 days"

    tell(network, 4, agreement=None)
    assert [row[1].split()[0] for row in rows(dpo.get(PAGE).text)] == ["none", "ends"]


def test_each_key_stands_in_the_register_with_its_life(network: Network, dpo: FlaskClient):
    old, new, signing = (
        a_public_key(),
        a_public_key(),
        OKPKey.generate_key("Ed25519", auto_kid=True).as_dict(private=False),
    )
    now = network.scene.clock.instant
    keys = (
        PartnerKey(key=PublicJwk(old), use=KeyUse.ENC, not_after=now + timedelta(days=9)),
        PartnerKey(key=PublicJwk(new), use=KeyUse.ENC, not_before=now + timedelta(days=2)),
        PartnerKey(key=PublicJwk(signing), use=KeyUse.SIG, revoked_at=now),
    )
    tell(network, 2, public_key=None, keys=keys, agreement=until(None))
    told = next(row[5] for row in rows(dpo.get(PAGE).text) if "until" in row[5])
    assert told.startswith("to seal to ends soon until Dec 2, 2026")
    assert "to seal to not yet from Nov 25, 2026" in told
    assert "to check receipts with revoked" in told


def test_the_officer_counts_all_and_a_lead_her_own(network: Network, dpo: FlaskClient):
    network.requested()
    neuss = browser_of(network, sub="nora", roles=["lead"], site="neuss")
    lead = browser_of(network, sub="lena", roles=["lead"])
    assert [sorted(row[8] for row in rows(one.get(PAGE).text)) for one in (dpo, lead, neuss)] == [
        ["0", "1"],
        ["0", "1"],
        ["0", "0"],
    ]


def test_a_navigator_is_refused(network: Network):
    assert browser_of(network).get(PAGE).status_code == 403


def test_the_hub_leads_to_the_register(network: Network, dpo: FlaskClient):
    tell(network, 2, agreement=until(TODAY + timedelta(days=30)))
    assert f'href="{PAGE}">Partners’ agreements end' in dpo.get(HUB).text


def test_the_desk_is_told_a_month_before_and_again_when_it_has_ended(network: Network):
    end = TODAY + timedelta(days=45)
    tell(network, 2, agreement=until(end))
    days_from(network, end, -32)
    network.requested()  # expires only after both days of this story
    days_from(network, end, -31)
    assert tasks(network) == []
    days_from(network, end, -30)
    [told] = tasks(network)
    assert (told.kind, told.role, told.site, told.due_on) == (
        TaskKind.AGREEMENT_ENDS,
        StaffRole.LEAD,
        Site.AACHEN,
        end,
    )
    assert network.scene.rows("SELECT organization_id FROM tasks WHERE id = %s", told.task_id) == [
        {"organization_id": CENTER}
    ]


def test_on_the_last_day_it_still_holds_and_the_day_after_it_has_ended(network: Network):
    end = TODAY + timedelta(days=2)
    network.requested()
    tell(network, 2, agreement=until(end))
    days_from(network, end, 0)
    assert open_kinds(network) == ["agreement_ends"]
    assert network.scene.said(FindingRaised) == []
    days_from(network, end, 1)
    assert open_kinds(network) == ["agreement_ended"]
    [finding] = network.scene.said(FindingRaised)
    assert (finding.kind, finding.organization_id) == (FindingKind.AGREEMENT_ENDED, HWK)
    for _ in range(3):
        days_from(network, end, 2)
    assert [one.kind for one in tasks(network)] == list(KINDS)
    lead = browser_of(network, sub="lena", roles=["lead"])
    assert f'href="{PAGE}" data-item>Agreement with a partner has ended' in lead.get("/referral/").text


def test_a_renewed_agreement_takes_it_off_the_desk_and_its_new_end_is_told_once_more(network: Network):
    end = TODAY + timedelta(days=20)
    network.requested()
    network.requested(service_id=HWK_SERVICE)
    tell(network, 2, agreement=until(end))
    network.scene.tick()
    network.scene.tick()
    [told] = tasks(network)  # one desk, however many referrals
    tell(network, 3, agreement=until(end), own_measure=True)
    assert open_kinds(network) == ["agreement_ends"]
    tell(network, 4, agreement=until(end + timedelta(days=5)))
    assert [one.task_id for one in network.scene.said(TaskClosed)] == [told.task_id]
    network.scene.tick()
    assert [one.due_on for one in tasks(network)] == [end, end + timedelta(days=5)]


def test_where_nothing_runs_nobody_is_told(network: Network):
    network.requested()
    tell(network, 2, IHK, agreement=until(TODAY + timedelta(days=1)))
    for days in (0, 1, 2):
        days_from(network, TODAY + timedelta(days=1), days)
    assert tasks(network) == []
    assert network.scene.said(FindingRaised) == []
