"""Dash: PORT."""

import os
import sys
import time

from dash import Dash, html

app = Dash(__name__)
app.layout = html.Div("compat")


def slot():
    return os.environ.get("PM_SLOT", "none")


def slow():
    time.sleep(2)
    return slot()


app.server.add_url_rule("/slot", view_func=slot)
app.server.add_url_rule("/slow", view_func=slow)
app.server.view_functions[app.server.url_map.bind("").match("/")[0]] = slot

if __name__ == "__main__":
    app.run(host="127.0.0.1", port=sys.argv[1])
