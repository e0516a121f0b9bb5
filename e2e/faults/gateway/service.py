"""A service on Python's own http.server, which keeps connections open. Says on its output what it reads, a line of JSON each."""
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def say(**what):
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def answer(self):
        body, whole = self.body()
        if not whole:
            self.close_connection = True
            return
        # As it was sent: `path` has slashes at its beginning made into one (CPython, gh-87389).
        say(method=self.command, url=self.requestline.split()[1], body=body.decode("latin1"), headers=[[name.lower(), value] for name, value in self.headers.items()])
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(b"ok")

    def body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            size = int(self.headers.get("Content-Length", "0"))
            data = self.rfile.read(size)
            return data, len(data) == size
        data = b""
        while True:
            line = self.rfile.readline()
            if not line.endswith(b"\n"):
                return data, False
            size = int(line.split(b";")[0], 16)
            if size == 0:
                break
            part = self.rfile.read(size)
            data += part
            if len(part) < size or self.rfile.readline() != b"\r\n":
                return data, False
        while True:
            line = self.rfile.readline()
            if line in (b"\r\n", b""):
                return data, line != b""

    def send_error(self, code, message=None, explain=None):
        say(error=f"{code} {message}: {self.raw_requestline!r}")
        super().send_error(code, message, explain)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 1024
    daemon_threads = True

    def handle_error(self, request, client_address):
        kind = sys.exc_info()[0]
        if kind not in (ConnectionResetError, BrokenPipeError):
            say(error=repr(sys.exc_info()[1]))


server = Server(("127.0.0.1", 0), Handler)
say(port=server.server_port)
server.serve_forever()
