"""What new users search for is among the first three hits of the built pages.

sphinx-build -E -W -n docs build/docs must have run: without -E an index lacks the
terms of the pages that did not change. It is not part of the suite, whose
environment has no Sphinx; .ci/run runs it.
"""

import json
import re
from functools import cache
from pathlib import Path

import pytest
import snowballstemmer
from sphinx.search.en import SearchEnglish

REPOSITORY = Path(__file__).parent.parent
# Pages that list names: docs/search.js puts them behind the others.
SCORES = (REPOSITORY / "docs" / "search.js").read_text()
LISTS = re.search(r"/(\^.*\$)/", SCORES)[1].replace(r"\/", "/")
NAME, PART_OF_NAME, TITLE, PART_OF_TITLE, TERM, PART_OF_TERM = 11, 6, 15, 7, 5, 2
PRIORITIES = {0: 15, 1: 5, 2: -5}
stem = snowballstemmer.stemmer("english").stemWord

QUESTIONS = {
    "Diameter": "examples",
    "NGAP PPID byte order": "guides/streams",
    "ppid htonl": "guides/streams",
    "stream number": "guides/streams",
    "stream reset": "guides/streams",
    "unordered": "guides/streams",
    "reassemble message": "guides/troubleshooting",
    "EMSGSIZE": "guides/troubleshooting",
    "MSG_EOR": "guides/troubleshooting",
    "protocol not supported": "guides/troubleshooting",
    "no module named _sctp": "guides/troubleshooting",
    "modprobe": "guides/troubleshooting",
    "install": "guides/troubleshooting",
    "Windows macOS": "guides/troubleshooting",
    "Docker": "guides/troubleshooting",
    "Kubernetes": "guides/troubleshooting",
    "firewall NAT": "guides/troubleshooting",
    "UDP encapsulation": "guides/troubleshooting",
    "Wireshark": "guides/troubleshooting",
    "200 ms delay": "guides/troubleshooting",
    "Nagle": "guides/troubleshooting",
    "connect timeout": "guides/troubleshooting",
    "slow receiver": "guides/troubleshooting",
    "mypy": "reference/index",
    "type hints": "reference/index",
    "gevent": "guides/event-loops",
    "uvloop": "guides/event-loops",
    "asyncio server": "guides/asyncio",
    "backpressure": "guides/asyncio",
    "thread safety": "reference/sync",
    "heartbeat interval": "guides/multihoming",
    "primary path": "guides/multihoming",
    "multihoming failover": "guides/multihoming",
    "retransmission timeout": "guides/multihoming",
    "bind multiple addresses": "guides/multihoming",
    "IPv6": "guides/multihoming",
    "one-to-many server": "guides/one-to-many",
    "send message to all associations": "guides/one-to-many",
    "max streams": "guides/one-to-one",
    "timeout": "guides/waiting",
    "peel off": "guides/peeling-off",
    "batch throughput": "guides/throughput",
    "SO_RCVBUF": "guides/throughput",
    "authentication keys": "guides/authentication",
    "PR-SCTP lifetime": "guides/partial-reliability",
    "message lifetime": "guides/partial-reliability",
    "close association": "guides/ends",
    "connection refused": "guides/ends",
    "reconnect": "examples",
    "load test": "examples",
    "PySCTP migration": "guides/from-pysctp",
    "port from PySCTP": "guides/from-pysctp",
    "slow throughput": "guides/throughput",
    "fast sender": "guides/throughput",
    "retransmissions": "guides/throughput",
    "statistics": "guides/throughput",
    "sender stops": "guides/troubleshooting",
    "virtual environment": "guides/troubleshooting",
    "sctp_sendmsg": "standards",
    "kernel version": "platforms",
    "socket options": "reference/options",
    "RTO": "glossary",
}


@cache
def read_index():
    text = (REPOSITORY / "build" / "docs" / "searchindex.js").read_text()
    return json.loads(text[text.index("{") : text.rindex("}") + 1])


def share(most, part, whole):
    """As JavaScript rounds."""
    return int(most * len(part) / len(whole) + 0.5)


def find_titles(query):
    index = read_index()
    for title, places in index["alltitles"].items():
        if query in title.lower() and len(query) >= len(title) / 2:
            for page, _ in places:
                whole = index["titles"][page] == title
                yield share(TITLE, query, title) + whole, page, title


def find_terms_of_the_index(query, main):
    for entry, places in read_index()["indexentries"].items():
        if query in entry and len(query) >= len(entry) / 2:
            for page, anchor, is_main in places:
                if is_main == main:
                    yield share(100, query, entry), page, anchor


def find_objects(words):
    index = read_index()
    for prefix, objects in index["objects"].items():
        for page, kind, priority, _, name in objects:
            full = f"{prefix}.{name}".lower().strip(".")
            hay = f"{prefix} {name} {index['objnames'][str(kind)][2]} "
            hay = (hay + index["titles"][page]).lower()
            last = full.rpartition(".")[2]
            for word in words:
                if word in full and all(other in hay for other in words - {word}):
                    same = word in (full, last)
                    score = NAME if same else PART_OF_NAME if word in last else 0
                    yield score + PRIORITIES[priority], page, full


def find_text(words):
    """Pages that have all words, in the text or in a title. Like Sphinx it takes any
    word for one of two letters."""
    index = read_index()
    scores = {}
    for word in words:
        for terms, whole, part in (
            (index["terms"], TERM, PART_OF_TERM),
            (index["titleterms"], TITLE, PART_OF_TITLE),
        ):
            hits = [word] if word in terms else []
            if word not in terms and len(word) > 2:
                hits = [term for term in terms if word in term]
            for term in hits:
                pages = terms[term]
                for page in pages if isinstance(pages, list) else [pages]:
                    score = whole if term == word else part
                    scores.setdefault(page, {})[word] = score
    enough = len(words), sum(len(word) > 2 for word in words)
    for page, found in scores.items():
        if len(found) in enough:
            listed = re.match(LISTS, index["docnames"][page])
            yield max(found.values()) - 4 * bool(listed), page, ""


def search(query):
    """The pages, best first, as searchtools.js of Sphinx finds them."""
    index = read_index()
    query = query.lower()
    words = set(re.findall(r"\w+", query))
    stemmed = {
        stem(word)
        for word in words
        if word not in SearchEnglish.stopwords and not word.isdigit()
    }
    hits = [
        *find_titles(query),
        *find_terms_of_the_index(query, main=True),
        *find_objects(words),
        *find_text(stemmed),
    ]
    for group in (hits, [*find_terms_of_the_index(query, main=False)]):
        for _, page, _ in sorted(
            set(group), key=lambda hit: (-hit[0], index["titles"][hit[1]].lower())
        ):
            yield index["docnames"][page]


@pytest.mark.parametrize("question", QUESTIONS)
def test_first_hits_answer(question):
    assert QUESTIONS[question] in [*search(question)][:3]
