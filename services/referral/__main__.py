"""``python -m services.referral web | worker | relay | clock | postman | all | migrate | republish``."""

from functools import cache
from pathlib import Path

from services.chassis.config import Environment
from services.chassis.launch import Service, main
from services.referral import postman
from services.referral.clock_jobs import jobs
from services.referral.config import Keys, load
from services.referral.keystore.moving import migrate_keystore
from services.referral.queries.figures import DecisionCounts
from services.referral.service import ReferralService
from services.referral.web.app import create_app


@cache
def keys() -> Keys:
    return load(Environment()).keys


if __name__ == "__main__":
    main(
        Service(
            name="referral",
            migrations=Path(__file__).parent / "migrations",
            doors=ReferralService,
            web=create_app,
            clock_jobs=jobs(keys),
            migrate_first=migrate_keystore,
            roles={"postman": postman.run},
            figures=(DecisionCounts,),
        )
    )
