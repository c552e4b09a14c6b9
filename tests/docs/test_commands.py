"""Every command of a page is one that its program takes: subcommands, options and their values.

tests/e2e/test_examples.py runs some of them, and asks docker for its options.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any

import jmespath
import pytest
import typer
from awscli.clidriver import create_clidriver

from scoped_images.command_line.program import app
from tests.docs.pages import ROOT, SHELL, Block, all_blocks
from tests.docs.shell import commands

# Programs that everybody has, whose few arguments here speak for themselves.
UNCHECKED = {"cd", "cp", "date", "diff", "export", "git", "npm", "pip", "python", "python3", "source", "."}
# GitHub's own command, which no registry has.
UNCHECKED |= {"gh"}
# Asked by the e2e tests, which have one.
DOCKER = "docker"


def check_ours(words: list[str]) -> None:
    """Parse with the argument parser of `scoped-images`."""
    command, name = typer.main.get_command(app), "scoped-images"
    context = None
    while True:
        context = command.make_context(name, list(words), parent=context)
        if not hasattr(command, "commands"):
            return
        name, *words = [*context._protected_args, *context.args]
        command = command.commands[name]


def check_make(words: list[str]) -> None:
    """Look each target up in the Makefile."""
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for word in words:
        assert re.fullmatch(r"[A-Z]+=.+", word) or word in targets, f"make has no target {word!r}"


def check_cdk(words: list[str]) -> None:
    """Look subcommand and options up in the CLI's own registry of them."""
    registry = cdk_registry()
    name, *rest = words
    assert name in registry["commands"], f"cdk has no command {name!r}"
    options = {**registry["globalOptions"], **registry["commands"][name].get("options", {})}
    by_flag = {f"--{key}" for key in options} | {f"--no-{key}" for key in options}
    by_flag |= {f"-{option['alias']}" for option in options.values() if isinstance(option.get("alias"), str)}
    for word in rest:
        flag, _, value = word.partition("=")
        assert not flag.startswith("-") or flag in by_flag, f"cdk {name} has no option {flag!r}"
    choices = {f"--{key}": option["choices"] for key, option in options.items() if option.get("choices")}
    for flag, value in pairwise(rest):
        assert flag not in choices or value in choices[flag], f"cdk {name} {flag} takes no {value!r}"


@cache
def cdk_registry() -> Any:
    registry = ".local/cdk/node_modules/aws-cdk/lib/cli/cli-type-registry.json"
    return json.loads((ROOT / registry).read_text())


def check_aws(words: list[str]) -> None:
    """Look operation and options up as the AWS CLI does."""
    service, operation, *rest = words
    table = aws_driver()._get_command_table()
    assert service in table, f"aws has no service {service!r}"
    # Not public; it is what the program itself looks names up in.
    operations = getattr(table[service], "subcommand_table", None) or table[service]._get_command_table()
    assert operation in operations, f"aws {service} has no operation {operation!r}"
    known = {*operations[operation].arg_table, *aws_driver()._get_cli_data()["options"]}
    for flag, value in zip(rest, [*rest[1:], ""], strict=False):
        name = flag.removeprefix("--")
        assert not flag.startswith("-") or name in known, f"aws {service} {operation} has no option {flag!r}"
        if flag == "--query":
            jmespath.compile(value)


@cache
def aws_driver() -> Any:
    return create_clidriver()


def check_cdk_local(words: list[str]) -> None:
    """The program has four subcommands; what follows `--` is a command itself."""
    assert words[0] in ("up", "down", "run", "pretends"), f"cdk-local has no command {words[0]!r}"
    if "--" in words:
        check(words[words.index("--") + 1 :])


CHECKS: dict[str, Callable[[list[str]], None]] = {
    "aws": check_aws,
    "cdk": check_cdk,
    "cdk-local": check_cdk_local,
    "make": check_make,
    "scoped-images": check_ours,
}


def check(words: list[str]) -> None:
    program, *arguments = words
    if program in CHECKS:
        CHECKS[program](arguments)
    else:
        assert program in UNCHECKED or program == DOCKER, f"no check for {program!r}"


def check_all(script: str) -> None:
    for words in commands(script):
        check(words)


@pytest.mark.parametrize("block", all_blocks(*SHELL), ids=str)
def test_every_command_is_one_that_its_program_takes(block: Block) -> None:
    check_all(block.text)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("scoped-images contxt .", "contxt"),
        ("scoped-images context . --dockerfile a", "--dockerfile"),
        ("cdk deploy --everything", "cdk deploy has no option '--everything'"),
        ("cdk deploy --require-approval none", "cdk deploy --require-approval takes no 'none'"),
        ("aws ecr describe-image --repository-name a", "aws ecr has no operation 'describe-image'"),
        ("x=$(aws ecr describe-images --name a)", "aws ecr describe-images has no option '--name'"),
        ("aws ecr describe-images --query 'a[' | cdk list", "Invalid jmespath expression"),
        ("make deply", "make has no target 'deply'"),
        ("cdk-local run -- cdk deply", "cdk has no command 'deply'"),
        ("kubectl get pods", "no check for 'kubectl'"),
    ],
)
def test_a_command_that_does_not_exist_is_found(line: str, error: str) -> None:
    with pytest.raises(Exception, match=re.escape(error)):
        check_all(line)
