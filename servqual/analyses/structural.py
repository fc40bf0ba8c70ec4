"""Confirmatory factor analysis and structural equation models.

How well does the survey show the factors that theory names, and what do these explain, with the
error of measurement taken out?
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from scipy import special

from servqual.analyses.ordinal_estimation import categories_of, estimate_ordinal
from servqual.analyses.structural_data import (
    StructuralData,
    StructuralInput,
    group_labels_of,
    rows_of,
    structural_data,
)
from servqual.analyses.structural_estimation import (
    Estimate,
    estimate,
    warn_of_improper,
)
from servqual.errors import OptionError, shorten
from servqual.model_language.expressions import evaluate, parse_expression
from servqual.model_language.parameter_table import (
    EQUALITIES,
    ParameterTable,
    build_parameter_table,
    observed_variables,
)
from servqual.numerics.implied_moments import assemble
from servqual.numerics.modification import absent_elements, residual_z, score_tests
from servqual.numerics.standardised import (
    explained_variance,
    standardise_elements,
    standardised_jacobian,
)
from servqual.numerics.structural_tests import implied_of, infer
from servqual.results import (
    Interpretation,
    Result,
    SampleInfo,
    Statement,
    format_number,
    format_p,
    not_in_json,
)
from servqual.survey.survey import Survey
from servqual.typing import (
    Estimator,
    FactorStructure,
    FloatArray,
    Information,
    On,
    ResidualKind,
    ScoreMethod,
    StructuralMissing,
    StructuralPlot,
    check_conf_level,
    check_option,
    check_whole,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ORDINAL", "StructuralResult", "cfa", "instrument_model", "sem"]


_STEP = 1e-30

#: Estimators that take answers as ordinal, and those whose tests are scaled.
ORDINAL = ("DWLS", "WLSMV")
ROBUST = ("MLR", "MLM", "WLSMV")


@dataclass(frozen=True, repr=False, eq=False)
class StructuralResult(Result):
    """An estimated confirmatory factor analysis or structural equation model.

    Attributes
    ----------
    sample : SampleInfo
        For whom it speaks.
    estimator : {"ML", "MLR", "MLM", "ULS", "GLS", "DWLS", "WLSMV"}
        How parameters, errors and tests were found.
    information : {"expected", "observed"}
        On which standard errors rest.
    parameters : DataFrame
        lhs, op, rhs, group, label, estimate, std_error, statistic, p_value, conf_low, conf_high,
        std_all (all variables standardised); fixed parameters have nan for errors.
    fit : DataFrame
        One row: as `glance`.
    r_squared : DataFrame
        variable, group, r_squared: share of variance explained.
    group_by : str
        Grouping variable; empty without.
    conf_level : float
        Coverage of the intervals.
    n_iterations : int
        Steps of the search.
    improper : tuple of str
        What cannot be, such as a negative variance.
    notes : tuple of str
        What a reader should know.
    """

    title: ClassVar[str] = "Structural equation model"

    sample: SampleInfo
    estimator: str
    information: str
    parameters: pd.DataFrame
    fit: pd.DataFrame
    r_squared: pd.DataFrame
    group_by: str
    conf_level: float
    n_iterations: int
    improper: tuple[str, ...]
    notes: tuple[str, ...] = ()
    model: ParameterTable = not_in_json()  # noqa: RUF009
    estimated: Estimate = not_in_json()  # noqa: RUF009

    def tidy(self) -> pd.DataFrame:
        """Return one row per parameter, in full precision."""
        return self.parameters.copy()

    def glance(self) -> pd.DataFrame:
        """Return one row: sample, test, fit indices, information criteria."""
        return self.fit.copy()

    @property
    def vcov(self) -> pd.DataFrame:
        """Covariance matrix of the free parameters; equal parameters stand once."""
        names = _parameter_names(self.model)
        return pd.DataFrame(self.estimated.inference.covariance, index=names, columns=names)

    def standardised(self) -> pd.DataFrame:
        """Return the completely standardised solution with its own standard errors.

        Returns
        -------
        DataFrame
            lhs, op, rhs, group, estimate, std_error, statistic, p_value, conf_low, conf_high;
            standard errors by the delta method.
        """
        found = self.estimated
        model = found.representation
        values, errors = _standardised(found, with_errors=True)
        table = pd.DataFrame(
            [_line_names(self.model, int(number)) for number in model.lines],
            columns=["lhs", "op", "rhs", "group"],
        )
        return _with_tests(table, values, errors, self.conf_level)

    def residuals(self, kind: ResidualKind = "correlation", group: int = 1) -> pd.DataFrame:
        """What the model leaves of the covariances.

        Parameters
        ----------
        kind : {"correlation", "raw", "standardised"}, default "correlation"
            Observed minus implied correlations, covariances, or covariances divided by their
            standard errors (which need complete answers and maximum likelihood).
        group : int, default 1
            Number of the group.

        Returns
        -------
        DataFrame
            Square.

        Raises
        ------
        OptionError
            If an option does not exist.
        """
        check_option("kind", kind, ResidualKind)
        found = self.estimated
        names = list(self.model.observed)
        place = check_whole("group", group, 1) - 1
        if place >= self.model.n_groups:
            raise OptionError(f"`group` is {group}, but the model has {self.model.n_groups}.")
        observed = found.saturated[place][1]
        implied = implied_of(found.representation.structure, found.solution.parameters)[place][1]
        if kind == "raw" and not found.ordinal:
            table = observed - implied
        elif kind in ("correlation", "raw"):
            table = _to_correlation(observed) - _to_correlation(implied)
        else:
            self._require_likelihood("Standardised residuals")
            expected = infer(
                found.representation.structure,
                found.solution.parameters,
                found.samples,
                found.representation.reduction,
                kind="expected",
            )
            table = residual_z(
                found.representation.structure,
                found.solution.parameters,
                found.samples[place],
                place,
                expected.covariance,
            )
        return pd.DataFrame(table, index=names, columns=names)

    def modification_indices(self, minimum: float = 0.0) -> pd.DataFrame:
        """By how much χ² would fall if an absent loading or covariance were free.

        Parameters
        ----------
        minimum : float, default 0
            Leave out smaller indices.

        Returns
        -------
        DataFrame
            lhs, op, rhs, group, modification_index, expected_change; largest first.

        Raises
        ------
        OptionError
            If the model was not estimated by maximum likelihood.
        """
        self._require_likelihood("Modification indices", incomplete=True)
        found, model = self.estimated, self.estimated.representation
        candidates, places = absent_elements(model.structure, len(self.model.latent), (0, 2, 3))
        tests = score_tests(
            model.structure, found.solution.parameters, found.samples, model.reduction, candidates
        )
        rows = []
        for (group, matrix, row, column), index, change in zip(
            places, tests.statistic, tests.expected_change, strict=True
        ):
            if matrix == 0:
                name = (model.latent[column], "=~", self.model.observed[row])
            elif matrix == 2:
                name = (model.latent[column], "~~", model.latent[row])
            else:
                name = (self.model.observed[column], "~~", self.model.observed[row])
            rows.append((*name, group + 1, index, change))
        table = pd.DataFrame(
            rows, columns=["lhs", "op", "rhs", "group", "modification_index", "expected_change"]
        )
        kept = table[table["modification_index"] >= minimum]
        return kept.sort_values("modification_index", ascending=False, ignore_index=True)

    def factor_scores(
        self, survey: Survey | pd.DataFrame, method: ScoreMethod = "regression"
    ) -> pd.DataFrame:
        """Scores of the respondents on the latent variables.

        Parameters
        ----------
        survey : Survey or DataFrame
            Whose respondents are scored; the data that the model was fitted to, or others.
        method : {"regression", "Bartlett"}, default "regression"
            Scores with the smallest error, or unbiased ones.

        Returns
        -------
        DataFrame
            One column per latent variable, one row per respondent; nan where an answer is missing.

        Raises
        ------
        OptionError
            If the model has groups, or the method does not exist.

        References
        ----------
        Thurstone, L. L. (1935). *The Vectors of Mind*. University of Chicago Press.

        Bartlett, M. S. (1937). The statistical conception of mental factors. *British Journal of
        Psychology*, 28, 97-104. https://doi.org/10.1111/j.2044-8295.1937.tb00863.x
        """
        check_option("method", method, ScoreMethod)
        if self.model.n_groups > 1:
            raise OptionError("Factor scores are there for models of one group only.")
        if self.estimator in ORDINAL:
            raise OptionError(
                'Factor scores need answers as numbers; fit the model with `estimator="MLR"`.'
            )
        found = self.estimated
        matrices = assemble(found.representation.structure, found.solution.parameters, 0)
        mean, implied = implied_of(found.representation.structure, found.solution.parameters)[0]
        measured = len(self.model.latent)
        total = np.linalg.inv(np.eye(len(matrices.regressions)) - matrices.regressions)
        latent = total @ matrices.factor_covariance @ total.T
        if not self.model.mean_structure:
            mean = found.saturated[0][0]
        deviations = rows_of(survey, self.model.observed, "factor_scores") - mean
        if method == "regression":
            weights = np.linalg.solve(implied, matrices.loadings @ latent)
        else:
            inner = np.linalg.solve(matrices.residual_covariance, matrices.loadings)
            weights = np.linalg.solve(matrices.loadings.T @ inner, inner.T).T
        scores = deviations @ weights + total @ matrices.factor_means
        return pd.DataFrame(scores[:, :measured], columns=list(self.model.latent))

    def plot(
        self,
        kind: StructuralPlot = "path",
        *,
        standardised: bool = True,
        group: int = 1,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw the model as a path diagram, or what it leaves of the correlations as a heat map.

        Parameters
        ----------
        kind : {"path", "residuals"}, default "path"
            What to draw.
        standardised : bool, default True
            Whether the arrows carry standardised estimates.
        group : int, default 1
            Number of the group.
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        Axes
        """
        from servqual.plots.correlation_matrix import plot_correlation_matrix
        from servqual.plots.path_diagram import plot_path_diagram

        check_option("kind", kind, StructuralPlot)
        if kind == "path":
            return plot_path_diagram(self, standardised=standardised, group=group, ax=ax)
        where = f", {self.model.group_labels[group - 1]}" if self.model.group_labels else ""
        return plot_correlation_matrix(
            self.residuals("correlation", group),
            title=f"Residual correlations{where}",
            ax=ax,
        )

    def to_graphviz(self, *, standardised: bool = True, group: int = 1, decimals: int = 2) -> str:
        """Write the model as text for Graphviz, to be drawn by ``dot`` or a website.

        Parameters
        ----------
        standardised : bool, default True
            Whether the arrows carry standardised estimates.
        group : int, default 1
            Number of the group.
        decimals : int, default 2
            Of the estimates.

        Returns
        -------
        str
        """
        from servqual.analyses.path_layout import graphviz_text, path_graph

        return graphviz_text(
            path_graph(self, standardised=standardised, group=group), decimals=decimals
        )

    def interpret(self) -> Interpretation:
        """Put the fit into plain words, each rule of thumb with its source.

        Returns
        -------
        Interpretation
        """
        return Interpretation(tuple(_say(self)))

    def _require_likelihood(self, what: str, *, incomplete: bool = False) -> None:
        if self.estimator in ("ULS", "GLS", *ORDINAL):
            raise OptionError(f'{what} need maximum likelihood; fit with `estimator="ML"`.')
        if not incomplete and any(sample.incomplete for sample in self.estimated.samples):
            raise OptionError(f'{what} need complete answers; fit with `missing="listwise"`.')

    def _kind_of_indices(self) -> str:
        """Which of the corrected fit indices there are: robust ones, else scaled ones."""
        return "scaled" if np.isnan(self.fit["cfi_robust"].iloc[0]) else "robust"

    def _shown(self) -> list[tuple[str, pd.DataFrame]]:
        table: pd.DataFrame = self.parameters[~self.parameters["op"].isin(["~1"])]
        if (table["group"] <= 1).all():
            table = table.drop(columns="group")
        if not table["label"].any():
            table = table.drop(columns="label")
        shown = ["chi2", "df", "p_value", "cfi", "tli", "rmsea", "rmsea_low", "rmsea_high", "srmr"]
        robust = ["chi2_scaled", "df_scaled", "scaling_factor"]
        if self.estimator in ROBUST:
            kind = self._kind_of_indices()
            shown += [*robust, f"cfi_{kind}", f"rmsea_{kind}"]
        return [("Fit", self.fit[shown]), (f"Parameters ({self.estimator})", table)]


