"""``python healthy.py ROLE``: what a container is asked about itself. Exit 0 if it works, 1 if not.

The web role answers over HTTP; every other role says every few seconds in its database that it lives. Replicas that
stand by are as well as the one that leads. Seventeen containers are asked at once when a stack starts, so next to
nothing is imported: what is asked must not be what keeps them busy.
"""

import os
import socket
import sys

STALE_SECONDS = 30
SECONDS = 20
BEAT = "SELECT extract(epoch FROM now() - beaten_at) FROM beats WHERE role = %s"


def answers(service: str, port: int) -> bool:
    """Whether the web role says that it can work."""
    try:
        with socket.create_connection(("127.0.0.1", port), SECONDS) as link:
            link.settimeout(SECONDS)
            link.sendall(f"GET /{service}/health/ready HTTP/1.0\r\n\r\n".encode())
            return link.recv(64).split(b" ")[1:2] == [b"200"]
    except OSError:
        return False


def beats(role: str, dsn: str) -> bool:
    """Whether the role was heard of lately."""
    import psycopg  # noqa: PLC0415 - the web role's look shall cost nothing

    try:
        with psycopg.connect(dsn, connect_timeout=SECONDS, application_name="healthy") as connection:
            row = connection.execute(BEAT, (role,)).fetchone()
    except psycopg.Error:
        return False
    return row is not None and row[0] < STALE_SECONDS


def main() -> int:
    role = sys.argv[1]
    if role == "web":
        port = os.environ["HTTP_ADDRESS"].rpartition(":")[2]
        return 0 if answers(os.environ["SERVICE"], int(port)) else 1
    with open(os.environ["DATABASE_URL_FILE"]) as file:  # noqa: PTH123 - pathlib is half of what this would import
        return 0 if beats(role, file.read().strip()) else 1


if __name__ == "__main__":
    sys.exit(main())
