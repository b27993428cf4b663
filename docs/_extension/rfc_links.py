"""Makes links of texts such as "RFC 6458, section 9.1"."""

import re

from docutils import nodes

SECTION = r"(?:\d+(?:\.\d+)*|appendix [A-Z])"
MENTION = re.compile(
    rf"RFC\s+(?P<rfc>\d+)(?:,\s+(?:sections?\s+)?(?P<section>{SECTION})"
    rf"(?P<more>(?:(?:,|,?\s+and)\s+{SECTION}\b)*))?"
)
SILENT = (nodes.literal_block, nodes.literal, nodes.reference, nodes.title)


def link(text, rfc, section):
    uri = f"https://www.rfc-editor.org/rfc/rfc{rfc}"
    if section is not None:
        uri += (
            f"#{section.replace(' ', '-')}" if " " in section else f"#section-{section}"
        )
    return nodes.reference(text, text, refuri=uri, internal=False)


def split(text):
    """Splits a text into nodes."""
    end = 0
    for mention in MENTION.finditer(text):
        rfc, section, more = mention.group("rfc", "section", "more")
        yield nodes.Text(text[end : mention.start()])
        yield link(mention[0].removesuffix(more or ""), rfc, section)
        for separator, further in re.findall(rf"([^\dA-Z]+?)({SECTION}\b)", more or ""):
            yield nodes.Text(separator)
            yield link(further, rfc, further)
        end = mention.end()
    yield nodes.Text(text[end:])


def add_links(app, doctree):
    for node in list(doctree.findall(nodes.Text)):
        parents, parent = [], node.parent
        while parent is not None:
            parents.append(parent)
            parent = parent.parent
        if MENTION.search(node) and not any(isinstance(p, SILENT) for p in parents):
            node.parent.replace(node, [part for part in split(str(node)) if part != ""])


def setup(app):
    app.connect("doctree-read", add_links)
    return {"parallel_read_safe": True}