def _to_correlation(covariance: FloatArray) -> FloatArray:
    spread = np.sqrt(np.diag(covariance))
    correlation: FloatArray = covariance / np.outer(spread, spread)
    return correlation


def _line_names(table: ParameterTable, number: int) -> tuple[str, str, str, int]:
    line = table.parameters[number]
    return line.lhs, line.op, line.rhs, line.group


def _parameter_names(table: ParameterTable) -> list[str]:
    """A name for each free parameter: its label, or its first line."""
    names = [""] * table.n_free
    for line in table.parameters:
        if line.free and not names[line.free - 1]:
            text = line.label or f"{line.lhs}{line.op}{line.rhs}"
            names[line.free - 1] = text + (f".g{line.group}" if line.group > 1 else "")
    return names


def cfa(
    data: StructuralInput,
    model: str | None = None,
    *,
    on: On = "perception",
    structure: FactorStructure = "correlated",
    estimator: Estimator = "ML",
    missing: StructuralMissing = "listwise",
    by: str | None = None,
    equal: Collection[str] = (),
    free: Collection[str] = (),
    std_lv: bool = False,
    mean_structure: bool | None = None,
    orthogonal: bool = False,
    information: Information | None = None,
    conf_level: float = 0.95,
    max_iterations: int = 300,
) -> StructuralResult:
    """Fit a confirmatory factor analysis.

    Without a `model`, the items of the survey's instrument measure its dimensions.

    Parameters
    ----------
    data : Survey, DataFrame, Moments, or mapping of group to Moments
        Respondents' answers, a table of rows, or the covariances of a printed table.
    model : str, optional
        In lavaan's syntax, with the survey's own column names (``"P1"``) and ``G1`` … for gap
        items; by default made from the instrument.
    on : {"perception", "expectation", "gap", …}, default "perception"
        Which answers, where the model is made from the instrument.
    structure : {"correlated", "one-factor", "second-order", "bifactor"}, default "correlated"
        How the instrument's dimensions hang together.
    estimator : {"ML", "MLR", "MLM", "ULS", "GLS", "DWLS", "WLSMV"}, default "ML"
        Maximum likelihood; with standard errors and test that do not lean on normality (MLR:
        Huber–White and Yuan–Bentler, MLM: Satorra–Bentler); unweighted and generalised least
        squares; answers as ordinal, by diagonally weighted least squares on polychoric
        correlations (DWLS), with robust standard errors and a test adjusted in mean and variance
        (WLSMV).
    missing : {"listwise", "fiml"}, default "listwise"
        Complete respondents only, or all answers by full information maximum likelihood, which
        assumes that answers are missing at random.
    by : str, optional
        Grouping variable; each group has its own parameters but for `equal`.
    equal : collection of str, default ()
        What is equal across groups: ``"loadings"``, ``"intercepts"``, ``"thresholds"`` (of
        ordinal answers), ``"means"``,
        ``"residuals"``, ``"residual_covariances"``, ``"regressions"``, ``"latent_variances"``,
        ``"latent_covariances"``.
    free : collection of str, default ()
        Parameters exempted from `equal`, such as ``"reliability =~ P7"``.
    std_lv : bool, default False
        Scale latent variables by a variance of 1 instead of a first loading of 1.
    mean_structure : bool, optional
        Whether to model means; by default in groups and with ``missing="fiml"``.
    orthogonal : bool, default False
        Whether latent variables are uncorrelated.
    information : {"expected", "observed"}, optional
        On which standard errors rest; by default expected, but observed for MLR and FIML.
    conf_level : float, default 0.95
        Coverage of intervals.
    max_iterations : int, default 300
        Steps after which the search gives up.

    Returns
    -------
    StructuralResult

    Raises
    ------
    ModelSyntaxError
        If the model cannot be read.
    OptionError
        If an option does not exist, or does not go with the data.
    RowsRequiredError
        If respondents' answers are needed and not given.
    NotIdentifiedError
        If the data do not determine the parameters.
    ConvergenceError
        If no minimum is found.
    EstimationError
        If there are too few respondents, or variables do not vary or depend on each other.

    Warns
    -----
    ImproperSolutionWarning
        If a variance is negative or latent variables correlate beyond one.

    References
    ----------
    Jöreskog, K. G. (1969). A general approach to confirmatory maximum likelihood factor analysis.
    *Psychometrika*, 34, 183-202. https://doi.org/10.1007/BF02289343

    Examples
    --------
    >>> import servqual as sq
    >>> fit = sq.cfa(sq.load_example("bank"))
    >>> int(fit.glance()["df"].iloc[0])
    199
    """
    if model is None:
        model, orthogonal = instrument_model(data, on, structure, orthogonal)
        std_lv = std_lv or structure == "bifactor"
    return _fit(
        data,
        model,
        "cfa",
        estimator,
        missing,
        by,
        equal,
        free,
        std_lv,
        mean_structure,
        orthogonal,
        True,
        information,
        conf_level,
        max_iterations,
    )


