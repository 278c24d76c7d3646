"""The model card (Mitchell et al. 2019), as Markdown, from the same files as the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from recognizer.report.figures import Table
from recognizer.report.sections import confidence, data, limits, rejects, summary
from recognizer.report.sources import SOURCES, Found, Material

INTENDED = (
    "Programs and people who have single digits in boxes: cells of forms and tables, meter readings, crops of scans "
    "and photographs. It answers with a digit and a confidence, or refuses with a reason, and runs on a CPU."
)
NOT_INTENDED = (
    "Finding digits on pages; whole numbers without their boxes; scripts other than Western digits. Where a wrong "
    "digit is costly, it must not decide alone: check sums and ranges, ask for a smaller `--max-error`, and let a "
    "person see what is refused."
)
RISKS = (
    "Digits on forms belong to people: amounts, dates, numbers of accounts. Nothing leaves the machine on which it "
    "runs. Kept mistakes (`badcase add`) are images of what somebody wrote: they need the same care as the forms they "
    "come from.",
    "It was trained on the writing of few people of one country. Others may be refused or misread more often. Whoever "
    "deploys it should measure that on their own material before they rely on it.",
)
_LOOKS = " Where it is in doubt, it looks again at the glyph, turned and moved a little."
_READS = " Where it is in doubt, a larger network reads the glyph again."
_STAGE_TWO = " Specialists for pairs of classes have a say in near decisions."
_UNTOLD = "It doesn't tell the versions of the libraries it was trained with."


def to_markdown(material: Material, when: str) -> str:
    """The card.

    Args:
        material: what it is made of.
        when: the moment, as `audit.now` writes it.
    """
    parts = [
        f"# Model card: {material.bundle.name}",
        f"Made on {when[:10]} by `recognizer report`, from files that other commands wrote.",
        "## Model details",
        *_details(material),
        "## Intended use",
        INTENDED,
        "**Not for**: " + NOT_INTENDED,
        "## Training data",
        "Data of all kinds, and their licences:",
        data.licences().to_markdown(),
        data.learnt_from(material).to_markdown(),
        "Source: the model's `meta.json`.",
        "## Results",
        "“Best guess right” ignores refusals; the columns after it don't.",
        _of(material, "evaluation", summary.overview),
        "## Confidence and refusal",
        summary.operating_point(material).to_markdown(),
        _of(material, "evaluation", confidence.selective),
        "## Robustness",
        _of(material, "robustness", summary.overview),
        "## Non-digits",
        _of(material, "evaluation", rejects.by_group),
        "## Limits",
        "\n".join(f"- {limit}" for limit in limits.LIMITS),
        "## Risks",
        *RISKS,
        "## Licence",
        "The program is under the MIT licence. The model was learnt from MNIST and is offered under CC BY-SA 3.0.",
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _details(material: Material) -> Iterator[str]:
    meta = material.bundle.meta
    second = meta.get("second_look") or {}
    looks = _READS if second.get("reader") else _LOOKS if second else ""
    stage_two = _STAGE_TWO if material.bundle.stage_two else ""
    yield (
        "A convolutional network of eleven classes, ten digits and reject, behind a normaliser that finds the ink on "
        f"an image and brings it into MNIST's convention.{looks}{stage_two} Its softmax is calibrated by a temperature."
    )
    versions = ", ".join(f"{name} {version}" for name, version in meta.get("versions", {}).items())
    yield f"Trained with {versions}." if versions else _UNTOLD


def _of(material: Material, name: str, make: Callable[[Found], Table]) -> str:
    """A table of one file's figures and where they are from; or the command that makes the file."""
    found = material.found.get(name)
    if found is not None:
        try:
            table = make(found).to_markdown()
        except (KeyError, TypeError, IndexError, ValueError, StopIteration):
            return f"Not measured in a form that this version shows. This makes it: `{SOURCES[name].command}`"
        told = "; ".join(f"{key} {value}" for key, value in found.origin() if key != "command")
        stale = f" **Measured with {found.other}, not with this model.**" if found.other else ""
        return f"{table}\nSource: `{found.place}`, by `{found.record['command']}`; {told}.{stale}"
    return f"Not measured yet. This makes it: `{SOURCES[name].command}`"
