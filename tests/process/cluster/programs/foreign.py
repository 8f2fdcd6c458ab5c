"""The primary is a foreign program: its signals, children, threads and fds are its own."""

import contextlib
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading

from checks import Record, done, listener, serve_ids

from pm import cluster


def fds():
    return set(os.listdir("/proc/self/fd"))


def child_sees(queue):
    """Tell of a forked child: it has no workers, and no fds of the cluster."""
    queue.put((len(cluster.workers), sorted(fds())))


if cluster.is_worker:
    with listener() as sock:
        serve_ids(sock)

handlers = {n: signal.getsignal(n) for n in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM)}
before = fds()
record = Record()
other = subprocess.Popen([sys.executable, "-c", "import sys; sys.exit(9)"])
for _ in range(2):
    cluster.fork()
assert {number: signal.getsignal(number) for number in handlers} == handlers
assert threading.active_count() == len(os.listdir("/proc/self/task")) == 1
for fd in fds() - before:
    with contextlib.suppress(OSError):  # the folder's own
        assert not os.get_inheritable(int(fd)), os.readlink(f"/proc/self/fd/{fd}")


@cluster.on("listening")
def all_there(_, address):
    if len(record.of("listening")) < 2:
        return
    # a child by fork holds nothing open that the workers or clients wait for
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    child = context.Process(target=child_sees, args=(queue,))
    child.start()
    workers, seen = queue.get()
    child.join()
    assert workers == 0
    assert child.exitcode == 0
    allowed = {os.readlink(f"/proc/self/fd/{fd}") for fd in before & fds()}
    assert len(seen) <= len(allowed) + 6, seen  # what multiprocessing itself needs
    queue.close()
    with socket.create_connection(("127.0.0.1", address.port), 10):
        pass
    assert subprocess.run([sys.executable, "-c", "raise SystemExit(5)"]).returncode == 5
    os.kill(os.getpid(), signal.SIGTERM)


cluster.run()
assert {number: signal.getsignal(number) for number in handlers} == handlers
assert signal.set_wakeup_fd(-1) == -1
assert other.wait() == 9  # nobody else has reaped it
assert [entry[2:] for entry in record.of("exit")] == [(0, None)] * 2
done()
