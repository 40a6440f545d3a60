"""A receiver of webhooks with TLS on loopback, for tests: what it got, and what it answers."""
import http.server
import json
import socket
import ssl
import threading
import time


class Receiver:
    """answer: path -> status, or a function of the path that may do anything before it returns one."""

    def __init__(self, cert=None, key=None, answer=None):
        self.got, self.answer = [], answer or (lambda path: 200)
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
                outer.got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                status = outer.answer(self.path)
                self.send_response(status)
                if status in (301, 302, 307):
                    self.send_header('Location', f'https://localhost:{outer.port}/elsewhere')
                self.send_header('Content-Length', '0')
                self.end_headers()

            def log_message(self, *_):
                pass

        self.s = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.port = self.s.server_address[1]
        if cert:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(cert, key)
            self.s.socket = tls.wrap_socket(self.s.socket, server_side=True)
        threading.Thread(target=self.s.serve_forever, daemon=True).start()

    def at(self, path, n=1, seconds=30):
        """What came to that path, as soon as there are n, or the time is over."""
        end = time.time() + seconds
        while time.time() < end and sum(p == path for p, _, _ in self.got) < n:
            time.sleep(0.05)
        return [(h, b) for p, h, b in list(self.got) if p == path]

    def ids(self, path):
        return [json.loads(b)['id'] for p, _, b in list(self.got) if p == path]

    def close(self):
        self.s.shutdown()
        self.s.server_close()


class Tarpit:
    """Takes every connection and never says a word. had: how many in all; ended: how many of them are over."""

    def __init__(self):
        self.had = self.ended = 0
        self.held = []
        self.lock = threading.Lock()
        self.s = socket.create_server(('127.0.0.1', 0), backlog=64)
        self.port = self.s.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                c, _ = self.s.accept()
            except OSError:
                return
            with self.lock:
                self.had += 1
                self.held.append(c)
            threading.Thread(target=self.hold, args=(c,), daemon=True).start()

    def hold(self, c):
        try:
            while c.recv(4096):
                pass
        except OSError:
            pass
        c.close()
        with self.lock:
            self.ended += 1

    def close(self):
        """Whoever is held is let go."""
        self.s.close()
        for c in self.held:
            try:
                c.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
