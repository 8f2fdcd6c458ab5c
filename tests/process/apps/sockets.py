"""What sockets do in a program, check by check, as JSON: FILE BUSY PORT...

Run plainly and in a worker; both have to say the same. Ports are given and never shown.
"""

import asyncio
import json
import os
import re
import select
import signal
import socket
import socketserver
import struct
import sys
import threading
import time
from contextlib import ExitStack

LOCAL = "127.0.0.1"
LONG = 15
"""Seconds that nothing takes; what would take longer hangs."""
FILE, BUSY, *PORTS = sys.argv[1], *map(int, sys.argv[2:])
free = iter(PORTS)


def bound(port=None, family=socket.AF_INET, host=LOCAL):
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    port = next(free) if port is None else port
    sock.bind((host, port))
    return sock


def listening(port=None, family=socket.AF_INET, host=LOCAL):
    sock = bound(port, family, host)
    sock.listen()
    return sock


def said(action, *args):
    """Return what an action says: its result or its error."""
    try:
        return action(*args)
    except Exception as error:
        return [type(error).__name__, getattr(error, "errno", None), str(error)]


def serve_one(sock, word=b"hello"):
    """Accept one client of our own and talk; return what both saw."""
    client = socket.create_connection(sock.getsockname()[:2], LONG)
    conn, address = sock.accept()
    conn.sendall(word)
    seen = [
        client.recv(10).decode(),
        address == client.getsockname(),
        conn.getpeername() == client.getsockname(),
        conn.getsockname() == client.getpeername(),
        len(address),
        isinstance(conn, socket.socket),
        conn.gettimeout(),
        conn.get_inheritable(),
        [int(conn.family), int(conn.type), conn.proto],
    ]
    client.sendall(b"bye")
    client.close()
    seen.append(conn.makefile("rb").read().decode())
    conn.close()
    return seen


def check_bind_imports_nothing():
    before = set(sys.modules)
    bound().close()
    return sorted(set(sys.modules) - before)


def check_bind_port_in_use():
    with socket.socket() as sock:
        return said(sock.bind, (LOCAL, BUSY))


def check_bind_foreign_address():
    with socket.socket() as sock:
        return said(sock.bind, ("192.0.2.1", next(free)))


def check_bind_errors_of_types():
    port = next(free)
    found = []
    for address in [
        (LOCAL, str(port)), (LOCAL, 70000), (LOCAL, -1), (LOCAL,), LOCAL, [LOCAL, port], None,
        (7, port), (LOCAL, 1.5), ("::1", port),
    ]:  # fmt: skip
        with socket.socket() as sock:
            found.append(said(sock.bind, address))
    return found


def check_bind_kinds_of_host():
    port = next(free)
    found = []
    for host in ["localhost", b"127.0.0.1", bytearray(b"127.0.0.1"), "", "0.0.0.0", "127.1"]:
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.append([said(sock.bind, (host, port)), sock.getsockname()[0]])
    return found


def check_bind_twice():
    with bound() as sock:
        return said(sock.bind, (LOCAL, next(free)))


def check_second_socket_on_the_port():
    port = next(free)
    with socket.socket() as one, socket.socket() as two:
        one.bind((LOCAL, port))
        one.listen()
        return said(two.bind, (LOCAL, port))


def check_listen_error_of_a_shared_port():
    port = next(free)
    with bound(port), bound(port) as two:
        return said(two.listen)


def check_reuse_port():
    port = next(free)
    socks = [socket.socket(), socket.socket()]
    for sock in socks:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((LOCAL, port))
        sock.listen()
    found = [sock.getsockname()[1] == port for sock in socks]
    for sock in socks:
        sock.close()
    return found


def check_names_and_options():
    port = next(free)
    with bound(port) as sock:
        found = [sock.getsockname() == (LOCAL, port)]
        for listens in (False, True):
            if listens:
                sock.listen()
            found += [
                sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN),
                sock.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE),
                sock.getsockopt(socket.SOL_SOCKET, socket.SO_DOMAIN),
                sock.getsockopt(socket.SOL_SOCKET, socket.SO_PROTOCOL),
                sock.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR),
                sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR),
                said(sock.getpeername),
                [int(sock.family), int(sock.type), sock.proto, sock.gettimeout()],
            ]
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 2))
        found += [
            bool(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)),
            sock.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8).hex(),
            sock.getsockname() == (LOCAL, port),
            sock.get_inheritable(),
        ]
    return [*found, said(sock.getsockname), said(sock.accept), sock.fileno()]


