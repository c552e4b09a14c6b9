"""The user's pip settings that a build gets, and how it gets them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdk_local_aws import build_secrets
from cdk_local_aws.build_secrets import parse_settings, pip_conf, pip_secrets, trusted_certificates
from cdk_local_aws.errors import LocalError

LISTED = """\
:env:.default-timeout='60'
:env:.index-url='https://user:p%40ss@index.test/simple'
global.cert='/etc/certs.pem'
global.index-url='https://lower.test/simple'
global.extra-index-url='file:///srv/simple https://extra.test/simple'
install.find-links='/srv/wheels'
freeze.timeout='1'
"""


def test_variables_win_over_files_and_other_commands_settings_do_not_count() -> None:
    assert parse_settings(LISTED) == {
        "default-timeout": "60",
        "timeout": "60",
        "index-url": "https://user:p%40ss@index.test/simple",
        "cert": "/etc/certs.pem",
        "extra-index-url": "file:///srv/simple https://extra.test/simple",
        "find-links": "/srv/wheels",
    }


def test_folders_of_this_machine_are_left_out_and_certificates_come_from_the_secret() -> None:
    assert pip_conf(parse_settings(LISTED), proxy=None) == (
        "[global]\n"
        "cert = /run/secrets/ca_certificates\n"
        "index-url = https://user:p%40ss@index.test/simple\n"
        "timeout = 60\n"
        "extra-index-url = https://extra.test/simple\n\n"
    )


def test_the_proxy_of_the_shell_is_passed_on_unless_pip_has_its_own() -> None:
    assert "proxy = http://shell.test:3128\n" in pip_conf({}, proxy="http://shell.test:3128")
    own = pip_conf({"proxy": "http://pip.test:3128"}, proxy="http://shell.test:3128")
    assert "proxy = http://pip.test:3128\n" in own
    assert "shell.test" not in own


def test_certificates_of_pip_win_and_missing_files_are_ignored(tmp_path: Path) -> None:
    pips, shells = tmp_path / "pip.pem", tmp_path / "shell.pem"
    environment = {"REQUESTS_CA_BUNDLE": str(tmp_path / "missing.pem"), "SSL_CERT_FILE": str(shells)}
    pips.write_text("p")
    shells.write_text("s")
    assert trusted_certificates({"cert": str(pips)}, environment) == pips
    assert trusted_certificates({}, environment) == shells
    assert trusted_certificates({}, {}).is_file()


def test_the_secrets_are_files_that_only_their_owner_reads(tmp_path: Path) -> None:
    configuration, certificates = pip_secrets(tmp_path / "state")
    assert configuration == f"--secret=id=pip_conf,src={tmp_path}/state/pip.conf"
    assert certificates.startswith("--secret=id=ca_certificates,src=/")
    assert (tmp_path / "state/pip.conf").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["pip.conf"]


def test_a_bundle_too_large_for_a_secret_is_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "all.pem"
    bundle.write_bytes(b"x" * 600_000)
    monkeypatch.setattr(build_secrets, "user_settings", lambda: {"cert": str(bundle)})
    with pytest.raises(LocalError) as raised:
        pip_secrets(tmp_path)
    assert str(raised.value) == (
        f"{bundle}: a build secret has 512000 bytes at most, got 600000; set PIP_CERT to a file "
        "with only the certificates of the package index"
    )
