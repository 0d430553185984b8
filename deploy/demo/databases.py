"""One database per service, with an owner that may change its shape and a role that may only work in it."""

import secrets
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

SERVICES = ("directory", "referral", "notifications", "audit")
#: The keys of persons lie apart from their data: a database, a role and a backup of their own.
KEY_STORE = "referral_keys"
DATABASES = (*SERVICES, KEY_STORE)
#: Who may let entries of the audit log expire, and nothing else; its rights come from audit's migrations.
RETENTION = "audit_retention"


@dataclass(frozen=True, slots=True)
class DatabaseAddresses:
    """The ways into one service's database: `owner_dsn` migrates, `app_dsn` runs, `retention_dsn` (audit) expires."""

    owner_dsn: str
    app_dsn: str
    retention_dsn: str = ""


def at_database(dsn: str, name: str, user: str | None = None, password: str = "") -> str:
    """The same server, another database and, when a user is given, another login."""
    parts = urlsplit(dsn)
    netloc = parts.netloc
    if user:
        login = quote(user) + (f":{quote(password, safe='')}" if password else "")
        netloc = f"{login}@{netloc.rpartition('@')[2]}"
    return urlunsplit(parts._replace(netloc=netloc, path=f"/{name}"))


def roles_of(service: str) -> tuple[str, ...]:
    """Who has a login to a service's database."""
    return (f"{service}_owner", service, *((RETENTION,) if service == "audit" else ()))


def ensure_roles(admin_dsn: str, service: str, passwords: dict[str, str], *, renew: bool = True) -> None:
    """Create `<service>_owner`, `<service>` and audit's third; none may create databases, roles or read the others'."""
    with psycopg.connect(admin_dsn, autocommit=True) as connection:
        for role in roles_of(service):
            exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
            if exists and not renew:
                continue
            verb = "ALTER" if exists else "CREATE"
            try:
                connection.execute(
                    sql.SQL(verb + " ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}").format(
                        sql.Identifier(role), sql.Literal(passwords[role])
                    )
                )
            except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
                continue  # another session created it between our look and our wish


def create_database(
    admin_dsn: str, service: str, passwords: dict[str, str], *, name: str | None = None, template: str | None = None
) -> DatabaseAddresses:
    """Create the service's database unless it exists, closed to every role but its own two."""
    name = name or service
    if template is None and _exists(admin_dsn, name):
        return addresses(admin_dsn, service, passwords, name)
    with psycopg.connect(admin_dsn, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(f"{service}_owner"), sql.Identifier(template or "template0")
            )
        )
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
        for role in roles_of(service):
            connection.execute(
                sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(
                    sql.Identifier(name), sql.Identifier(role)
                )
            )
    if template is None:
        _grant_daily_work(at_database(admin_dsn, name), service)
    return addresses(admin_dsn, service, passwords, name)


def addresses(admin_dsn: str, service: str, passwords: dict[str, str], name: str | None = None) -> DatabaseAddresses:
    """The two DSNs of a service's database."""
    owner = f"{service}_owner"
    return DatabaseAddresses(
        owner_dsn=at_database(admin_dsn, name or service, owner, passwords[owner]),
        app_dsn=at_database(admin_dsn, name or service, service, passwords[service]),
        retention_dsn=_retention_dsn(admin_dsn, name or service, passwords) if service == "audit" else "",
    )


def _retention_dsn(admin_dsn: str, name: str, passwords: dict[str, str]) -> str:
    return at_database(admin_dsn, name, RETENTION, passwords[RETENTION])


def new_passwords() -> dict[str, str]:
    """A password for each of the roles."""
    return {role: secrets.token_urlsafe(18) for name in DATABASES for role in roles_of(name)}


def drop_database(admin_dsn: str, name: str) -> None:
    """Remove a database together with whoever is still connected to it."""
    with psycopg.connect(admin_dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _exists(admin_dsn: str, name: str) -> bool:
    with psycopg.connect(admin_dsn, autocommit=True) as connection:
        return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def _grant_daily_work(dsn: str, service: str) -> None:
    """Whatever the owner will create, the service may read and write - and never alter."""
    owner, role = sql.Identifier(f"{service}_owner"), sql.Identifier(service)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("GRANT ALL ON SCHEMA public TO {}").format(owner))
        connection.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(role))
        for objects, rights in (("TABLES", "SELECT, INSERT, UPDATE, DELETE"), ("SEQUENCES", "USAGE, SELECT")):
            connection.execute(
                sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} GRANT " + rights + " ON " + objects + " TO {}").format(
                    owner, role
                )
            )