def check_options_reach_the_connection():
    with listening() as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = socket.create_connection(sock.getsockname())
        conn, _ = sock.accept()
        found = bool(conn.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        conn.close()
        client.close()
        return found


def check_accept():
    with listening() as sock:
        return [serve_one(sock), serve_one(sock, b"again")]


def check_accept_times_out():
    with listening() as sock:
        sock.settimeout(0.05)
        found = said(sock.accept)
        sock.settimeout(LONG)
        return [found, serve_one(sock)]


def check_accept_would_block():
    with listening() as sock:
        sock.setblocking(False)
        found = [said(sock.accept)]
        client = socket.create_connection(sock.getsockname())
        select.select([sock], [], [], LONG)
        while True:
            try:
                conn, _ = sock.accept()
                break
            except BlockingIOError:
                select.select([sock], [], [], LONG)
        found += [conn.gettimeout(), os.get_blocking(conn.fileno()), os.get_blocking(sock.fileno())]
        conn.close()
        client.close()
        sock.setblocking(True)
        return [*found, serve_one(sock)]


def check_default_timeout():
    socket.setdefaulttimeout(LONG)
    try:
        with listening() as sock:
            found = [sock.gettimeout()]
            client = socket.create_connection(sock.getsockname())
            conn, _ = sock.accept()
            found.append(conn.gettimeout())
            conn.close()
            client.close()
            return found
    finally:
        socket.setdefaulttimeout(None)


def check_dup_lives_on():
    sock = listening()
    copy = sock.dup()
    name = sock.getsockname()
    sock.close()
    found = [copy.getsockname() == name, serve_one(copy)]
    copy.close()
    return found


def check_fromfd_and_detach():
    sock = listening()
    copy = socket.fromfd(sock.fileno(), socket.AF_INET, socket.SOCK_STREAM)
    found = [copy.getsockname() == sock.getsockname(), serve_one(copy)]
    copy.close()
    again = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, sock.detach())
    found.append(serve_one(again))
    again.close()
    return found


def check_close_and_listen_again():
    port = next(free)
    found = []
    for _ in range(2):
        with listening(port) as sock:
            found.append(serve_one(sock))
    return found


def check_a_listener_is_not_connected():
    with listening() as sock:
        found = [
            said(sock.recv, 1), said(sock.recv_into, bytearray(1)), said(sock.recvfrom, 1),
            said(sock.recvfrom_into, bytearray(1)), said(sock.recvmsg, 1),
            said(sock.recvmsg_into, [bytearray(1)]), said(sock.send, b"x"),
            said(sock.sendall, b"x"), said(sock.sendmsg, [b"x"]),
        ]  # fmt: skip
        return [*found, serve_one(sock)]


def check_epoll_that_knew_the_socket_before():
    port = next(free)
    with socket.socket() as sock, ExitStack() as stack:
        level, edges, once = (stack.enter_context(select.epoll()) for _ in range(3))
        level.register(sock, select.EPOLLIN)
        edges.register(sock, select.EPOLLIN | select.EPOLLET)
        once.register(sock, select.EPOLLIN | select.EPOLLONESHOT)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((LOCAL, port))
        sock.listen()
        client = socket.create_connection((LOCAL, port))
        epolls = (level, edges, once)
        found = [[events for _, events in each.poll(LONG)] for each in epolls]
        found += [[events for _, events in each.poll(0)] for each in epolls]
        conn, _ = sock.accept()
        conn.close()
        client.close()
        for each in epolls:
            each.unregister(sock)
        return found


def check_listen_twice():
    with listening() as sock:
        sock.listen(10)
        return serve_one(sock)


def check_two_listeners():
    with listening() as one, listening() as two:
        return [serve_one(two), serve_one(one)]


def check_port_0():
    with listening(0) as one, listening(0) as two:
        ports = one.getsockname()[1], two.getsockname()[1]
        return [ports[0] != ports[1], 0 not in ports, serve_one(one), serve_one(two)]


def check_port_0_keeps_its_number():
    with bound(0, host="127.0.0.2") as sock:  # nobody has listened on port 0 of that address
        before = sock.getsockname()
        sock.listen()
        return [sock.getsockname() == before, said(sock.getpeername), serve_one(sock)]


