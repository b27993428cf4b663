"""The tables of docs/kernels.rst: what kernels.toml says, and what the tests have
seen of each kernel, which is in tests/kernel_facts.json.

A fact that is in one of the files only, and a test that does not see its fact any
more, are warnings, and so errors of the build.
"""

import json
import tomllib

from docutils import nodes
from from_sources import ROOT, Made
from sphinx.addnodes import pending_xref
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

SAYS = ROOT / "docs" / "kernels.toml"
SEEN = ROOT / "tests" / "kernel_facts.json"
FREEBSD = "FreeBSD 13.2"
NOT_SEEN = "not seen"
logger = logging.getLogger(__name__)


class KernelFacts(Made):
    """A table for each section of kernels.toml."""

    css = "from-sources kernel-facts"

    def run(self):
        return self.parse([*self.lines()], match_titles=1)

    def lines(self):
        for path in SAYS, SEEN:
            self.state.document.settings.record_dependencies.add(str(path))
        seen = json.loads(SEEN.read_text())
        kernels = {name for fact in seen.values() for name in fact}
        names = *sorted(kernels - {"test", FREEBSD}), FREEBSD
        for title, facts in tomllib.loads(SAYS.read_text()).items():
            yield from (title, "-" * len(title), "")
            rows = (
                self.row(key, {**seen.pop(key, {}), **fact}, names)
                for key, fact in facts.items()
            )
            yield from self.table(("What happens", *names), *rows)
        for key in seen:
            logger.warning("kernels.toml has no %s", key)

    def row(self, key, fact, names):
        yield self.statement(key, fact)
        for name in names:
            yield f":kernel:`{name}:` {fact.get(name, NOT_SEEN)}"

    def statement(self, key, fact):
        text = fact["says"]
        if "deviation" in fact:
            text += f" _`Deviation {fact['deviation']}`. By RFC 6458, {fact['rfc']}."
        if "test" in fact:
            text += f" :reproducer:`{fact['test']}`"
            path = ROOT / "tests" / fact["test"].partition("::")[0]
            if f'"{key}"' not in path.read_text():
                logger.warning("%s does not see %s", path, key)
        elif FREEBSD not in fact:
            logger.warning("no test sees %s", key)
        return text


class Deviation(SphinxRole):
    """A link to the row of a deviation, by its number."""

    def run(self):
        target = f"deviation {self.text}"
        link = pending_xref(
            "",
            nodes.inline("", target),
            refdoc=self.env.docname,
            refdomain="std",
            refexplicit=True,
            reftarget=target,
            reftype="ref",
            refwarn=True,
        )
        return [link], []


def setup(app):
    app.add_role("deviation", Deviation())
    app.add_directive("kernel-facts", KernelFacts)
    return {"parallel_read_safe": True}
