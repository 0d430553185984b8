"""Five ways in, one contract: the same scenarios, written once, said by queue, pull, webhook, desk page and by hand."""

import sys
from pathlib import Path

# The kit lies beside the network, as it does beside a partner's system: it is found by its folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "partner_kit"))
