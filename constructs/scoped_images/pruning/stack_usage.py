"""Tags and digests that CloudFormation knows of."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from scoped_images.pruning.aws_calls import AwsCalls, IncompleteListing, Paging
from scoped_images.pruning.usage import Usage

STACKS = Paging("Stacks", "NextToken", "NextToken")
CHANGE_SETS = Paging("Summaries", "NextToken", "NextToken")

_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
# Inside longer words too: `prefix-${Hash}` and `my-sha-0123456789ab`.
_HASH = re.compile(r"[0-9a-f]{64}|sha-[0-9a-f]+")
# Change sets that hold nothing which is still to come.
_OVER = ("EXECUTE_COMPLETE", "EXECUTE_FAILED", "OBSOLETE")
_KEEPS_NO_TEMPLATE = "REVIEW_IN_PROGRESS"
# A rollback may come, to images that no template, function or task names any more.
_UNDER_WAY = (
    "UPDATE_IN_PROGRESS",
    "UPDATE_FAILED",
    "UPDATE_ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_FAILED",
)


def stack_usage(aws: AwsCalls) -> Usage:
    """Every word of every template, waiting change set, parameter and output of the account.

    Words and not references: templates join host, repository and tag with functions, and hand tags through
    parameters. `cdk gc` looks for tags in the same way.
    """
    stacks = aws.list_all("cloudformation", "describe_stacks", STACKS)
    for stack in stacks:
        if stack.get("StackStatus") in _UNDER_WAY:
            raise IncompleteListing(
                f"stack {stack['StackName']} in {aws.region} is {stack['StackStatus']}: what it may roll back to is not "
                "known; prune when it is done"
            )
    words: set[str] = set()
    for found in aws.for_each(stacks, lambda stack: _words_of(aws, stack)):
        words |= found
    return Usage(words=frozenset(words))


def _words_of(aws: AwsCalls, stack: dict[str, Any]) -> set[str]:
    name = stack.get("StackId") or stack["StackName"]
    texts = [
        value
        for part in (*stack.get("Parameters", ()), *stack.get("Outputs", ()))
        for key in ("ParameterValue", "ResolvedValue", "OutputValue")
        if isinstance(value := part.get(key), str)
    ]
    # A stack that only exists as a change set has no template of its own yet.
    if stack.get("StackStatus") != _KEEPS_NO_TEMPLATE:
        texts.append(_template(aws, StackName=name))
    for change_set in aws.list_all("cloudformation", "list_change_sets", CHANGE_SETS, StackName=name):
        if change_set.get("Status") != "FAILED" and change_set.get("ExecutionStatus") not in _OVER:
            texts.append(_template(aws, StackName=name, ChangeSetName=change_set["ChangeSetId"]))
    return {word for text in texts for word in words_in(text)}


def _template(aws: AwsCalls, **parameters: str) -> str:
    body = aws.call("cloudformation", "get_template", TemplateStage="Processed", **parameters)["TemplateBody"]
    return body if isinstance(body, str) else json.dumps(body)


def words_in(text: str) -> Iterator[str]:
    """Everything in `text` that could be a tag or the hex of a digest."""
    yield from _WORD.findall(text)
    yield from _HASH.findall(text)
