"""Connections go round, exactly, in plain code: clients in a thread, events in the loop."""

import socket
import threading

from checks import Record, done, listener, serve_ids

from pm import cluster

CLIENTS, WORKERS = 12, 3

if cluster.is_primary:
    record, answers = Record(), []

    def ask(port):
        with socket.create_connection(("127.0.0.1", port), 10) as sock:
            answers.append(int(sock.makefile().read()))

    @cluster.on("listening")
    def count(_, address):
        if len(record.of("listening")) == WORKERS:
            threading.Thread(target=ask_and_end, args=(address.port,)).start()

    def ask_and_end(port):
        while len(set(answers[-WORKERS:])) < WORKERS:  # until all are in the rotation
            ask(port)
        del answers[:-WORKERS]
        for _ in range(CLIENTS):
            ask(port)
        for worker in list(cluster.workers.values()):
            worker.process.kill("SIGKILL")

    for _ in range(WORKERS):
        cluster.fork()
    cluster.run()
    ports = {entry[2].port for entry in record.of("listening")}
    assert len(ports) == 1, ports
    order = answers[:WORKERS]
    assert sorted(order) == [1, 2, 3], answers
    assert answers == order * (1 + CLIENTS // WORKERS), answers
    assert sorted(record.of("exit")) == [("exit", n, None, "SIGKILL") for n in (1, 2, 3)]
    done()
else:
    serve_ids(listener())
