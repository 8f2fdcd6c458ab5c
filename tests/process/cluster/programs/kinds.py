"""Programs of every kind fork themselves: a module, a folder, a zip file, another script; what
cannot, says so. A console that ends at once is told what is missing."""

import subprocess
import sys
import zipfile
from pathlib import Path

from checks import done

PROGRAM = """
import sys
from pm import cluster
import helper
if cluster.is_primary:
    cluster.on("message", lambda worker, message: print(*message))
    cluster.fork()
    cluster.run()
else:
    cluster.worker.send([__name__, helper.NAME, *sys.argv[1:]])
"""
EXPECTED = "__main__ helper a b\n"


def run(*words, **more):
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, timeout=30, **more
    )


folder = Path("folder")
(folder / "package").mkdir(parents=True)
for name in ("__main__.py", "program.py", "package/__main__.py", "package/__init__.py"):
    (folder / name).write_text(PROGRAM if name != "package/__init__.py" else "")
(folder / "helper.py").write_text("NAME = __name__")
with zipfile.ZipFile("program.pyz", "w") as archive:
    archive.writestr("__main__.py", PROGRAM)
    archive.writestr("helper.py", "NAME = __name__")

for words, cwd in (
    (["folder/program.py"], "."),
    (["folder"], "."),
    (["program.pyz"], "."),
    (["-m", "program"], folder),
    (["-m", "package"], folder),
    (["-X", "dev", "-Werror", "-m", "package"], folder),
):
    ended = run(*words, "a", "b", cwd=cwd)
    assert (ended.stdout, ended.stderr) == (EXPECTED, ""), (words, ended)

ended = run("-c", "from pm import cluster; cluster.fork()")
assert "no file that a worker could run" in ended.stderr, ended
named = "from pm import cluster\ncluster.setup_primary(exec='folder/program.py', args=['a', 'b'])\n"
told = "cluster.on('message', lambda worker, message: print(*message))\n"
ended = run("-c", f"{named}{told}cluster.fork(); cluster.run()")
assert (ended.stdout, ended.stderr) == (EXPECTED, ""), ended
ended = run("-c", f"{named}cluster.fork()")
assert ended.returncode == 0
assert "cluster.run()" in ended.stderr, ended

Path("spawns.py").write_text(
    "import multiprocessing\n"
    "from pm import cluster\n"
    "if cluster.is_primary:\n"
    "    multiprocessing.set_start_method('spawn', force=True)\n"
    "    cluster.fork()\n"
    "    child = multiprocessing.Process(target=print)\n"
    "    if __name__ == '__main__':\n"
    "        child.start()\n"
    "        child.join()\n"
)
ended = run("spawns.py")
assert "__name__ == '__main__'" in ended.stderr, ended  # and no endless forking
done()
