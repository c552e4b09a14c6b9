"""Which findings of cfn-lint and checkov fail the check of the templates."""

from __future__ import annotations

from typing import Any

from scripts.check_templates import AcceptedFindings, Finding, unexplained


def finding(**changes: Any) -> Finding:
    return Finding(
        **{
            "rule": "CKV_AWS_21",
            "stack": "receipts-prod-storage",
            "resource_type": "AWS::S3::Bucket",
            "logical_id": "AccessLogs8B620ECA",
            "message": "Ensure the S3 bucket has versioning enabled",
            **changes,
        }
    )


def accepted(*, rules: list[str], resources: list[str]) -> AcceptedFindings:
    return AcceptedFindings(rules=rules, resources=resources, reason="a reason")


def test_an_accepted_finding_passes() -> None:
    assert (
        unexplained([finding()], [accepted(rules=["CKV_AWS_21"], resources=["AWS::S3::Bucket AccessLogs*"])])
        == []
    )


def test_the_same_finding_about_another_resource_fails() -> None:
    exception = accepted(rules=["CKV_AWS_21"], resources=["AWS::S3::Bucket AccessLogs*"])
    assert unexplained([finding(), finding(logical_id="Images2D38C313")], [exception]) == [
        "CKV_AWS_21 receipts-prod-storage: AWS::S3::Bucket Images2D38C313: "
        "Ensure the S3 bucket has versioning enabled"
    ]


def test_another_finding_about_the_same_resource_fails() -> None:
    exception = accepted(rules=["CKV_AWS_21"], resources=["AWS::S3::Bucket AccessLogs*"])
    assert unexplained([finding(), finding(rule="CKV_AWS_18", message="no logs")], [exception]) == [
        "CKV_AWS_18 receipts-prod-storage: AWS::S3::Bucket AccessLogs8B620ECA: no logs"
    ]


def test_an_exception_that_accepts_nothing_fails() -> None:
    """It would hide the next finding of its kind."""
    exception = accepted(rules=["CKV_AWS_21", "CKV_AWS_18"], resources=["AWS::S3::Bucket AccessLogs*"])
    assert unexplained([finding()], [exception]) == [
        "template_exceptions.toml: CKV_AWS_18 on 'AWS::S3::Bucket AccessLogs*' accepts no finding; delete it"
    ]