def sem(
    data: StructuralInput,
    model: str,
    *,
    estimator: Estimator = "ML",
    missing: StructuralMissing = "listwise",
    by: str | None = None,
    equal: Collection[str] = (),
    free: Collection[str] = (),
    std_lv: bool = False,
    mean_structure: bool | None = None,
    orthogonal: bool = False,
    fixed_x: bool = True,
    information: Information | None = None,
    conf_level: float = 0.95,
    max_iterations: int = 300,
) -> StructuralResult:
    """Fit a structural equation model: latent variables, and what explains them.

    Parameters
    ----------
    data : Survey, DataFrame, Moments, or mapping of group to Moments
        Respondents' answers, a table of rows, or the covariances of a printed table.
    model : str
        In lavaan's syntax, with the survey's own column names.
    estimator, missing, by, equal, free, std_lv, mean_structure, orthogonal
        As in `cfa`.
    fixed_x : bool, default True
        Whether the moments of observed variables that only explain are taken as given.
    information, conf_level, max_iterations
        As in `cfa`.

    Returns
    -------
    StructuralResult
        Effects defined with ``:=`` stand at the end of its parameters, with standard errors by
        the delta method.

    Raises
    ------
    ServqualError
        As `cfa`.

    Warns
    -----
    ImproperSolutionWarning
        If a variance is negative or latent variables correlate beyond one.

    References
    ----------
    Bollen, K. A. (1989). *Structural Equations with Latent Variables*. Wiley.
    https://doi.org/10.1002/9781118619179

    Examples
    --------
    >>> import servqual as sq
    >>> fit = sq.sem(sq.load_example("bank"), '''
    ...     reliability =~ P5 + P6 + P7 + P8 + P9
    ...     satisfaction =~ SAT1 + SAT2 + SAT3
    ...     satisfaction ~ reliability
    ... ''')
    >>> fit.r_squared["variable"].iloc[-1]
    'satisfaction'
    """
    return _fit(
        data,
        model,
        "sem",
        estimator,
        missing,
        by,
        equal,
        free,
        std_lv,
        mean_structure,
        orthogonal,
        fixed_x,
        information,
        conf_level,
        max_iterations,
    )


