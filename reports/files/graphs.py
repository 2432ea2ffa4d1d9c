"""Graphs as files: GraphML, node-link JSON, Mermaid. Each writer takes a networkx DiGraph and gives bytes."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import networkx as nx


def graphml(graph: nx.DiGraph) -> bytes:
    """GraphML, as networkx writes it; characters that XML cannot hold become U+FFFD."""
    import networkx as nx

    safe = nx.relabel_nodes(graph, {n: xml_text(n) for n in graph})
    buffer = io.BytesIO()
    nx.write_graphml_xml(safe, buffer)
    return buffer.getvalue()


def node_link(graph: nx.DiGraph) -> bytes:
    """Node-link JSON, as networkx reads it back."""
    import networkx as nx

    return (json.dumps(nx.node_link_data(graph, edges="edges"), ensure_ascii=False, indent=1) + "\n").encode()


def mermaid(graph: nx.DiGraph) -> bytes:
    """A Mermaid flowchart; edges carry their transitions."""
    number = {name: i for i, name in enumerate(graph)}
    lines = ["flowchart LR"]
    lines += [f'  n{i}["{mermaid_text(name)}"]' for name, i in number.items()]
    lines += [f"  n{number[a]} -->|{d['transitions']}| n{number[b]}" for a, b, d in graph.edges(data=True)]
    return ("\n".join(lines) + "\n").encode()


def xml_text(text: str) -> str:
    """Text with the control characters that XML 1.0 forbids replaced."""
    return "".join(c if c in "\t\n\r" or (ord(c) >= 32 and c not in "\ufffe\uffff") else "\ufffd" for c in text)


def mermaid_text(text: str) -> str:
    """Text inside a quoted Mermaid label, as entities wherever it could end the label or be markup."""
    return "".join(c if c.isalnum() or c in " _-./()" else f"#{ord(c)};" for c in text)


GRAPH_WRITERS: dict[str, Callable[[nx.DiGraph], bytes]] = {".graphml": graphml, ".json": node_link, ".mmd": mermaid}
"""By the suffix of the file."""
