"""What every test shares: a canvas without a screen, closed figures, hypothesis profiles."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# Read by matplotlib when it is first imported, so this works without importing it here.
os.environ["MPLBACKEND"] = "Agg"

# In CI a failure must be one that anybody can repeat, and a slow machine is not a failure.
settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("dev", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(autouse=True)
def _figures_end_with_their_test() -> Iterator[None]:
    """Close pyplot's figures; most tests never import pyplot, which would cost them a second."""
    yield
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")