def instrument_model(
    data: StructuralInput, on: On, structure: FactorStructure, orthogonal: bool
) -> tuple[str, bool]:
    """Write the model of a survey's instrument.

    Parameters
    ----------
    data : Survey
        With the instrument; anything else is refused.
    on : {"perception", "expectation", "gap", …}
        Which answers.
    structure : {"correlated", "one-factor", "second-order", "bifactor"}
        How dimensions hang together.
    orthogonal : bool
        Whether the caller wants uncorrelated latent variables.

    Returns
    -------
    model : str
        In lavaan's syntax.
    orthogonal : bool
        Whether latent variables are uncorrelated.

    Raises
    ------
    OptionError
        If `data` is no survey, or an option does not exist.
    """
    check_option("on", on, On)
    check_option("structure", structure, FactorStructure)
    if not isinstance(data, Survey):
        raise OptionError(
            "`model` is missing. Only a survey has an instrument to make it from; write one, such "
            'as `model="F =~ x1 + x2 + x3"`.'
        )
    names = data.item_names(on)
    items = data.instrument.items
    factors = {
        re.sub(r"\W", "_", dimension.key): [
            name for name, item in zip(names, items, strict=True) if item.dimension == dimension.key
        ]
        for dimension in data.instrument.dimensions
    }
    if structure == "one-factor":
        return f"quality =~ {' + '.join(names)}", orthogonal
    lines = [f"{factor} =~ {' + '.join(columns)}" for factor, columns in factors.items()]
    if structure == "second-order":
        lines.append(f"quality =~ {' + '.join(factors)}")
    if structure == "bifactor":
        lines.insert(0, f"general =~ {' + '.join(names)}")
        orthogonal = True
    return "\n".join(lines), orthogonal


