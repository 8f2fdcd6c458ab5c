"""What a newcomer expects: Ctrl-C and SIGTERM stop the workers gracefully, the second time at once;
a handler of the program's own is its own affair. In plain code and in asyncio."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from checks import Record, done, listener, serve_ids

from pm import cluster

CASES = {  # kind of program, signals -> exit code of the primary, ends of the workers
    ("plain", "SIGINT"): (0, "0 None"),
    ("plain", "SIGTERM"): (0, "0 None"),
    ("stubborn", "SIGINT SIGINT"): (0, "None SIGKILL"),
    ("own", "SIGTERM"): (0, "0 None"),
    ("asyncio", "SIGTERM"): (0, "0 None"),
    ("asyncio", "SIGINT"): (0, "0 None"),
    ("error", ""): (1, None),
}


def case(kind, signals):
    words = [sys.executable, "-W", "error", __file__, kind]
    program = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    with program:
        if kind != "error":
            assert program.stdout.readline() == "ready\n"
        for name in signals.split():
            # to the whole group, as a terminal does
            os.killpg(program.pid, getattr(signal, name))
            if kind == "stubborn":
                program.stdout.readline()
        ends = program.stdout.read().splitlines()
        error = program.stderr.read()
    return program.returncode, ends, error


def primary():
    record = Record()
    cluster.setup_primary(kill_timeout=20)
    for _ in range(2):
        cluster.fork()

    @cluster.on("message")
    def ready():
        if len(record.of("message")) == 2:
            print("ready", flush=True)

    cluster.on("exit", lambda _, code, sig: print(code, sig))
    return record


def run(kind):
    primary()
    if kind == "own":
        signal.signal(signal.SIGTERM, lambda *_: cluster.disconnect())
    if kind == "error":
        cluster.on("message", lambda: 1 / 0)
    if kind == "stubborn":
        stop = type(cluster._primary()).stop
        type(cluster._primary()).stop = lambda self: (stop(self), print("stops", flush=True))
    cluster.run()


async def serve():
    primary()
    await cluster.serve()


if cluster.is_worker:
    if sys.argv[1] == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sock = listener()
    cluster.worker.send("ready")
    while sys.argv[1] == "stubborn":
        time.sleep(60)
    serve_ids(sock)
elif len(sys.argv) == 1:
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda key: case(*key), CASES))
    for (kind, signals), (ended, ends, error) in zip(CASES, results, strict=True):
        code, ending = CASES[kind, signals]
        said = kind, signals, ended, ends, error
        assert ended == code, said
        assert ending is None or [end for end in ends if end != "stops"] == [ending] * 2, said
        assert ("ZeroDivisionError" in error) == (kind == "error"), said
        assert error == "" or kind == "error", said
    done()
elif sys.argv[1] == "asyncio":
    import asyncio

    asyncio.run(serve())
else:
    run(sys.argv[1])
