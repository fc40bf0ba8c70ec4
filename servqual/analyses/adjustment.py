"""p-values of several tests at once, by statsmodels under the words of this package."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from servqual.typing import FloatArray, PAdjust, check_option

_STATSMODELS_NAMES: dict[PAdjust, str] = {
    "holm": "holm",
    "bonferroni": "bonferroni",
    "hochberg": "simes-hochberg",
    "fdr-bh": "fdr_bh",
    "fdr-by": "fdr_by",
}


def adjust_p_values(p_values: ArrayLike, method: PAdjust) -> FloatArray:
    """Adjust p-values of one family of tests.

    Parameters
    ----------
    p_values : array_like, shape (k,)
        nan where a test could not be done; such tests do not count in the family.
    method : {"holm", "bonferroni", "hochberg", "fdr-bh", "fdr-by", "none"}
        As R's ``p.adjust``.

    Returns
    -------
    ndarray, shape (k,)

    Raises
    ------
    OptionError
        If the method is not known.

    Examples
    --------
    >>> adjust_p_values([0.01, 0.04, 0.03], "holm").tolist()
    [0.03, 0.06, 0.06]
    """
    check_option("p_adjust", method, PAdjust)
    raw = np.array(p_values, dtype=np.float64)
    tested = ~np.isnan(raw)
    if method == "none" or not tested.any():
        return raw
    from statsmodels.stats.multitest import multipletests

    adjusted = np.full_like(raw, np.nan)
    adjusted[tested] = multipletests(raw[tested], method=_STATSMODELS_NAMES[method])[1]
    return adjusted
