"""Which library finds ink fastest: the operations that a glyph needs, in OpenCV, scikit-image and scipy.ndimage.

    pip install scikit-image scipy
    python benchmarks/image_library.py [--n 64] [--seed 0]

Images are simulated photographs of digits, crops of 56×56 pixels. Not timed: making the crops. The libraries' results
are checked to be the same, up to rounding at the edges; reduction by area is compared only where a library has it.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import cv2
import numpy as np
import scipy.ndimage as ndi
from common import command_line, header, seconds, table, write
from numpy.typing import NDArray
from skimage import filters, measure, morphology, transform

from reject_gen.paper import put_on_paper
from reject_gen.printed import render_digits
from reject_gen.typefaces import BUILT_IN

Grey = NDArray[np.uint8]
Operation = Callable[[Grey], object]
SIDE = 56
REACH = 15  # pixels: the closing's side, wider than any stroke
KERNEL = cv2.getStructuringElement(cv2.MORPH_RECT, (REACH, REACH))
SQUARE = np.ones((REACH, REACH), np.uint8)
EIGHT = np.ones((3, 3), np.uint8)
IMPORTS = {
    "OpenCV": "import numpy, cv2",
    "scipy.ndimage": "import numpy, scipy.ndimage",
    "scikit-image": "import numpy; from skimage import filters, measure, morphology, transform",
}


def crops(n: int, seed: int) -> list[Grey]:
    """``n`` simulated photographs of printed digits, uint8 (56, 56)."""
    rng = np.random.default_rng(seed)
    images, _ = render_digits(rng, n, (BUILT_IN,))
    pages = (put_on_paper(image, rng) for image in images)
    return [
        np.asarray(cv2.resize(page, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8) for page in pages
    ]


def _binary(crop: Grey) -> Grey:
    return cv2.threshold(crop, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)[1]  # type: ignore[return-value]


def _ndimage_components(crop: Grey) -> object:
    labels, count = ndi.label(crop, structure=EIGHT)
    return ndi.find_objects(labels), ndi.sum_labels(crop > 0, labels, range(1, count + 1))


def _ndimage_moments(crop: Grey) -> object:
    return ndi.center_of_mass(crop)


def _skimage_components(crop: Grey) -> object:
    labels = measure.label(crop, connectivity=2)
    return measure.regionprops_table(labels, properties=("bbox", "area"))


def _skimage_moments(crop: Grey) -> object:
    return measure.moments(crop, order=1)


# Each takes the crop itself, or its thresholded ink where the name says "components".
OPERATIONS: dict[str, dict[str, Operation]] = {
    f"closing, {REACH}×{REACH}": {
        "OpenCV": lambda crop: cv2.morphologyEx(crop, cv2.MORPH_CLOSE, KERNEL),
        "scipy.ndimage": lambda crop: ndi.grey_closing(crop, size=(REACH, REACH)),
        "scikit-image": lambda crop: morphology.closing(crop, SQUARE),
    },
    "components: labels, boxes, areas": {
        "OpenCV": lambda crop: cv2.connectedComponentsWithStats(crop, connectivity=8, ltype=cv2.CV_16U),
        "scipy.ndimage": _ndimage_components,
        "scikit-image": _skimage_components,
    },
    "reduction by area, 56 to 20": {
        "OpenCV": lambda crop: cv2.resize(crop, (20, 20), interpolation=cv2.INTER_AREA),
        "scikit-image": lambda crop: transform.resize_local_mean(crop, (20, 20)),
    },
    "Otsu's threshold": {
        "OpenCV": lambda crop: cv2.threshold(crop, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[0],
        "scikit-image": filters.threshold_otsu,
    },
    "centre of mass": {
        "OpenCV": cv2.moments,
        "scipy.ndimage": _ndimage_moments,
        "scikit-image": _skimage_moments,
    },
}


def microseconds(operation: Operation, pages: list[Grey]) -> float:
    """Time of one operation, averaged over the crops."""
    return 1e6 * seconds(lambda: [operation(page) for page in pages], rounds=5) / len(pages)


def import_seconds(statement: str, rounds: int = 5) -> float:
    """Time of a Python process that runs ``statement``, less that of one that imports numpy alone."""

    def once(code: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - start

    once(statement)
    pairs = [(once(statement), once("import numpy")) for _ in range(rounds)]
    return statistics.median(full - bare for full, bare in pairs)


def check_equal(pages: list[Grey]) -> None:
    """The libraries agree on what is timed."""
    for page in pages:
        closed = [operation(page) for operation in next(iter(OPERATIONS.values())).values()]
        inside = (slice(REACH, -REACH), slice(REACH, -REACH))
        assert all(np.array_equal(closed[0][inside], other[inside]) for other in closed[1:])
        binary = _binary(page)
        areas = cv2.connectedComponentsWithStats(binary, connectivity=8)[2][1:, cv2.CC_STAT_AREA]
        assert sorted(areas.tolist()) == sorted(_skimage_components(binary)["area"].astype(int).tolist())
        assert sorted(areas.tolist()) == sorted(_ndimage_components(binary)[1].astype(int).tolist())
        small = cv2.resize(page, (20, 20), interpolation=cv2.INTER_AREA)
        assert np.abs(small - transform.resize_local_mean(page, (20, 20), preserve_range=True)).max() < 1
        mass = cv2.moments(page)
        assert np.allclose((mass["m01"] / mass["m00"], mass["m10"] / mass["m00"]), ndi.center_of_mass(page))


def main() -> None:
    """Measure, and write the table."""
    parser = command_line(__doc__, seed=0)
    parser.add_argument("--n", type=int, default=64, help="crops")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    pages = crops(options.n, options.seed)
    check_equal(pages)
    rows: list[list[object]] = []
    for name, by_library in OPERATIONS.items():
        material = [_binary(page) for page in pages] if name.startswith("components") else pages
        times = {library: microseconds(by_library[library], material) for library in by_library}
        rows.append([name, *(f"{times[library]:.1f}" if library in times else "—" for library in IMPORTS)])
    imports = [f"{1000 * import_seconds(statement):.0f}" for statement in IMPORTS.values()]
    facts = {"n": f"{options.n} crops of 56×56 pixels", "seed": options.seed}
    packages = ("numpy", "opencv-python-headless", "scipy", "scikit-image")
    write(
        "image_library",
        "Libraries for finding ink",
        header(packages, **facts, command="`python benchmarks/image_library.py`"),
        "Microseconds per operation, on one thread; median of 5 rounds.\n",
        table(["operation, µs", *IMPORTS], rows),
        "Milliseconds that the import adds to `import numpy` in a new process; median of 5.\n",
        table(["", *IMPORTS], [["import, ms", *imports]]),
        "— : the library has no such function.",
        "",
    )


if __name__ == "__main__":
    main()
