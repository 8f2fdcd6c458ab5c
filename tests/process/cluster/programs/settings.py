"""test-cluster-setup-primary, -argv, -cumulative, -emit, -multiple, -cwd, -fork-stdio (silent)."""

import json
import os
import sys

from checks import Record, done, raised

from pm import cluster

if cluster.is_primary:
    record, told = Record(), []
    cluster.on("setup", lambda settings: told.append(settings))
    assert cluster.settings == {}
    cluster.setup_primary()
    assert cluster.settings["exec"] == os.path.abspath(__file__)
    assert cluster.settings["args"] == []
    assert cluster.settings["exec_args"][:2] == ["-W", "error"]
    assert cluster.settings["silent"] is False
    sys.argv.append("late")
    assert cluster.settings["args"] == []
    cluster.setup_primary(args=["a", 1], silent=True)
    cluster.setup_primary(cwd="/")
    assert cluster.settings["args"] == ["a", "1"]  # it stays
    first = cluster.fork()
    cluster.setup_master(cwd=None, args=["b"], exec_args=["-O"])
    second = cluster.fork()
    for name, value in (
        ("env", {}),
        ("colour", 1),
        ("args", "text"),
        ("silent", 1),
        ("kill_timeout", -1),
    ):
        error = raised(cluster.setup_primary, **{name: value})
        assert error is not None, name
        assert name in error.message, error
    assert len(told) == 0
    cluster.run()
    assert [settings["cwd"] for settings in told] == [None, None, "/", "/", None, None]
    said = [json.loads(worker.process.stdout.read()) for worker in (first, second)]
    for worker in (first, second):
        assert worker.process.stderr.read() == b""
        worker.process.stdout.close()
        worker.process.stderr.close()
    assert said == [[["a", "1"], "/", True, "-"], [["b"], os.getcwd(), False, "-"]], said
    assert cluster.fork().process.stdout is not None
    cluster.setup_primary(cwd="/nonexistent", silent=False)
    errors = []
    cluster.fork().on("error", errors.append)
    cluster.run()
    assert [type(error) for error in errors] == [FileNotFoundError], errors
    cluster.fork()  # nobody listens to its error: it is raised
    assert isinstance(raised(cluster.run), FileNotFoundError)
    done()
else:
    unknown = [name for name in os.environ if name.startswith("PM_")]
    print(json.dumps([sys.argv[1:], os.getcwd(), __debug__, ",".join(unknown) or "-"]))
