"""grpcio: PORT."""

import os
import signal
import sys
import time
from concurrent import futures

import grpc


def slot(request, context):
    time.sleep(2 if request == b"/slow" else 0)
    return os.environ.get("PM_SLOT", "none").encode()


class Handler(grpc.GenericRpcHandler):
    def service(self, call):
        return grpc.unary_unary_rpc_method_handler(slot)


server = grpc.server(futures.ThreadPoolExecutor(8))
server.add_generic_rpc_handlers((Handler(),))
server.add_insecure_port(f"127.0.0.1:{sys.argv[1]}")
server.start()
signal.signal(signal.SIGTERM, lambda *_: server.stop(5))
server.wait_for_termination()
