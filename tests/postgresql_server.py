"""A real PostgreSQL server for the tests: started here, on loopback, with passwords."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

OWNER = "assay_owner"
# Characters that a URL, a shell or libpq's own format would read as something else.
PASSWORD = "S3cr3t/w:th@odd%41 'chars\\?#"  # noqa: S105 (of a server that lives for one test run)
_START_SECONDS = 60
_INSTALL_SECONDS = 300
_CLUSTERS = Path("/etc/postgresql-common/createcluster.conf")


@dataclass(frozen=True)
class Server:
    """A running server."""

    port: int

    def url(self, database: str) -> str:
        return f"postgresql://127.0.0.1:{self.port}/{database}"


def _binaries() -> Path | None:
    """Return the folder of `initdb` and `postgres`, the newest where there are some."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "postgres").exists()), None)


def _install() -> None:
    """Install Debian's package without the server that it would start."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        pytest.skip("no PostgreSQL: initdb is neither on PATH nor under /usr/lib/postgresql")
    if not _CLUSTERS.exists():
        _CLUSTERS.parent.mkdir(parents=True, exist_ok=True)
        _CLUSTERS.write_text("create_main_cluster = false\n")
    options = ["-qq", "-y", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold"]
    commands = (["apt-get", "-qq", "update"], ["apt-get", "install", *options, "postgresql"])
    for command in commands:
        try:
            subprocess.run(
                command,
                check=True,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=_INSTALL_SECONDS,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            )
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            pytest.skip(f"PostgreSQL cannot be installed: {error}")


def _as_somebody() -> dict[str, Any]:
    """Return what `subprocess` needs not to run as root, which initdb refuses."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _make_cluster(binaries: Path, folder: Path) -> Path:
    data, password = folder / "data", folder / "password"
    password.write_text(f"{PASSWORD}\n")
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody")
        shutil.chown(password, "nobody")
    command = [binaries / "initdb", "-D", data, "-U", OWNER, "-A", "scram-sha-256"]
    command += ["--pwfile", password, "-E", "UTF8", "--no-locale", "--no-sync"]
    try:
        subprocess.run(command, check=True, capture_output=True, cwd=folder, **_as_somebody())
    except subprocess.CalledProcessError as error:
        pytest.skip(f"initdb failed: {error.stderr.decode(errors='replace').strip()[-300:]}")
    return data


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Start PostgreSQL in a temporary folder, and stop that process at the end."""
    pytest.importorskip("adbc_driver_postgresql", reason="the extra `sql` is not installed")
    if _binaries() is None:
        _install()
    binaries = _binaries()
    assert binaries is not None
    # Not under pytest's own folder, which other users cannot enter.
    folder = Path(tempfile.mkdtemp(prefix="assay-postgresql-"))
    try:
        data = _make_cluster(binaries, folder)
        port = _free_port()
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "full_page_writes": "off",
            "autovacuum": "off",
            "shared_buffers": "32MB",
            "max_connections": "20",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        log = folder / "log"
        with log.open("wb") as sink:
            process = subprocess.Popen(
                [binaries / "postgres", "-D", data, "-p", str(port), *options],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                cwd=folder,
                start_new_session=True,
                **_as_somebody(),
            )
        try:
            _wait(process, port, log)
            yield Server(port)
        finally:
            # At once, without writing anything: the folder goes too.
            process.send_signal(signal.SIGQUIT)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    for _ in range(_START_SECONDS * 20):
        # A server that is starting up listens before it lets anybody in.
        if b"ready to accept connections" in log.read_bytes() and _answers(port):
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    pytest.skip(f"PostgreSQL does not start: {log.read_text(errors='replace')[-300:]}")


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the environment hold the owner's name and password, and nothing else of libpq's."""
    for name in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PGUSER", OWNER)
    monkeypatch.setenv("PGPASSWORD", PASSWORD)


# A database of its own for each test would be some hundred files each.
_EMPTY = """
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_|^information_schema$' LOOP
    EXECUTE format('DROP SCHEMA %I CASCADE', name);
  END LOOP;
  EXECUTE format('ALTER DATABASE %I RESET ALL', current_database());
  CREATE SCHEMA public;
END $$
"""


@pytest.fixture
def postgresql(server: Server, credentials: None) -> str:
    """Return the URL of an empty database."""
    url = server.url("postgres")
    execute(url, _EMPTY)
    return url


@pytest.fixture
def new_database(postgresql: str) -> Callable[[str], str]:
    """Return a function that makes a database of an encoding, and returns its URL."""

    def make(encoding: str) -> str:
        name = f"test_{secrets.token_hex(6)}"
        options = f"ENCODING {encoding} LOCALE 'C' TEMPLATE template0"
        execute(postgresql, f"CREATE DATABASE {name} {options}")
        return f"{postgresql.rpartition('/')[0]}/{name}"

    return make


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    """Return the URL of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'file.db'}"


@pytest.fixture(params=["postgresql", "sqlite"])
def database(request: pytest.FixtureRequest) -> str:
    """Return the URL of an empty database, of each kind in turn."""
    return str(request.getfixturevalue(request.param))


Execute = Callable[..., list[tuple[Any, ...]]]


def execute(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements outside of what is tested; return the rows of the last one."""
    connection: Any
    if url.startswith("sqlite"):
        import sqlite3

        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    else:
        from adbc_driver_postgresql import dbapi

        connection = dbapi.connect(url, autocommit=True)
    try:
        for statement in statements:
            cursor = connection.cursor()
            try:
                cursor.execute(statement)
                rows = [tuple(row) for row in cursor.fetchall()] if cursor.description else []
            finally:
                cursor.close()
    finally:
        connection.close()
    return rows


@pytest.fixture(name="execute")
def execute_fixture() -> Execute:
    return execute


@pytest.fixture
def new_user(postgresql: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return a function that makes a user without rights of its own, and acts as that user."""

    def become() -> None:
        name = f"user_{secrets.token_hex(6)}"
        execute(
            postgresql,
            f"CREATE ROLE {name} LOGIN PASSWORD 'of {name}'",
            f"GRANT USAGE ON SCHEMA public TO {name}",
        )
        monkeypatch.setenv("PGUSER", name)
        monkeypatch.setenv("PGPASSWORD", f"of {name}")

    return become


@pytest.fixture
def end_connections(postgresql: str) -> Callable[[], object]:
    """Return a function that has the server end every connection of ours to the database."""
    statement = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'assay' AND datname = current_database()"
    )
    return lambda: execute(postgresql, statement)
