"""A small registry client."""

import base64
import hashlib
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import Message

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def digest_of(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def lower(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Registry:
    """The registry at a port of loopback. password: empty to send no login."""

    port: int
    password: str = ""

    def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
        url = path if path.startswith("http") else f"http://127.0.0.1:{self.port}{path}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.password:
            named["Authorization"] = "Basic " + base64.b64encode(f"AWS:{self.password}".encode()).decode()
        request = urllib.request.Request(url, data=body, method=method, headers=named)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return Reply(response.status, lower(response.headers), response.read())
        except urllib.error.HTTPError as error:
            return Reply(error.code, lower(error.headers), error.read())

    def push_blob(self, repository: str, content: bytes) -> dict[str, object]:
        """Push a blob and return its descriptor."""
        begun = self.call("POST", f"/v2/{repository}/blobs/uploads/", b"")
        assert begun.status == 202, begun
        digest = digest_of(content)
        location = f"{begun.headers['location']}?digest={digest}"
        put = self.call("PUT", location, content, Content_Type="application/octet-stream")
        assert put.status == 201, put
        return {"digest": digest, "size": len(content), "mediaType": "application/octet-stream"}

    def manifest(self, repository: str, *layers: bytes) -> bytes:
        """Push a config and layers, and return their manifest."""
        config = self.push_blob(repository, b'{"architecture":"amd64","os":"linux"}')
        pushed = [self.push_blob(repository, layer) for layer in layers]
        body = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": pushed}
        return json.dumps(body).encode()

    def push(self, repository: str, tag: str, *layers: bytes) -> str:
        """Push an image of these layers with a tag, and return its digest."""
        manifest = self.manifest(repository, *layers)
        put = self.put_manifest(repository, tag, manifest)
        assert put.status == 201, put
        return digest_of(manifest)

    def put_manifest(self, repository: str, ref: str, manifest: bytes, media_type: str = MANIFEST) -> Reply:
        return self.call("PUT", f"/v2/{repository}/manifests/{ref}", manifest, Content_Type=media_type)
