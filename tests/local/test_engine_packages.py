"""Where Debian packages come from, and that they are unpacked, not installed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cdk_local_aws.debian_packages import (
    AptSource,
    debian_mirror,
    machine_sources,
    parse_deb822,
    parse_list,
    release_field,
    run,
    unpack,
)
from cdk_local_aws.errors import LocalError

MAIN = AptSource(
    uri="http://mirror.test/debian", suites=("bookworm", "bookworm-updates"), components=("main",)
)


def test_deb822_sources_are_read_with_comments_continuations_and_several_uris() -> None:
    text = """\
# a comment
Types: deb deb-src
URIs: http://mirror.test/debian
  https://other.test/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb-src
URIs: http://source.test/debian
Suites: bookworm
Components: main

Enabled: no
Types: deb
URIs: http://off.test/debian
Suites: bookworm
Components: main
"""
    other = AptSource(uri="https://other.test/debian", suites=MAIN.suites, components=("main",))
    assert parse_deb822(text) == [MAIN, other]


def test_one_line_sources_are_read_with_options_and_comments() -> None:
    text = """\
# deb http://off.test/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.test/debian bookworm main contrib # ours
deb-src http://source.test/debian bookworm main
"""
    assert parse_list(text) == [
        AptSource(uri="http://mirror.test/debian", suites=("bookworm",), components=("main", "contrib"))
    ]


def test_the_mirror_is_debians_own_archive_not_security_or_another_vendor() -> None:
    vendor = AptSource(uri="https://vendor.test/apt", suites=("nodistro",), components=("main",))
    security = AptSource(
        uri="http://mirror.test/security", suites=("bookworm-security",), components=("main",)
    )
    assert debian_mirror([vendor, security, MAIN], "bookworm") == "http://mirror.test/debian"


def test_without_a_debian_source_the_message_names_release_and_remedy() -> None:
    with pytest.raises(LocalError, match="no source of Debian bookworm's component `main`"):
        debian_mirror([], "bookworm")


def test_both_styles_of_source_files_are_found(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text("deb http://a.test/ x main\n")
    (tmp_path / "sources.list.d/b.list").write_text("deb http://b.test/ x main\n")
    (tmp_path / "sources.list.d/c.sources").write_text(
        "Types: deb\nURIs: http://c.test/\nSuites: x\nComponents: main\n"
    )
    assert [source.uri for source in machine_sources(tmp_path)] == [
        "http://a.test/",
        "http://b.test/",
        "http://c.test/",
    ]


def test_os_release_fields_are_read_quoted_or_not(tmp_path: Path) -> None:
    file = tmp_path / "os-release"
    file.write_text('NAME="Debian GNU/Linux"\nID=debian\nVERSION_CODENAME="bookworm"\n')
    assert release_field("ID", file) == "debian"
    assert release_field("VERSION_CODENAME", file) == "bookworm"
    assert release_field("ID", tmp_path / "missing") == ""


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
    with pytest.raises(LocalError, match="no-such-program is not installed"):
        run(["no-such-program"])
