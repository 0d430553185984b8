"""The kit lies beside the network, as it will beside a partner's system: it is found by its folder."""

import sys
from pathlib import Path

KIT = Path(__file__).resolve().parents[2] / "partner_kit"
sys.path.insert(0, str(KIT))
