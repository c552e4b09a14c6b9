"""A buildkitd of the tests' own, from Debian's packages: its image is on a registry that not every machine reaches."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.debian_go_program import build_go_program
from tests.differential.nightly.parents_frontend import PACKAGES as FRONTEND_PACKAGES

BUILDKIT = "github.com/moby/buildkit"
# What the daemon imports beside the frontend.
PACKAGES = (
    *FRONTEND_PACKAGES,
    "golang-x-time",
    *(
        f"github-{name}"
        for name in (
            *("anchore-go-struct-converter", "appc-cni", "armon-circbuf", "beorn7-perks", "cenkalti-backoff"),
            *("containerd-console", "containerd-fifo", "containerd-go-cni", "containerd-go-runc"),
            *(
                "containerd-nydus-snapshotter",
                "containernetworking-plugins",
                "coreos-bbolt",
                "coreos-go-systemd",
            ),
            *("cpuguy83-go-md2man-v2", "docker-go-events", "docker-go-metrics", "golang-groupcache"),
            *(
                "hanwen-go-fuse",
                "hashicorp-errwrap",
                "hashicorp-go-cleanhttp",
                "hashicorp-go-immutable-radix",
            ),
            *("hashicorp-go-multierror", "hashicorp-go-retryablehttp", "hashicorp-golang-lru"),
            *("mitchellh-hashstructure", "mitchellh-hashstructure-v2", "munnerz-goautoneg"),
            *("opencontainers-selinux", "opencontainers-specs", "pelletier-go-toml", "pkg-profile"),
            *(
                "prometheus-client-golang",
                "prometheus-client-model",
                "prometheus-common",
                "prometheus-procfs",
            ),
            *("russross-blackfriday-v2", "spdx-tools-golang", "urfave-cli", "vishvananda-netlink"),
            "vishvananda-netns",
        )
    ),
)
# Debian does not package these. Only provenance, and machines without overlayfs, would use them.
STAND_INS = {
    "github.com/tonistiigi/go-archvariant": """package archvariant
func AMD64Variant() string { return "v1" }
""",
    "github.com/containerd/fuse-overlayfs-snapshotter": """package fuseoverlayfs
import (
	"errors"
	"github.com/containerd/containerd/snapshots"
)
var errMissing = errors.New("not built in")
func Supported(string) error { return errMissing }
func NewSnapshotter(string) (snapshots.Snapshotter, error) { return nil, errMissing }
""",
    "github.com/package-url/packageurl-go": """package packageurl
import "errors"
const (
	TypeDocker = "docker"
	TypeOCI    = "oci"
)
type Qualifier struct{ Key, Value string }
type Qualifiers []Qualifier
type PackageURL struct {
	Type, Namespace, Name, Version string
	Qualifiers                     Qualifiers
	Subpath                        string
}
func NewPackageURL(t, space, name, version string, q Qualifiers, sub string) *PackageURL {
	return &PackageURL{t, space, name, version, q, sub}
}
func (p *PackageURL) ToString() string { return "pkg:" + p.Type + "/" + p.Name + "@" + p.Version }
func FromString(string) (PackageURL, error) { return PackageURL{}, errors.New("not built in") }
""",
}
# Caches of clouds, whose clients Debian packages only in part.
CLOUD_CACHES = re.compile(r"^.*(azblob|remotecache/gha|gha\.Resolve|s3remotecache).*\n", re.MULTILINE)
CONFIGURATION = """
root = "{folder}/root"
insecure-entitlements = ["network.host"]
[grpc]
address = ["unix://{folder}/buildkitd.sock"]
[worker.oci]
networkMode = "host"
[worker.containerd]
enabled = false
"""
START_SECONDS = 60


def build_buildkitd(folder: Path) -> Path:
    """Build the program into `folder`, unless it is there, and return it; this takes three minutes of CPU."""
    return build_go_program(
        folder / "buildkitd", source=BUILDKIT, package="cmd/buildkitd", packages=PACKAGES, prepare=_prepare
    )


def _prepare(sources: Path) -> None:
    for name, text in STAND_INS.items():
        (sources / name).mkdir(parents=True)
        (sources / name / "stand_in.go").write_text(text)
    # As modules name it; Debian's packages are older than modules.
    (sources / "github.com/coreos/go-systemd/v22").symlink_to(".")
    main = sources / BUILDKIT / "cmd/buildkitd/main.go"
    main.write_text(CLOUD_CACHES.sub("", main.read_text()))


@contextmanager
def running_buildkitd(program: Path) -> Iterator[str]:
    """Start the daemon and yield its address."""
    # A socket's path may have 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="buildkitd-"))
    (folder / "buildkitd.toml").write_text(CONFIGURATION.format(folder=folder))
    with (folder / "log").open("wb") as log:
        daemon = subprocess.Popen([program, "--config", folder / "buildkitd.toml"], stdout=log, stderr=log)
    try:
        give_up = time.monotonic() + START_SECONDS
        while not (folder / "buildkitd.sock").exists():
            assert daemon.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < give_up
            time.sleep(0.1)
        yield f"unix://{folder}/buildkitd.sock"
    finally:
        daemon.terminate()
        daemon.wait()
        shutil.rmtree(folder)
