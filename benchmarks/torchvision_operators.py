"""Lets torchvision be imported where its compiled part fits another build of torch. Nothing here uses that part."""

from __future__ import annotations

import sys

_BOXES = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_kept: list[object] = []


def define_missing() -> None:
    """Import torchvision; where that fails for want of its compiled operators, declare them first."""
    import torch

    try:
        import torchvision
    except RuntimeError:
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        declared = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            declared.define(name + _BOXES)
        _kept.append(declared)  # what it declares goes when it does
        import torchvision  # noqa: F401
