"""``python healthy.py ROLE``: what a container is asked about itself. Exit 0 if it works, 1 if not.

The web role answers over HTTP; every other role says every few seconds in its database that it lives. Replicas that
stand by are as well as the one that leads. Seventeen containers are asked again and again while a stack starts, so this
runs with `-S -E`, imports next to nothing, and asks the database only once the role has come so far: asking must not be
what keeps a small machine from starting.
"""

import os
import socket
import sys

STALE_SECONDS = 30
SECONDS = 20
PACKAGES = f"/opt/venv/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
#: As the kernel's table writes it: the far end's port, and "established".
POSTGRES, ESTABLISHED = ":1538", "01"
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


def has_come_to_its_database(table: str = "/proc/net/tcp") -> bool:
    """Whether anything in this container holds a connection to the database."""
    with open(table) as rows:  # noqa: PTH123 - pathlib is half of what this would import
        columns = [row.split() for row in rows]
    return any(row[2].endswith(POSTGRES) and row[3] == ESTABLISHED for row in columns if len(row) > 3)


def beats(role: str, dsn: str) -> bool:
    """Whether the role was heard of lately."""
    sys.path.append(PACKAGES)
    import psycopg  # noqa: PLC0415 - a fifth of a second, which most looks need not cost

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
    if not has_come_to_its_database():
        return 1
    with open(os.environ["DATABASE_URL_FILE"]) as file:  # noqa: PTH123 - as above
        return 0 if beats(role, file.read().strip()) else 1


if __name__ == "__main__":
    sys.exit(main())
