"""What the directory alone is told from outside: who confirms a partner's key and channel, and the legal notices."""

import json
from functools import cache
from pathlib import Path

from services.chassis.config import ConfigError, Environment
from services.chassis.i18n import PERSON_LANGUAGES
from services.directory.domain import notices
from services.directory.domain.notices import Notices

SETTING = "KEY_CONFIRMATION"
SECOND_PERSON, NONE = "second-person", "none"
NOTICES = "LEGAL_NOTICES_FILE"
SAMPLE = Path(__file__).parent / "data" / "legal-sample.json"


@cache
def asks_second_person() -> bool:
    """Unless a demo says otherwise. Whoever exchanges a key or a channel alone gets what is meant for the partner."""
    environment = Environment()
    chosen = environment.text(SETTING, f"{SECOND_PERSON} or {NONE}", SECOND_PERSON, matches=f"{SECOND_PERSON}|{NONE}")
    if chosen == NONE and environment.optional("MODE") == "production":
        raise ConfigError(SETTING, f"{SECOND_PERSON} in production")
    return chosen == SECOND_PERSON


@cache
def legal_notices() -> Notices:
    """The operator's own texts. A demonstration may do with samples that say so; production needs real ones."""
    environment = Environment()
    is_production = environment.optional("MODE") == "production"
    path = environment.path(NOTICES) if environment.optional(NOTICES) or is_production else SAMPLE
    try:
        found = notices.read(json.loads(path.read_text(encoding="utf-8")), PERSON_LANGUAGES)
    except ValueError as error:
        raise ConfigError(NOTICES, f"a JSON file with imprint, privacy and accessibility ({error})") from error
    if found.is_sample and is_production:
        raise ConfigError(NOTICES, "texts of your own in production, not the samples")
    return found
