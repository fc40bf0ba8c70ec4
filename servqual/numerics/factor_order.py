"""Order and signs of factors, which no criterion decides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from servqual.typing import FloatArray, IntArray

__all__ = ["ArrangedFactors", "arrange"]


@dataclass(frozen=True, slots=True)
class ArrangedFactors:
    """Factors in a fixed order, with fixed signs.

    Attributes
    ----------
    loadings : FloatArray, shape (n_variables, n_factors)
        Pattern loadings.
    factor_correlations : FloatArray, shape (n_factors, n_factors)
        Correlations of the factors.
    order : IntArray, shape (n_factors,)
        Which of the given factors comes first, second …
    signs : FloatArray, shape (n_factors,)
        −1 where it was turned round, in the new order.
    """

    loadings: FloatArray
    factor_correlations: FloatArray
    order: IntArray
    signs: FloatArray


def arrange(loadings: FloatArray, factor_correlations: FloatArray) -> ArrangedFactors:
    """Put factors in decreasing order of the variance they account for, loadings adding up to plus.

    Parameters
    ----------
    loadings : FloatArray, shape (n_variables, n_factors)
        Pattern loadings L.
    factor_correlations : FloatArray, shape (n_factors, n_factors)
        Their correlations Phi.

    Returns
    -------
    ArrangedFactors

    Notes
    -----
    The variance of a factor is its element of the diagonal of Phi L'L. Signs are such that no
    column of L has a negative sum. R's psych follows the same rule.

    Examples
    --------
    >>> import numpy as np
    >>> arranged = arrange(np.array([[0.1, -0.8], [0.5, -0.7]]), np.eye(2))
    >>> arranged.order.tolist(), arranged.signs.tolist()
    ([1, 0], [-1.0, 1.0])
    """
    pattern = np.asarray(loadings, dtype=np.float64)
    correlations = np.asarray(factor_correlations, dtype=np.float64)
    explained = np.sum((pattern @ correlations) * pattern, axis=0)
    order = np.argsort(-explained, kind="stable").astype(np.int64)
    signs = np.where(pattern[:, order].sum(axis=0) < 0.0, -1.0, 1.0)
    return ArrangedFactors(
        loadings=pattern[:, order] * signs,
        factor_correlations=correlations[np.ix_(order, order)] * np.outer(signs, signs),
        order=order,
        signs=signs,
    )
