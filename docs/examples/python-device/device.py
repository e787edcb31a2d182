#!/usr/bin/env python3
"""A dKVM device in Python, written from docs/wire-protocol.md alone. It needs the package `msgpack`.

It tells on the state topic `python.heard` which topic it heard last and how many events it has heard, and
answers the method `python.greet` {name} with {text}. Configuration: `greeting`, a text; "Hello" unless told.
"""

import os
import struct
import sys

import msgpack

PREAMBLE = b"dKVM\x01\x01\x00\x00"
REQUEST, RESPONSE, EVENT = 0, 1, 2
DONE, PROTOCOL, BAD_CONFIG = 0, 76, 78


def end(code, text):
    print("<error>" if code else "<info>", text, file=sys.stderr, flush=True)
    sys.exit(code)


class Link:
    def __init__(self):
        # Private descriptors (Python makes them close-on-exec), so that a stray print() is a log line.
        self.source, self.sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        self.limit = 65536
        self.sink.write(PREAMBLE)

    def read(self, count):
        data = self.source.read(count)
        if len(data) < count:
            end(DONE, "the kernel is gone")
        return data

    def receive(self):
        (length,) = struct.unpack("<I", self.read(4))
        if not 0 < length <= self.limit:
            end(PROTOCOL, f"a frame of {length} bytes")
        try:
            return msgpack.unpackb(self.read(length))
        except (ValueError, msgpack.UnpackException) as error:
            end(PROTOCOL, f"a frame is no message: {error}")

    def send(self, *message):
        data = msgpack.packb(message)
        self.sink.write(struct.pack("<I", len(data)) + data)
        self.sink.flush()

    def emit(self, topic, body, leases=()):
        self.send(EVENT, topic, msgpack.packb(body), list(leases))

    def respond(self, number, body):
        self.send(RESPONSE, number, None, msgpack.packb(body))

    def refuse(self, number, code, message):
        error = {"code": code, "message": message, "retryable": False, "context": ""}
        self.send(RESPONSE, number, error, b"")

    def shake_hands(self):
        hello = {"wire": {"major": 1, "minor": 0}, "device": "python-example", "version": "1.0",
                 "consumes": ["*"], "produces": [{"topic": "python.heard", "class": "state"}]}
        self.send(REQUEST, 0, "hello", msgpack.packb(hello))
        if self.read(len(PREAMBLE))[:6] != PREAMBLE[:6]:
            end(PROTOCOL, "the other side is no dKVM kernel")
        _, _, error, body, *_ = self.receive()
        if error:
            end(PROTOCOL, f"the kernel refused: {error['message']}")
        welcome = msgpack.unpackb(body)
        self.limit = welcome["limits"]["frame"]
        return msgpack.unpackb(welcome["config"])


def check_config(config):
    for key in config:
        if key != "greeting":
            end(BAD_CONFIG, f"unknown key {key!r} in the configuration: it takes greeting")
    if isinstance(config.get("greeting", ""), str):
        return config.get("greeting", "Hello")
    end(BAD_CONFIG, "the key 'greeting' must be a text")


def answer(link, greeting, number, method, body):
    if method == "ping":
        return link.respond(number, {})
    if method != "python.greet":
        return link.refuse(number, "unknown_method", f"no method {method} on this device")
    try:
        return link.respond(number, {"text": f"{greeting}, {msgpack.unpackb(body)['name']}!"})
    except (ValueError, KeyError, TypeError, msgpack.UnpackException):
        return link.refuse(number, "bad_request", "python.greet takes {name: string}")


def main():
    link = Link()
    greeting = check_config(link.shake_hands())
    link.emit("ready", {})
    heard = 0
    while True:
        kind, *message = link.receive()
        if kind == REQUEST:
            answer(link, greeting, *message[:3])
        elif kind == EVENT:
            topic, _, leases, source = (message + [None])[:4]
            if leases:  # it reads no shared memory, so it gives them back
                link.emit("memory.release", {"leases": [lease[0] for lease in leases]})
            if source is None and topic == "goodbye":
                end(DONE, "goodbye")
            if source:
                heard += 1
                link.emit("python.heard", {"topic": topic, "from": source[0], "count": heard})


main()
