"""Write the example survey of a bank.

``python -m servqual.datasets.bank [PATH]`` renews the shipped file.
"""

from __future__ import annotations

import sys
from pathlib import Path

from servqual.datasets.simulation import simulate

__all__ = ["BANK_CSV", "write_bank_csv"]

#: Where the shipped file lies.
BANK_CSV = Path(__file__).with_name("bank.csv")


def write_bank_csv(path: str | Path) -> Path:
    """Write the simulated survey of a bank as a CSV file.

    The file is what `simulate` gives by default: whole numbers, empty cells where an answer is
    missing, commas, UTF-8 and line feeds, on every platform.

    Parameters
    ----------
    path : str or pathlib.Path
        Where to write.

    Returns
    -------
    pathlib.Path
        The path that was written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = write_bank_csv(Path(folder) / "bank.csv")
    ...     print(written.read_text(encoding="utf-8")[:28])
    respondent,branch,wave,E1,E2
    """
    target = Path(path)
    survey = simulate()
    ratings = survey.columns.drop(["respondent", "branch", "wave"])
    whole_numbers = survey.astype(dict.fromkeys(ratings, "Int64"))
    with target.open("w", encoding="utf-8", newline="") as file:
        whole_numbers.to_csv(file, index=False, lineterminator="\n")
    return target


if __name__ == "__main__":
    write_bank_csv(sys.argv[1] if len(sys.argv) > 1 else BANK_CSV)
