"""call_later in plain code: a backoff as a program would write it; a run waits for it."""

import itertools
import sys
import time

from checks import done

from pm import cluster

if cluster.is_primary:
    deaths = []
    never = cluster.call_later(0.05, lambda: deaths.append("never"))
    never.cancel()

    @cluster.on("exit")
    def again(_, code):
        assert code == 5
        deaths.append(time.monotonic())
        if len(deaths) < 3:
            cluster.call_later(0.1, cluster.fork)
        else:
            cluster.call_later(0.1, lambda: deaths.append(time.monotonic()))

    cluster.fork()
    cluster.run()
    assert len(deaths) == 4, deaths
    assert all(after - before >= 0.1 for before, after in itertools.pairwise(deaths))
    cluster.run()  # there is nothing to wait for
    done()
else:
    sys.exit(5)
