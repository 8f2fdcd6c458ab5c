"""Web applications for `module:attribute`: they say their process and where they are mounted."""

import os

number = 5


async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    body = f"{os.getpid()}{scope['root_path']}".encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def wsgi(environ, start_response):
    body = str(os.getpid()).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


def create_app():
    print("made", flush=True)
    return wsgi
