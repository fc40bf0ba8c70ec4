"""The report put together from its sections."""

from __future__ import annotations

import sys

from servqual.reporting.blocks import Document
from servqual.reporting.material import Material
from servqual.reporting.sections.confirmatory import confirmatory
from servqual.reporting.sections.drivers import drivers
from servqual.reporting.sections.factor_structure import factor_structure
from servqual.reporting.sections.gap_tables import gap_section
from servqual.reporting.sections.headline import headline
from servqual.reporting.sections.methods import methods
from servqual.reporting.sections.priorities import priorities
from servqual.reporting.sections.quality import quality
from servqual.reporting.sections.reliability import reliability
from servqual.reporting.words import counted


def compose(material: Material) -> Document:
    """Put the report together.

    Parameters
    ----------
    material : Material
        Results.

    Returns
    -------
    Document
    """
    survey = material.survey
    own = getattr(sys.modules.get("servqual"), "__version__", "")
    return Document(
        title=material.settings.title,
        subtitle=f"{survey.instrument.title} · {counted(survey.n_respondents, 'respondent')}",
        notice=material.settings.notice,
        headline=headline(material),
        sections=(
            quality(material),
            gap_section(material),
            priorities(material),
            reliability(material),
            *factor_structure(material),
            *confirmatory(material),
            drivers(material),
            methods(material),
        ),
        footer=f"Made with servqual {own}".rstrip() + ".",
    )
