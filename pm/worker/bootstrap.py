"""The first file run in an app's interpreter: become the template, and in a fork of it the app.

Run by path as `python [options] bootstrap.py FD NAME SCRIPT ...` (the words after FD are for
`ps`), with `worker:FD` as a worker of `cluster.fork()` (`member`), or with a ticket in the place
of FD by the child of a worker (`joining`). A child that multiprocessing spawns only loads the
package with it, under the private name `_pm`, so that the app's own modules keep every name.
"""

import sys

if sys.version_info < (3, 9):  # noqa: UP036  # this file is one that older ones can read
    sys.exit(
        sys.executable + " is Python " + sys.version.split()[0] + ": a cluster needs 3.9 or newer\n"
        "hint: --interpreter names another, --fork runs the app as a plain process"
    )

_HERE = __file__.rpartition("/")[0]
if sys.path and sys.path[0] == _HERE:
    del sys.path[0]


def _load_package():  # type: () -> None
    """Import pm/ as `_pm` from its own folder, wherever that is."""
    import _frozen_importlib as bootstrap
    import _frozen_importlib_external as external

    folder = _HERE.rpartition("/")[0]
    spec = external.spec_from_file_location(
        "_pm", folder + "/__init__.py", submodule_search_locations=[folder]
    )
    assert spec is not None
    assert spec.loader is not None
    module = bootstrap.module_from_spec(spec)
    sys.modules["_pm"] = module
    spec.loader.exec_module(module)


_load_package()


def _run():  # type: () -> None
    from _pm.worker import joining, program, template  # type: ignore[import-not-found]

    word = sys.argv[1]
    if word.isdigit():
        job = template.serve(int(word))
    elif word.startswith("worker:"):
        from _pm.worker import member

        job = member.begin(int(word[len("worker:") :]))
    else:
        job = joining.become(sys.argv)
    # From here on this is a worker: the template's process never returns from serve().
    try:
        program.run(job)
    except BaseException as error:
        # The app's traceback begins in the app's file; how it is printed stays the app's choice.
        program.hide_frames(error)
        raise


if __name__ == "__main__":
    _run()
