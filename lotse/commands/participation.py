"""`lotse partner suspend | resume | offboard`: a partner rests, is back, or leaves; the directory tells all others."""

from typing import Annotated, Any
from uuid import UUID

import typer

from contracts.codes import Participation
from contracts.topology import partner_user
from lotse import clients, showing, topology
from lotse.commands.partner import Organization, organization_id
from lotse.session import broker_of, config_of, network_of
from lotse.showing import AsJson


def suspend(
    context: typer.Context,
    organization: Organization,
    cut: Annotated[
        bool, typer.Option("--cut", help="Hang up too: connections, rights at the broker, OAuth client.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Let its part in the network rest: nothing new is sent to it, nothing it says is heard, what is due waits.

    Its tokens, clients, commands, units and links are refused, and told why, within seconds; matching offers it no
    more. `resume` brings everything back and sends what waited. With --cut (its system or its secrets are in other
    hands) it is hung up on as well; then `onboard` makes new secrets.

    \b
    lotse partner suspend hwk-aachen
    lotse partner suspend hwk-aachen --cut
    """
    identity = organization_id(organization)
    answer = _stands(context, identity, Participation.SUSPENDED)
    if cut:
        topology.suspend(broker_of(context), identity)
        answer["client_removed"] = clients.remove(config_of(context), organization)
    said = f"{organization} rests: what is due to it waits. `lotse partner resume {organization}` brings it back."
    showing.as_json(answer) if as_json else showing.say(said)


def resume(context: typer.Context, organization: Organization, as_json: AsJson = False) -> None:
    """Let it take part again: what waited for it leaves, and what was kept back for it, if consent still says yes.

    Rights at the broker that `suspend --cut` took come back, too; a client that was removed does not: `onboard`.

    \b
    lotse partner resume hwk-aachen
    """
    identity = organization_id(organization)
    config = config_of(context)
    if config.management_url:
        broker = broker_of(context)
        if partner_user(identity) in broker.users():
            topology.onboard(broker, identity, None)  # before anything is put into its queue
    answer = _stands(context, identity, Participation.TAKING_PART)
    showing.as_json(answer) if as_json else showing.say(f"{organization} takes part again.")


def offboard(
    context: typer.Context,
    organization: Organization,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """End its part in the network for good, and remove user, queue, exchange and client with all that is in them.

    What waits for it is taken back. Each referral that runs there lies on its navigator's desk, to be carried on
    elsewhere with fresh consent; of what the partner fetched a statement of deletion is owed, which it gives by letter
    or telephone (the navigator records it by hand) and for which the contact of its agreement is written to.

    \b
    lotse partner offboard hwk-aachen
    """
    identity = organization_id(organization)
    if not yes:
        typer.confirm(f"End {organization}'s part in the network for good, with every notice not taken?", abort=True)
    answer = _stands(context, identity, Participation.ENDED)
    if config_of(context).management_url:
        topology.offboard(broker_of(context), identity)
    answer["client_removed"] = clients.remove(config_of(context), organization)
    showing.as_json(answer) if as_json else showing.say(f"{organization} has left; its referrals lie on the desks.")


def _stands(context: typer.Context, identity: UUID, wanted: Participation) -> dict[str, Any]:
    """The directory says it first: whatever else is taken away afterwards, from then on nobody is sent anything."""
    path = f"operator/organizations/{identity}/standing"
    told = network_of(context).put("directory", path, {"participation": wanted.value})
    return {"organization_id": str(identity), **told}
