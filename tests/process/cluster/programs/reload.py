"""cluster.reload(): new code without a lost request; broken code is refused, and the old stays."""

import asyncio
import tempfile
from pathlib import Path

from checks import Record, ask, done, port_of, until

from pm import cluster

WORKER = """
import socket, sys
from pm import cluster
sock = socket.socket()
sock.bind(("127.0.0.1", 0))
sock.listen()
while True:
    conn, _ = sock.accept()
    conn.sendall(b"%s %%d" %% cluster.worker.id)
    conn.close()
"""


async def load(port, answers, over):
    while not over.is_set():
        answers.append(await ask(port))


async def main(script):
    script.write_text(WORKER % "old")
    record = Record()
    cluster.setup_primary(exec=script)
    cluster.on("exit", lambda *_: cluster.fork())  # the classic: it must not add workers now
    async with cluster:
        for _ in range(2):
            cluster.fork()
        await until(lambda: len(record.of("listening")) == 2, "both listen")
        port, answers, over = port_of(record), [], asyncio.Event()
        tasks = [asyncio.create_task(load(port, answers, over)) for _ in range(4)]
        await until(lambda: len(answers) > 20, "answers")

        script.write_text(WORKER % "new")
        new = await cluster.reload()
        assert [worker.id for worker in new] == [3, 4], new
        assert sorted(cluster.workers) == [3, 4], cluster.workers
        before = len(answers)
        await until(lambda: len(answers) > before + 20, "more answers")
        assert {a.split()[0] for a in answers[before + 8 :]} == {"new"}, answers[before:]

        script.write_text("raise SystemExit(7)\n")
        try:
            await cluster.reload()
        except Exception as error:
            refused = error
        assert refused.message.endswith("exit code 7 before it was ready"), refused
        assert "old workers go on" in refused.hint, refused.hint
        assert sorted(cluster.workers) == [3, 4], cluster.workers
        before = len(answers)
        await until(lambda: len(answers) > before + 20, "still more answers")
        assert {a.split()[0] for a in answers[before + 8 :]} == {"new"}
        over.set()
        await asyncio.gather(*tasks)
    assert all(answers), answers
    assert cluster.workers == {}
    exits = {entry[1]: entry[2:] for entry in record.of("exit")}
    assert exits == {1: (0, None), 2: (0, None), 5: (7, None), 3: (0, None), 4: (0, None)}, exits
    done()


with tempfile.TemporaryDirectory() as folder:
    asyncio.run(main(Path(folder, "worker.py")))
