from . import models as models
from .analyses.compare_measures import MeasureComparisonResult as MeasureComparisonResult
from .analyses.compare_measures import compare_measures as compare_measures
from .analyses.congruence import CongruenceResult as CongruenceResult
from .analyses.correlations import CorrelationResult as CorrelationResult
from .analyses.correlations import correlations as correlations
from .analyses.cross_validation import CrossValidationResult as CrossValidationResult
from .analyses.efa import EFAResult as EFAResult
from .analyses.efa import efa as efa
from .analyses.factor_count import FactorCountResult as FactorCountResult
from .analyses.factor_count import factor_count as factor_count
from .analyses.frequencies import FrequencyResult as FrequencyResult
from .analyses.frequencies import frequencies as frequencies
from .analyses.gaps import GapResult as GapResult
from .analyses.gaps import gaps as gaps
from .analyses.importance_performance import (
    ImportancePerformanceResult as ImportancePerformanceResult,
)
from .analyses.importance_performance import importance_performance as importance_performance
from .analyses.kano import KanoResult as KanoResult
from .analyses.kano import kano as kano
from .analyses.latent_gaps import LatentGapResult as LatentGapResult
from .analyses.latent_gaps import latent_gaps as latent_gaps
from .analyses.mediation import MediationResult as MediationResult
from .analyses.mediation import mediation as mediation
from .analyses.model_comparison import InvarianceResult as InvarianceResult
from .analyses.model_comparison import ModelComparisonResult as ModelComparisonResult
from .analyses.model_comparison import compare_models as compare_models
from .analyses.model_comparison import invariance as invariance
from .analyses.nonlinearity import NonlinearityResult as NonlinearityResult
from .analyses.nonlinearity import nonlinearity as nonlinearity
from .analyses.penalty_reward import PenaltyRewardResult as PenaltyRewardResult
from .analyses.penalty_reward import penalty_reward as penalty_reward
from .analyses.regression import regression as regression
from .analyses.regression_diagnostics import (
    RegressionDiagnosticsResult as RegressionDiagnosticsResult,
)
from .analyses.regression_result import RegressionResult as RegressionResult
from .analyses.relative_importance import ImportanceResult as ImportanceResult
from .analyses.relative_importance import relative_importance as relative_importance
from .analyses.response_surface import ResponseSurfaceResult as ResponseSurfaceResult
from .analyses.response_surface import response_surface as response_surface
from .analyses.scale_reliability import ReliabilityResult as ReliabilityResult
from .analyses.scale_reliability import scale_reliability as scale_reliability
from .analyses.structural import StructuralResult as StructuralResult
from .analyses.structural import cfa as cfa
from .analyses.structural import sem as sem
from .analyses.validity import ValidityResult as ValidityResult
from .analyses.validity import validity as validity
from .analyses.what_if import WhatIfResult as WhatIfResult
from .analyses.what_if import what_if as what_if
from .datasets.examples import example_path as example_path
from .datasets.examples import example_truth as example_truth
from .datasets.examples import load_example as load_example
from .datasets.simulation import simulate as simulate
from .errors import ColumnNotFoundError as ColumnNotFoundError
from .errors import ConvergenceError as ConvergenceError
from .errors import EstimationError as EstimationError
from .errors import ImproperSolutionWarning as ImproperSolutionWarning
from .errors import InstrumentError as InstrumentError
from .errors import MissingDataWarning as MissingDataWarning
from .errors import MissingDependencyError as MissingDependencyError
from .errors import ModelSyntaxError as ModelSyntaxError
from .errors import NotIdentifiedError as NotIdentifiedError
from .errors import NotPositiveDefiniteError as NotPositiveDefiniteError
from .errors import OptionError as OptionError
from .errors import RowsRequiredError as RowsRequiredError
from .errors import ScaleRangeError as ScaleRangeError
from .errors import ServqualError as ServqualError
from .errors import ServqualWarning as ServqualWarning
from .errors import SmallSampleWarning as SmallSampleWarning
from .errors import SurveyError as SurveyError
from .errors import WeightsWarning as WeightsWarning
from .instruments.catalogue import instrument as instrument
from .instruments.catalogue import list_instruments as list_instruments
from .instruments.instrument import Dimension as Dimension
from .instruments.instrument import Instrument as Instrument
from .instruments.instrument import Item as Item
from .instruments.instrument import Scale as Scale
from .plots.correlation_matrix import plot_correlation_matrix as plot_correlation_matrix
from .plots.gaps import plot_expectation_perception as plot_expectation_perception
from .plots.gaps import plot_gaps as plot_gaps
from .plots.gaps import plot_radar as plot_radar
from .plots.importance import plot_importance as plot_importance
from .plots.importance_performance import (
    plot_importance_performance as plot_importance_performance,
)
from .plots.importance_performance import (
    plot_quadrant_probabilities as plot_quadrant_probabilities,
)
from .plots.likert import plot_likert as plot_likert
from .plots.loadings import plot_congruence as plot_congruence
from .plots.loadings import plot_loadings as plot_loadings
from .plots.nonlinearity import plot_nonlinearity as plot_nonlinearity
from .plots.path_diagram import plot_path_diagram as plot_path_diagram
from .plots.penalty_reward import plot_penalty_reward as plot_penalty_reward
from .plots.regression import plot_coefficients as plot_coefficients
from .plots.scree import plot_scree as plot_scree
from .plots.simple_slopes import plot_simple_slopes as plot_simple_slopes
from .reporting.report import report as report
from .results import Interpretation as Interpretation
from .results import SampleInfo as SampleInfo
from .results import Statement as Statement
from .samplestats.counts import Counts as Counts
from .samplestats.moments import Moments as Moments
from .samplestats.pairwise import PairwiseMoments as PairwiseMoments
from .survey.description import SurveyDescription as SurveyDescription
from .survey.survey import Survey as Survey
from .survey.survey import read_survey as read_survey
from .survey.weights import FrequencyWeights as FrequencyWeights
from .survey.weights import SamplingWeights as SamplingWeights

