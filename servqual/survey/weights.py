"""The two kinds of weights, as types, because they mean different things."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

WeightSource: TypeAlias = str | Sequence[float] | NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class FrequencyWeights:
    """Each row stands for that many respondents with the same answers; whole numbers.

    Attributes
    ----------
    source : str or sequence of float
        Name of the column, or one number per row.

    Examples
    --------
    >>> FrequencyWeights("count").source
    'count'
    """

    source: WeightSource


@dataclass(frozen=True, slots=True, eq=False)
class SamplingWeights:
    """Each row was drawn with unequal probability and speaks for a share of the population.

    Standard errors are Taylor-linearised (architecture of survey statistics, respondents drawn
    independently); the number of respondents stays the number of rows.

    Attributes
    ----------
    source : str or sequence of float
        Name of the column, or one number per row.

    Examples
    --------
    >>> SamplingWeights("weight").source
    'weight'
    """

    source: WeightSource


Weights: TypeAlias = FrequencyWeights | SamplingWeights
