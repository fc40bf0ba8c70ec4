"""From a document to HTML: everything is escaped by the template engine."""

from __future__ import annotations

from servqual.errors import MissingDependencyError
from servqual.reporting.blocks import Document


def render(document: Document) -> str:
    """Write a document as one HTML page.

    Parameters
    ----------
    document : Document
        What to write.

    Returns
    -------
    str

    Raises
    ------
    MissingDependencyError
        If jinja2 is not installed.
    """
    try:
        import jinja2
    except ImportError as error:
        raise MissingDependencyError.for_extra("jinja2", "report", "`report`") from error
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("servqual", "reporting/templates"),
        # By file name only, a template called report.html.j2 would not be escaped.
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("report.html.j2").render(document=document)
