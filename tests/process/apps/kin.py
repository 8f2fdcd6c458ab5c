"""Prints what a child of its own can see of its situation, as JSON: HOW the child is started."""

import json
import multiprocessing
import os
import re
import subprocess
import sys

VALUE = 3


def strip(word):
    return re.sub(r"\d+", "N", word) if "multiprocessing" in word else word


def facts():
    main = sys.modules["__main__"]
    return {
        "argv": sys.argv,
        "orig_argv": [strip(word) for word in getattr(sys, "orig_argv", [])],
        "flags": list(sys.flags),
        "warnoptions": sys.warnoptions,
        "path": sys.path,
        "name": __name__,
        "main": [main.__name__, getattr(main, "__file__", None), sorted(vars(main))],
        "mp_main": getattr(sys.modules.get("__mp_main__"), "__name__", None),
        "value": VALUE,
        "environ": {k: v for k, v in os.environ.items() if not k.startswith("PM_")},
        "cwd": os.getcwd(),
        "meta_path": len([one for one in sys.meta_path if "_pm" not in repr(one)]),
        "executable": sys.executable,
        "fds": sorted(int(n) for n in os.listdir("/proc/self/fd") if int(n) < 3),
        "modules": sorted(sys.modules),
    }


def tell(queue):
    queue.put(json.dumps(facts()))


def main():
    how = sys.argv[1]
    if os.environ.get("ANEW"):
        print(json.dumps(facts()))
    elif how == "subprocess":
        options = [f"-W{option}" for option in sys.warnoptions]
        words = [sys.executable, *options, "-B", *sys.argv]
        sys.exit(subprocess.run(words, env={**os.environ, "ANEW": "1"}, check=False).returncode)
    else:
        context = multiprocessing.get_context(how)
        queue = context.SimpleQueue()
        child = context.Process(target=tell, args=(queue,))
        child.start()
        print(queue.get())
        child.join()


if __name__ == "__main__":
    main()
