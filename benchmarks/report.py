"""Draws results and writes the page about them: `python -m benchmarks.report RESULTS.json PAGE.md`.

Its environment has matplotlib, and not the library.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

from benchmarks.results import Measurement, Results
from benchmarks.tables import tables

mpl.use("svg")
# Equal figures make equal pictures.
mpl.rcParams |= {"svg.hashsalt": "scoped-images", "svg.fonttype": "none", "font.size": 9}

import matplotlib.pyplot as plt  # noqa: E402 (after the choice of the backend)

# The page's text about each part.
ABOUT = {
    "context": "What images add to `cdk synth`, start-up not counted. The root is a repository of the size given; each "
    "image reads 50 files of it. *Package folder* is a folder that holds exactly those files, which a monorepo does not "
    "have. Peers build while the stack deploys, from an upload of the root.",
    "each_image": "What one image more costs at synth, from few images to many: the library beside a stock asset of a "
    "folder that holds exactly the image's files.",
    "large_context": "One context with `COPY .`: the library finds and writes it, `cp` copies the files, and "
    "`docker build` sends and copies them with an empty builder.",
    "rebuilds": "How often a commit rebuilds an image that reads the same files as before (needless), and how often it "
    "does not although a file that BuildKit reads has changed (missed). Git's listing of the paths that the Dockerfile "
    "copies says what BuildKit reads. Any repository: `python -m benchmarks --repository PATH --dockerfile FILE`.",
    "build": "Seconds from a change to the image in the registry, with the builder emptied before each. The base image "
    "is in the registry only.",
    "base_size": "The same change of the handler with a small and a large base, in turns.",
    "deploy": "A `cdk deploy` of this project that changes nothing, and the library's part of it: the seconds of the "
    "project's app, import of the library among them, without those of the same app with CDK's own image assets and "
    "without base images, repositories and pruner. The emulated AWS answers at once, so that each call waits 50 ms, as "
    "it does at least with AWS.",
    "pruning": "One run of the pruner against a function that answers in place of AWS.",
    "archives": "What remote builds upload for a handler, against an emulated S3.",
}


def main() -> None:
    """Write the page, and a plot for each part."""
    results, page = Results.read(Path(sys.argv[1])), Path(sys.argv[2])
    parts = [part for part in ABOUT if any(each.part == part for each in results.measurements)]
    text = [
        "# Benchmarks",
        "",
        "`make bench` writes this page on one machine; `make bench PARTS=build` renews one part. Each cell is a median, "
        "with the least and the most of several runs. **Bold** beats the library by more than a twentieth. The machine "
        "runs other programs too: compare the figures of one row, and trust none to a tenth.",
        "",
        f"{results.machine}; load while measuring {_loads(results.measurements)}.",
    ]
    for part in parts:
        own = [each for each in results.measurements if each.part == part]
        plot = page.with_name(f"{page.stem}-{part}.svg")
        text += ["", f"## {part.replace('_', ' ').capitalize()}", "", ABOUT[part], *tables(own)]
        if _draw(own, plot):
            text += ["", f"![{part}]({plot.name})"]
    page.write_text("\n".join(text) + "\n")


def _loads(measurements: Sequence[Measurement]) -> str:
    loads = sorted(each.load for each in measurements)
    return f"{loads[0]:g} to {loads[-1]:g}"


def _draw(measurements: Sequence[Measurement], file: Path) -> bool:
    """Draw the seconds of each case as bars; return False if the part compares nothing."""
    shown = [each for each in measurements if each.quantity == "seconds"]
    subjects = list(dict.fromkeys(each.subject for each in shown))
    if len(subjects) < 2:
        return False
    cases = list(dict.fromkeys(each.case for each in shown))
    figure, axes = plt.subplots(figsize=(9, 1 + 0.18 * len(shown) + 0.25 * len(cases)), layout="constrained")
    for number, subject in enumerate(subjects):
        own = [each for each in shown if each.subject == subject]
        places = [cases.index(each.case) + 0.8 * (number + 0.5) / len(subjects) - 0.4 for each in own]
        medians = [max(each.median, 0.001) for each in own]
        spread = [
            [each.median - min(each.values) for each in own],
            [max(each.values) - each.median for each in own],
        ]
        axes.barh(places, medians, height=0.8 / len(subjects), label=subject, xerr=spread)
    axes.set_yticks(range(len(cases)), cases)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel("seconds, logarithmic")
    figure.legend(loc="outside upper center", ncols=3)
    figure.savefig(file, metadata={"Date": None})
    plt.close(figure)
    return True


if __name__ == "__main__":
    main()
