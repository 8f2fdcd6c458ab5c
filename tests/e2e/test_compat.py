"""A representative part of what `make compat` measures whole."""

from __future__ import annotations

import pytest

from tests.compat.checks import Row, Subject
from tests.compat.servers import ALL
from tests.pm_command import Pm

_HERE = ["bare socket, epoll (edge)", "gunicorn gthread"]


@pytest.mark.long
@pytest.mark.parametrize("name", _HERE)
def test_the_row_is_green(pm: Pm, port: int, name: str) -> None:
    (server,) = (server for server in ALL if server.name == name)
    row = Row(name)
    Subject(pm, server, port).measure(row)
    assert row.green, row
