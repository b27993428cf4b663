"""How the documentation is built: sphinx-build -W -n docs build/docs"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_extension"))

import sctp

project = "sctp"
author = "the sctp developers"
project_copyright = author
version = release = sctp.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx_autodoc_typehints",
    "from_sources",
    "kernel_facts",
    "rfc_links",
    "inline_pictures",
]
nitpicky = True
# Names of Python itself, whose inventory would have to come over the network, and of
# types for annotations.
nitpick_ignore_regex = [
    (r"py:\w+", r"(asyncio|socket|struct|collections\.abc)(\..*)?"),
    (
        r"py:class",
        r"Address|Buffer|MessageTuple|SendInfo|typing_extensions\.Buffer|"
        r"sctp\._association\._Keywords|sctp\._endpoint\.Association",
    ),
]

# It would run code that is for type checkers only. There the stubs have other names.
suppress_warnings = ["sphinx_autodoc_typehints.guarded_import"]

html_theme = "furo"
html_title = f"sctp {version}"
html_static_path = ["_static"]
html_css_files = ["pages.css", "kernels.css"]
html_js_files = [("pages.js", {"defer": "defer"})]
html_search_scorer = str(Path(__file__).parent / "search.js")
html_copy_source = False
html_show_sphinx = False
pygments_style = "default"
pygments_dark_style = "github-dark"
graphviz_dot_args = [
    *("-Gbgcolor=transparent", "-Earrowsize=0.8", "-Nheight=0.3"),
    *("-Nfontname=sans-serif", "-Nfontsize=11"),
    *("-Efontname=sans-serif", "-Efontsize=11"),
]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
python_maximum_signature_line_length = 72
always_use_bars_union = True
typehints_use_signature = True
typehints_use_signature_return = True
typehints_document_rtype = False
