"""pyftpdlib: PORT; its banner is the slot."""

import logging
import os
import sys
import tempfile

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer

logging.disable()
FTPHandler.authorizer = DummyAuthorizer()
FTPHandler.authorizer.add_anonymous(tempfile.gettempdir())
FTPHandler.banner = os.environ.get("PM_SLOT", "none")
FTPServer(("127.0.0.1", int(sys.argv[1])), FTPHandler).serve_forever()
