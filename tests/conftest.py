"""What every test shares: how Hypothesis works here."""

from __future__ import annotations

from hypothesis import settings

# A slow machine is no bug: examples have no deadline of their own; the number of them is each test's decision.
settings.register_profile("project", deadline=None, print_blob=True)
settings.load_profile("project")