def _fit(
    data: StructuralInput,
    model: str,
    what: str,
    estimator: Estimator,
    missing: StructuralMissing,
    by: str | None,
    equal: Collection[str],
    free: Collection[str],
    std_lv: bool,
    mean_structure: bool | None,
    orthogonal: bool,
    fixed_x: bool,
    information: Information | None,
    conf_level: float,
    max_iterations: int,
) -> StructuralResult:
    check_option("estimator", estimator, Estimator)
    check_option("missing", missing, StructuralMissing)
    check_conf_level(conf_level)
    equal = _check_equal(equal)
    fiml = missing == "fiml"
    if information is None:
        information = "observed" if fiml or estimator == "MLR" else "expected"
    check_option("information", information, Information)
    if fiml and estimator not in ("ML", "MLR"):
        raise OptionError(
            f'`missing="fiml"` is maximum likelihood, but `estimator` is "{estimator}". Use '
            '"ML" or "MLR".'
        )
    labels = group_labels_of(data, by)
    if by is not None and len(labels) < 2:
        raise OptionError(f"`by` is {by!r}, but that makes only {len(labels)} group.")
    ordinal = estimator in ORDINAL
    if ordinal and mean_structure is False:
        raise OptionError(
            f'`estimator="{estimator}"` needs thresholds; leave `mean_structure` out.'
        )
    if "thresholds" in equal and not ordinal:
        raise OptionError(
            '`equal` names thresholds, which only ordinal answers have. Use `estimator="WLSMV"`, '
            'or "intercepts" for answers as numbers.'
        )
    if mean_structure is None:
        mean_structure = fiml or len(labels) > 1
    if fiml and not mean_structure:
        raise OptionError('`missing="fiml"` needs the means; leave `mean_structure` out.')
    collected, categories = None, None
    if ordinal:
        collected = structural_data(
            data,
            observed_variables(model, ordinal=True),
            by=by,
            missing=missing,
            need_rows=True,
            what=what,
            ordinal=True,
        )
        categories = categories_of(collected, what)
    table = build_parameter_table(
        model,
        group_labels=labels,
        std_lv=std_lv,
        mean_structure=mean_structure,
        fixed_x=fixed_x,
        orthogonal=orthogonal,
        equal=equal,
        free=free,
        categories=None
        if categories is None
        else {name: len(values) for name, values in categories.items()},
    )
    if collected is not None and categories is not None:
        found = estimate_ordinal(
            table,
            collected,
            categories,
            estimator=estimator,
            what=what,
            max_iterations=max_iterations,
        )
        return _result(found, collected, estimator, information, by, conf_level)
    if table.exogenous and (fiml or estimator == "MLM"):
        asked = 'missing="fiml"' if fiml else 'estimator="MLM"'
        raise OptionError(
            f"These observed variables only explain: {shorten(table.exogenous)}. With `{asked}` "
            "they need a distribution as all others do: use `fixed_x=False`."
        )
    collected = structural_data(
        data,
        table.observed,
        by=by,
        missing=missing,
        need_rows=estimator in ("MLR", "MLM"),
        what=what,
    )
    found = estimate(
        table,
        collected,
        estimator=estimator,
        information=information,
        what=what,
        max_iterations=max_iterations,
    )
    return _result(found, collected, estimator, information, by, conf_level)


