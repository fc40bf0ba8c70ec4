"""The example that comes with the package is the one that the simulator makes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servqual.datasets.bank import BANK_CSV, write_bank_csv
from servqual.datasets.bank_truth import BANK
from servqual.datasets.examples import example_path, example_truth, load_example
from servqual.datasets.simulation import simulate
from servqual.errors import OptionError


def test_the_shipped_file_is_what_the_simulator_makes(tmp_path: Path) -> None:
    written = write_bank_csv(tmp_path / "bank.csv")
    assert written.read_bytes() == BANK_CSV.read_bytes()


def test_the_shipped_file_is_the_default_simulation() -> None:
    shipped = pd.read_csv(BANK_CSV)
    pd.testing.assert_frame_equal(shipped, simulate(), check_dtype=False)
    assert len(shipped) == 600


def test_the_file_is_found() -> None:
    assert example_path("bank") == BANK_CSV
    assert example_path().is_file()


def test_the_true_values_are_found() -> None:
    assert example_truth("bank") is BANK


@pytest.mark.parametrize("function", [example_path, example_truth, load_example])
def test_an_unknown_example_is_refused(function: object) -> None:
    assert callable(function)
    with pytest.raises(OptionError, match=r"`name` is 'banks', but .*Did you mean \"bank\"\?"):
        function("banks")


def test_the_example_is_read_as_a_survey() -> None:
    survey = load_example("bank")
    shipped = pd.read_csv(BANK_CSV)
    rows = survey.rows(["P1", "E22"])
    np.testing.assert_array_equal(rows, shipped[["P1", "E22"]].to_numpy(dtype=np.float64))
