"""Programs of Debian for tests."""

from pathlib import Path

from cdk_local_aws.debian_packages import DebianSuite, machine_mirror, unpack
from cdk_local_aws.private_files import locked
from tests.local.places import ROOT

PACKAGES = ("docker-registry", "busybox-static")


def debian_programs() -> Path:
    """Unpack the packages, once for every run of the tests, and return their root folder."""
    folder = ROOT / ".local/tests/debian"
    root = folder / "-".join(PACKAGES)
    with locked(folder):
        if not root.exists():
            suite = DebianSuite(name="trixie", mirror=machine_mirror(), work=folder / "apt")
            unpack(suite.download(PACKAGES), folder / "unpacking")
            (folder / "unpacking").rename(root)
    return root
