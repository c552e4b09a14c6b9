"""Checks a production-like app's templates with cfn-lint and checkov: `python -m scripts.check_templates TOOLS`.

TOOLS is the folder with both programs. scripts/template_exceptions.toml lists the findings that we accept.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
EXCEPTIONS = Path(__file__).with_name("template_exceptions.toml")
# Every optional part of the app: a public listener, and builds by AWS CodeBuild.
PRODUCTION_LIKE = {
    "certificate_arn": "arn:aws:acm:us-east-1:333333333333:certificate/00000000-0000-0000-0000-000000000000",
    "domain_name": "receipts.example.com",
    "builder": "remote",
}


@dataclass(frozen=True, order=True)
class Finding:
    """A finding of one rule about one resource."""

    rule: str
    stack: str
    resource_type: str
    logical_id: str
    message: str

    def __str__(self) -> str:
        return f"{self.rule} {self.stack}: {self.resource_type} {self.logical_id}: {self.message}"


@dataclass(frozen=True, kw_only=True)
class AcceptedFindings:
    """The reason why we accept findings of some rules about some resources."""

    rules: Sequence[str]
    resources: Sequence[str]
    reason: str

    def covers(self, rule: str, resource: str, finding: Finding) -> bool:
        """Return whether `rule` and `resource`, a glob over `type logical id`, cover the finding."""
        return rule == finding.rule and fnmatchcase(f"{finding.resource_type} {finding.logical_id}", resource)


def unexplained(findings: Iterable[Finding], accepted: Sequence[AcceptedFindings]) -> list[str]:
    """Return a line for each finding without an exception, and for each exception without a finding."""
    pairs = [(entry, rule, glob) for entry in accepted for rule in entry.rules for glob in entry.resources]
    used = set()
    lines = []
    for finding in sorted(findings):
        covering = [
            index for index, (entry, rule, glob) in enumerate(pairs) if entry.covers(rule, glob, finding)
        ]
        used.update(covering)
        if not covering:
            lines.append(str(finding))
    return lines + [
        f"{EXCEPTIONS.name}: {rule} on {glob!r} accepts no finding; delete it"
        for index, (_, rule, glob) in enumerate(pairs)
        if index not in used
    ]


def read_exceptions(text: str) -> list[AcceptedFindings]:
    """Parse the exceptions file."""
    return [AcceptedFindings(**entry) for entry in tomllib.loads(text)["accepted"]]


def synthesize(outdir: Path) -> None:
    """Write the production-like app's cloud assembly to `outdir`."""
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    context["environments"]["prod"] |= PRODUCTION_LIKE
    subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={
            **os.environ,
            "CDK_OUTDIR": str(outdir),
            "CDK_CONTEXT_JSON": json.dumps({**context, "env": "prod"}),
            "CDK_VALIDATION": "false",  # cfn-lint checks more, and a test runs CDK's own validation
        },
        check=True,
    )


def run_json(command: Sequence[str | Path]) -> Any:
    """Run a linter and return the JSON that it prints; its exit code says only that it found something."""
    done = subprocess.run(
        command, env={**os.environ, "LOG_LEVEL": "ERROR"}, capture_output=True, text=True, check=False
    )
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        sys.exit(f"{command[0]} failed ({done.returncode}): {(done.stderr or done.stdout)[-2000:]}")


def cfn_lint(tools: Path, outdir: Path) -> list[Finding]:
    """Return cfn-lint's errors and warnings."""
    templates = {path.name: path for path in sorted(outdir.glob("*.template.json"))}
    resources = {name: json.loads(path.read_text())["Resources"] for name, path in templates.items()}
    findings = []
    for match in run_json([tools / "cfn-lint", "--format", "json", *templates.values()]):
        name = Path(match["Filename"]).name
        path = match["Location"]["Path"] or []
        logical_id = str(path[1]) if path[:1] == ["Resources"] and len(path) > 1 else ""
        findings.append(
            Finding(
                rule=match["Rule"]["Id"],
                stack=name.removesuffix(".template.json"),
                resource_type=resources[name].get(logical_id, {}).get("Type", "template"),
                logical_id=logical_id,
                message=match["Message"],
            )
        )
    return findings


def checkov(tools: Path, outdir: Path) -> list[Finding]:
    """Return checkov's failed checks; it checks against rules that it ships, without a network."""
    options = ["--framework", "cloudformation", "--output", "json", "--quiet", "--compact", "--skip-download"]
    return [
        Finding(
            rule=failed["check_id"],
            stack=Path(failed["file_path"]).name.removesuffix(".template.json"),
            resource_type=failed["resource"].partition(".")[0],
            logical_id=failed["resource"].partition(".")[2],
            message=failed["check_name"],
        )
        for failed in run_json([tools / "checkov", "--directory", outdir, *options])["results"][
            "failed_checks"
        ]
    ]


def main() -> None:
    """Synthesize, check, and end with an error if a finding has no reason."""
    tools = Path(sys.argv[1]).absolute()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor() as pool:
        outdir = Path(folder)
        synthesize(outdir)
        by_tool = list(pool.map(lambda linter: linter(tools, outdir), (cfn_lint, checkov)))
    lines = unexplained(
        [finding for findings in by_tool for finding in findings], read_exceptions(EXCEPTIONS.read_text())
    )
    if lines:
        sys.exit("\n".join(lines))
    print(f"cfn-lint and checkov: {sum(map(len, by_tool))} findings, each with a reason")


if __name__ == "__main__":
    main()
