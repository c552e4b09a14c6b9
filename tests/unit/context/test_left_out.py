"""What no context holds by itself: CDK's own output and Git's files; and what it warns of."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoped_images.context.doubtful_files import doubtful_files
from scoped_images.context.scoped_context import ScopedContext
from scoped_images.platform import Platform
from tests.refusals import refused
from tests.unit.context.ways import WAYS, Way, found_by, of, whole


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with its app in `infra`, that the CLI may ask for an output."""
    monkeypatch.delenv("CDK_OUTDIR", raising=False)
    root = tmp_path / "root"
    (root / "infra").mkdir(parents=True)
    (root / "app.py").write_text("print(1)\n")
    (root / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    return root


SECRET = (
    " is in the build context: such files often hold secrets; name it in the ignore file, and if the build needs it, "
    "give it as a build secret"
)


def assembly(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name in ("cdk.out", "manifest.json"):
        (folder / name).write_text("{}")
    (folder / "scoped-context-1").mkdir()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("place", ["cdk.out", "infra/cdk.out", "dist", "infra/build/out"])
def test_the_cloud_assembly_of_an_earlier_synth_is_left_out_wherever_it_is(
    way: Way, place: str, root: Path
) -> None:
    (root / place).parent.mkdir(parents=True, exist_ok=True)
    before = way(root).fingerprint
    assembly(root / place)
    after = way(root)
    assert after.fingerprint == before
    assert [file.path for file in after.files if file.path.startswith(place)] == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("place", ["dist", "cdk.out", "infra/out"])
def test_the_output_folder_of_the_first_synth_is_left_out_while_it_is_filled(
    way: Way, place: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The CLI sets the variable, relative to the folder in which the app runs."""
    before = way(root).fingerprint
    monkeypatch.chdir(root)
    monkeypatch.setenv("CDK_OUTDIR", place)
    (root / place / "scoped-context-1").mkdir(parents=True)
    assert way(root).fingerprint == before


def test_copying_the_output_folder_is_an_error(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "dist").mkdir()
    (root / "Dockerfile").write_text("FROM scratch\nCOPY dist/ /app/\n")
    monkeypatch.setenv("CDK_OUTDIR", str(root / "dist"))
    with refused(
        "Dockerfile:2: COPY source 'dist/' is in 'dist', CDK's output folder, which each synth changes: give the CLI "
        'another --output ("output" in cdk.json), or bring the folder back with !dist in the ignore file'
    ):
        found_by(root)


def test_a_folder_called_dist_is_copied_where_the_output_is_elsewhere(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "dist").mkdir()
    (root / "dist" / "app.js").touch()
    (root / "Dockerfile").write_text("FROM scratch\nCOPY dist/ /app/\n")
    monkeypatch.setenv("CDK_OUTDIR", str(root / "cdk.out"))
    assert [file.path for file in found_by(root).files] == ["dist", "dist/app.js"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("exception", ["!dist", "dist\n!dist"])
def test_an_exception_brings_the_output_folder_back(way: Way, exception: str, root: Path) -> None:
    assembly(root / "dist")
    (root / ".dockerignore").write_text(exception)
    assert "dist/manifest.json" in [file.path for file in way(root).files]


@pytest.mark.parametrize("way", WAYS)
def test_an_exception_for_files_in_any_folder_does_not_bring_the_output_folder_back(
    way: Way, root: Path
) -> None:
    """Each synth would make another context, with what the last one has written."""
    (root / ".dockerignore").write_text("*\n!**/*.py\n!Dockerfile\n")
    before = way(root).fingerprint
    assembly(root / "infra" / "cdk.out")
    (root / "infra" / "cdk.out" / "scoped-context-1" / "app.py").touch()
    assert way(root).fingerprint == before


@pytest.mark.parametrize("way", [whole, of])
@pytest.mark.parametrize("kind", ["folder", "file"])
def test_git_is_left_out_of_whole_folders_without_a_word(way: Way, kind: str, root: Path) -> None:
    """In a worktree or submodule it is a file."""
    before = way(root)
    make_git(root / ".git", kind)
    make_git(root / "infra" / ".git", kind)
    after = way(root)
    assert after.fingerprint == before.fingerprint
    assert [warning for warning in after.warnings if ".git" in warning] == []


GIT = (
    " is in the build context: the image's tag changes with each commit, and Git's configuration may hold a token; "
    "name it in the ignore file"
)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["folder", "file"])
def test_git_that_is_asked_for_is_taken_with_a_warning(way: Way, kind: str, root: Path) -> None:
    make_git(root / ".git", kind)
    (root / ".dockerignore").write_text("!.git\n")
    context = way(root)
    assert ".git" in [file.path for file in context.files]
    assert f".git{GIT}" in context.warnings


def test_git_in_a_context_found_by_a_dockerfile_is_a_warning(root: Path) -> None:
    make_git(root / ".git", "folder")
    make_git(root / "infra" / ".git", "file")
    assert f".git (and 1 more){GIT}" in found_by(root).warnings
    (root / ".dockerignore").write_text("**/.git\n")
    assert [warning for warning in found_by(root).warnings if ".git" in warning] == []


@pytest.mark.parametrize("way", WAYS)
def test_files_that_often_hold_secrets_are_a_warning(way: Way, root: Path) -> None:
    """A Dockerfile that copies one into the image often leaves it there."""
    (root / "home" / ".aws").mkdir(parents=True)
    for name in (
        ".env",
        "infra/.env.production",
        "home/.aws/credentials",
        "home/.aws/config",
        ".env.example",
    ):
        (root / name).touch()
    assert [each for each in way(root).warnings if "secrets" in each] == [f".env (and 2 more){SECRET}"]


SECRETS = (
    *(".npmrc", "web/.npmrc", ".pypirc", ".netrc", ".git-credentials", "home/.ssh/config", "id_rsa"),
    *(
        "keys/id_ed25519",
        ".docker/config.json",
        "root/.kube/config",
        ".config/gcloud/credentials.db",
        ".envrc",
    ),
    "line\nbreak/.npmrc",
)
HARMLESS = (
    *(
        "my.npmrc",
        "x.npmrc",
        ".npmrc.example",
        "id_rsa.pub",
        ".ssh",
        ".ssh/known_hosts",
        "docker/config.json",
    ),
    *("pip.conf.d/x", "xid_rsa", ".aws", "src/env.py", ".environment", "my.env"),
)


def test_a_file_in_which_a_tool_keeps_secrets_is_named_and_one_that_looks_like_it_is_not() -> None:
    assert [path for path in SECRETS if not doubtful_files([path])] == []
    assert doubtful_files(HARMLESS) == ()


def test_a_named_context_warns_with_its_name(root: Path) -> None:
    (root / "infra" / ".env").touch()
    (root / "Dockerfile").write_text("FROM scratch\nCOPY --from=infra . /\n")
    context = ScopedContext.from_dockerfile(
        root, platform=Platform.LINUX_AMD64, build_contexts={"infra": root / "infra"}
    )
    assert context.warnings == (f"build_contexts['infra']: .env{SECRET}",)


def make_git(path: Path, kind: str) -> None:
    if kind == "file":
        path.write_text("gitdir: /home/me/repository/.git/worktrees/root\n")
    else:
        path.mkdir()
        (path / "config").write_text("[core]\n")
