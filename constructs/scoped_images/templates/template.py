"""The resolved templates of an app's stacks, and the text that a value in one of them has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# A value that only the deploy knows reads `${<stack path>:<logical id>.<attribute>}`. `import:` comes first in one
# that the stack imports: CloudFormation changes no export that is in use.
_IMPORTED = "${import:"


@dataclass(frozen=True, kw_only=True)
class StackTemplate:
    """One stack's template, after all tokens, overrides and aspects.

    path: of the stack in the construct tree. account, region: None where the stack has no literal one.
    parent, logical_id: of a nested stack the parent's path, and the resource there that deploys it.
    """

    path: str
    stack_name: str
    account: str | None
    region: str | None
    body: Mapping[str, Any]
    parent: str | None = None
    logical_id: str | None = None

    def section(self, name: str) -> Mapping[str, Any]:
        """`Resources`, `Outputs`, `Parameters` or `Globals`; empty where the template has none."""
        found = self.body.get(name)
        return found if isinstance(found, Mapping) else {}


@dataclass(frozen=True)
class Templates:
    """Templates that refer to each other: by exports, by outputs, and by the parameters of nested stacks."""

    stacks: Sequence[StackTemplate]
    _exports: dict[str, tuple[StackTemplate, Any]] = field(init=False, default_factory=dict)
    _outputs: dict[tuple[str, str], tuple[StackTemplate, Any]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for stack in self.stacks:
            for name, output in stack.section("Outputs").items():
                value = (stack, output.get("Value"))
                self._outputs[stack.stack_name, name] = value
                exported = output.get("Export", {}).get("Name")
                if isinstance(exported, str):
                    self._exports[exported] = value

    def texts(self, stack: StackTemplate, value: Any) -> Iterator[str]:
        """Yield every text in a value, with what it refers to put in place."""
        if isinstance(value, Mapping) and _intrinsic(value) is None:
            for each in value.values():
                yield from self.texts(stack, each)
        elif isinstance(value, list | tuple):
            for each in value:
                yield from self.texts(stack, each)
        else:
            yield self._text(stack, value)

    def _text(self, stack: StackTemplate, value: Any) -> str:
        if isinstance(value, str):
            return value
        name = _intrinsic(value) if isinstance(value, Mapping) else None
        if name is None:
            return "\n".join(self.texts(stack, value)) if isinstance(value, Mapping | list) else str(value)
        evaluate = {
            "Ref": self._ref,
            "Fn::GetAtt": self._attribute_of,
            "Fn::Join": self._join,
            "Fn::Sub": self._substitute,
            "Fn::Select": self._select,
            "Fn::ImportValue": self._import,
            "Fn::GetStackOutput": self._output,
        }.get(name)
        # Of Fn::If and others every text that may come of it.
        return evaluate(stack, value[name]) if evaluate else "\n".join(self.texts(stack, value[name]))

    def _join(self, stack: StackTemplate, argument: Any) -> str:
        separator, parts = argument
        texts = (
            [self._text(stack, part) for part in parts]
            if isinstance(parts, list)
            else [self._text(stack, parts)]
        )
        return str(separator).join(texts)

    def _import(self, stack: StackTemplate, argument: Any) -> str:
        found = self._exports.get(self._text(stack, argument))
        return self._text(*found).replace("${", _IMPORTED) if found else ""

    def _output(self, stack: StackTemplate, argument: Any) -> str:
        found = self._outputs.get((self._text(stack, argument["StackName"]), str(argument["OutputName"])))
        return self._text(*found) if found else ""

    def _ref(self, stack: StackTemplate, name: str) -> str:
        if name == "AWS::AccountId" and stack.account:
            return stack.account
        if name == "AWS::Region" and stack.region:
            return stack.region
        if name.startswith("AWS::"):
            return f"${{{name}}}"
        if name in stack.section("Parameters"):
            parent = self._parent(stack)
            if parent is not None:
                given = parent.section("Resources").get(stack.logical_id or "", {}).get("Properties", {})
                if name in given.get("Parameters", {}):
                    return self._text(parent, given["Parameters"][name])
            return str(stack.section("Parameters")[name].get("Default", ""))
        return f"${{{stack.path}:{name}}}"

    def _attribute_of(self, stack: StackTemplate, argument: Any) -> str:
        logical_id, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        return self._attribute(stack, str(logical_id), str(attribute))

    def _attribute(self, stack: StackTemplate, logical_id: str, attribute: str) -> str:
        for nested in self.stacks:
            if nested.parent == stack.path and nested.logical_id == logical_id:
                output = nested.section("Outputs").get(attribute.removeprefix("Outputs."), {})
                return self._text(nested, output.get("Value", ""))
        if attribute.startswith("/cdk/exports/"):
            return self._import_across_regions(attribute)
        return f"${{{stack.path}:{logical_id}.{attribute}}}"

    def _import_across_regions(self, name: str) -> str:
        """What CDK's own custom resource copies from a stack of another region."""
        for stack in self.stacks:
            for resource in stack.section("Resources").values():
                exports = (resource.get("Properties") or {}).get("WriterProps", {}).get("exports", {})
                if name in exports:
                    return self._text(stack, exports[name]).replace("${", _IMPORTED)
        return ""

    def _substitute(self, stack: StackTemplate, argument: Any) -> str:
        text, given = (argument, {}) if isinstance(argument, str) else argument

        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in given:
                return self._text(stack, given[name])
            return self._attribute(stack, *name.split(".", 1)) if "." in name else self._ref(stack, name)

        return re.sub(r"\$\{([^}]+)\}", value, text)

    def _select(self, stack: StackTemplate, argument: Any) -> str:
        index, values = argument
        if isinstance(values, Mapping) and "Fn::Split" in values:
            separator, text = values["Fn::Split"]
            values = self._text(stack, text).split(separator)
        if isinstance(values, list) and str(index).isdecimal() and int(index) < len(values):
            return self._text(stack, values[int(index)])
        return "\n".join(self.texts(stack, values))

    def _parent(self, stack: StackTemplate) -> StackTemplate | None:
        return next((each for each in self.stacks if each.path == stack.parent), None)


def _intrinsic(value: Mapping[str, Any]) -> str | None:
    if len(value) != 1:
        return None
    (name,) = value
    return name if name == "Ref" or name.startswith("Fn::") else None
