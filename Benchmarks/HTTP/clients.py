"""Clients of one thread: connections that are kept alive, one request on its way on each, a time-out for each request."""
import errno
import select
import socket
import time


class Answer:
    """Gathers one answer. HTTP as the two peers speak it: with Content-Length, or chunked."""

    def __init__(self):
        self.data = b""
        self.head_end = -1
        self.status = 0
        self.length = None

    def feed(self, data):
        """Takes bytes; true when the answer is whole."""
        self.data += data
        if self.head_end < 0:
            self.head_end = self.data.find(b"\r\n\r\n")
            if self.head_end < 0:
                return False
            head = self.data[: self.head_end].lower()
            self.status = int(head[9:12])
            place = head.find(b"content-length:")
            if place >= 0:
                self.length = int(head[place + 15:].split(b"\r\n", 1)[0])
            elif self.status == 204 or self.status == 304:
                self.length = 0
        if self.length is None:
            return self.data.endswith(b"0\r\n\r\n")
        return len(self.data) >= self.head_end + 4 + self.length

    @property
    def body(self):
        rest = self.data[self.head_end + 4:]
        if self.length is not None:
            return rest[: self.length]
        parts = []
        while rest:
            size, rest = rest.split(b"\r\n", 1)
            count = int(size, 16)
            if count == 0:
                break
            parts.append(rest[:count])
            rest = rest[count + 2:]
        return b"".join(parts)


class Connection:
    """A connection to one of several ports. When a request fails it goes on at the next port, with the next request."""

    def __init__(self, loop, ports, place, timeout):
        self.loop = loop
        self.ports = ports
        self.place = place
        self.timeout = timeout
        self.socket = None
        self.request = None
        self.answer = None
        self.deadline = 0.0
        self.due = 0.0
        self.is_connecting = False

    # What a client is: overridden.

    def next_request(self):
        """Bytes to send now; None if there is nothing more to do."""
        raise NotImplementedError

    def answered(self, answer, now):
        """An answer has come; returns the pause before the next request."""
        raise NotImplementedError

    def failed(self, now):
        """The connection broke or the time is over: nobody knows whether the request had an effect."""

    # What every connection does.

    def begin(self, now):
        request = self.next_request()
        if request is None:
            return False
        self.request = request
        self.answer = Answer()
        self.deadline = now + self.timeout
        if self.socket is None:
            self.connect()
        else:
            self.send()
        return True

    def connect(self):
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = self.socket.connect_ex(("127.0.0.1", self.ports[self.place]))
        self.is_connecting = True
        if code not in (0, errno.EINPROGRESS):
            self.give_up(time.monotonic())
            return
        self.loop.watch(self, select.EPOLLOUT)

    def send(self):
        try:
            self.request = self.request[self.socket.send(self.request):]
        except BlockingIOError:
            pass
        except OSError:
            self.give_up(time.monotonic())
            return
        self.loop.watch(self, select.EPOLLOUT if self.request else select.EPOLLIN)

    def ready(self, events, now):
        if self.is_connecting:
            if self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                self.give_up(now)
                return
            self.is_connecting = False
            self.send()
            return
        if events & select.EPOLLOUT and self.request:
            self.send()
            return
        try:
            data = self.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data or self.answer is None:
            self.give_up(now)
            return
        if self.answer.feed(data):
            answer, self.answer = self.answer, None
            self.due = now + self.answered(answer, now)

    def give_up(self, now):
        self.close()
        was_asking = self.answer is not None
        self.answer = None
        self.place = (self.place + 1) % len(self.ports)
        self.due = now + 0.002
        if was_asking:
            self.failed(now)

    def close(self):
        if self.socket is not None:
            self.loop.forget(self)
            self.socket.close()
            self.socket = None


class Loop:
    """Serves connections until a time, or until none has anything more to do."""

    def __init__(self):
        self.epoll = select.epoll()
        self.watched = {}
        self.connections = []

    def add(self, connection):
        self.connections.append(connection)

    def watch(self, connection, events):
        number = connection.socket.fileno()
        if number in self.watched:
            self.epoll.modify(number, events)
        else:
            self.epoll.register(number, events)
            self.watched[number] = connection

    def forget(self, connection):
        number = connection.socket.fileno()
        if self.watched.pop(number, None) is not None:
            self.epoll.unregister(number)

    def run(self, until, events=()):
        """`events` are pairs of a time and something to call then."""
        events = sorted(events, key=lambda event: event[0])
        while True:
            now = time.monotonic()
            while events and events[0][0] <= now:
                events.pop(0)[1]()
                now = time.monotonic()
            if now >= until:
                return
            wake = min([until] + [event[0] for event in events[:1]])
            is_busy = False
            for connection in self.connections:
                if connection.answer is not None:
                    if connection.deadline <= now:
                        connection.give_up(now)
                    else:
                        wake = min(wake, connection.deadline)
                        is_busy = True
                        continue
                if connection.due <= now:
                    is_busy = connection.begin(now) or is_busy
                else:
                    wake = min(wake, connection.due)
                    is_busy = True
            if not is_busy and not events:
                return
            for number, happened in self.epoll.poll(max(0.0, min(wake - time.monotonic(), 0.05))):
                connection = self.watched.get(number)
                if connection is not None:
                    connection.ready(happened, time.monotonic())

    def close(self):
        for connection in self.connections:
            connection.close()
        self.epoll.close()


class Filler(Connection):
    """Writes keys from a common list until none is left; repeats what fails."""

    def __init__(self, loop, ports, peer, keys, value):
        super().__init__(loop, ports, 0, 5.0)
        self.peer = peer
        self.keys = keys
        self.value = value
        self.key = None

    def next_request(self):
        if self.key is None:
            if not self.keys:
                return None
            self.key = self.keys.pop()
        return self.peer.put(self.key, self.value)

    def answered(self, answer, now):
        if answer.status < 300:
            self.key = None
        return 0.0


def fill(peer, ports, count, value):
    """Writes so many keys, as they are named in the Lua scripts."""
    loop = Loop()
    keys = [f"k{number:07d}" for number in range(count)]
    for _ in range(32):
        loop.add(Filler(loop, ports, peer, keys, value))
    loop.run(time.monotonic() + 300)
    loop.close()
    if keys:
        raise TimeoutError(f"{peer.name} has not taken {count} keys in five minutes")
