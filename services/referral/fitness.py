"""What must hold before any role of referral stands: nobody erased and no withdrawn consent has come back, and every
key can be opened.
"""

from services.chassis.work import Unit
from services.referral.commands import restoring
from services.referral.config import Keys
from services.referral.keystore.ledger import LedgerError
from services.referral.queries.custody import UNNAMED, custody


class NotFitError(Exception):
    """Something must be set right before any role may stand; the message says what, and by which command."""


REPLAY = "python -m services.referral replay-deletions"
REWRAP = "python -m services.referral rewrap"


def check(unit: Unit, keys: Keys) -> None:
    """Raise `NotFitError` with what is wrong and the command that helps; ids and counts only."""
    with unit.db.read() as connection:
        try:
            back, again = restoring.revived(connection, keys), restoring.held_again(connection, keys)
        except LedgerError as error:
            raise NotFitError(f"the ledger of deletions cannot be read: {error}") from error
        unknown = custody(connection, keys).former - set(keys.vault.service_keys.all) - {UNNAMED}
    if back:
        raise NotFitError(
            f"{len(back)} erased persons have a record or a key again, as after a restore; run `{REPLAY}` first"
        )
    if again:
        raise NotFitError(f"{len(again)} withdrawn consents hold again, as after a restore; run `{REPLAY}` first")
    if unknown:
        raise NotFitError(
            f"something still hangs on service keys {', '.join(sorted(unknown))}; "
            f"give them in SERVICE_KEYS_OLD and run `{REWRAP}`"
        )
