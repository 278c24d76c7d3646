"""The documents, and the commands and code that they show."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INSTALLS = "pip "  # such a line is compared with what the checks before a merge run


def blocks(document, *kinds):
    return [text for kind, text in BLOCK.findall(document.read_text(encoding="utf-8")) if kind in kinds]


def commands(document):
    """Each command with the output that the document shows, or None."""
    found = []
    for kind, text in BLOCK.findall(document.read_text(encoding="utf-8")):
        if kind == "sh":
            found += [(line, None) for line in text.splitlines() if line and not line.startswith("#")]
        elif kind == "console":
            for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                line, _, output = part.partition("\n")
                found.append((line, output))
    return found
