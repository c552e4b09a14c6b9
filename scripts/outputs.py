"""Prints the outputs of a deployment as a table, and how to try it: `python -m scripts.outputs ENV FILE`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from cdk_local_aws.emulator.pretends import pretends

# CDK's own exports have this prefix.
_EXPORTS = "ExportsOutput"


def table(outputs: dict[str, dict[str, str]]) -> str:
    """Return stack, output and value of every output but CDK's own, sorted and in aligned columns."""
    lines = sorted(
        (stack, name, value)
        for stack, values in outputs.items()
        for name, value in values.items()
        if not name.startswith(_EXPORTS)
    )
    widths = [max(len(line[column]) for line in lines) for column in range(2)]
    return "\n".join(
        f"{stack.ljust(widths[0])}  {name.ljust(widths[1])}  {value}" for stack, name, value in lines
    )


def main() -> None:
    """Print the table and the command to try."""
    env, file = sys.argv[1], Path(sys.argv[2])
    print()
    outputs = json.loads(file.read_text())
    print(table(outputs))
    print()
    if env == "local" or any("https://" in value for values in outputs.values() for value in values.values()):
        print(f"Try it: make try{'' if env == 'local' else f' ENV={env}'}")
        print("        uploads a receipt, labels it, and reads it back over HTTP")
    else:
        print(
            "The service answers inside its VPC only; set certificate_arn and domain_name in cdk.json to make it public"
        )
    print(f"All outputs: {file}")
    if env == "local":
        print("\nThe local AWS only pretends some things:")
        print("\n".join(f"- {sentence}" for sentence in pretends()))


if __name__ == "__main__":
    main()
