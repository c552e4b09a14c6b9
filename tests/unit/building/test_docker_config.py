"""The docker configuration of one build: the user's own, with further logins, and gone afterwards."""

from __future__ import annotations

import errno
import json
import sys
from pathlib import Path

import pytest

from scoped_images.building.docker_config import Login, logged_in
from tests.refusals import refused

LOGIN = Login(registry="1.example", user="AWS", password="secret")


@pytest.fixture
def docker(tmp_path: Path) -> Path:
    """A docker that records its arguments, its input and the folder of its configuration."""
    program = tmp_path / "docker"
    program.write_text(
        f"#!{sys.executable}\n"
        "import json, os, sys\n"
        "json.dump([sys.argv[1:], sys.stdin.read(), os.environ['DOCKER_CONFIG']], open(os.environ['SEEN'], 'w'))\n"
        "sys.exit(os.environ.get('CODE') and 'denied' or 0)\n"
    )
    program.chmod(0o755)
    return program


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    """A user's environment, whose docker configuration has a builder and a helper."""
    own = tmp_path / "own"
    (own / "buildx").mkdir(parents=True)
    (own / "buildx" / "current").write_text("mine")
    (own / "config.json").write_text(
        json.dumps({"credsStore": "desktop", "credHelpers": {"1.example": "ecr-login", "2.example": "x"}})
    )
    return {"DOCKER_CONFIG": str(own), "SEEN": str(tmp_path / "seen"), **more}


def test_the_login_is_private_keeps_what_the_user_has_and_is_deleted(docker: Path, tmp_path: Path) -> None:
    user = environment(tmp_path)
    before = (tmp_path / "own" / "config.json").read_text()
    with logged_in([LOGIN], docker=str(docker), environment=user) as private:
        folder = Path(private["DOCKER_CONFIG"])
        assert json.loads((folder / "config.json").read_text()) == {
            "credsStore": "desktop",
            # An empty helper: docker reads and writes the file for this registry.
            "credHelpers": {"1.example": "", "2.example": "x"},
        }
        assert (folder / "buildx" / "current").read_text() == "mine"
        assert (folder.stat().st_mode & 0o777, (folder / "config.json").stat().st_mode & 0o777) == (
            0o700,
            0o600,
        )
    assert not folder.exists()
    assert (tmp_path / "own" / "buildx" / "current").read_text() == "mine"
    assert (tmp_path / "own" / "config.json").read_text() == before


def test_the_password_is_in_no_argument(docker: Path, tmp_path: Path) -> None:
    with logged_in([LOGIN], docker=str(docker), environment=environment(tmp_path)) as private:
        seen = json.loads((tmp_path / "seen").read_text())
    assert seen == [
        ["login", "--username", "AWS", "--password-stdin", "1.example"],
        "secret",
        private["DOCKER_CONFIG"],
    ]
    assert "secret" not in repr(LOGIN)


def test_a_login_that_fails_is_an_error_and_leaves_nothing(docker: Path, tmp_path: Path) -> None:
    user = environment(tmp_path, CODE="1")
    with (
        refused("docker login to 1.example failed: denied"),
        logged_in([LOGIN], docker=str(docker), environment=user),
    ):
        pass
    assert not Path(json.loads((tmp_path / "seen").read_text())[2]).exists()


def test_without_a_docker_it_says_so(tmp_path: Path) -> None:
    with (
        refused(
            "cannot run '/nowhere/docker': No such file or directory; install docker, or name it in CDK_DOCKER"
        ),
        logged_in([LOGIN], docker="/nowhere/docker", environment={"DOCKER_CONFIG": str(tmp_path)}),
    ):
        pass


@pytest.mark.parametrize("helpers", [None, [], "x"])
def test_helpers_of_another_form_are_not_kept(helpers: object, docker: Path, tmp_path: Path) -> None:
    user = environment(tmp_path)
    (tmp_path / "own" / "config.json").write_text(json.dumps({"credHelpers": helpers}))
    with logged_in([LOGIN], docker=str(docker), environment=user) as private:
        found = json.loads((Path(private["DOCKER_CONFIG"]) / "config.json").read_text())
    assert found == {"credHelpers": {"1.example": ""}}


def test_a_configuration_that_may_not_be_listed_is_an_error(
    docker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(_: Path) -> list[Path]:
        raise PermissionError(errno.EACCES, "Permission denied")

    user = environment(tmp_path)
    monkeypatch.setattr(Path, "iterdir", closed)
    with (
        refused(
            f"DOCKER_CONFIG: cannot list {tmp_path}/own: Permission denied; name a folder that you may read"
        ),
        logged_in([LOGIN], docker=str(docker), environment=user),
    ):
        pass
