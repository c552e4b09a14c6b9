"""What a test expects the library to refuse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from scoped_images import ScopedImagesError


@contextmanager
def refused(message: str) -> Iterator[None]:
    """Expect the block to raise a ScopedImagesError with exactly this message."""
    with pytest.raises(ScopedImagesError) as caught:
        yield
    assert str(caught.value) == message