def _result(
    found: Estimate,
    collected: StructuralData,
    estimator: Estimator,
    information: Information,
    by: str | None,
    conf_level: float,
) -> StructuralResult:
    """Tables of an estimated model."""
    improper = warn_of_improper(found, stacklevel=5)
    return StructuralResult(
        collected.sample,
        estimator,
        information,
        _parameters(found, conf_level),
        _fit_table(found, estimator, collected.sample),
        _r_squared(found),
        by or "",
        conf_level,
        found.solution.n_iterations,
        improper,
        _notes(found, estimator),
        found.table,
        found,
    )


def _check_equal(equal: Collection[str]) -> tuple[str, ...]:
    words = (equal,) if isinstance(equal, str) else tuple(equal)
    for word in words:
        if word not in EQUALITIES:
            raise OptionError.for_option("equal", word, EQUALITIES)
    return words


def _notes(found: Estimate, estimator: Estimator) -> tuple[str, ...]:
    notes = []
    if found.test.df == 0:
        notes.append(
            "The model has no degrees of freedom: it fits any data, so its test and fit indices "
            "say nothing."
        )
    if estimator == "ULS":
        notes.append(
            "The statistic of unweighted least squares does not follow the χ² distribution; its "
            "p-value and the indices made from it are rough."
        )
    return tuple(notes)


def _standardised(found: Estimate, *, with_errors: bool) -> tuple[FloatArray, FloatArray]:
    """Standardised elements of all lines, and their standard errors."""
    model, structure = found.representation, found.representation.structure
    values = np.full(len(model.lines), np.nan)
    errors = np.full(len(model.lines), np.nan)
    for group in range(structure.n_groups):
        at = np.flatnonzero(model.group == group)
        place = model.matrix[at], model.row[at], model.column[at]
        matrices = assemble(structure, found.solution.parameters, group)
        with np.errstate(invalid="ignore", divide="ignore"):
            values[at] = standardise_elements(matrices, *place, structure.threshold_items)
            if with_errors:
                slopes = standardised_jacobian(structure, found.solution.parameters, group, *place)
                spread = np.einsum("ij,ij->i", slopes @ found.inference.covariance, slopes)
                errors[at] = np.sqrt(np.maximum(spread, 0.0))
    errors[errors < 1e-10] = np.nan
    return values, errors


