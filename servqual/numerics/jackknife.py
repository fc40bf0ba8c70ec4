"""Covariance matrices without one respondent, or without one cluster, from those of all.

The acceleration of a BCa interval is the skewness of a statistic over these.
"""

from __future__ import annotations

import numpy as np

from servqual.errors import EstimationError
from servqual.typing import FloatArray, IntArray

__all__ = ["leave_cluster_out_covariances", "leave_one_out_covariances"]


def leave_one_out_covariances(
    data: FloatArray, mean: FloatArray, covariance: FloatArray, n_obs: float
) -> FloatArray:
    """Covariance matrices after each respondent in turn is left out.

    Parameters
    ----------
    data : FloatArray, shape (n_rows, n_variables)
        Rows of the respondents to leave out.
    mean : FloatArray, shape (n_variables,)
        Means of all respondents.
    covariance : FloatArray, shape (n_variables, n_variables)
        Their covariance matrix with divisor n_obs - 1.
    n_obs : float
        Number of respondents, at least 3.

    Returns
    -------
    FloatArray, shape (n_rows, n_variables, n_variables)

    Raises
    ------
    EstimationError
        If there are fewer than three respondents.

    Examples
    --------
    >>> import numpy as np
    >>> data = np.array([[1.0, 2.0], [2.0, 1.0], [4.0, 4.0], [5.0, 3.0]])
    >>> without = leave_one_out_covariances(data, data.mean(axis=0), np.cov(data.T), 4)
    >>> bool(np.allclose(without[0], np.cov(data[1:].T)))
    True
    """
    if n_obs < 3:
        raise EstimationError(
            f"There are {n_obs:g} respondents, but leaving one out needs at least three."
        )
    centred = np.asarray(data, dtype=np.float64) - mean
    outer = centred[:, :, None] * centred[:, None, :]
    without: FloatArray = ((n_obs - 1.0) * covariance - n_obs / (n_obs - 1.0) * outer) / (
        n_obs - 2.0
    )
    return without


def leave_cluster_out_covariances(
    data: FloatArray, clusters: IntArray, weights: FloatArray | None = None
) -> FloatArray:
    """Covariance matrices without each cluster, all its respondents at once.

    Parameters
    ----------
    data : FloatArray, shape (n_rows, n_variables)
        Complete rows.
    clusters : IntArray, shape (n_rows,)
        Code of each row's cluster; a code of its own for each row leaves out single respondents.
    weights : FloatArray, shape (n_rows,), optional
        Positive weights, or how many respondents a row stands for.

    Returns
    -------
    FloatArray, shape (n_clusters, n_variables, n_variables)
        In ascending order of the codes. Sums of squares are divided by the total of the weights
        (maximum likelihood), which correlations do not depend on.

    Raises
    ------
    EstimationError
        If there are not two clusters.

    Examples
    --------
    >>> import numpy as np
    >>> data = np.array([[1.0, 2.0], [2.0, 1.0], [4.0, 4.0], [5.0, 3.0]])
    >>> without = leave_cluster_out_covariances(data, np.array([7, 7, 8, 8]))
    >>> bool(np.allclose(without[0], np.cov(data[2:].T, bias=True)))
    True
    """
    present, codes = np.unique(clusters, return_inverse=True)
    if present.size < 2:
        raise EstimationError(
            f"There is {present.size} cluster, but leaving one out needs at least two."
        )
    values = np.asarray(data, dtype=np.float64)
    mass = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=np.float64)
    centred = values - np.average(values, axis=0, weights=mass)
    n_variables = values.shape[1]
    rows, columns = np.triu_indices(n_variables)
    total = mass.sum() - np.bincount(codes, weights=mass, minlength=present.size)
    means = np.empty((present.size, n_variables))
    for place, column in enumerate(centred.T):
        # Deviations of all rows sum to zero, so the others' sum is the cluster's, turned round.
        means[:, place] = -np.bincount(codes, weights=mass * column) / total
    without = np.empty((present.size, n_variables, n_variables))
    for row, column in zip(rows, columns, strict=True):
        products = mass * centred[:, row] * centred[:, column]
        left = products.sum() - np.bincount(codes, weights=products)
        without[:, row, column] = left / total - means[:, row] * means[:, column]
        without[:, column, row] = without[:, row, column]
    return without
