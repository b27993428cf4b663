"""Writes pictures of graphviz into the page itself, where its style sheet reaches
them: pages.css has the colours of light and dark mode."""

import re
from html import escape

from docutils import nodes
from sphinx.ext.graphviz import graphviz, render_dot

# dot's titles are its names of nodes and edges.
NOT_SHOWN = re.compile(r"<title>.*?</title>\n|<!--.*?-->\n", re.DOTALL)


def visit_picture(self, node):
    _, path = render_dot(self, node["code"], node["options"], "svg")
    if path is None:
        raise nodes.SkipNode
    _, start, rest = path.read_text().partition("<svg ")
    described = node.get("alt") or node.parent[-1].astext()
    self.body.append(
        f'<div class="graphviz">{start}role="img" aria-label="{escape(described)}" '
        f"{NOT_SHOWN.sub('', rest)}</div>\n"
    )
    raise nodes.SkipNode


def setup(app):
    app.setup_extension("sphinx.ext.graphviz")
    app.add_node(graphviz, override=True, html=(visit_picture, None))
    return {"parallel_read_safe": True}
