"""`make mutate` finds the files that it names."""

from __future__ import annotations

import pytest

from scripts.mutate import PARTS, ROOT, Part


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_every_part_names_files_and_tests_that_exist(part: Part) -> None:
    assert all(list((ROOT / "constructs/scoped_images").glob(module)) for module in part.modules)
    assert [test for test in part.tests if not (ROOT / test).exists()] == []
