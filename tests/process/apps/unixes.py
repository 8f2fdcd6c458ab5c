"""What unix sockets do in a program: as `sockets`, beside which it lies."""

import asyncio
import os
import pickle
import shutil
import socket
import struct
import subprocess
import sys

from sockets import FILE, main, said

LIVING = """
import socket, sys
sock = socket.socket(socket.AF_UNIX)
sock.bind(sys.argv[1])
sock.listen()
print(1, flush=True)
sys.stdin.read()
"""


def unix_listener(path=None):
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(path or FILE + ".unix")
    sock.listen()
    return sock


def unix_client(path=None):
    client = socket.socket(socket.AF_UNIX)
    client.connect(path or FILE + ".unix")
    return client


def check_unix_listener():
    path = FILE + ".unix"
    with unix_listener() as sock, unix_client() as client:
        conn, peer = sock.accept()
        conn.sendall(b"hello")
        conn.close()
        found = [sock.getsockname() == path, peer, client.getpeername() == path]
        return [*found, client.recv(10).decode(), os.unlink(path)]


def check_unix_names_and_options():
    os.chdir(os.path.dirname(FILE))
    name = os.path.basename(FILE) + ".relative"
    before = os.umask(0o117)
    with unix_listener(os.fsencode(name)) as sock:
        os.umask(before)
        found = [sock.getsockname() == name, oct(os.stat(name).st_mode), sock.type, sock.family]
        found += [sock.getsockopt(socket.SOL_SOCKET, option) for option in (
            socket.SO_TYPE, socket.SO_ACCEPTCONN, socket.SO_DOMAIN,
        )]  # fmt: skip
        os.chmod(name, 0o600)
        return [*found, oct(os.stat(name).st_mode), said(sock.getpeername), os.unlink(name)]


def check_unix_client_with_a_name():
    """A client that binds its own address; the listener sees it."""
    with unix_listener() as sock, socket.socket(socket.AF_UNIX) as client:
        client.bind(FILE + ".client")
        client.connect(FILE + ".unix")
        conn, peer = sock.accept()
        conn.sendall(b"hello")
        found = [peer == FILE + ".client", client.recv(10).decode(), client.getsockname() == peer]
        conn.close()
        os.unlink(FILE + ".client")
        return [*found, os.path.exists(FILE + ".client"), os.unlink(FILE + ".unix")]


def check_unix_credentials():
    with unix_listener() as sock, unix_client() as client:
        conn, _ = sock.accept()
        raw = conn.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        conn.close()
        os.unlink(FILE + ".unix")
        mine = struct.pack("3i", os.getpid(), os.getuid(), os.getgid())
        return [raw == mine, client.recv(1).decode()]


def check_unix_abstract_name():
    name = "\0" + FILE
    with unix_listener(name) as sock, unix_client(name) as client:
        conn, peer = sock.accept()
        conn.close()
        return [sock.getsockname() == os.fsencode(name), peer, client.recv(1).decode()]


def check_unix_long_path():
    folder = os.path.join(os.path.dirname(FILE), "x" * 100, "y" * 100)
    os.makedirs(folder, exist_ok=True)
    fd = os.open(folder, os.O_PATH)
    name = f"/proc/self/fd/{fd}/sock"
    with unix_listener(name) as sock, unix_client(name) as client:
        conn, _ = sock.accept()
        conn.close()
        found = [client.recv(1).decode(), os.listdir(folder)]
    os.unlink(os.path.join(folder, "sock"))
    os.close(fd)
    return found


def check_unix_errors():
    with unix_listener() as sock:
        with socket.socket(socket.AF_UNIX) as other:
            found = [said(other.bind, name) for name in (
                "/nonexistent/sock", "x" * 200, os.path.dirname(FILE), 5, None, ("a", 1),
            )]  # fmt: skip
        found += [said(sock.bind, FILE + ".other")]
        os.unlink(FILE + ".unix")
    return [text.replace(os.path.dirname(FILE), "") if isinstance(text, str) else text
            for text in found]  # fmt: skip


def check_unix_file_of_a_living_program():
    """Who does not remove it first cannot have it; who does takes it away."""
    path = FILE + ".taken"
    child = subprocess.Popen(
        [sys.executable, "-c", LIVING, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    child.stdout.read(2)
    with socket.socket(socket.AF_UNIX) as sock:
        found = [said(sock.bind, path), os.unlink(path), said(sock.bind, path)]
        sock.listen()
        with unix_client(path) as client:
            conn, _ = sock.accept()
            conn.close()
            found.append(client.recv(1).decode())
    child.communicate()
    return [*found, os.unlink(path)]


def check_unix_removed_and_bound_again():
    """What a program does that starts its server anew."""
    found = []
    for _ in range(3):
        with unix_listener() as sock, unix_client() as client:
            conn, _ = sock.accept()
            conn.sendall(b"hello")
            conn.close()
            found.append(client.recv(10).decode())
        os.remove(FILE + ".unix")
    return found


def check_unix_renamed():
    """As sanic does: bound and listening under another name first."""
    with unix_listener(FILE + ".part") as sock:
        os.rename(FILE + ".part", FILE + ".unix")
        with unix_client() as client:
            conn, _ = sock.accept()
            conn.sendall(b"hello")
            conn.close()
            found = [client.recv(10).decode(), os.path.exists(FILE + ".part")]
        return [*found, os.unlink(FILE + ".unix")]


def check_unix_asyncio():
    async def main():
        async def answer(reader, writer):
            writer.write((await reader.readline()).upper())
            await writer.drain()
            writer.close()

        server = await asyncio.start_unix_server(answer, FILE + ".unix")
        reader, writer = await asyncio.open_unix_connection(FILE + ".unix")
        writer.write(b"hello\n")
        found = (await reader.read()).decode()
        writer.close()
        server.close()
        return found

    return asyncio.run(main())


def check_functions_of_os():
    functions = [os.unlink, os.remove, os.rename, os.replace]
    with open(FILE + ".file", "w"):
        pass
    os.rename(FILE + ".file", FILE + ".moved")
    return [
        [f.__name__, f.__module__ in ("os", "posix"), pickle.loads(pickle.dumps(f)) is f,
         f in os.supports_dir_fd] for f in functions
    ] + [
        said(lambda: os.unlink(FILE + ".file") and 0)[:2], os.unlink(os.fsencode(FILE + ".moved")),
        shutil.rmtree.avoids_symlink_attacks, said(os.unlink)[0],
    ]  # fmt: skip


if __name__ == "__main__":
    main(dict(globals()))
