"""asyncssh: PORT; every session prints the slot."""

import asyncio
import os
import sys

import asyncssh


class Open(asyncssh.SSHServer):
    def begin_auth(self, username):
        return False


async def session(process):
    await asyncio.sleep(2 if process.command == "/slow" else 0)
    process.stdout.write(os.environ.get("PM_SLOT", "none"))
    process.exit(0)


async def main():
    key = asyncssh.generate_private_key("ssh-ed25519")
    await asyncssh.listen(
        "127.0.0.1", int(sys.argv[1]), server_factory=Open, server_host_keys=[key],
        process_factory=session,
    )  # fmt: skip
    await asyncio.Event().wait()


asyncio.run(main())
