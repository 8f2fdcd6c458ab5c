"""Stands for the package of this name: asks by connect() whether a port is free."""

import socket


class PortNotFree(OSError):
    pass


class Checker:
    def assert_free(self, host, port):
        for found in socket.getaddrinfo(host, port, socket.AF_UNSPEC, socket.SOCK_STREAM):
            self._connect(*found)

    def _connect(self, af, socktype, proto, _canonname, sa):
        with socket.socket(af, socktype, proto) as sock:
            if sock.connect_ex(sa) == 0:
                raise PortNotFree(f"Port {sa[1]} is in use on {sa[0]}.")
