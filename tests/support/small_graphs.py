"""Graphs over a few images: the rule of "auto" with costs that make them worth a few questions."""

from __future__ import annotations

from retrieval import cost, engines, graph
from retrieval.folder import FolderGallery


def worth(patch, questions):
    """A graph over ten images or more is worth so many questions that come one by one; returns the engines that ran."""
    patch.setattr(engines, "LEAST_ROWS", 10)
    patch.setattr(graph, "NEIGHBOURS", 8)
    for step in ("loading", "building"):
        patch.setattr(cost, step, lambda rows: (questions - 0.5) * cost.exact(1, rows))
    return seen(patch)


def seen(patch):
    """The engines that ran, one for each search; the list grows."""
    ran = []
    search = FolderGallery.search

    def noted(*asked, **more):
        answer = search(*asked, **more)
        ran.append(answer.engine)
        return answer

    patch.setattr(FolderGallery, "search", noted)
    return ran
