"""The URLs of databases: which are known, what may be shown of them, and no password in any."""

import os
import re
from urllib.parse import unquote

from assay.errors import ParamsError

# At least two letters: `C://` is a drive.
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_HOST = r"(?:[\w.-]+|\[[0-9A-Fa-f:.%\w]+\]|(?:%2[Ff][\w.-]*)+)?(?::\d+)?"
# What is read is what libpq reads: an `@` that is no end of a user's name, and a host or a database
# that could be the rest of a password, match nothing. So nothing of these is ever shown.
_URL = re.compile(
    rf"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+)://"
    rf"(?:(?P<user>[^:@/?#\s]*)(?P<password>:[^@/?#]*)?@)?"
    rf"(?P<hosts>{_HOST}(?:,{_HOST})*)"
    rf"(?P<database>/[^@/?#:\s]*)?"
    rf"(?:\?(?P<options>[^@#\s]*))?"
)
# Options of libpq that say where the database is; all others are left out of messages.
_SHOWN = ("host", "hostaddr", "port", "dbname", "service", "sslmode")
_PLAIN = re.compile(r"(?:[\w.,-]|%2[Ff])*")
# `passfile` names a file; the rest of these would hold the secret itself.
_SECRET = re.compile(r"pass(?!file$)|pwd|secret|token|scram_", re.IGNORECASE)
_POSTGRESQL = ("postgresql", "postgres")
CREDENTIALS = (
    "credentials come from the environment: PGPASSWORD, PGPASSFILE or ~/.pgpass, and PGUSER"
)


def is_database(text: str) -> bool:
    """Tell a URL from the name of a file: a URL begins with a scheme, as in `postgresql://`."""
    return _SCHEME.match(text) is not None


def scheme_of(url: str) -> str:
    """Return the scheme of a URL in small letters, `postgresql` for its short form too."""
    found = _SCHEME.match(url)
    scheme = found[1].lower() if found else ""
    return "postgresql" if scheme in _POSTGRESQL else scheme


def redacted(url: str) -> str:
    """Return what messages and receipts may show of a URL: never a password.

    Parameters
    ----------
    url : str
        Any text that `is_database` takes for a URL, well-formed or not.

    Returns
    -------
    str
        Scheme, user, host, port, database, and the options of `_SHOWN`; where the text is not a
        well-formed URL, the scheme and `***`.
    """
    if scheme_of(url) == "sqlite":
        # A file name is no secret; an option of another program, such as a key, may be one.
        path, _, _ = url.partition("?")
        return path if path.lower().startswith("sqlite:///") else "sqlite://***"
    found = _URL.fullmatch(url)
    if found is None:
        return f"{scheme_of(url)}://***"
    user = f"{found['user']}@" if found["user"] else ""
    options = [
        option
        for option in (found["options"] or "").split("&")
        if option.partition("=")[0] in _SHOWN and _PLAIN.fullmatch(option.partition("=")[2])
    ]
    tail = f"?{'&'.join(options)}" if options else ""
    return f"{found['scheme']}://{user}{found['hosts']}{found['database'] or ''}{tail}"


def check_url(url: str) -> None:
    """Refuse a URL that cannot work, or that holds a password.

    Parameters
    ----------
    url : str
        `postgresql://[user@]host[:port]/database[?option=value&...]`, `sqlite:///relative/path` or
        `sqlite:////absolute/path`.

    Raises
    ------
    ParamsError
        If the scheme is unknown, the URL cannot be read, or a password stands in it; the message
        does not show the password.
    """
    scheme, shown = scheme_of(url), redacted(url)
    if scheme == "sqlite":
        sqlite_path(url)
    elif scheme != "postgresql":
        raise ParamsError(
            f"{shown}: the scheme must be postgresql or sqlite, got {scheme!r}. "
            "Name a database of these, or a file."
        )
    else:
        _check_postgresql(url, shown)


def _check_postgresql(url: str, shown: str) -> None:
    found = _URL.fullmatch(url)
    if found is None:
        raise ParamsError(
            f"{shown}: not readable as postgresql://[user@]host[:port]/database[?option=value]. "
            "Write other characters as %40 and so on, and leave out passwords: "
            f"{CREDENTIALS}."
        )
    names = [unquote(option.partition("=")[0]) for option in (found["options"] or "").split("&")]
    if found["password"] is not None or any(_SECRET.search(name) for name in names):
        raise ParamsError(
            f"{shown}: the URL holds a password, which a list of processes or a log would show. "
            f"Take it out; {CREDENTIALS}."
        )


def sqlite_path(url: str) -> str:
    """Return the file of a SQLite URL, relative after three slashes and absolute after four.

    Raises
    ------
    ParamsError
        If the URL names no file, or has options.
    """
    if not url.lower().startswith("sqlite:///") or not url[10:].strip("/"):
        raise ParamsError(
            f"{redacted(url)}: expected sqlite:///relative/path.db or sqlite:////absolute/path.db. "
            "Name a file."
        )
    if "?" in url:
        raise ParamsError(f"{redacted(url)}: a SQLite URL has no options here. Leave out `?...`.")
    return url[10:]


def one_line(message: str, limit: int = 300) -> str:
    """Return a server's message as one line without its final stop, and without PGPASSWORD."""
    secret = os.environ.get("PGPASSWORD")
    text = message.replace(secret, "***") if secret else message
    text = " ".join(text.split()).rstrip(".")
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