def _with_tests(
    table: pd.DataFrame, values: FloatArray, errors: FloatArray, conf_level: float
) -> pd.DataFrame:
    """Add estimates, standard errors, z-tests and intervals."""
    reach = float(special.ndtri(0.5 + conf_level / 2.0))
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = values / errors
    table["estimate"] = values
    table["std_error"] = errors
    table["statistic"] = statistic
    table["p_value"] = 2.0 * special.ndtr(-np.abs(statistic))
    table["conf_low"] = values - reach * errors
    table["conf_high"] = values + reach * errors
    return table


def _parameters(found: Estimate, conf_level: float) -> pd.DataFrame:
    """Table of all parameters, defined ones at the end."""
    model, lines = found.representation, found.table.parameters
    values, errors = [], []
    spread = np.sqrt(np.maximum(np.diag(found.inference.covariance), 0.0))
    elements = [
        assemble(model.structure, found.solution.parameters, group).parts()
        for group in range(model.structure.n_groups)
    ]
    for number, group, matrix, row, column in zip(
        model.lines, model.group, model.matrix, model.row, model.column, strict=True
    ):
        part = elements[group][matrix]
        values.append(float(part[row] if part.ndim == 1 else part[row, column]))
        free = lines[number].free
        errors.append(float(spread[free - 1]) if free else float("nan"))
    shown = [lines[number] for number in model.lines]
    standardised, _ = _standardised(found, with_errors=False)
    defined, defined_errors, defined_standardised = _defined(found, standardised)
    shown += list(found.table.defined)
    table = pd.DataFrame(
        {
            "lhs": [line.lhs for line in shown],
            "op": [line.op for line in shown],
            "rhs": [line.rhs for line in shown],
            "group": [line.group for line in shown],
            "label": [line.label for line in shown],
        }
    )
    table = _with_tests(
        table, np.array(values + defined), np.array(errors + defined_errors), conf_level
    )
    table["std_all"] = np.concatenate([standardised, defined_standardised])
    return table


def _defined(
    found: Estimate, standardised: FloatArray
) -> tuple[list[float], list[float], FloatArray]:
    """Defined parameters, their standard errors by the delta method, and standardised."""
    table, parameters = found.table, found.solution.parameters
    labels = {line.label: line.free - 1 for line in table.parameters if line.label and line.free}
    fixed = {line.label: line.value for line in table.parameters if line.label and not line.free}
    by_line = dict(zip(found.representation.lines, standardised, strict=True))
    unit = {
        line.label: float(by_line[number])
        for number, line in enumerate(table.parameters)
        if line.label and number in by_line
    }
    values, errors = [], []
    shown = np.zeros(len(table.defined))
    slopes: dict[str, FloatArray] = {}
    point: dict[str, float] = {name: float(parameters[at]) for name, at in labels.items()}
    point |= {name: value for name, value in fixed.items() if name not in point}
    for name in point:
        slopes[name] = np.zeros(len(parameters))
        if name in labels:
            slopes[name][labels[name]] = 1.0
    for place, line in enumerate(table.defined):
        expression = parse_expression(line.rhs)
        value = float(np.real(evaluate(expression, point)))
        slope = np.zeros(len(parameters))
        for name in point:
            moved: dict[str, complex] = dict(point)
            moved[name] += 1j * _STEP
            slope = slope + float(np.imag(evaluate(expression, moved))) / _STEP * slopes[name]
        point[line.lhs], slopes[line.lhs] = value, slope
        values.append(value)
        variance = float(slope @ found.inference.covariance @ slope)
        errors.append(float(np.sqrt(max(variance, 0.0))))
        shown[place] = unit[line.lhs] = float(np.real(evaluate(expression, unit)))
    return values, errors, shown


