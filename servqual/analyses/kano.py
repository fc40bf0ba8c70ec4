"""Which features delight, and which are taken for granted? Pairs of questions after Kano."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from servqual.analyses.grouping import Group, find_groups
from servqual.analyses.kano_answers import (
    ANSWERS,
    Codes,
    Columns,
    KanoAnswers,
    Table,
    evaluation_table,
    read_pairs,
)
from servqual.analyses.kano_tables import Design, analyse_group, compare_groups
from servqual.analyses.kano_words import name_of, say_kano
from servqual.analyses.resampling import FEW_CLUSTERS, check_bootstrap, cluster_codes
from servqual.errors import EstimationError, OptionError, SmallSampleWarning, shorten
from servqual.numerics.kano import CLASSES
from servqual.progress import progress_of_part, shown_progress
from servqual.results import Interpretation, Result, SampleInfo
from servqual.survey.checks import plural
from servqual.survey.respondents import Respondents, read_respondents
from servqual.survey.weights import Weights
from servqual.typing import (
    BoolArray,
    IntArray,
    KanoInterval,
    KanoPlot,
    PAdjust,
    ProgressOption,
    check_conf_level,
    check_option,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["KanoResult", "kano"]

_COMPARISON_COLUMNS = [
    "item",
    "label",
    "n",
    "statistic",
    "df",
    "p_value",
    "p_adjusted",
    "p_simulated",
    "effect_size",
    "min_expected",
]


@dataclass(frozen=True, repr=False)
class KanoResult(Result):
    """Classes of features after Kano.

    Attributes
    ----------
    sample : SampleInfo
        Respondents who answered both questions of at least one feature.
    by : tuple of str
        Grouping variables; their columns come first in the tables.
    table : str
        Name of the evaluation table: ``"standard"``, ``"pouliot"`` or ``"custom"``.
    interval : str
        Kind of the limits of better and worse.
    features : DataFrame
        item, label, n, n_missing (of those counted); n_A … n_Q and share_A … share_Q (respondents
        in each class, and weighted shares); class, second_class, tie (both have the same share),
        blended_class; category_strength (share of the class less that of the second),
        total_strength (share of A, O and M); fong_statistic, fong_critical (in respondents),
        fong_p, mode_p (exact test of the class against the second); better, better_std_error,
        better_low, better_high, and worse likewise; class_A … class_Q (share of resamples in which
        that class is the mode) and probability (of the class that it is).
    scores : DataFrame
        item, label, question (functional, dysfunctional, importance), n, estimate, std_error, df,
        conf_low, conf_high: means of DuMouchel's scores, from −2 to 4, and of self-stated
        importance.
    means : DataFrame
        term (better, worse, total_strength), n_features, estimate, std_error, conf_low, conf_high:
        means over the features, with the bootstrap.
    comparisons : DataFrame
        item, label, n, statistic, df, p_value, p_adjusted, p_simulated, effect_size (Cramér's V),
        min_expected: Pearson's χ² of class by group; empty without groups.
    evaluation : DataFrame
        functional, then a column for each dysfunctional answer: the evaluation table.
    p_adjust : str
        How the p-values of the comparisons were adjusted.
    conf_level : float
        Coverage of the intervals.
    n_resamples, n_degenerate, seed : int
        Of the bootstrap; degenerate is a resample in which nobody answered some feature.
    notes : tuple of str
        What could not be computed, and why.
    """

    title: ClassVar[str] = "Kano classes"

    sample: SampleInfo
    by: tuple[str, ...]
    table: str
    interval: KanoInterval
    features: pd.DataFrame
    scores: pd.DataFrame
    means: pd.DataFrame
    comparisons: pd.DataFrame
    evaluation: pd.DataFrame
    p_adjust: PAdjust
    conf_level: float
    n_resamples: int
    n_degenerate: int
    seed: int
    notes: tuple[str, ...] = ()

    def tidy(self) -> pd.DataFrame:
        """Return one row per feature (and group)."""
        return self.features.copy()

    def glance(self) -> pd.DataFrame:
        """Return one row about the whole."""
        counts = self.features[[f"n_{name}" for name in CLASSES]].sum()
        answered = float(counts.sum())
        one_each = self.features.drop_duplicates("item")
        return pd.DataFrame(
            {
                "table": [self.table],
                "interval": [self.interval],
                "n_obs": [self.sample.n_obs],
                "n_excluded": [self.sample.n_excluded],
                "n_features": [len(one_each)],
                "n_groups": [len(self.features) // len(one_each)],
                "n_classified": [int((self.features["class"] != "").sum())],
                "n_certain": [int((self.features["probability"] >= self.conf_level).sum())],
                "n_ties": [int(self.features["tie"].sum())],
                "questionable_share": [float(counts["n_Q"] / answered)],
                "reverse_share": [float(counts["n_R"] / answered)],
                "n_resamples": [self.n_resamples],
                "n_degenerate": [self.n_degenerate],
                "conf_level": [self.conf_level],
                "seed": [self.seed],
            }
        )

    def interpret(self) -> Interpretation:
        """Say in plain words which features are of which class, and how certain that is.

        Returns
        -------
        Interpretation
        """
        return Interpretation(tuple(say_kano(self)))

    def plot(
        self, kind: KanoPlot = "map", *, show_intervals: bool = True, ax: Axes | None = None
    ) -> Axes:
        """Draw better against worse, or the shares of the classes.

        Parameters
        ----------
        kind : {"map", "shares"}, default "map"
            A map of better and worse with its quadrants, or stacked bars of the classes.
        show_intervals : bool, default True
            Whether the map shows the intervals as crosses.
        ax : Axes, optional
            Where to draw.

        Returns
        -------
        Axes
        """
        from servqual.plots.kano import plot_kano

        return plot_kano(self, kind=kind, show_intervals=show_intervals, ax=ax)

    def _shown(self) -> list[tuple[str, pd.DataFrame]]:
        named = ["item", "label"]
        if (self.features["label"] == self.features["item"]).all():
            named = ["item"]
        names = ["n", "class", "second_class", "category_strength", "probability", "mode_p"]
        names += ["better", "better_low", "better_high", "worse", "worse_low", "worse_high"]
        heading = (
            f"Evaluation table: {self.table}; A attractive, O one-dimensional, M must-be, "
            "I indifferent, R reverse, Q questionable"
        )
        shown = [(heading, self.features[[*self.by, *named, *names]])]
        shown.append(("Means over the features", self.means))
        if len(self.comparisons):
            wanted = [*named, "statistic", "df", "p_value", "p_adjusted", "effect_size"]
            shown.append(("Class by group", self.comparisons[wanted]))
        return shown


def kano(
    data: object,
    *,
    functional: Columns = "K{item}f",
    dysfunctional: Columns = "K{item}d",
    importance: Columns | None = None,
    items: Sequence[Any] | None = None,
    labels: Sequence[str] | Mapping[Any, str] | None = None,
    by: str | Sequence[str] | None = None,
    cluster: str | None = None,
    weights: Weights | None = None,
    codes: Codes = (1, 2, 3, 4, 5),
    table: Table = "standard",
    interval: KanoInterval = "wilson",
    p_adjust: PAdjust = "holm",
    conf_level: float = 0.95,
    n_resamples: int = 2000,
    seed: int = 1,
    progress: ProgressOption = None,
) -> KanoResult:
    """Classify features by pairs of a functional and a dysfunctional question, after Kano.

    Each feature is asked for twice: how would you feel if it were there, and if it were not? The
    two answers of a respondent give a class, and the class of the feature is the most frequent
    one. How certain that is, the bootstrap says.

    Parameters
    ----------
    data : Survey or dataframe
        Any frame that narwhals reads, or a survey that kept the columns (``keep="K*"``).
    functional, dysfunctional : str, sequence or mapping
        Columns of the two questions: a template with ``{item}``, a list in the order of the
        features, or a mapping of feature to column. Default: ``K1f`` and ``K1d`` and so on.
    importance : str, sequence or mapping, optional
        Columns of self-stated importance, likewise; their means are in `scores`.
    items : sequence, optional
        The features. Default: all for which the templates find both columns.
    labels : sequence or mapping, optional
        What the features are called; default: as `items`.
    by : str or sequence of str, optional
        Grouping variables of the survey, or columns of the frame.
    cluster : str, optional
        Grouping variable within which respondents may be alike; drawn whole in the bootstrap.
    weights : FrequencyWeights or SamplingWeights, optional
        Of the rows of a frame; a survey has its own.
    codes : sequence or mapping, default (1, 2, 3, 4, 5)
        How the answers like, must-be, neutral, live-with and dislike are coded, in this order: five
        numbers or five texts (compared without case).
    table : {"standard", "pouliot"} or mapping, default "standard"
        The evaluation table, see Notes; or for each functional answer the classes of the five
        dysfunctional ones, such as ``{"like": "QAAAO", "must-be": "RIIIM", …}``.
    interval : {"wilson", "bootstrap"}, default "wilson"
        Limits of better and worse.
    p_adjust : str, default "holm"
        Adjustment of the comparisons of groups over the features.
    conf_level : float, default 0.95
        Coverage of the intervals.
    n_resamples : int, default 2000
        Bootstrap resamples; 0 for none, and then no probabilities.
    seed : int, default 1
        Seed of the bootstrap.
    progress : callable, bool or None, default None
        A callable is told (done, total) while the bootstrap runs. None shows a bar where somebody
        is looking and the work is long, True always, False never.

    Returns
    -------
    KanoResult

    Raises
    ------
    OptionError
        If an argument cannot be understood, or columns are asked for twice.
    ColumnNotFoundError
        If columns are missing, or one of a pair.
    ScaleRangeError
        If there are answers that are none of the five codes.
    EstimationError
        If nobody answered both questions of any feature, or there are not two clusters.

    Warns
    -----
    SmallSampleWarning
        If there are fewer than 20 clusters.

    Notes
    -----
    The standard table (rows: functional, columns: dysfunctional; like, must-be, neutral, live-with,
    dislike) is ``QAAAO``, ``RIIIM``, ``RIIIM``, ``RIIIM``, ``RRRRQ``. Pouliot's (in Berger et al.)
    has Q in place of I where both answers are must-be, or both live-with.

    better = (A + O)/(A + O + M + I) and worse = −(O + M)/(A + O + M + I). A respondent counts for
    each feature of which both questions are answered. With sampling weights, shares are weighted
    and n counts respondents; Fong's test is then nan, as with clusters, and `mode_p` is a t-test on
    the linearised standard error. Wilson's interval then takes the effective number of answers.

    Whole respondents are drawn in the bootstrap, in each group on its own. Scores of functional
    answers are 4, 2, 0, −1, −2 from like to dislike, of dysfunctional ones the reverse.

    References
    ----------
    Kano, N., Seraku, N., Takahashi, F., & Tsuji, S. (1984). Attractive quality and must-be quality.
    *Journal of the Japanese Society for Quality Control*, 14(2), 147–156.
    https://doi.org/10.20684/quality.14.2_147

    Berger, C., Blauth, R., Boger, D., Bolster, C., Burchill, G., DuMouchel, W., Pouliot, F.,
    Richter, R., Rubinoff, A., Shen, D., Timko, M., & Walden, D. (1993). Kano's methods for
    understanding customer-defined quality. *Center for Quality of Management Journal*, 2(4), 3–36.

    Fong, D. (1996). Using the self-stated importance questionnaire to interpret Kano questionnaire
    results. *Center for Quality of Management Journal*, 5(3), 21–24.

    Lee, M. C., & Newcomb, J. F. (1997). Applying the Kano methodology to meet customer
    requirements: NASA's microgravity science program. *Quality Management Journal*, 4(3), 95–106.

    Examples
    --------
    >>> import servqual as sq
    >>> answers = {"K1f": [1, 1, 1, 2], "K1d": [3, 4, 3, 5], "K2f": [2] * 4, "K2d": [5] * 4}
    >>> result = sq.kano(answers, n_resamples=200)
    >>> result.tidy()[["item", "class", "better", "worse"]].values.tolist()
    [['1', 'A', 0.75, -0.25], ['2', 'M', 0.0, -1.0]]
    """
    check_conf_level(conf_level)
    check_option("interval", interval, KanoInterval)
    check_option("p_adjust", p_adjust, PAdjust)
    n_resamples, seed = check_bootstrap(n_resamples, seed)
    if interval == "bootstrap" and n_resamples == 0:
        raise OptionError(
            '`interval="bootstrap"` needs resamples, but `n_resamples` is 0. Give 2000, or take '
            'Wilson\'s interval by `interval="wilson"`.'
        )
    table_name, places = evaluation_table(table)
    people = read_respondents(data, weights)
    answers = read_pairs(
        people,
        functional=functional,
        dysfunctional=dysfunctional,
        importance=importance,
        items=items,
        labels=labels,
        codes=codes,
        places=places,
    )
    groups, by_names = find_groups(people, by, _taken())
    designs, sample = _designs(people, answers, groups, cluster)
    with shown_progress(progress, "Resampling") as tell:
        found = [
            analyse_group(
                answers,
                design,
                interval=interval,
                conf_level=conf_level,
                n_resamples=n_resamples,
                seed=seed,
                progress=progress_of_part(tell, place, len(designs)),
            )
            for place, design in enumerate(designs)
        ]
    features = _stacked([part.features for part in found], groups, by_names)
    scores = _stacked([part.scores for part in found], groups, by_names)
    n_degenerate = sum(part.n_degenerate for part in found)
    return KanoResult(
        sample=sample,
        by=by_names,
        table=table_name,
        interval=interval,
        features=features,
        scores=scores,
        means=_stacked([part.means for part in found], groups, by_names),
        comparisons=_comparisons(answers, designs, p_adjust, n_resamples, seed),
        evaluation=_shown_table(places),
        p_adjust=p_adjust,
        conf_level=conf_level,
        n_resamples=n_resamples,
        n_degenerate=n_degenerate,
        seed=seed,
        notes=(
            *_notes_on_groups(people, answers, designs, by_names),
            *_notes_on_features(features, by_names, designs[0]),
            *_notes_on_scores(scores, by_names),
            *_notes_on_resamples(n_resamples * len(designs), n_degenerate),
        ),
    )


# ---- who is counted ------------------------------------------------------------------------------


def _taken() -> set[str]:
    """Columns of the result, beside which a grouping variable of that name could not stand."""
    names = {"item", "label", "n", "n_missing", "class", "second_class", "tie", "blended_class"}
    names |= {f"{kind}_{name}" for kind in ("n", "share", "class") for name in CLASSES}
    names |= {"category_strength", "total_strength", "mode_p", "probability", "question", "term"}
    names |= {"fong_statistic", "fong_critical", "fong_p", "estimate", "std_error", "df"}
    names |= {"better", "worse", "conf_low", "conf_high", "n_features"}
    return names | {
        f"{k}_{end}" for k in ("better", "worse") for end in ("std_error", "low", "high")
    }


def _answered(people: Respondents, answers: KanoAnswers) -> BoolArray:
    """Who answered both questions of some feature, and has a weight above zero."""
    answered = np.asarray((answers.classes >= 0).any(axis=1))
    return answered if people.weights is None else answered & (people.weights > 0)


def _in_a_group(designs: Sequence[Design]) -> BoolArray:
    return np.asarray(np.any([design.rows for design in designs], axis=0))


def _designs(
    people: Respondents, answers: KanoAnswers, groups: Sequence[Group], cluster: str | None
) -> tuple[list[Design], SampleInfo]:
    """Who is in which group, with weights and clusters, and how many are counted."""
    answered = _answered(people, answers)
    grouped = np.any([rows for _, rows in groups], axis=0)
    n_obs = people.count(answered & grouped)
    n_asked = people.count(np.ones(len(people), dtype=bool))
    if n_obs == 0:
        raise EstimationError(
            f"None of the {n_asked:,} respondents answered both questions of any feature"
            + ("" if len(groups) == 1 else " and is in a group")
            + ". Check the columns and `codes`."
        )
    clusters = None if cluster is None else _clusters(people, cluster, answered & grouped)
    designs = []
    for _, rows in groups:
        if clusters is not None:
            cluster_codes(people, str(cluster), answered & rows)
        designs.append(
            Design(
                rows=np.asarray(rows & answered),
                repeats=people.weights if people.weight_kind == "frequency" else None,
                weights=people.weights if people.weight_kind == "sampling" else None,
                clusters=clusters,
            )
        )
    sample = SampleInfo(n_obs, n_asked - n_obs, "feature by feature", people.weight_kind)
    return designs, sample


def _clusters(people: Respondents, cluster: str, rows: BoolArray) -> IntArray:
    codes = np.full(len(people), -1, dtype=np.int64)
    codes[rows] = cluster_codes(people, cluster, rows)
    n_clusters = len(np.unique(codes[rows]))
    if n_clusters < FEW_CLUSTERS:
        warnings.warn(
            f'There are {n_clusters} clusters of "{cluster}". Cluster-robust standard errors and '
            f"bootstraps need many clusters; with fewer than {FEW_CLUSTERS} they are too small as "
            "a rule.",
            SmallSampleWarning,
            stacklevel=4,
        )
    return codes


# ---- tables --------------------------------------------------------------------------------------


def _stacked(
    tables: Sequence[pd.DataFrame], groups: Sequence[Group], names: tuple[str, ...]
) -> pd.DataFrame:
    """Put the groups' tables below each other, with the groups in the first columns."""
    parts = []
    for table, (values, _) in zip(tables, groups, strict=True):
        part = table.copy()
        for place, (name, value) in enumerate(zip(names, values, strict=True)):
            part.insert(place, name, value)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _shown_table(places: IntArray) -> pd.DataFrame:
    letters = [[CLASSES[place] for place in row] for row in places]
    table = pd.DataFrame(letters, columns=list(ANSWERS))
    table.insert(0, "functional", list(ANSWERS))
    return table


def _comparisons(
    answers: KanoAnswers,
    designs: Sequence[Design],
    p_adjust: PAdjust,
    n_resamples: int,
    seed: int,
) -> pd.DataFrame:
    if len(designs) < 2:
        return pd.DataFrame(columns=_COMPARISON_COLUMNS)
    return compare_groups(answers, designs, p_adjust=p_adjust, n_draws=n_resamples, seed=seed)


def _notes_on_groups(
    people: Respondents, answers: KanoAnswers, designs: Sequence[Design], by: tuple[str, ...]
) -> list[str]:
    if not by:
        return []
    notes = []
    lost = people.count(_answered(people, answers) & ~_in_a_group(designs))
    if lost:
        notes.append(f"{plural(lost, 'respondent')} without a group: not counted.")
    if len(designs) == 1:
        notes.append("There is only one group, so there is nothing to compare.")
    return notes


def _notes_on_features(features: pd.DataFrame, by: tuple[str, ...], design: Design) -> list[str]:
    rows: list[dict[Any, Any]] = features.to_dict(orient="records")
    notes = []
    incomplete = [f"{name_of(row, by)} ({row['n_missing']})" for row in rows if row["n_missing"]]
    if incomplete:
        notes.append(f"Respondents without both answers, by feature: {shorten(incomplete)}.")
    empty = [name_of(row, by) for row in rows if row["n"] == 0]
    if empty:
        notes.append(f"Nobody answered both questions of {shorten(empty)}, so they have no class.")
    outside = [name_of(row, by) for row in rows if row["n"] and np.isnan(row["better"])]
    if outside:
        notes.append(
            f"All answers to {shorten(outside)} are reverse or questionable, so better and worse "
            "do not exist."
        )
    alone = [name_of(row, by) for row in rows if row["n"] == 1]
    if alone:
        notes.append(
            f"One respondent only answered both questions of {shorten(alone)}, so there are no "
            "standard errors of the scores."
        )
    constant = [name_of(row, by) for row in rows if row["class"] and np.isnan(row["mode_p"])]
    if constant:
        notes.append(
            f"The answers to {shorten(constant)} do not vary, so there is no t-test of the class."
        )
    if not design.is_simple:
        notes.append(
            "Fong's test and the χ² tests of groups hold for independent respondents of equal "
            "weight only, so they are left out."
        )
    return notes


def _notes_on_scores(scores: pd.DataFrame, by: tuple[str, ...]) -> list[str]:
    same = scores[(scores["std_error"] == 0.0) & scores["conf_low"].isna()]
    if not len(same):
        return []
    named = [f"{name_of(row, by)} {row['question']}" for row in same.to_dict(orient="records")]
    return [f"Everybody answers alike to {shorten(named)}, so these means have no intervals."]


def _notes_on_resamples(n_resamples: int, n_degenerate: int) -> list[str]:
    if n_resamples == 0:
        return ["No resamples were asked for, so there are no probabilities of the classes."]
    if n_degenerate:
        return [
            f"In {n_degenerate} of {n_resamples} resamples nobody had answered some feature; they "
            "do not count for that feature."
        ]
    return []
