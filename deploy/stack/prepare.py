"""``python -m deploy.stack.prepare``: databases and roles, and a look whether the broker has its topology.

Done again at every start: what is there stays, what is missing is made, passwords are set to those of the store.
"""

import os
import sys
from pathlib import Path

from contracts.topology import OPERATIONS_USER
from deploy.demo import databases
from deploy.demo.databases import DATABASES, SERVICES
from deploy.stack.init import rooms
from deploy.stack.rooms import VHOST
from lotse import topology


def main() -> int:
    """Both servers are up: give them their shape."""
    made = rooms(Path(os.environ.get("SECRETS_DIR", "/secrets")))
    passwords = made.store.passwords()
    for name in DATABASES:
        databases.ensure_roles(made.superuser_dsn, name, passwords)
        databases.create_database(made.superuser_dsn, name, passwords)
    sys.stdout.write(f"{len(DATABASES)} databases, each with roles of its own\n")
    users = {user: passwords[f"amqp-{user}"] for user in (*SERVICES, OPERATIONS_USER)}
    missing = topology.apply(made.management_url, VHOST, users, made.at.inbox_partitions)
    sys.stdout.write(f"topology: {', '.join(missing) or 'nothing was missing'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
