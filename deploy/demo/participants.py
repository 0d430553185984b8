"""The stand-ins of the demo: which partner each plays, by which way, and what it is told from outside."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from contracts.identity import id_of


@dataclass(frozen=True, slots=True)
class Participant:
    """One partner; `program` is the module under `deploy.demo.partners` that plays it."""

    slug: str
    channel: str
    program: str
    mailbox: str = ""
    back_level: str = "outcome"
    #: Signs in at the issuer with a key of its own instead of a secret that two sides have to keep.
    signs_in_by_key: bool = False

    @property
    def organization_id(self) -> UUID:
        """The organization's id, made from its slug."""
        return id_of("organization", self.slug)

    @property
    def client_id(self) -> str:
        """Its name at the issuer."""
        return f"partner-{self.slug}"

    @property
    def has_own_key(self) -> bool:
        """Whether dossiers are sealed to a key of its own; the light path uses a custodial one."""
        return self.channel != "light"


PARTICIPANTS = (
    Participant("hwk-aachen", "amqp", "hwk_amqp"),
    Participant("ihk-aachen", "webhook", "ihk_webhook"),
    Participant("kia-staedteregion-aachen", "pull", "kia_pull", signs_in_by_key=True),
    Participant("jobcenter-staedteregion-aachen", "light", "light_mail", "eingang@jobcenter.example", "receipt"),
    Participant("agentur-fuer-arbeit-aachen-dueren", "light", "light_mail", "arbeitgeber-service@agentur.example"),
)


@dataclass(frozen=True, slots=True)
class World:
    """What the stand-ins know of the world around them."""

    folder: Path
    origin: str
    token_url: str
    mail_folder: Path
    webhook_port: int
    webhook_secret: str
    amqp_uri: str

    def letter(self, partner: Participant) -> Path:
        """What came to a light-path unit by post: codes, a line each, that make its devices known."""
        return self.folder / partner.slug / "letter.txt"

    def environment(
        self, partner: Participant, client_secret: str, key: Path | None, client_key: Path | None = None
    ) -> Mapping[str, str]:
        """The settings of one stand-in; none learns what another needs."""
        settings = {
            "PARTNER_STORE": str(self.folder / partner.slug),
            "NETWORK_URL": self.origin,
            "PARTNER_ORGANIZATION_ID": str(partner.organization_id),
            "PARTNER_TOKEN_URL": self.token_url,
            "PARTNER_CLIENT_ID": partner.client_id,
            **(
                {"PARTNER_CLIENT_KEY_FILE": str(client_key)} if client_key else {"PARTNER_CLIENT_SECRET": client_secret}
            ),
        }
        if key:
            settings["PARTNER_PRIVATE_KEY_FILE"] = str(key)
        if partner.channel == "amqp":
            settings["PARTNER_AMQP_URI"] = self.amqp_uri
            settings["HWK_BETTER_SERVICE_ID"] = str(id_of("service", "ihk-aachen-anerkennung"))
        if partner.channel == "webhook":
            settings["PARTNER_WEBHOOK_PORT"] = str(self.webhook_port)
            settings["PARTNER_WEBHOOK_SECRET"] = self.webhook_secret
        if partner.channel == "light":
            settings["PARTNER_MAILBOX"] = str(self.mail_folder)
            settings["PARTNER_MAIL_ADDRESS"] = partner.mailbox
            settings["PARTNER_BACK_LEVEL"] = partner.back_level
            settings["PARTNER_LETTER"] = str(self.letter(partner))
        return settings
