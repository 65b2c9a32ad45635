"""A schema registry on loopback: answers GET and POST of a path with what a test says."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer


class SchemaRegistry:
    """Where it is, and which paths were asked for; replies are (status, body), a missing path is 404."""

    def __init__(self, port: int, replies: Mapping[str, tuple[int, bytes]]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.replies = dict(replies)
        self.asked: list[str] = []
        self.posted: list[bytes] = []


@contextmanager
def schema_registry(replies: Mapping[str, tuple[int, bytes]]) -> Iterator[SchemaRegistry]:
    """Run one until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known.asked.append(self.path)
            status, body = known.replies.get(self.path, (404, b'{"error_code": 40403}'))
            if status == 0:
                self.wfile.write(body)  # not HTTP at all
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            known.posted.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.do_GET()

        def log_message(self, *told: object) -> None:
            """Silent."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        known = SchemaRegistry(server.server_port, replies)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield known
        finally:
            server.shutdown()
            thread.join()
