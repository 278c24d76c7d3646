"""The OpenAPI document is true: what it says is accepted is, and what is answered is what it says."""

import contextlib
import os

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)
EXAMPLES = int(os.environ.get("SERVICE_EXAMPLES", "6"))


def ask_everything(service, examples):
    """Requests made up from the document, valid and not, to each operation; returns how many operations there are."""
    document = schemathesis.openapi.from_url(f"{service.url}/openapi.json")
    operations = [found.ok() for found in document.get_all_operations()]
    for operation in operations:
        for mode in schemathesis.GenerationMode:
            cases = operation.as_strategy(generation_mode=mode)

            @settings(
                max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None
            )
            @given(case=cases)
            def ask(case):
                case.call_and_validate(checks=CHECKS, timeout=30)

            with contextlib.suppress(Unsatisfiable):  # where nothing is asked for, nothing can be wrong
                ask()
    return len(operations)


def test_every_answer_is_one_that_the_document_allows(service):
    assert ask_everything(service, EXAMPLES) > 12
    assert service.core.live.state == "ready"


@pytest.mark.slow
def test_and_so_are_many_more(service):
    ask_everything(service, 300)
