"""The documents' tables of settings are those of the code; run as a program, this writes them anew."""

import inspect
import json
import re
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from recognizer.training import config
from recognizer.training.embedding import config as embedding_config

TRAINING = Path(__file__).parents[2] / "docs" / "training.md"


def descriptions(section):
    """Each setting's line in the section of attributes of a configuration's docstring."""
    attributes = inspect.cleandoc(section.__doc__).partition("Attributes:")[2]
    told = re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)$", attributes, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in told}


def settings_table(section):
    """A section of the configuration as the documents show it: names, defaults, and what each is where it is told."""
    told = descriptions(section)
    titles = ["setting", "default", *(["what it is"] if told else [])]
    lines = [f"| {' | '.join(titles)} |", f"| {' | '.join('---' for _ in titles)} |"]
    for setting in fields(section):
        if setting.default is MISSING or "Config" in str(setting.type):
            continue  # a section
        value = list(setting.default) if isinstance(setting.default, tuple) else setting.default
        cells = [
            f"`{setting.name}`",
            "–" if value is None else f"`{json.dumps(value)}`",
            *([told[setting.name].rstrip(".")] if told else []),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


SECTIONS = [
    config.TrainingConfig,
    config.DataConfig,
    config.NetworkConfig,
    config.OptimizerConfig,
    config.ReaderConfig,
    config.MoreConfig,
    config.AugmentConfig,
    embedding_config.EmbeddingConfig,
    *embedding_config.SECTIONS.values(),
]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_settings_are_documented(section):
    """To mend a difference: `python tests/docs/test_settings.py` writes the tables anew."""
    text = TRAINING.read_text(encoding="utf-8")
    name = section.__name__
    shown = text.partition(f"<!-- {name} -->\n")[2].partition(f"\n<!-- /{name} -->")[0]
    assert shown == settings_table(section)


def write_settings():
    text = TRAINING.read_text(encoding="utf-8")
    for section in SECTIONS:
        name = section.__name__
        head, _, rest = text.partition(f"<!-- {name} -->\n")
        tail = rest.partition(f"<!-- /{name} -->")[2]
        text = f"{head}<!-- {name} -->\n{settings_table(section)}\n<!-- /{name} -->{tail}"
    TRAINING.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_settings()