def check_listen_unbound():
    with socket.socket() as sock:
        sock.listen()
        host, port = sock.getsockname()
        client = socket.create_connection((LOCAL, port))
        conn, _ = sock.accept()
        conn.close()
        client.close()
        return [host, port > 0]


def check_free_port_idiom():
    with socket.socket() as sock:
        sock.bind((LOCAL, 0))
        port = sock.getsockname()[1]
    with listening(port) as sock:
        return [sock.getsockname()[1] == port, serve_one(sock)]


def check_source_address():
    port = next(free)
    with listening() as server:
        client = socket.create_connection(server.getsockname(), LONG, source_address=(LOCAL, port))
        conn, address = server.accept()
        conn.sendall(b"x")
        found = [
            address == (LOCAL, port),
            client.getsockname() == (LOCAL, port),
            client.recv(1) == b"x",
        ]
        found += [client.getpeername() == server.getsockname(), client.gettimeout()]
        conn.close()
        client.close()
        return found


def check_source_address_by_connect_ex():
    with listening() as server, bound() as client:
        found = [client.connect_ex(server.getsockname())]
        conn, address = server.accept()
        found.append(address == client.getsockname())
        conn.close()
        return found


def check_ipv6():
    with listening(family=socket.AF_INET6, host="::1") as sock:
        return [len(sock.getsockname()), serve_one(sock)]


def check_dual_stack():
    port = next(free)
    with socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True) as sock:
        found = [sock.getsockname()[0]]
        for host in (LOCAL, "::1"):
            client = socket.create_connection((host, port))
            conn, address = sock.accept()
            found += [address[0], len(address), address[1] == client.getsockname()[1]]
            conn.close()
            client.close()
        return found


def check_both_families_on_one_port():
    port = next(free)
    four = socket.create_server((LOCAL, port))
    six = socket.create_server(("::1", port), family=socket.AF_INET6)
    with four, six:
        return [serve_one(six), serve_one(four)]


def check_udp_is_untouched():
    port = next(free)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        sock.bind((LOCAL, port))
        client.sendto(b"ping", (LOCAL, port))
        data, peer = sock.recvfrom(10)
        sock.sendto(data[::-1], peer)
        return [sock.getsockname() == (LOCAL, port), client.recv(10).decode(), type(sock).__name__]


def check_socketpair_and_pipes_are_untouched():
    one, two = socket.socketpair()
    one.sendall(b"x")
    found = [two.recv(1).decode(), int(one.family)]
    one.close()
    return [*found, two.recv(1).decode(), two.close()]


def check_a_forked_child_accepts():
    with listening() as sock:
        child = os.fork()
        if child == 0:
            conn, _ = sock.accept()
            conn.sendall(b"from the child")
            conn.close()
            os._exit(0)
        client = socket.create_connection(sock.getsockname())
        found = client.makefile("rb").read().decode()
        client.close()
        return [found, os.waitpid(child, 0)[1], serve_one(sock)]


def check_threads_accept_together():
    with listening() as sock:

        def serve():
            conn, _ = sock.accept()
            conn.sendall(b"x")
            conn.close()

        threads = [threading.Thread(target=serve) for _ in range(4)]
        for thread in threads:
            thread.start()
        clients = [socket.create_connection(sock.getsockname()) for _ in range(4)]
        found = [client.makefile("rb").read().decode() for client in clients]
        for thread in threads:
            thread.join()
        for client in clients:
            client.close()
        return found


def check_poll_and_select():
    with listening() as sock:
        client = socket.create_connection(sock.getsockname())
        found = [len(select.select([sock], [], [], LONG)[0])]
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        found.append([event for _, event in poll.poll(LONG * 1000)])
        conn, _ = sock.accept()
        conn.close()
        client.close()
        return [*found, len(select.select([sock], [], [], 0)[0])]


def check_asyncio():
    port = next(free)

    async def answer(reader, writer):
        writer.write((await reader.readline()).upper())
        await writer.drain()
        writer.close()

    async def main():
        server = await asyncio.start_server(answer, LOCAL, port)
        found = []
        for word in (b"one\n", b"two\n"):
            reader, writer = await asyncio.open_connection(LOCAL, port)
            writer.write(word)
            found.append((await reader.read()).decode())
            writer.close()
        names = [sock.getsockname() == (LOCAL, port) for sock in server.sockets]
        server.close()
        await server.wait_closed()
        return found + names

    return asyncio.run(main())


