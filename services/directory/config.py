"""What the directory alone is told from outside: whether a partner's key needs a second person."""

from functools import cache

from services.chassis.config import ConfigError, Environment

SETTING = "KEY_CONFIRMATION"
SECOND_PERSON, NONE = "second-person", "none"


@cache
def asks_second_person() -> bool:
    """Unless a demo says otherwise. Whoever can exchange a key alone can read what is sealed to it."""
    environment = Environment()
    chosen = environment.text(SETTING, f"{SECOND_PERSON} or {NONE}", SECOND_PERSON, matches=f"{SECOND_PERSON}|{NONE}")
    if chosen == NONE and environment.optional("MODE") == "production":
        raise ConfigError(SETTING, f"{SECOND_PERSON} in production")
    return chosen == SECOND_PERSON