def _fit_table(found: Estimate, estimator: Estimator, sample: SampleInfo) -> pd.DataFrame:
    """The one row of `glance`."""
    robust = estimator in ROBUST
    corrected = robust and estimator not in ORDINAL
    nothing = float("nan")
    test, q, n_obs = found.test, found.n_parameters, sample.n_obs
    plain_p = float(special.chdtrc(test.df, test.chi2)) if test.df > 0 else nothing
    row: dict[str, object] = {
        "estimator": estimator,
        "n_obs": n_obs,
        "n_excluded": sample.n_excluded,
        "n_parameters": q,
        "chi2": test.chi2,
        "df": test.df,
        "p_value": plain_p,
        "cfi": found.plain.cfi,
        "tli": found.plain.tli,
        "rmsea": found.plain.rmsea,
        "rmsea_low": found.plain.rmsea_low,
        "rmsea_high": found.plain.rmsea_high,
        "rmsea_p": found.plain.rmsea_p,
        "srmr": found.srmr,
        "aic": -2.0 * found.loglik + 2.0 * q,
        "bic": -2.0 * found.loglik + q * np.log(n_obs),
        "sabic": -2.0 * found.loglik + q * np.log((n_obs + 2.0) / 24.0),
        "loglik": found.loglik,
        "loglik_saturated": found.loglik_saturated,
        "chi2_null": found.baseline.chi2,
        "df_null": found.baseline.df,
        "chi2_scaled": test.scaled if robust else nothing,
        "df_scaled": test.df if robust else nothing,
        "p_value_scaled": test.p_value if robust else nothing,
        "scaling_factor": test.scaling_factor if robust else nothing,
        "scaling_factor_null": found.baseline.scaling_factor if robust else nothing,
        "cfi_scaled": found.scaled.cfi if robust else nothing,
        "tli_scaled": found.scaled.tli if robust else nothing,
        "rmsea_scaled": found.scaled.rmsea if robust else nothing,
        "rmsea_scaled_low": found.scaled.rmsea_low if robust else nothing,
        "rmsea_scaled_high": found.scaled.rmsea_high if robust else nothing,
        "cfi_robust": found.indices.cfi if corrected else nothing,
        "tli_robust": found.indices.tli if corrected else nothing,
        "rmsea_robust": found.indices.rmsea if corrected else nothing,
        "rmsea_robust_low": found.indices.rmsea_low if corrected else nothing,
        "rmsea_robust_high": found.indices.rmsea_high if corrected else nothing,
        "converged": found.solution.converged,
        "n_iterations": found.solution.n_iterations,
    }
    return pd.DataFrame({name: [value] for name, value in row.items()})


def _r_squared(found: Estimate) -> pd.DataFrame:
    """Explained shares of indicators and of explained variables."""
    rows: list[tuple[str, int, float]] = []
    table, model = found.table, found.representation
    explained = {line.rhs for line in table.parameters if line.op == "=~"}
    explained |= {line.lhs for line in table.parameters if line.op == "~"}
    for group in range(model.structure.n_groups):
        matrices = assemble(model.structure, found.solution.parameters, group)
        observed, latent = explained_variance(matrices)
        own = dict(zip(table.observed, observed, strict=True))
        # A variable that stands among the latent ones has its residual there.
        own |= dict(zip(model.latent, latent, strict=True))
        names = [name for name in (*table.observed, *table.latent) if name in explained]
        rows += [(name, group + 1, float(own[name])) for name in names]
    return pd.DataFrame(rows, columns=["variable", "group", "r_squared"])


def _say(result: StructuralResult) -> list[Statement]:
    """Sentences about the fit."""
    row = {str(name): value for name, value in result.fit.iloc[0].items()}
    robust = result.estimator in ROBUST
    chi2, p_value = (
        (row["chi2_scaled"], row["p_value_scaled"]) if robust else (row["chi2"], row["p_value"])
    )
    kind = result._kind_of_indices()
    cfi, rmsea = (
        (row[f"cfi_{kind}"], row[f"rmsea_{kind}"]) if robust else (row["cfi"], row["rmsea"])
    )
    said = [
        Statement(
            "fit",
            f"χ²({int(row['df'])}) = {format_number(chi2, 2)}, p = {format_p(p_value)}: the test "
            "of exact fit, which rejects nearly every model in a large sample.",
        )
    ]
    if row["df"] == 0:
        return [Statement("fit", "The model has no degrees of freedom, so its fit says nothing.")]
    close = cfi >= 0.95 and rmsea <= 0.06 and row["srmr"] <= 0.08
    said.append(
        Statement(
            "fit",
            f"CFI {format_number(cfi)}, RMSEA {format_number(rmsea)}, SRMR "
            f"{format_number(row['srmr'])}: "
            + ("all within" if close else "not all within")
            + " the conventional limits of .95, .06 and .08.",
            "CFI ≥ .95, RMSEA ≤ .06, SRMR ≤ .08",
            "Hu & Bentler 1999, https://doi.org/10.1080/10705519909540118",
        )
    )
    said += [Statement("estimates", text) for text in result.improper]
    return said
