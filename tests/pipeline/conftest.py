"""The model that ships, and its answers to all pages."""

import pytest
from answers import PAGES

from recognizer import Recognizer


@pytest.fixture(scope="module")
def model():
    return Recognizer.load(threads=2)


@pytest.fixture(scope="module")
def answers(model):
    return [model.recognize(page) for page in PAGES]
