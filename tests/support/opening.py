"""Opening images: small grey pages to draw, and the line by which an image is refused."""

import numpy as np
import pytest
from hypothesis.extra import numpy as hnp

from recognizer.errors import ImageError
from recognizer.image.opening import open_page

GREY_PAGES = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40))


def refusal(image, **options):
    with pytest.raises(ImageError) as caught:
        open_page(image, **options)
    line = str(caught.value)
    assert line.isprintable()
    return line
