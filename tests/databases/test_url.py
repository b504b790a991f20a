"""URLs of databases: which are taken, and that no password is shown."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.databases.access import check_target, check_url, is_database, read_query, redacted
from assay.databases.url import one_line
from assay.errors import ParamsError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://host/db", True),
        ("postgres://host/db", True),
        ("POSTGRESQL://host/db", True),
        ("sqlite:///file.db", True),
        ("mysql://host/db", True),
        ("postgresql+psycopg://host/db", True),
        ("data/new.parquet", False),
        ("C://data/new.csv", False),
        ("folder://", True),
        ("sqlite:file.db", False),
        ("a file with :// in it.csv", False),
        ("", False),
    ],
)
def test_a_scheme_makes_a_database(text, expected):
    assert is_database(text) is expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://host/db", "postgresql://host/db"),
        ("postgresql://ann:pw@host:5432/db", "postgresql://ann@host:5432/db"),
        ("postgresql://:pw@host/db", "postgresql://host/db"),
        ("postgresql://ann:@host/db", "postgresql://ann@host/db"),
        ("postgresql://[::1]:5432/db", "postgresql://[::1]:5432/db"),
        ("postgresql://a:1,b:2/db?target_session_attrs=any", "postgresql://a:1,b:2/db"),
        ("postgresql://%2Fvar%2Frun/db", "postgresql://%2Fvar%2Frun/db"),
        ("postgresql:///db?host=%2Ftmp&port=5", "postgresql:///db?host=%2Ftmp&port=5"),
        ("postgresql://h/db?password=pw&sslmode=require", "postgresql://h/db?sslmode=require"),
        ("postgresql://h/db?passfile=/pw&sslpassword=pw", "postgresql://h/db"),
        ("postgresql://h/db?pass%77ord=pw", "postgresql://h/db"),
        ("postgresql://h/db?dbname=host%3Da%20password%3Dpw", "postgresql://h/db"),
        ("postgresql://ann:p/w@host/db", "postgresql://***"),
        ("postgresql://ann:p?w@host/db", "postgresql://***"),
        ("postgresql://ann:p#w@host/db", "postgresql://***"),
        ("postgresql://ann:p@w@host/db", "postgresql://***"),
        ("postgresql://ann:1/2@host/db", "postgresql://***"),
        ("postgresql://ann:pw", "postgresql://***"),
        ("mysql://ann:pw@host/db", "mysql://ann@host/db"),
        ("sqlite:///file.db", "sqlite:///file.db"),
        ("sqlite:///file.db?key=pw", "sqlite:///file.db"),
        ("sqlite://ann:pw@/file.db", "sqlite://***"),
    ],
)
def test_what_is_shown_of_a_url(url, expected):
    assert redacted(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://host/db",
        "postgres://ann@host:5432/db?sslmode=require",
        "POSTGRESQL://host/db",
        "postgresql:///db?host=/var/run/postgresql",
        "postgresql://h/db?passfile=/home/ann/pass",
        "postgresql://a:1,b:2/db",
        "sqlite:///file.db",
        "sqlite:////absolute/file.db",
        "sqlite:///a folder/ä@b#c.db",
    ],
)
def test_a_url_without_a_password_is_taken(url):
    check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:hunter2@host/db",
        "postgresql://ann:@host/db",
        "postgresql://host/db?password=hunter2",
        "postgresql://host/db?pass%77ord=hunter2",
        "postgresql://host/db?sslmode=require&sslpassword=hunter2",
        "postgresql://host/db?oauth_client_secret=hunter2",
    ],
)
def test_a_password_in_a_url_is_refused_and_not_shown(url):
    with pytest.raises(ParamsError, match=r"holds a password.*PGPASSWORD, PGPASSFILE or") as caught:
        check_url(url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://host/db", "must be postgresql or sqlite, got 'mysql'"),
        (
            "postgresql+psycopg://host/db",
            r"must be postgresql or sqlite, got 'postgresql\+psycopg'",
        ),
        ("postgresql://ann:p@w@host/db", "not readable as postgresql://.*leave out passwords"),
        ("postgresql://host:port/db", "not readable as postgresql://"),
        ("postgresql://host/db#part", "not readable as postgresql://"),
        ("sqlite://", "expected sqlite:///relative/path.db or sqlite:////absolute"),
        ("sqlite:///", "expected sqlite:///relative/path.db or sqlite:////absolute"),
        ("sqlite://host/file.db", "expected sqlite:///relative/path.db or sqlite:////absolute"),
        ("sqlite:///file.db?mode=ro", "has no options here"),
    ],
)
def test_a_url_that_cannot_work_is_refused(url, message):
    with pytest.raises(ParamsError, match=message):
        check_url(url)
    with pytest.raises(ParamsError, match=message):
        read_query(url, "SELECT 1", 1)
    with pytest.raises(ParamsError, match=message):
        check_target(url, "scored", None, "fail")


# Not a part of the rest of the URLs below.
secrets = st.text(min_size=1, max_size=12).map(lambda text: f"0{text}9")


@given(secret=secrets, encoded=st.booleans())
def test_no_password_is_ever_shown(secret, encoded):
    written = quote(secret, safe="") if encoded else secret
    for url in (
        f"postgresql://ann:{written}@host/db",
        f"postgresql://:{written}@/db?sslmode=require",
        f"postgresql://host/db?password={written}",
        f"postgresql://host/db?sslmode=require&sslpassword={written}",
        f"mysql://ann:{written}@host/db",
        f"sqlite://ann:{written}@/file.db",
    ):
        with pytest.raises(ParamsError, match=r"\w+://") as caught:
            check_url(url)
        for text in (redacted(url), str(caught.value), repr(caught.value)):
            assert written not in text
            assert secret not in text


@given(text=st.text())
def test_any_text_is_a_database_or_none_and_redacts(text):
    for url in (text, f"postgresql://{text}", f"sqlite://{text}"):
        if is_database(url):
            assert "://" in redacted(url)


def test_a_message_is_one_line_without_the_password(monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "hunter2")
    assert one_line("the password\n\thunter2  is wrong.\n") == "the password *** is wrong"
    assert len(one_line("x" * 1000)) == 300
