"""The shop's other app: all workers hear of a picture, the one that owns it does the work."""

import signal

import pm


@pm.on_message
def told(message: dict[str, str]) -> None:
    """Make a thumbnail of a picture that is ours."""
    picture = message["picture"]
    if pm.cluster.shard_of(picture) == pm.worker.slot:
        print(f"slot {pm.worker.slot}: a thumbnail of {picture}", flush=True)


pm.ready()
signal.pause()
