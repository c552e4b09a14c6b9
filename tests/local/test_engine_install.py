"""The private engine's programs are unpacked once, from the first suite that works."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cdk_local_aws.engine import Machine
from cdk_local_aws.errors import LocalError
from cdk_local_aws.private_install import RECORD, ensure_installed, missing_packages

pytestmark = pytest.mark.skipif(not Machine.here().takes_private_engine(), reason="needs Debian and root")


def test_only_missing_packages_are_installed_with_apt() -> None:
    assert missing_packages({"sh": "dash", "no-such-program": "no-such-package"}) == ["no-such-package"]


@pytest.mark.engine
@pytest.mark.nightly
def test_the_next_suite_is_used_if_one_fails(tmp_path: Path, said: list[str]) -> None:
    (tmp_path / "unpacking-interrupted/root").mkdir(parents=True)

    root = ensure_installed(tmp_path, said.append, suites=("no-such-suite", "trixie"))

    assert json.loads((root / RECORD).read_text())["suite"] == "trixie"
    assert (root / "usr/sbin/dockerd").exists()
    assert "no package of the system is replaced" in said[0]
    assert said[1].startswith("the engine of Debian no-such-suite cannot be used: `apt-get update` failed:")
    assert said[-1].startswith("installed Docker 26.")
    assert list(tmp_path.glob("unpacking-*")) == []

    said.clear()
    assert ensure_installed(tmp_path, said.append) == root
    assert said == []


def test_if_every_suite_fails_nothing_is_left_and_the_reasons_are_reported(
    tmp_path: Path, said: list[str]
) -> None:
    with pytest.raises(LocalError) as raised:
        ensure_installed(tmp_path, said.append, suites=("no-such-suite",))
    assert str(raised.value).startswith("no private container engine could be set up. Install Docker")
    assert "no-such-suite: `apt-get update` failed:" in str(raised.value)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]
