"""A real HTTP server with the collector's doors, that can be told to refuse the next requests."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.serving import make_server

from tests.conftest import make_settings
from tracker.collector import Collector, collector_blueprint
from tracker.db import Database, utc_now
from tracker.inbox import Inbox, Limits, read_inbox
from tracker.models import SiteKey
from tracker.records import Envelope, Hit, decode_envelope
from tracker.segment_routes import segment_blueprint
from tracker.server_keys import digest_key, make_server_key
from tracker.sites import SiteBook

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class Door:
    """Keeps the headers of every POST; `refusals` are statuses that the next ones get."""

    def __init__(self, database: Database, directory: Path, **changes: Any) -> None:
        self.database = database
        self.received: list[dict[str, str]] = []
        self.refusals: deque[int] = deque()
        self._http = make_server("127.0.0.1", 0, self._gate, threaded=True)
        self.port = self._http.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        settings = make_settings(directory, database.url, **{"base_url": self.url} | changes)
        self._inbox = Inbox(settings.inbox_dir, Limits(free_bytes=0, free_share=0))
        self._collector = Collector(settings, SiteBook(database), self._inbox)
        self._app = Flask(__name__)
        for blueprint in (segment_blueprint(self._collector), collector_blueprint(self._collector)):
            self._app.register_blueprint(blueprint)
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def make_key(self, site_id: int) -> str:
        """A server's secret key."""
        key = make_server_key()
        with self.database.write() as session:
            row = SiteKey(
                site_id=site_id, name="Shop", digest=digest_key(key), hint=key[-4:], created_at=utc_now()
            )
            session.add(row)
        return key

    def envelopes(self) -> list[Envelope]:
        reads = read_inbox(self._inbox.directory, {}, 10_000)
        return [decode_envelope(read.record) for read in reads]

    def hits(self) -> list[Hit]:
        return [hit for envelope in self.envelopes() for hit in envelope.hits]

    def named(self, name: str) -> list[Hit]:
        return [hit for hit in self.hits() if hit.name == name]

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
        self._collector.close()

    def _gate(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "POST":
            headers = {name: value for name, value in environ.items() if isinstance(value, str)}
            self.received.append(headers)
            if self.refusals:
                return self._refuse(environ, start_response)
        answer: Any = self._app(environ, start_response)
        return answer  # type: ignore[no-any-return]

    def _refuse(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        cors = [("Access-Control-Allow-Origin", "*"), ("Content-Length", "0")]
        start_response(f"{self.refusals.popleft()} Refused", cors)
        return [b""]
