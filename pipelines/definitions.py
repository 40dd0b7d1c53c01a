"""What Dagster loads: the definitions for the home that GCI_HOME names.

The only module that reads GCI_HOME, and the only one with a decision at import time.
"""

from __future__ import annotations

import os

from pipelines.build import build_defs

defs = build_defs(os.environ.get("GCI_HOME", "./var"))
