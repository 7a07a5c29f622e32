"""An HTTP/1.1 client that sends exactly the bytes it is told to.

Libraries mend requests before they send them; these tests need the broken
ones. Every wait has a limit.

SPDX-License-Identifier: Apache-2.0
"""
import json
import socket

from contract.meaning import body_of


class Reply:
    """One response: status, headers as they came, body."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers  # [(name, value)]
        self.body = body

    def header(self, name):
        """The value of a header that may occur once, or None."""
        values = [v for n, v in self.headers if n.lower() == name.lower()]
        assert len(values) <= 1, f"{name} occurs {len(values)} times"
        return values[0] if values else None

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:300]!r}>"


class Connection:
    """A socket to the server, and what it has sent that was not read yet.
    `port`: one of this machine, or (host, port)."""

    def __init__(self, port, timeout=30, receive_buffer=None):
        self.socket = socket.socket()
        self.socket.settimeout(timeout)
        if receive_buffer:
            self.socket.setsockopt(
                socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer
            )
        self.socket.connect(
            port if isinstance(port, tuple) else ("127.0.0.1", port)
        )
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.unread = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def _more(self):
        piece = self.socket.recv(1 << 16)
        if not piece:
            raise EOFError(f"closed after {self.unread[:200]!r}")
        self.unread += piece

    def _take(self, count):
        parts = [self.unread[:count]]
        have = len(parts[0])
        self.unread = self.unread[count:]
        while have < count:
            piece = self.socket.recv(min(count - have, 1 << 20))
            if not piece:
                raise EOFError(f"closed {count - have} bytes early")
            parts.append(piece)
            have += len(piece)
        return b"".join(parts)

    def _line(self):
        while b"\r\n" not in self.unread:
            self._more()
        line, self.unread = self.unread.split(b"\r\n", 1)
        return line.decode("latin-1")

    def _chunks(self):
        body = b""
        while True:
            size = int(self._line().split(";")[0], 16)
            if size == 0:
                break
            body += self._take(size)
            assert self._line() == ""
        while self._line():  # trailers
            pass
        return body

    def read(self, method="POST"):
        """The next response; interim ones (1xx) are returned like any."""
        reply = self._read(method)
        reply.body = body_of(reply.body, reply.header("Content-Type"))
        return reply

    def _read(self, method):
        version, status, *_ = self._line().split(" ", 2)
        assert version in ("HTTP/1.1", "HTTP/1.0"), version
        headers = []
        while line := self._line():
            name, value = line.split(":", 1)
            headers.append((name, value.strip()))
        reply = Reply(int(status), headers, b"")
        if method == "HEAD" or reply.status < 200 or reply.status == 204:
            return reply
        if (reply.header("Transfer-Encoding") or "").lower() == "chunked":
            reply.body = self._chunks()
        elif reply.header("Content-Length") is not None:
            reply.body = self._take(int(reply.header("Content-Length")))
        else:
            try:
                while True:
                    self._more()
            except EOFError:
                reply.body, self.unread = self.unread, b""
        return reply

    def request(self, method, path, headers=(), body=None):
        """Sends a well-formed request and reads the response."""
        self.send(request_bytes(method, path, headers, body))
        return self.read(method)

    def rest(self, within=5):
        """What still comes until the server closes the connection; None when
        it does not close it in time."""
        self.socket.settimeout(within)
        try:
            while piece := self.socket.recv(1 << 16):
                self.unread += piece
        except ConnectionResetError:
            pass
        except TimeoutError:
            return None
        return self.unread

    def is_closed(self, within=5):
        """Whether the server closes the connection, with no byte more."""
        return self.rest(within) == b""


def request_bytes(method, path, headers=(), body=None):
    """`headers`: pairs or a dict. A body gets its Content-Length."""
    pairs = list(headers.items() if isinstance(headers, dict) else headers)
    if body is not None:
        pairs.append(("Content-Length", str(len(body))))
    head = f"{method} {path} HTTP/1.1\r\nHost: model.aws.local:8080\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in pairs)
    return head.encode("latin-1") + b"\r\n" + (body or b"")
