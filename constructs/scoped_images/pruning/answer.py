"""Reading AWS's answers: a value that is missing, empty or of the wrong type raises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from botocore.exceptions import ClientError

T = TypeVar("T")


class IncompleteListing(Exception):
    """Raised when a call fails, or when its answer does not say what is in use."""

    @property
    def code(self) -> str | None:
        """AWS's name for the error, such as `AccessDeniedException`, if AWS answered with one."""
        cause = self.__cause__
        return cause.response["Error"]["Code"] if isinstance(cause, ClientError) else None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of AWS, or a part of one.

    source: the call that gave it, for messages: `ecs describe_tasks in eu-west-1`.
    """

    source: str
    fields: Mapping[str, Any]

    def text(self, key: str) -> str:
        """Return a required string; raise IncompleteListing if it is missing or empty."""
        return self._expect(key, str)

    def moment(self, key: str) -> datetime:
        """Return a required timestamp."""
        return self._expect(key, datetime)

    def part(self, key: str) -> Answer:
        """Return a required structure."""
        return Answer(self.source, self._expect(key, dict))

    def parts(self, key: str) -> list[Answer]:
        """Return a required list of structures, which may be empty."""
        return [Answer(self.source, item) for item in self.items(key, dict)]

    def some_parts(self, key: str) -> list[Answer]:
        """Return a required list of at least one structure."""
        parts = self.parts(key)
        if not parts:
            raise self.unreadable(key, parts)
        return parts

    def texts(self, key: str) -> list[str]:
        """Return a required list of non-empty strings, which may be empty."""
        texts = self.items(key, str)
        if "" in texts:
            raise self.unreadable(key, "")
        return texts

    def items(self, key: str, kind: type[T]) -> list[T]:
        """Return a required list of values of one type, which may be empty."""
        value = self.fields.get(key)
        if not isinstance(value, list):
            raise self.unreadable(key, value)
        for item in value:
            if not isinstance(item, kind):
                raise self.unreadable(key, item)
        return value

    def optional_text(self, key: str) -> str | None:
        """Return a string that AWS leaves out where there is none; raise if it is there and empty."""
        return self.text(key) if key in self.fields else None

    def optional_moment(self, key: str) -> datetime | None:
        """Return a timestamp that AWS leaves out where there is none."""
        return self.moment(key) if key in self.fields else None

    def optional_part(self, key: str) -> Answer | None:
        """Return a structure that AWS leaves out where there is none."""
        return self.part(key) if key in self.fields else None

    def optional_parts(self, key: str) -> list[Answer]:
        """Return a list of structures that AWS leaves out where there are none."""
        return self.parts(key) if key in self.fields else []

    def unreadable(self, key: str, value: object) -> IncompleteListing:
        """Return the error for a value from which the pruner cannot tell what is in use."""
        return IncompleteListing(f"{self.source}: cannot read {key}, got {value!r}")

    def _expect(self, key: str, kind: type[T]) -> T:
        value = self.fields.get(key)
        if not isinstance(value, kind) or not value:
            raise self.unreadable(key, value)
        return value
