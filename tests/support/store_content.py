"""What a store holds, to compare it with another, and what came of rows that were ingested."""

from collections import Counter


def statuses(results):
    return dict(Counter(result.status for result in results))


def content(store):
    """All that a store says of cases and reports, but for numbers and the time of storage."""
    cases = list(store.cases())
    reports = store.reports([case.id for case in cases])
    return {
        case.sha256: (
            (case.label, case.state, case.source, case.answer, case.reports),
            [(r.key, r.label, r.source, r.reporter, r.name, r.decision, r.answer) for r in reports[case.id]],
        )
        for case in cases
    }
