"""A promotion's report as one HTML page: figures, and the images that were mended and broken, all within the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from recognizer.feedback.fields import label_text
from recognizer.report.pictures import png_uri

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from recognizer.feedback.promotion import Change, Verdict

MOST_PICTURES = 200
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}"
    "table{border-collapse:collapse}td,th{padding:.2rem .8rem .2rem 0;text-align:left;vertical-align:top}"
    "td.n{text-align:right}figure{display:inline-block;margin:.3rem;text-align:center;font-size:12px}"
    "img{width:84px;height:84px;image-rendering:pixelated;background:#000;border:3px solid}"
    ".good img{border-color:#1b7837}.bad img{border-color:#b2182b}.yes{color:#1b7837}.no{color:#b2182b}"
)


def to_html(verdict: Verdict, glyphs: Mapping[int, NDArray[np.uint8]], when: str) -> str:
    """The page.

    Args:
        verdict: what was found.
        glyphs: of each case that changed, uint8 (28, 28).
        when: the moment, as `audit.now` writes it.
    """
    outcome = "may take its place" if verdict.passed else "must not take its place"
    mended = [each for each in verdict.changes if each.mended]
    broken = [each for each in verdict.changes if not each.mended]
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A candidate, judged</title>',
            f"<style>{_STYLE}</style></head><body>",
            f"<h1>A candidate from {escape(verdict.current)}</h1>",
            f'<p>{escape(when[:19])} UTC: it <b class="{_class(verdict.passed)}">{outcome}</b>.</p>',
            *_checks(verdict),
            *_coverage(verdict.coverage),
            *_proposals(verdict.learning["proposals"]),
            *_pictures("Mended", "good", mended, glyphs),
            *_pictures("Broken", "bad", broken, glyphs),
            "</body></html>\n",
        ]
    )


def _class(passed: bool) -> str:
    return "yes" if passed else "no"


def _checks(verdict: Verdict) -> list[str]:
    rows = [
        f"<tr><td>{escape(each.name)}</td><td class=n>{each.n}</td><td class=n>{each.before}</td>"
        f"<td class=n>{each.after}</td><td class=n>{each.mended}</td><td class=n>{each.broken}</td>"
        f"<td>{escape(each.rule)}</td>"
        f'<td class="{_class(each.passed)}">{"holds" if each.passed else "fails"}</td></tr>'
        for each in verdict.checks
    ]
    head = "<tr><th>images<th>n<th>right before<th>after<th>mended<th>broken<th>rule<th></tr>"
    return ["<h2>What must hold</h2>", f"<table>{head}", *rows, "</table>"]


def _coverage(shares: Sequence[Mapping[str, Any]]) -> list[str]:
    before, after = (f"{100 * (each['share'] or 0):.2f} %" for each in shares)
    return [f"<p>Of written digits, {before} were answered before, and {after} are now.</p>"]


def _proposals(proposals: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = [
        f"<tr><td>{escape(each['group'])}</td><td class=n>{each['cases']}</td><td>{escape(each['proposal'])}</td></tr>"
        for each in proposals
    ]
    return ["<h2>What was proposed</h2><table><tr><th>group<th>cases<th>proposal</tr>", *rows, "</table>"]


def _pictures(
    title: str, kind: str, changes: Sequence[Change], glyphs: Mapping[int, NDArray[np.uint8]]
) -> list[str]:
    shown = [
        f'<figure class="{kind}"><img alt="case {each.case}" src="{png_uri(glyphs[each.case])}">'
        f"<figcaption>{label_text(each.label)}: {label_text(each.before)} → {label_text(each.after)}<br>"
        f"case {each.case}, {escape(each.source[:40])}</figcaption></figure>"
        for each in changes[:MOST_PICTURES]
    ]
    more = [f"<p>and {len(changes) - MOST_PICTURES} more</p>"] if len(changes) > MOST_PICTURES else []
    return [f"<h2>{title}: {len(changes)}</h2>", *shown, *more]
