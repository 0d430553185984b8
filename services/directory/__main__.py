"""``python -m services.directory web | relay | clock | all | migrate | republish``, and three that handle files.

``import FILE ...`` takes files in without a token, for whoever holds the database password anyway: the first filling of
an empty directory, and files too large for a request. ``export FILE`` writes everything that is public. ``flatten FILE
SOURCE`` prints somebody else's HSDS as rows of a directory file, for an editor to complete.
"""

import sys

from services.chassis.config import ConfigError
from services.chassis.launch import main
from services.directory import config, files
from services.directory.service import DIRECTORY


def refuse_wrong_settings(role: str) -> None:
    """Before a role starts; under `all` one wrong setting would kill the same child for ever."""
    try:
        if role in {"web", "clock", "all"}:
            config.asks_second_person()
            config.legal_notices()
    except ConfigError as error:
        sys.exit(f"services.directory {role}: {error}")


if __name__ == "__main__":
    refuse_wrong_settings(sys.argv[1] if sys.argv[1:] else "")
    if sys.argv[1:2] and sys.argv[1] in ("import", "export", "flatten"):
        sys.exit(files.main(sys.argv[1:]))
    main(DIRECTORY)
