"""Bootstrap of a survey: complete respondents, their weights and their clusters, resampled."""

from __future__ import annotations

import warnings

import numpy as np

from servqual.errors import EstimationError, OptionError, SmallSampleWarning
from servqual.numerics.bootstrap import BootstrapMoments, bootstrap_moments
from servqual.progress import shown_progress
from servqual.survey.survey import Survey
from servqual.typing import (
    BoolArray,
    FloatArray,
    HasGroups,
    IntArray,
    ProgressOption,
    check_whole,
)

#: With fewer clusters, cluster-robust errors and bootstraps of clusters are too small as a rule.
FEW_CLUSTERS = 20


def check_bootstrap(n_resamples: object, seed: object) -> tuple[int, int]:
    """Return the settings of a bootstrap as whole numbers, or say what is wrong with them.

    Parameters
    ----------
    n_resamples : int
        Resamples: none, or enough for limits of an interval.
    seed : int
        Seed of the generator.

    Returns
    -------
    tuple of int
        Both.

    Raises
    ------
    OptionError
        If one is not a whole number from 0 up, or there are 1 to 99 resamples.

    Examples
    --------
    >>> check_bootstrap(2000, 1)
    (2000, 1)
    """
    resamples = check_whole("n_resamples", n_resamples, 0)
    if 0 < resamples < 100:
        raise OptionError(
            f"`n_resamples` is {resamples}, but limits of an interval need at least 100 "
            "resamples; 2000 are usual. Use 0 for no interval."
        )
    return resamples, check_whole("seed", seed, 0)


def complete_respondents(survey: Survey, values: FloatArray) -> BoolArray:
    """Which respondents have all values and a weight above zero, shape (n_respondents,).

    Parameters
    ----------
    survey : Survey
        Their survey.
    values : FloatArray, shape (n_respondents, n_variables)
        Their values, nan where missing.

    Returns
    -------
    BoolArray
    """
    keep = np.asarray(~np.isnan(values).any(axis=1))
    return keep if survey.weights is None else keep & (survey.weights > 0)


def resample(
    survey: Survey,
    complete: FloatArray,
    keep: BoolArray,
    *,
    n_resamples: int,
    seed: int,
    cluster: str | None = None,
    progress: ProgressOption = None,
) -> BootstrapMoments:
    """Moments of complete rows in bootstrap resamples, with the weights of their respondents.

    Parameters
    ----------
    survey : Survey
        Where weights and clusters are.
    complete : FloatArray, shape (n_complete, n_variables)
        Rows of the respondents kept, such as their scores and products of them.
    keep : BoolArray, shape (n_respondents,)
        Which respondents these are.
    n_resamples : int
        Number of resamples.
    seed : int
        Seed of the generator.
    cluster : str, optional
        Grouping variable whose groups are drawn whole.
    progress : callable, bool or None, default None
        See `servqual.progress.shown_progress`.

    Returns
    -------
    BootstrapMoments

    Raises
    ------
    EstimationError
        If a cluster is missing for someone, or there are not two of them.
    """
    weights = None if survey.weights is None else survey.weights[keep]
    clusters = None if cluster is None else cluster_codes(survey, cluster, keep)
    with shown_progress(progress, "Resampling") as tell:
        return bootstrap_moments(
            complete,
            n_resamples=n_resamples,
            seed=seed,
            counts=weights if survey.weight_kind == "frequency" else None,
            sampling_weights=weights if survey.weight_kind == "sampling" else None,
            clusters=clusters,
            progress=tell,
        )


def warn_of_few_clusters(clusters: IntArray, cluster: str, *, stacklevel: int) -> None:
    """Warn of a bootstrap of clusters that are too few.

    Parameters
    ----------
    clusters : IntArray, shape (n_kept,)
        From `cluster_codes`.
    cluster : str
        Name of the grouping variable.
    stacklevel : int
        Calls between the user and this function.

    Warns
    -----
    SmallSampleWarning
        If there are fewer than 20 clusters.
    """
    n_clusters = len(np.unique(clusters))
    if n_clusters < FEW_CLUSTERS:
        warnings.warn(
            f'There are {n_clusters} clusters of "{cluster}". A bootstrap of clusters needs many; '
            f"with fewer than {FEW_CLUSTERS} its intervals are too narrow as a rule.",
            SmallSampleWarning,
            stacklevel=stacklevel + 1,
        )


def cluster_codes(survey: HasGroups, cluster: str, keep: BoolArray) -> IntArray:
    """Cluster of each respondent kept, as a whole number.

    Parameters
    ----------
    survey : Survey or other respondents
        Where the grouping variable is.
    cluster : str
        Its name.
    keep : BoolArray, shape (n_respondents,)
        Respondents of the analysis.

    Returns
    -------
    IntArray, shape (n_kept,)

    Raises
    ------
    OptionError
        If `cluster` is no text.
    EstimationError
        If it is missing for someone, or all are in one cluster.
    """
    if not isinstance(cluster, str):
        raise OptionError(
            f"`cluster` is {cluster!r}, but must be the name of one grouping variable, such as "
            '"branch".'
        )
    codes, _, _ = survey.group_codes(cluster)
    lost = int((keep & (codes < 0)).sum())
    if lost:
        raise EstimationError(
            f'The cluster variable "{cluster}" is missing for {lost} of the {int(keep.sum())} '
            "respondents of this analysis. Complete it, or leave these respondents out of the "
            "survey."
        )
    if len(np.unique(codes[keep])) < 2:
        raise EstimationError(
            f'All respondents of this analysis are in one group of "{cluster}", but at least two '
            "clusters are needed. Leave `cluster` out."
        )
    return codes[keep]
