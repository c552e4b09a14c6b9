"""Tags and digests that CloudFormation names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from scoped_images.pruning.answer import Answer, IncompleteListing
from scoped_images.pruning.aws_calls import AwsCalls
from scoped_images.pruning.usage import Usage

_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
# Inside longer words too: `prefix-${Hash}` and `my-sha-0123456789ab`.
_HASH = re.compile(r"[0-9a-f]{64}|sha-[0-9a-f]+")
# These change sets will not be executed any more.
_OVER = ("EXECUTE_COMPLETE", "EXECUTE_FAILED", "OBSOLETE")
_KEEPS_NO_TEMPLATE = "REVIEW_IN_PROGRESS"
# A stack in any other state may roll back to images that no template, function or task names any more.
SETTLED = frozenset(
    (
        *("CREATE_IN_PROGRESS", "CREATE_FAILED", "CREATE_COMPLETE"),
        *("ROLLBACK_IN_PROGRESS", "ROLLBACK_FAILED", "ROLLBACK_COMPLETE"),
        *("DELETE_IN_PROGRESS", "DELETE_FAILED", "DELETE_COMPLETE"),
        *("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"),
        *("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"),
        *("IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE", _KEEPS_NO_TEMPLATE),
    )
)


def stack_usage(aws: AwsCalls) -> Usage:
    """Return every word of every template, waiting change set, parameter and output of the account.

    Templates join host, repository and tag with functions, and pass tags through parameters, so only words
    are reliable. `cdk gc` looks for tags in the same way.
    """
    stacks = aws.list_parts("cloudformation", "describe_stacks", "Stacks")
    for stack in stacks:
        if (status := stack.text("StackStatus")) not in SETTLED:
            raise IncompleteListing(
                f"stack {stack.text('StackName')} in {aws.region} is {status}: what it may roll back to is unknown; "
                "prune when the stack has settled"
            )
    return Usage(words=frozenset().union(*aws.for_each(stacks, lambda stack: _words_of(aws, stack))))


def _words_of(aws: AwsCalls, stack: Answer) -> set[str]:
    name = stack.optional_text("StackId") or stack.text("StackName")
    texts = _values(stack)
    # A stack that only exists as a change set has no template of its own yet.
    if stack.text("StackStatus") != _KEEPS_NO_TEMPLATE:
        texts.append(_template(aws, StackName=name))
    for change_set in aws.list_parts("cloudformation", "list_change_sets", "Summaries", StackName=name):
        if change_set.text("Status") != "FAILED" and change_set.text("ExecutionStatus") not in _OVER:
            which = {"StackName": name, "ChangeSetName": change_set.text("ChangeSetId")}
            texts.append(_template(aws, **which))
            texts += _values(aws.call("cloudformation", "describe_change_set", **which))
    return {word for text in texts for word in words_in(text)}


def _values(stack: Answer) -> list[str]:
    """Return the values of the parameters and outputs of a stack or a change set."""
    texts = []
    for parameter in stack.optional_parts("Parameters"):
        # An empty value is a value; a parameter without one is not readable.
        values = [
            parameter.fields[key] for key in ("ParameterValue", "ResolvedValue") if key in parameter.fields
        ]
        if not values or not all(isinstance(value, str) for value in values):
            raise parameter.unreadable("ParameterValue", values)
        texts += values
    for output in stack.optional_parts("Outputs"):
        value = output.fields.get("OutputValue")
        if not isinstance(value, str):
            raise output.unreadable("OutputValue", value)
        texts.append(value)
    return texts


def _template(aws: AwsCalls, **parameters: str) -> str:
    answer = aws.call("cloudformation", "get_template", TemplateStage="Processed", **parameters)
    body = answer.fields.get("TemplateBody")
    # boto3 parses JSON templates and returns YAML ones as text.
    text = body if isinstance(body, str) else json.dumps(body, default=str)
    if not body or "Resources" not in text:
        raise answer.unreadable(f"TemplateBody of {' '.join(parameters.values())}", body)
    return text


def words_in(text: str) -> Iterator[str]:
    """Yield everything in `text` that could be a tag or the hex digits of a digest."""
    yield from _WORD.findall(text)
    yield from _HASH.findall(text)
