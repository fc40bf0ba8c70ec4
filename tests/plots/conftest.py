"""Every test of a plot starts and ends without open figures."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import pytest


@pytest.fixture(autouse=True)
def _no_figures_left() -> Iterator[None]:
    assert plt.get_fignums() == []
    yield
    plt.close("all")