def check_socketserver():
    port = next(free)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            self.wfile.write(self.rfile.readline()[::-1])

    socketserver.TCPServer.allow_reuse_address = True
    with socketserver.ThreadingTCPServer((LOCAL, port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        client = socket.create_connection((LOCAL, port))
        client.sendall(b"abc\n")
        found = client.makefile("rb").read().decode()
        client.close()
        server.shutdown()
        thread.join()
        return [found, server.server_address == (LOCAL, port)]


def check_a_connection_in_pieces():
    with listening() as sock:
        client = socket.create_connection(sock.getsockname())
        conn, _ = sock.accept()
        client.sendall(b"0123456789" * 3)
        buffer = bytearray(4)
        found = [conn.recv(4).decode(), conn.recv_into(buffer), buffer.decode()]
        found += [conn.recv(3, socket.MSG_PEEK).decode(), conn.recvmsg(5)[0].decode()]
        found += [conn.recvfrom(3)[0].decode(), conn.recvfrom_into(buffer)[0]]
        conn.settimeout(0.05)
        while len(found) < 20:
            piece = said(conn.recv, 100)
            found.append(piece if isinstance(piece, list) else piece.decode())
            if isinstance(piece, list):
                break
        found.append(conn.sendmsg([b"a", b"bc"]))
        with open(sys.argv[0], "rb") as file:
            found.append(conn.sendfile(file, 0, 10))
        client.shutdown(socket.SHUT_WR)
        found.append(conn.recv(10).decode())
        conn.shutdown(socket.SHUT_RDWR)
        found.append(said(conn.send, b"x"))
        conn.close()
        found += [said(conn.recv, 1), client.makefile("rb").read().decode()]
        client.close()
        return found


def pausing(client, *parts):
    for part in parts:
        time.sleep(0.06)
        client.sendall(part)


def check_reads_that_wait():
    """A pause before the first byte and between two; a limit of the app's own."""
    with listening() as sock:
        client = socket.create_connection(sock.getsockname())
        conn, _ = sock.accept()
        limit = socket.SOL_SOCKET, socket.SO_RCVTIMEO
        found = [conn.getsockopt(*limit, 16).hex()]
        threading.Thread(target=pausing, args=(client, b"GE", b"T /")).start()
        found += [conn.recv(5, socket.MSG_WAITALL).decode(), conn.getsockopt(*limit, 16).hex()]
        conn.setsockopt(*limit, struct.pack("ll", 0, 30_000))
        found += [said(conn.recv, 5), conn.getsockopt(*limit, 16).hex()]
        conn.close()
        client.close()
        return found


def check_a_connection_detached():
    with listening() as sock:
        client = socket.create_connection(sock.getsockname())
        conn, _ = sock.accept()
        again = socket.socket(fileno=conn.detach())
        again.sendall(b"hello")
        found = [conn.fileno(), int(again.family), again.getpeername() == client.getsockname()]
        copy = again.dup()
        again.close()
        copy.sendall(b" again")
        copy.close()
        return [*found, client.makefile("rb").read().decode(), client.close()]


def check_bind_to_a_triple():
    with socket.socket() as sock:
        return said(sock.bind, (LOCAL, next(free), 0))


def check_stop_by_shutdown():
    """What some servers do to end a thread that is blocked in accept()."""
    with listening() as sock:
        threading.Timer(0.1, sock.shutdown, [socket.SHUT_RDWR]).start()
        sock.settimeout(LONG)
        return said(sock.accept)


def late(*_):
    raise AssertionError("it hangs")


def main(checks):
    signal.signal(signal.SIGALRM, late)
    found = {}
    for name, check in checks.items():
        if name.startswith("check_"):
            signal.setitimer(signal.ITIMER_REAL, 2 * LONG)
            start = time.monotonic()
            found[name[6:]] = said(check)
            signal.setitimer(signal.ITIMER_REAL, 0)
            print(name, f"{time.monotonic() - start:.3f}")
    text = json.dumps(found, default=repr)
    for at, port in enumerate(PORTS):
        text = re.sub(rf"\b{port}\b", f"PORT{at}", text)
    with open(FILE + ".part", "w") as file:
        file.write(re.sub(rf"\b{BUSY}\b", "BUSY", text))
    os.rename(FILE + ".part", FILE)


if __name__ == "__main__":
    main(dict(globals()))
