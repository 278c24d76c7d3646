"""Perceptual hashes of glyphs, where imagehash is installed. Started by `duplicates.py`, with a job as JSON."""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version

import imagehash
import numpy as np
from PIL import Image

job = json.loads(sys.argv[1])
glyphs = np.load(job["glyphs"])
start = time.perf_counter()
bits = [imagehash.phash(Image.fromarray(glyph)).hash.ravel() for glyph in glyphs]
spent = time.perf_counter() - start
np.save(job["bits"], np.array(bits))
print(json.dumps({"package": f"imagehash {version('imagehash')}", "seconds": spent / len(glyphs)}))
