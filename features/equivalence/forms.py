"""Forms: what a piece of SQL means, as far as it can be told, so that equal forms mean equal values.

A form is a number; two forms are equal exactly where their tags and parts are. Comparing is comparing numbers, however
often a CTE is read. Both texts are read into the same `Forms`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

Form = int

MARK = "mark "
"""Begins the tag of a form that only tells where a value comes from."""


@dataclass
class Forms:
    """Every form made so far, each once."""

    _numbers: dict[tuple[str, tuple[Form, ...]], Form] = field(default_factory=dict)
    _all: list[tuple[str, tuple[Form, ...]]] = field(default_factory=list)

    def of(self, tag: str, *parts: Form) -> Form:
        """The form with this tag and these parts, in order."""
        key = (tag, parts)
        if key not in self._numbers:
            self._numbers[key] = len(self._all)
            self._all.append(key)
        return self._numbers[key]

    def word(self, text: object) -> Form:
        """The form of a bare word or value."""
        return self.of(f"'{type(text).__name__} {text}")

    def set_of(self, tag: str, parts: Iterable[Form]) -> Form:
        """The form of parts whose order and number do not count."""
        return self.of(tag, *sorted(set(parts)))

    def marks(self, form: Form) -> frozenset[str]:
        """The marks of all that a form is made of."""
        found, seen, waiting = set[str](), set[Form](), [form]
        while waiting:
            each = waiting.pop()
            if each in seen:
                continue
            seen.add(each)
            tag, parts = self._all[each]
            if tag.startswith(MARK):
                found.add(tag.removeprefix(MARK))
            waiting += parts
        return frozenset(found)

    def tag(self, form: Form) -> str:
        return self._all[form][0]

    def parts(self, form: Form) -> tuple[Form, ...]:
        return self._all[form][1]
