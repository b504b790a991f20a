"""What a column's name says of it: its words, and which lists they stand in."""

import re
from collections.abc import Collection

# A word begins at a capital letter behind a small one, or before the small one that ends an acronym.
_BEGINS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BETWEEN = re.compile(r"[\W_]+")

# Who or what comes back: a name that is one of these alone, or one before `id`.
PEOPLE_AND_THINGS = frozenset(
    {
        "customer", "client", "user", "patient", "subject", "person", "member", "household",
        "participant", "respondent", "individual", "student", "pupil", "player", "driver", "device",
        "machine", "sensor", "vehicle", "tailnum", "cardholder", "visitor", "borrower", "applicant",
    }
)  # fmt: skip
# Others, which are an entity only with `id`, `no` or the like behind them.
_WITH_ID = PEOPLE_AND_THINGS | {
    "account", "acct", "company", "employee", "emp", "teacher", "store", "shop", "site", "station",
    "supplier", "vendor", "merchant", "seller", "buyer", "agent", "team", "session", "card", "loan",
    "policy", "contract", "order", "invoice", "ticket", "asset", "well", "plant", "building",
    "property", "house", "plane", "aircraft", "tail", "hospital", "doctor", "provider", "passenger",
    "transaction", "booking", "case", "row", "record", "sample", "event", "item", "product", "cust",
}  # fmt: skip
_ID_WORDS = frozenset(
    {"id", "ids", "uuid", "guid", "key", "pk", "identifier", "rowid", "uid", "hash"}
)
# These number a thing only behind its name: `order_no`, not `number`. They may also count things.
_NUMBER_WORDS = frozenset({"no", "nr", "num", "number", "ref"})
_ROW_NUMBERS = frozenset({"index", "idx", "rownames", "rowname", "unnamed", "rownum", "rownumber"})
# Numbers that are mere codes.
_CODE_WORDS = frozenset(
    {
        "code", "codes", "cd", "zip", "zipcode", "postcode", "postal", "plz", "type", "category",
        "class", "region", "district", "sector", "ward", "branch", "store", "shop", "channel",
        "status", "segment", "department", "dept", "sic", "naics", "icd", "fips", "cluster", "zone",
    }
)  # fmt: skip
# With one of these before it, a code word ends the name of an amount: `num_store`.
_AMOUNTS = frozenset(
    {
        "n", "num", "number", "count", "total", "sum", "mean", "avg", "average", "median", "min", "max",
        "distance", "dist", "share", "rate", "rank", "days", "hours", "visits", "size",
    }
)  # fmt: skip
# What many rows share without being one entity.
_KINDS = frozenset(
    {
        "product", "item", "category", "type", "status", "region", "country", "city", "state",
        "channel", "brand", "sku", "department", "dept", "class", "segment", "campaign", "language",
        "currency", "plan", "zone", "area", "zip", "postal", "model", "version", "reason", "color",
        "zipcode", "postcode", "plz", "district", "sector", "county", "neighborhood", "municipality",
    }
)  # fmt: skip


# What laws and decency forbid to treat people by.
_SENSITIVE = frozenset(
    {
        "sex", "gender", "ethnicity", "ethnic", "ethnie", "religion", "religious", "nationality",
        "citizenship", "citizen", "disability", "disabled", "handicap", "marital", "married", "pregnant",
        "pregnancy", "veteran", "veterans", "immigrant", "immigration", "migrant", "caste", "geschlecht",
        "birthdate", "birthday", "dob", "birthyear", "yob",
    }
)  # fmt: skip
# These mean people only where the other words of the name do too: not `plane_age`, nor `race_time`.
_SENSITIVE_OF_PEOPLE = frozenset(
    {"age", "ages", "race", "races", "male", "female", "woman", "males", "females"}
)
_OF_PEOPLE = frozenset(
    {
        "customer", "client", "user", "patient", "subject", "person", "member", "participant",
        "respondent", "individual", "student", "pupil", "player", "driver", "cardholder", "visitor",
        "borrower", "applicant", "employee", "passenger", "teacher", "mother", "father", "wife",
        "husband", "spouse", "parent", "child", "head", "victim", "defendant", "candidate",
        "years", "year", "yrs", "group", "band", "bracket", "cat", "category", "class", "code",
        "at", "in", "of", "the", "is", "self", "reported", "desc", "description", "name",
        "admission", "application", "diagnosis", "enrollment", "entry",
    }
)  # fmt: skip
# When and where somebody was born; not a rate of births, nor a weight at birth.
_BIRTH = frozenset({"birth", "born"})
_OF_BIRTH = frozenset({"date", "day", "month", "place", "country", "in", "on", "at", "dt"})
# What is counted is not who a row is about: `female_count_in_store`.
_COUNTED = frozenset({"count", "counts", "total", "share", "rate", "pct", "percent", "ratio"})


