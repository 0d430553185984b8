"""``python -m services.directory web | relay | clock | all | migrate | republish``, and three that handle files.

``import FILE ...`` takes files in without a token, for whoever holds the database password anyway: the first filling of
an empty directory, and files too large for a request. ``export FILE`` writes everything that is public. ``flatten FILE
SOURCE`` prints somebody else's HSDS as rows of a directory file, for an editor to complete.
"""

import sys

from services.chassis.launch import main
from services.directory import files
from services.directory.service import DIRECTORY

if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in ("import", "export", "flatten"):
        sys.exit(files.main(sys.argv[1:]))
    main(DIRECTORY)
