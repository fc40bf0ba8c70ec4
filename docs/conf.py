"""Sphinx configuration. Nothing is fetched from the network while the pages are built."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

DOCS = Path(__file__).parent
ROOT = DOCS.parent

project = "servqual"
author = "servqual developers"
copyright = "2026, servqual developers"
release = re.search(
    r'^__version__ = "(.+)"$',
    (ROOT / "servqual" / "__init__.py").read_text(encoding="utf-8"),
    re.MULTILINE,
).group(1)
version = release

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
]
exclude_patterns = ["_build", "**/.ipynb_checkpoints"]
templates_path = ["_templates"]

# The class notebooks live in notebooks/, where a teacher looks for them; Sphinx reads copies.
shutil.rmtree(DOCS / "notebooks", ignore_errors=True)
shutil.copytree(
    ROOT / "notebooks",
    DOCS / "notebooks",
    ignore=shutil.ignore_patterns(".ipynb_checkpoints", "report*.html"),
)

# Pages and notebooks are executed at every build, so what they print is what the code does. How
# long it took is no part of it: on a slow machine a bar would stay behind in the page.
os.environ["TQDM_DISABLE"] = "1"
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True
myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_typehints = "none"  # the docstrings' Parameters sections say it in words
numpydoc_show_class_members = False  # the class template lists them
numpydoc_xref_param_type = False

html_theme = "pydata_sphinx_theme"
html_title = "servqual"
html_show_sourcelink = False
html_theme_options = {
    "navigation_with_keys": False,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {"index": []}
