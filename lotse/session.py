"""What every command starts from: the network it speaks to, found when it is first needed."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import typer

from lotse.broker import Broker
from lotse.config import Config, ConfigError, load
from lotse.network import Network


@dataclass
class Session:
    """One call of `lotse`; asking for help needs no network."""

    config_file: Path | None = None

    @cached_property
    def network(self) -> Network:
        """Signed in when first asked something."""
        return Network(load(self.config_file))


def network_of(context: typer.Context) -> Network:
    """The network this call speaks to."""
    session: Session = context.obj
    return session.network


def config_of(context: typer.Context) -> Config:
    """Addresses and credentials."""
    return network_of(context).config


def broker_of(context: typer.Context) -> Broker:
    """The broker's management, if its address is known."""
    config = config_of(context)
    if not config.management_url:
        raise ConfigError("The broker's management address is not known: set LOTSE_MANAGEMENT_URL.")
    return Broker(config.management_url, config.vhost)
