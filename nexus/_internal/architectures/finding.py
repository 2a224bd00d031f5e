"""What a name means: an architecture, or a product of one. A name of several is refused.

`apple-gpu-applegpu_g13/Apple M1` names a product of an architecture where one name is not enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from nexus._internal import property_path
from nexus._internal.architectures import entries, places
from nexus._internal.architectures.entries import Entry, folded
from nexus.bindings._internal.words import counted, shown
from nexus.bindings.errors import DeviceInfoError

MOST_OFFERED = 8  # names in a message


class Meaning(NamedTuple):
    """What a name may mean.

    Attributes:
        rank: how the name fits: 0 best. Only the best that there are count.
        file: stem of the file.
        entry: what the file holds.
        product: a member of its Variants; None: the architecture.
        where: who named the file to nexus.
    """

    rank: int
    file: str
    entry: Entry
    product: str | None
    where: str = ""


class Searched(NamedTuple):
    """What a search found, and what it passed."""

    meanings: list[Meaning]
    names: list[str]
    n_broken: int


def meaning(name: str) -> Meaning:
    """Return what a name means.

    Raises:
        KeyError: it means nothing here, or several things; the message names close ones, or these.
        DeviceInfoError: it is the name of a file, or its end, that cannot be read or breaks the
            schema.
    """
    wanted = folded(name)
    if found := _file(wanted) or _architecture(wanted):
        return found
    searched = _search(places.near().values(), wanted)
    if not searched.meanings:
        searched = _search(places.index().values(), wanted)  # has to ask other packages
    if searched.meanings:
        return _best(name, searched.meanings)
    head, slash, product = name.partition("/")
    if slash and (found := _file(folded(head)) or _architecture(folded(head))):
        return found._replace(product=product_named(found.entry, product))
    raise KeyError(_unknown(name, searched))


def product_named(entry: Entry, name: str) -> str:
    """Return which product of an entry is called so, by its vendor or by a driver.

    Raises:
        KeyError: none is, or several are.
    """
    fitting = _fitting("", entry, folded(name))
    known = [Meaning(rank, "", entry, key) for rank, key in fitting if key is not None]
    if not known:
        hint = property_path.suggestion(name, entry.get("Variants", {}))
        raise KeyError(f"{entry['Name']} has no product {shown(name)}; {hint}")
    return str(_best(name, known).product)


def _file(wanted: str) -> Meaning | None:
    """Return what the file of this name describes."""
    file = places.near().get(wanted)
    return file and Meaning(0, wanted, entries.read(file), None)


def _architecture(wanted: str) -> Meaning | None:
    """Return what is described by a file whose name ends like this: "gfx942"; the first that is.

    Raises:
        DeviceInfoError: none of such files can be read.
    """
    problem = None
    for stem, file in places.near().items():
        if stem.split("-", 2)[2:] == [wanted]:
            try:
                return Meaning(0, stem, entries.read(file), None)
            except DeviceInfoError as error:
                problem = problem or error
    if problem:
        raise problem
    return None


def _search(files: Iterable[places.File], wanted: str) -> Searched:
    found, names, n_broken = [], [], 0
    for file in files:
        try:
            entry = entries.read(file)
        except DeviceInfoError:
            n_broken += 1
            continue
        stem = file.stem
        ranked = _fitting(stem, entry, wanted)
        found += [Meaning(rank, stem, entry, product, file.where) for rank, product in ranked]
        names += [stem, *entries.names_of(entry), *entry.get("Variants", {})]
    return Searched(found, names, n_broken)


def _fitting(stem: str, entry: Entry, wanted: str) -> Iterator[tuple[int, str | None]]:
    if wanted in (stem, folded(entry["Architecture"])):
        yield 0, None
    elif wanted in map(folded, entries.names_of(entry)):
        yield 1, None
    for key, variant in entry.get("Variants", {}).items():
        if folded(key) == wanted:
            yield 1, key
        elif wanted in map(folded, variant.get("DeviceNames", ())):
            yield 2, key
        elif folded(key).endswith(f" {wanted}"):  # without its maker: "MI300X"
            yield 3, key


def _best(name: str, found: list[Meaning]) -> Meaning:
    """Return what fits best, of the place that is searched first."""
    best = [each for each in found if each.rank == min(each.rank for each in found)]
    alike = [each for each in best if each.where == best[0].where]
    if len(alike) == 1 or alike[0].rank == 0:
        return alike[0]
    said = [_said(each) for each in alike[:MOST_OFFERED]]
    more = f" and {len(alike) - MOST_OFFERED} more" if len(alike) > MOST_OFFERED else ""
    raise KeyError(f"{shown(name)} may be {' or '.join(said)}{more}: name one of them")


def _said(each: Meaning) -> str:
    """Return a name that means just this."""
    return repr("/".join(filter(None, (each.file, each.product))))


def _unknown(name: str, searched: Searched) -> str:
    wanted = folded(name)
    like = [each for each in searched.names if wanted and wanted in folded(each)][:MOST_OFFERED]
    hint = property_path.close_matches(name, searched.names)
    if like:
        hint = f"did you mean one of {like}? "
    broken = counted(searched.n_broken, "file") + " cannot be read: see `nexus doctor`. "
    return (
        f"the device library has no architecture {shown(name)} and no such product; {hint}"
        f"{broken if searched.n_broken else ''}it has {len(places.index())} architectures: see "
        "nexus.get_device_info() or `nexus db list`"
    )
