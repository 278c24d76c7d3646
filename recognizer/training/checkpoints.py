"""States of networks as files, for runs that go on after they were stopped."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from recognizer.files import write_whole


def keep_state(state: Mapping[str, Any], file: Path) -> None:
    """Write what torch can write, whole or not at all."""
    content = io.BytesIO()
    torch.save(state, content)
    write_whole(file, content.getvalue())
