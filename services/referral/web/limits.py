"""How often somebody without a sign-in may try: counted per link, per address and per session."""

from dataclasses import dataclass, field
from datetime import timedelta

from flask import current_app

from services.chassis.access import current_caller
from services.chassis.rates import Limiter
from services.chassis.room import refuse_impatience, room


@dataclass
class Limits:
    """What one application counts."""

    per_address: Limiter = field(default_factory=lambda: Limiter(60, timedelta(minutes=10)))
    per_link: Limiter = field(default_factory=lambda: Limiter(10, timedelta(minutes=10)))
    #: Codes can be typed at random, so all attempts that fail are counted together as well.
    wrong_codes: Limiter = field(default_factory=lambda: Limiter(60, timedelta(minutes=1)))
    #: As many as a unit has for its code; then none is looked up for this account until the hour is over.
    wrong_of_account: Limiter = field(default_factory=lambda: Limiter(5, timedelta(hours=1)))
    per_session: Limiter = field(default_factory=lambda: Limiter(120, timedelta(minutes=10)))


def limits() -> Limits:
    found: Limits = current_app.extensions["referral-limits"]
    return found


def expect_patience(limiter: Limiter, name: str, attempts: int = 1) -> None:
    """Go on, or answer 429 with when to come back."""
    refuse_impatience(limiter.take(name, room().unit.clock.now(), attempts))


def expect_patience_of_session() -> None:
    """Each look is a fact that is kept; nobody reads or sends a page a hundred times in ten minutes."""
    expect_patience(limits().per_session, str(current_caller().session_id))