__all__ = [
    "ColumnNotFoundError",
    "CongruenceResult",
    "ConvergenceError",
    "CorrelationResult",
    "Counts",
    "CrossValidationResult",
    "Dimension",
    "EFAResult",
    "EstimationError",
    "FactorCountResult",
    "FrequencyResult",
    "FrequencyWeights",
    "GapResult",
    "ImportancePerformanceResult",
    "ImportanceResult",
    "ImproperSolutionWarning",
    "Instrument",
    "InstrumentError",
    "Interpretation",
    "InvarianceResult",
    "Item",
    "KanoResult",
    "LatentGapResult",
    "MeasureComparisonResult",
    "MediationResult",
    "MissingDataWarning",
    "MissingDependencyError",
    "ModelComparisonResult",
    "ModelSyntaxError",
    "Moments",
    "NonlinearityResult",
    "NotIdentifiedError",
    "NotPositiveDefiniteError",
    "OptionError",
    "PairwiseMoments",
    "PenaltyRewardResult",
    "RegressionDiagnosticsResult",
    "RegressionResult",
    "ReliabilityResult",
    "ResponseSurfaceResult",
    "RowsRequiredError",
    "SampleInfo",
    "SamplingWeights",
    "Scale",
    "ScaleRangeError",
    "ServqualError",
    "ServqualWarning",
    "SmallSampleWarning",
    "Statement",
    "StructuralResult",
    "Survey",
    "SurveyDescription",
    "SurveyError",
    "ValidityResult",
    "WeightsWarning",
    "WhatIfResult",
    "cfa",
    "compare_measures",
    "compare_models",
    "correlations",
    "efa",
    "example_path",
    "example_truth",
    "factor_count",
    "frequencies",
    "gaps",
    "importance_performance",
    "instrument",
    "invariance",
    "kano",
    "latent_gaps",
    "list_instruments",
    "load_example",
    "mediation",
    "models",
    "nonlinearity",
    "penalty_reward",
    "plot_coefficients",
    "plot_congruence",
    "plot_correlation_matrix",
    "plot_expectation_perception",
    "plot_gaps",
    "plot_importance",
    "plot_importance_performance",
    "plot_likert",
    "plot_loadings",
    "plot_nonlinearity",
    "plot_path_diagram",
    "plot_penalty_reward",
    "plot_quadrant_probabilities",
    "plot_radar",
    "plot_scree",
    "plot_simple_slopes",
    "read_survey",
    "regression",
    "relative_importance",
    "report",
    "response_surface",
    "scale_reliability",
    "sem",
    "simulate",
    "validity",
    "what_if",
]

__version__: str
