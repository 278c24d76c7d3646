"""Which families of non-digits, in which proportions: from weights, such as a TOML section, to shares."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reject_gen import characters, doodles, figures, forms, fragments, letters, marks, noise, penned, strokes  # noqa: F401  registers families
from reject_gen.alphabets import alphabets
from reject_gen.base import FAMILIES, Family
from reject_gen.sources import folder_family


class MixError(ValueError):
    """Proportions that make no mix; its text is one line that names the entry at fault."""


@dataclass(frozen=True)
class Recipe:
    """Families and the share of each.

    Attributes:
        families: those with a share above 0, in the order of their names.
        shares: float (F,), sums to 1.
    """

    families: tuple[Family, ...]
    shares: NDArray[np.float64]


def families_of(entry: str) -> tuple[Family, ...]:
    """The families of a group, or the one family, that ``entry`` names.

    Raises:
        MixError: nothing bears that name.
    """
    if entry in FAMILIES:
        return (FAMILIES[entry],)
    members = tuple(family for family in FAMILIES.values() if family.group == entry)
    if not members:
        groups = ", ".join(sorted({family.group for family in FAMILIES.values()}))
        raise MixError(f"no family or group of non-digits is called {entry!r} (groups: {groups})")
    return members


def make_recipe(
    weights: Mapping[str, object],
    *,
    exclude: Collection[str] = (),
    only: Collection[str] = (),
    typefaces: tuple[str, ...] | None = None,
    base: str | Path = ".",
) -> Recipe:
    """Turn weights, such as a TOML section, into shares.

    A group's weight is divided evenly among those of its families that are not held out and have no weight of
    their own. An entry ``name = {folder = "...", weight = 1.0}`` is a family of the user's own images, in the
    group "own".

    Args:
        weights: family, group or own name -> weight, 0 or more, relative to the others.
        exclude: families and groups to hold out; with a script go its copies with a pen.
        only: where given, the families and groups to keep, such as what another recipe held out.
        typefaces: where given, scripts that none of these covers are left out.
        base: the folder that relative folders start from.

    Raises:
        MixError: an unknown name, a weight that is none, or nothing left.
        SourceError: a folder of images that cannot be read.
    """
    entries = {name: _entry(name, value, Path(base)) for name, value in weights.items()}
    known = {member.name: member for members, _ in entries.values() for member in members}
    left = (_names(only, known) if only else set(known)) - _held_out(exclude, known)
    if typefaces is not None:
        missing = set(alphabets()) - characters.covered_scripts(typefaces)
        left -= missing | {penned.penned_name(script) for script in missing}
    amounts: dict[str, float] = {}
    for entry, (members, weight) in entries.items():
        drawn = [m.name for m in members if m.name in left and (m.name == entry or m.name not in entries)]
        amounts |= {name: weight / len(drawn) for name in drawn}
    names = sorted(name for name, amount in amounts.items() if amount > 0)
    if not names:
        raise MixError("the weights, exclude and only leave no family of non-digits to draw")
    shares = np.array([amounts[name] for name in names])
    return Recipe(tuple(known[name] for name in names), shares / shares.sum())


def _entry(name: str, value: object, base: Path) -> tuple[tuple[Family, ...], float]:
    """The families that one entry of the weights stands for, and their common weight."""
    folder = None
    if isinstance(value, Mapping):
        folder, weight = value.get("folder"), value.get("weight", 1.0)
        if not isinstance(folder, str) or set(value) - {"folder", "weight"}:
            raise MixError(f'{name}: a family of your own is written {{folder = "...", weight = 1.0}}')
    else:
        weight = value
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight < float("inf"):
        raise MixError(f"{name}: the weight must be a number that is 0 or more, not {weight!r}")
    if folder is None:
        return families_of(name), float(weight)
    if any(name in (family.name, family.group) for family in FAMILIES.values()):
        raise MixError(f"{name}: a built-in family or group already has this name; give your folder another")
    return (folder_family(base / folder, name),), float(weight)


def _held_out(exclude: Collection[str], known: Mapping[str, Family]) -> set[str]:
    """The names of the families to hold out. What a pen makes of a script tells of its print, so both go."""
    names = _names(exclude, known)
    return names | {penned.penned_name(script) for script in names & set(alphabets())}


def _names(entries: Collection[str], known: Mapping[str, Family]) -> set[str]:
    """The names of all families that ``entries`` stand for, the user's own among them."""
    if isinstance(entries, str):
        raise MixError(f"exclude and only take a list of names, not the text {entries!r}")
    found: set[str] = set()
    for entry in entries:
        own = {member.name for member in known.values() if entry in (member.name, member.group)}
        found |= own or {member.name for member in families_of(entry)}
    return found
