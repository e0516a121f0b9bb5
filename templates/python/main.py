import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# What the console and the command line know of this service.
OPENAPI = {
    "openapi": "3.1.0",
    "info": {"title": "SERVICE", "version": "1"},
    "paths": {
        "/Hello": {
            "post": {
                "operationId": "Hello",
                "summary": "Says hello",
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "properties": {"name": {"type": "string"}},
                                "required": ["name"],
                            }
                        }
                    }
                },
                "responses": {
                    "200": {
                        "description": "the greeting",
                        "content": {
                            "application/json": {
                                "schema": {"type": "object", "properties": {"message": {"type": "string"}}}
                            }
                        },
                    }
                },
            }
        }
    },
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/openapi.json":
            self.answer(200, OPENAPI)
        elif self.path == "/health":
            self.answer(200, {"status": "ok"})
        else:
            self.fail(404, "there is nothing here")

    def do_POST(self):
        try:
            request = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "{}")
        except ValueError:
            return self.fail(400, "the body is not JSON")
        if self.path != "/Hello":
            return self.fail(404, "no such endpoint")
        if not isinstance(request, dict) or not isinstance(request.get("name"), str):
            return self.fail(400, "name: expected string")
        self.answer(200, {"message": f"Hello {request['name']}"})

    def fail(self, code, detail):
        self.answer(code, {"id": "SERVICE", "code": code, "detail": detail, "status": self.responses[code][0]})

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass  # the platform counts calls itself; print() what is worth reading


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
