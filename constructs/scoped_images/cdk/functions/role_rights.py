"""The rights of a role to many resources, in as many policies as IAM's limits need."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

# A managed policy takes 6,144 characters, and all inline policies of a role 10,240. CDK splits neither here.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_CHARACTERS = 6_144
_ALL_BUT_ARNS = 500
# Of an ARN that only the deploy knows. The name of a repository takes 256 of them.
_LONGEST_ARN = 320


class RoleRights:
    """Rights that a role itself names, so that what waits for the role has them.

    The first policy is inline. Each further one is a managed policy: ten of them hold some six hundred repositories.
    """

    def __init__(self, role: iam.Role, name: str) -> None:
        resource = role.node.default_child
        assert isinstance(resource, iam.CfnRole)
        self._role, self._resource, self._name = role, resource, name
        self._policies = [_Policy()]

    def allow(self, actions: tuple[str, ...], arn: str) -> None:
        """Allow the role to do `actions` with the resource of an ARN."""
        number = next((n for n, each in enumerate(self._policies) if arn in each.actions), -1)
        if number < 0 and not self._policies[-1].has_room(arn):
            self._policies.append(_Policy())
        policy = self._policies[number]
        known = policy.actions.get(arn, ())
        policy.actions[arn] = (*known, *(each for each in actions if each not in known))
        if policy.actions[arn] == known:
            return
        if policy is self._policies[0]:
            self._resource.policies = [
                iam.CfnRole.PolicyProperty(policy_name=self._name, policy_document=policy.document())
            ]
        elif policy.made is None:
            policy.made = self._make(policy, len(self._policies))
        else:
            policy.made.policy_document = policy.document()

    def _make(self, policy: _Policy, number: int) -> iam.CfnManagedPolicy:
        stack, construct_id = Stack.of(self._role), f"{self._role.node.id}Rights{number}"
        made = iam.CfnManagedPolicy(stack, construct_id, policy_document=policy.document())
        self._role.add_managed_policy(
            iam.ManagedPolicy.from_managed_policy_arn(stack, f"{construct_id}Arn", made.ref)
        )
        return made


@dataclass
class _Policy:
    """One policy. actions: by the ARN of what they may be done with. made: a managed policy's resource."""

    actions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    made: iam.CfnManagedPolicy | None = None

    def has_room(self, arn: str) -> bool:
        taken = sum(_characters(each) for each in (*self.actions, arn))
        return taken + _ALL_BUT_ARNS <= _CHARACTERS

    def document(self) -> dict[str, Any]:
        """Return the document, with each ARN once."""
        arns: dict[tuple[str, ...], list[str]] = {}
        for arn, actions in self.actions.items():
            arns.setdefault(actions, []).append(arn)
        return {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": list(actions), "Resource": several}
                for actions, several in arns.items()
            ],
        }


def _characters(arn: str) -> int:
    """Return the most that an ARN takes, with quotes and a comma. Placeholders of its parts are longer than the parts."""
    return (len(arn) if arn.startswith("arn:") else _LONGEST_ARN) + 3
