"""How often somebody may ask what is open to everybody: counted by address, in memory, and kept under no name."""

from dataclasses import dataclass
from datetime import timedelta

from flask import current_app, g

from services.chassis.rates import Limiter
from services.chassis.room import caller_address, refuse_impatience, room

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """So often in so long; `told` says in the answer's header fields how often still, for programs that read them."""

    name: str
    most: int
    window: timedelta = MINUTE
    told: bool = False

    def expect_patience(self, name: str | None = None) -> None:
        """Go on, or answer 429 with when to come back; unless somebody is named, the caller's address counts."""
        limiter: Limiter = current_app.extensions.setdefault(f"directory-{self.name}", Limiter(self.most, self.window))
        allowance = limiter.take(name or caller_address(), room().unit.clock.now())
        if self.told:
            g.allowance = allowance
        refuse_impatience(allowance)


#: A whole advice center may share one address.
PAGES = Limit("pages", 300)
#: A search costs the database more than a page does.
SEARCHES = Limit("searches", 120)
#: Who takes over the directory page by page needs two requests a second, for 200 entries each.
READINGS = Limit("readings", 600, told=True)
#: An export is everything there is; nothing of it is newer a minute later.
EXPORTS = Limit("exports", 6, timedelta(minutes=10), told=True)
#: A house may share one address; a link about entries is for one desk.
LOOKS = Limit("looks", 120)
CONFIRMATIONS = Limit("confirmations", 60, timedelta(hours=1))
DOUBTS = Limit("doubts", 60, timedelta(hours=1))
