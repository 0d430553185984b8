"""``python -m services.referral web | worker | relay | clock | postman | all | migrate | republish``, and some by hand.

``rewrap`` and ``replay-deletions``: the README says under "Keys and backups" what they do and when they are needed.
``retention [--dry-run]``: the nightly deletion by hand.
"""

import sys
from functools import cache
from pathlib import Path

from services.chassis.config import Environment
from services.chassis.figures import CountedFigures
from services.chassis.launch import Service, main
from services.referral import postman, starting
from services.referral.clock_jobs import jobs
from services.referral.config import Keys, ReferralSettings, load
from services.referral.figures import KeyFigures
from services.referral.keystore.moving import migrate_keystore
from services.referral.queries.figures import DecisionCounts
from services.referral.queries.standing import STANDING
from services.referral.service import ReferralService
from services.referral.web.app import create_app


@cache
def house() -> ReferralSettings:
    """Read once in each process, and only by the roles that ask."""
    return load(Environment())


def keys() -> Keys:
    return house().keys


if __name__ == "__main__":
    starting.begin(sys.argv[1:], house)
    main(
        Service(
            name="referral",
            migrations=Path(__file__).parent / "migrations",
            doors=ReferralService,
            web=lambda settings, unit: create_app(settings, unit, own=house()),
            clock_jobs=jobs(keys, lambda: house().retention),
            migrate_first=migrate_keystore,
            roles={"postman": postman.run},
            figures=(
                DecisionCounts,
                lambda db: KeyFigures(db, keys),
                lambda db: CountedFigures(db, "referral", STANDING),
            ),
        )
    )
