"""The path graph: a networkx DiGraph whose nodes are touchpoints (or stages), START and END.

Edge attributes: transitions, sessions, customers, probability (share of the source's out-transitions), median_seconds,
p90_seconds (left out where there is none). Node attributes: visits, and of the absorbing chain (paths/graph/absorbing.py)
p_goal, removal_effect, expected_steps_to_goal (left out where they are not defined). Law: at every node but START and END
visits = sum of transitions in = sum of transitions out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

from paths.graph.absorbing import Chances
from paths.visits.visits import END, START

if TYPE_CHECKING:
    import networkx as nx


def graph_of(edges: pa.Table, chances: Mapping[str, Chances] | None = None) -> nx.DiGraph:
    """The graph of an EDGES table; nodes by visits, then name. `chances`: of its absorbing chain, if there is a goal."""
    import networkx as nx

    rows = edges.to_pylist()
    visits: Counter[str] = Counter()
    for r in rows:
        visits[r["target"]] += r["transitions"]
        if r["source"] == START:
            visits[START] += r["transitions"]
    graph = nx.DiGraph()
    graph.add_node(START, visits=visits[START])
    for name, n in sorted(visits.items(), key=lambda item: (-item[1], item[0])):
        if name not in (START, END):
            graph.add_node(name, visits=n)
    graph.add_node(END, visits=visits[END])
    for r in rows:
        graph.add_edge(
            r["source"], r["target"], **{k: v for k, v in r.items() if k not in ("source", "target") and v is not None}
        )
    for name, found in (chances or {}).items():
        attributes = {
            "p_goal": found.p_goal,
            "removal_effect": found.removal_effect,
            "expected_steps_to_goal": found.expected_steps,
        }
        graph.nodes[name].update({k: v for k, v in attributes.items() if v is not None})
    return graph
