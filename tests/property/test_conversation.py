"""However the bytes are cut, the state is what a slow parser of the whole transcript says."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from pm.worker.sockets.conversation import BUSY, CLOSING, IDLE, OPAQUE, OPEN, Conversation


@dataclass(frozen=True)
class Message:
    """One request or response, and where its body begins."""

    head: bytes
    body: bytes

    @property
    def raw(self) -> bytes:
        return self.head + self.body


def chunked(parts: list[bytes], trailer: bytes) -> bytes:
    """Code a body in chunks."""
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts if part)
    return chunks + b"0\r\n" + trailer + b"\r\n"


CONTENT = st.one_of(
    st.binary(max_size=40), st.sampled_from([b"0\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"])
)
EXTRA = st.lists(
    st.sampled_from(
        [b"Host: a\r\n", b"Cookie: close\r\n", b"Connection: keep-alive\r\n", b"TE: x\r\n"]
    ),
    max_size=3,
).map(b"".join)
BODY = st.one_of(
    st.tuples(st.just(b""), st.just(b"")),
    CONTENT.map(lambda raw: (b"Content-Length: %d\r\n" % len(raw), raw)),
    st.tuples(st.lists(CONTENT, max_size=3), st.sampled_from([b"", b"X: y\r\n"])).map(
        lambda pair: (b"transfer-encoding: Chunked\r\n", chunked(*pair))
    ),
)


@st.composite
def requests(draw: st.DrawFn) -> Message:
    """Make a request."""
    line = draw(st.sampled_from([b"GET", b"POST", b"HEAD", b"DELETE"])) + b" /x HTTP/1.1\r\n"
    framing, body = draw(BODY)
    before = draw(st.sampled_from([b"", b"", b"\r\n"]))
    return Message(before + line + draw(EXTRA) + framing + b"\r\n", body)


@st.composite
def responses(draw: st.DrawFn, request: Message) -> Message:
    """Make a response that fits, interim ones before it."""
    interim = draw(st.sampled_from([b"", b"", b"HTTP/1.1 100 Continue\r\n\r\n"]))
    status = draw(st.sampled_from([b"200 OK", b"404 No", b"204 None", b"304 Same"]))
    framing, body = draw(BODY.filter(lambda pair: bool(pair[0])))
    if request.head.lstrip().startswith(b"HEAD") or status[:3] in (b"204", b"304"):
        body = b""
    head = b"HTTP/1.1 " + status + b"\r\n" + draw(EXTRA) + framing + b"\r\n"
    return Message(interim + head, body)


@st.composite
def stories(draw: st.DrawFn) -> list[tuple[str, bytes]]:
    """Make operations, in an order that a server could see; messages cut anywhere."""
    asked = draw(st.lists(requests(), min_size=1, max_size=4))
    answers = [draw(responses(request)) for request in asked]
    heard, said = b"".join(m.raw for m in asked), b"".join(m.raw for m in answers)
    operations: list[tuple[str, bytes]] = []
    got = put = 0
    while got < len(heard) or put < len(said):
        complete = heads_in(asked, got)
        allowed = sum(len(answer.raw) for answer in answers[:complete])
        sizes = st.sampled_from([1, 2, 5, 30, 1000, 10_000])
        if put < allowed and (got == len(heard) or draw(st.booleans())):
            step = min(draw(sizes), allowed - put)
            operations.append((">", said[put : put + step]))
            put += step
        else:
            # A receive ends with the request as often as not, as it does in life.
            ends = [sum(len(m.raw) for m in asked[: n + 1]) for n in range(len(asked))]
            end = next(end for end in ends if end > got)
            step = end - got if draw(st.booleans()) else min(draw(sizes), len(heard) - got)
            operations.append(("<", heard[got : got + step]))
            got += step
    return operations


def heads_in(messages: list[Message], size: int) -> int:
    """Return how many of the messages' heads are within the first `size` bytes."""
    at = count = 0
    for message in messages:
        count += at + len(message.head) <= size
        at += len(message.raw)
    return count


def parse(raw: bytes, methods: list[str] | None) -> tuple[list[str], int, bool]:
    """Return the methods (or `?`) of the heads, the complete messages, and if bytes are left."""
    found: list[str] = []
    complete = 0
    while raw := raw if methods is not None else raw.removeprefix(b"\r\n"):
        head, end, rest = raw.partition(b"\r\n\r\n")
        if not end:
            return found, complete, True
        first, *lines = head.decode("latin-1").split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in lines)
        code = first.split(" ")[1]
        if methods is not None and code == "100":
            raw = rest
            continue
        method = methods[len(found)] if methods is not None else first.split(" ")[0]
        found.append(method)
        bare = methods is not None and (method == "HEAD" or code in ("204", "304"))
        length = 0 if bare else body_length(fields, rest)
        if length is None or len(rest) < length:
            return found, complete, True
        complete += 1
        raw = rest[length:]
    return found, complete, False


def body_length(fields: dict[str, str], rest: bytes) -> int | None:
    """Return the length of a body; None if its end has not come."""
    if "transfer-encoding" not in fields:
        return int(fields.get("content-length", "0"))
    at = 0
    while (end := rest.find(b"\r\n", at)) >= 0:
        size = int(rest[at:end], 16)
        if size:
            at = end + 2 + size + 2
            continue
        done = rest.find(b"\r\n\r\n", end)
        return done + 4 if done >= 0 else None
    return None


def expected(heard: bytes, said: bytes) -> int:
    """Say by the whole transcript what the state is."""
    methods, asked, begun = parse(heard, None)
    if not heard:
        return OPEN
    _, answered, unfinished = parse(said, methods)
    idle = asked == answered == len(methods) and not begun and not unfinished
    return IDLE if idle else BUSY


@settings(deadline=None)
@given(stories())
def test_any_cut_gives_the_same_state(operations: list[tuple[str, bytes]]) -> None:
    """After every operation the state is that of the transcript."""
    talk = Conversation()
    heard = said = b""
    for way, data in operations:
        if way == "<":
            heard += data
            talk.received(data)
        else:
            said += data
            talk.sent(data)
        assert talk.state == expected(heard, said), (heard, said)


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=60)), max_size=8))
def test_noise_is_survived(operations: list[tuple[bool, bytes]]) -> None:
    """No bytes raise, and what is opaque stays so."""
    talk = Conversation()
    for received, data in operations:
        before = talk.state
        (talk.received if received else talk.sent)(data)
        assert before < OPAQUE or talk.state >= OPAQUE
        assert talk.state in range(OPEN, OPAQUE + 2)
        assert talk.state != CLOSING or before in (OPEN, BUSY, IDLE, CLOSING)
