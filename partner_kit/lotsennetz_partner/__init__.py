"""Take part in Lotsennetz with the system you already have: a client, a journal that survives crashes, a folder."""

from lotsennetz_partner.client import Client, Event, Page, Referral
from lotsennetz_partner.errors import AwayError, PartnerKitError, RefusedError, SettingsError, StaleError
from lotsennetz_partner.settings import Settings, load

#: The contract versions this kit speaks; the network speaks the last two of each.
SPEAKS = ("partner.notice.v1", "partner.command_result.v1", "dossier.v1")

__all__ = [
    "SPEAKS",
    "AwayError",
    "Client",
    "Event",
    "Page",
    "PartnerKitError",
    "Referral",
    "RefusedError",
    "Settings",
    "SettingsError",
    "StaleError",
    "load",
]
