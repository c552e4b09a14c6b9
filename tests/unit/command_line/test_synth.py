"""How the CDK CLI is run: with a program in its place that records its arguments."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scoped_images.command_line.synth import deploy, find_assembly
from scoped_images.errors import ScopedImagesError


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file with the arguments of the `cdk` on the path, which fails if one is `broken`."""
    program = tmp_path / "bin" / "cdk"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\nimport sys\nopen({str(tmp_path / 'seen')!r}, 'w').write(' '.join(sys.argv[1:]))\n"
        "sys.exit('broken' in sys.argv)\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "seen"


def test_an_app_is_synthesized_with_its_context_to_the_folder_of_cdk_json(seen: Path) -> None:
    Path("cdk.json").write_text('{"output": "out"}')
    assert find_assembly("python app.py", context=["env=dev", "a=b"], output=None) == Path("out")
    assert seen.read_text() == (
        "synth --quiet --output out --app python app.py --context env=dev --context a=b"
    )


def test_a_folder_is_taken_as_it_is(seen: Path) -> None:
    Path("cdk.out").mkdir()
    assert find_assembly("cdk.out", context=(), output=None) == Path("cdk.out")
    assert not seen.exists()


def test_stacks_are_deployed_from_the_assembly_without_a_question_where_nobody_can_answer(
    seen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for terminal, more in ((False, " --require-approval never"), (True, "")):
        monkeypatch.setattr(sys.stdin, "isatty", lambda terminal=terminal: terminal)
        deploy(Path("cdk.out"), ["one", "two"])
        assert seen.read_text() == f"deploy --app cdk.out one two{more}"


def test_a_cli_that_fails_is_an_error(seen: Path) -> None:
    with pytest.raises(ScopedImagesError) as raised:
        deploy(Path("cdk.out"), ["broken"])
    assert seen.exists()
    assert str(raised.value) == "cdk deploy failed with exit code 1; its messages are above"