def words(name: str) -> tuple[str, ...]:
    """Return the words of a name in small letters: `StoreID` has `store` and `id`."""
    parted = _BEGINS.sub("_", name)
    return tuple(word for word in _BETWEEN.split(parted.lower()) if word)


def has_word(name: str, known: Collection[str]) -> bool:
    """Say whether some word of a name is one of these."""
    return any(word in known for word in words(name))


def names_rows(name: str) -> bool:
    """Say whether a name is that of a number of the row, which other programs save with a table."""
    return "".join(words(name)) in _ROW_NUMBERS or words(name)[:1] == ("unnamed",)


def may_count(name: str) -> bool:
    """Say whether a name is that of a key or of a count: `passenger_num` may be either."""
    told = words(name)
    return len(told) > 1 and told[-1] in _NUMBER_WORDS and told[-2] in _WITH_ID


def is_id_name(name: str) -> bool:
    """Say whether a name is that of a key or of an entity: `order_id`, `orderid`, `order_no`."""
    told = words(name)
    if not told:
        return False
    last = told[-1]
    if last in _ID_WORDS or told[0] in {"id", "uuid", "guid"} or names_rows(name):
        return True
    if may_count(name):
        return True
    if last.endswith("id") and last[:-2] in _WITH_ID:
        return True
    return len(told) == 1 and last in PEOPLE_AND_THINGS


def is_kind_name(name: str) -> bool:
    """Say whether a name is that of a kind that many rows share, such as a place or a brand."""
    return has_word(name, _KINDS) or any(
        word.endswith("id") and word[:-2] in _KINDS for word in words(name)
    )


def is_entity_name(name: str) -> bool:
    """Say whether a name is that of an entity that may come back, not of a kind that many share."""
    return is_id_name(name) and not is_kind_name(name) and not names_rows(name)


def is_person_or_thing(name: str) -> bool:
    """Say whether a name is that of someone or something that comes back as a rule."""
    told = words(name)
    return has_word(name, PEOPLE_AND_THINGS) or any(
        word.endswith("id") and word[:-2] in PEOPLE_AND_THINGS for word in told
    )


# Behind these a code word is the end of a way, or what is counted: `distance_to_store`.
_TOWARDS = frozenset({"to", "from", "in", "per", "of", "by", "within", "at", "for"})


def is_code_name(name: str) -> bool:
    """Say whether numbers under a name are rather codes than quantities.

    A code word stands alone (`zip`), behind words that say which one (`home_zip`), or before `id`;
    behind a preposition, or a number of something, it is no code.
    """
    told = words(name)
    if not told:
        return False
    if set(told[:-1]) & (_TOWARDS | _AMOUNTS):
        return is_id_name(name) and told[-1] in _ID_WORDS
    return told[-1] in _CODE_WORDS or (is_id_name(name) and not names_rows(name))


def is_sensitive_name(name: str) -> bool:
    """Say whether a name is that of something people must not be treated by: `sex`, `age_years`.

    Whole words count: `page` and `stage` have none, and the age of a plane is nobody's.
    """
    told = set(words(name))
    if told & _COUNTED:
        return False
    if told & _SENSITIVE:
        return True
    if told & _BIRTH:
        return told <= _BIRTH | _OF_BIRTH | _OF_PEOPLE
    return bool(told & _SENSITIVE_OF_PEOPLE) and told <= _SENSITIVE_OF_PEOPLE | _OF_PEOPLE
