"""The words by which a device is asked for: `gpu`, `cpu:0`, `vendor=amd,type=gpu`."""

from __future__ import annotations

from typing import Any, NamedTuple

from nexus.bindings._internal.words import shown
from nexus.bindings.errors import PropertyNotFoundError

_KEYS = {"vendor": "Vendor", "type": "Type", "architecture": "Architecture", "name": "Name"}


class Filter(NamedTuple):
    """What is asked for.

    Attributes:
        text: as it was written.
        words: names of runtimes or types of devices.
        facts: properties and the values they must have.
        ordinal: which of the devices that match.
    """

    text: str
    words: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    ordinal: int

    def without(self, word: str) -> Filter:
        """Return the same but for one word."""
        return self._replace(words=tuple(w for w in self.words if w != word))

    def matches(self, device: Any) -> bool:
        """Tell whether a device is like that, whatever its ordinal; case does not matter."""
        facts = [*(("Type", word) for word in self.words), *self.facts]
        return all(_value(device, key).lower() == value.lower() for key, value in facts)


def _value(device: Any, key: str) -> str:
    try:
        return str(device.get_property_str(key))
    except PropertyNotFoundError:
        return ""


def parse(text: str) -> Filter:
    """Return what the text asks for.

    >>> parse("gpu:1,vendor=amd")
    Filter(text='gpu:1,vendor=amd', words=('gpu',), facts=(('Vendor', 'amd'),), ordinal=1)

    Raises:
        TypeError: it is no text.
        ValueError: it is not written like that.
    """
    if not isinstance(text, str):
        raise TypeError(f"a device is described by a str, such as 'gpu:0', not by {shown(text)}")
    words, facts, ordinal = [], [], 0
    for term in filter(None, (term.strip() for term in text.split(","))):
        if "=" in term:
            facts.append(_fact(term, text))
            continue
        word, colon, number = term.partition(":")
        is_ordinal = number.isascii() and number.isdigit() and len(number) < 10
        if not word or (colon and not is_ordinal):
            raise ValueError(
                f"cannot read {shown(term)} in the device {shown(text)}: write 'gpu', 'gpu:1' or "
                "'vendor=amd'"
            )
        words.append(word)
        ordinal = int(number) if colon else ordinal
    return Filter(text, tuple(words), tuple(facts), ordinal)


def _fact(term: str, text: str) -> tuple[str, str]:
    key, _, value = (part.strip() for part in term.partition("="))
    if key.lower() not in _KEYS or not value:
        raise ValueError(
            f"cannot read {shown(term)} in the device {shown(text)}: it is one of "
            f"{', '.join(_KEYS)}, then = and a value"
        )
    return _KEYS[key.lower()], value
