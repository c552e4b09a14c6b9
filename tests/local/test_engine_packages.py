"""Debian packages come from the machine's mirror, and are unpacked but not installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from cdk_local_aws import debian_packages
from cdk_local_aws.debian_packages import machine_mirror, run, unpack
from cdk_local_aws.errors import LocalError

needs_apt = pytest.mark.skipif(not shutil.which("apt-get"), reason="needs apt")

OTHERS = """\
# deb http://off.test/debian bookworm main
deb [arch=amd64] https://vendor.test/apt nodistro main
deb http://mirror.test/security bookworm-security main
deb-src http://source.test/debian bookworm main
"""
DEB822 = """\
Enabled: no
Types: deb
URIs: http://off.test/debian
Suites: bookworm
Components: main

Types: deb deb-src
URIs: http://mirror.test/debian
  https://other.test/debian
Suites: bookworm bookworm-updates
Components: main
"""


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of source files that apt reads in place of the machine's own, for Debian bookworm."""
    (tmp_path / "apt.conf").write_text(
        f'Dir::Etc::SourceList "/dev/null"; Dir::Etc::SourceParts "{tmp_path}"; APT::Architecture "amd64";'
    )
    monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))
    monkeypatch.setattr(debian_packages, "os_release", lambda: {"VERSION_CODENAME": "bookworm"})
    (tmp_path / "a.list").write_text(OTHERS)
    return tmp_path


@needs_apt
@pytest.mark.parametrize(
    ("name", "text"),
    [("b.sources", DEB822), ("b.list", "deb http://mirror.test/debian bookworm main contrib # ours\n")],
)
def test_the_mirror_is_debians_own_archive_not_security_or_another_vendor(
    sources: Path, name: str, text: str
) -> None:
    (sources / name).write_text(text)
    assert machine_mirror().rstrip("/") in ("http://mirror.test/debian", "https://other.test/debian")


@needs_apt
@pytest.mark.usefixtures("sources")
def test_without_a_debian_source_the_message_names_release_and_remedy() -> None:
    with pytest.raises(LocalError) as raised:
        machine_mirror()
    assert str(raised.value) == (
        "no source of Debian bookworm's component `main` in /etc/apt/sources.list or /etc/apt/sources.list.d. "
        "Add one, or install Docker with the containerd image store yourself."
    )


def test_a_package_is_unpacked_and_none_of_its_scripts_runs(tmp_path: Path) -> None:
    package, trace = tmp_path / "package", tmp_path / "script-ran"
    (package / "DEBIAN").mkdir(parents=True)
    (package / "DEBIAN/control").write_text(
        "Package: example\nVersion: 1.2-3\nArchitecture: all\nMaintainer: N <n@example.org>\nDescription: e\n"
    )
    script = package / "DEBIAN/postinst"
    script.write_text(f"#!/bin/sh\ntouch {trace}\n")
    script.chmod(0o755)
    (package / "usr/bin").mkdir(parents=True)
    (package / "usr/bin/example").write_text("hello")
    deb = tmp_path / "example.deb"
    subprocess.run(["dpkg-deb", "--build", package, deb], check=True, capture_output=True)

    assert unpack([deb], tmp_path / "root") == {"example": "1.2-3"}
    assert (tmp_path / "root/usr/bin/example").read_text() == "hello"
    assert not trace.exists()


def test_a_command_that_fails_is_named_with_what_it_said() -> None:
    with pytest.raises(LocalError, match=r"`dpkg-deb /nonexistent` failed:\n  dpkg-deb: error"):
        run(["dpkg-deb", "--show", "/nonexistent"])


def test_a_command_that_is_missing_is_named() -> None:
    with pytest.raises(
        LocalError, match="no-such-program is not installed; the private container engine needs it"
    ):
        run(["no-such-program"])
