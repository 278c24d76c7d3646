"""What a search found, as tests compare it."""


def ids(answer):
    """The ids that were found for each question, nearest first."""
    return [[hit.id for hit in hits] for hits in answer]
