"""What a test expects the library to refuse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from scoped_images.errors import ScopedImagesError


@contextmanager
def refused(message: str, error: type[Exception] = ScopedImagesError) -> Iterator[None]:
    """Expect the block to raise an error with exactly this message."""
    with pytest.raises(error) as caught:
        yield
    assert str(caught.value) == message
