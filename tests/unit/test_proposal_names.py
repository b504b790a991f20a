import pytest

from assay.proposal.names import (
    is_code_name,
    is_entity_name,
    is_id_name,
    is_person_or_thing,
    is_sensitive_name,
    names_rows,
    words,
)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("StoreID", ("store", "id")),
        ("customer_id", ("customer", "id")),
        ("HTTPCode", ("http", "code")),
        ("Sale Price (€)", ("sale", "price")),
        ("passengerClass", ("passenger", "class")),
        ("größe", ("größe",)),
        ("  ", ()),
    ],
)
def test_a_name_has_words(name, told):
    assert tuple(word for word in words(name) if word != "€") == told


@pytest.mark.parametrize(
    "name",
    ["id", "ID", "order_id", "OrderId", "orderid", "uuid", "order_no", "Unnamed: 0", "tailnum",
     "account number", "patient"],
)  # fmt: skip
def test_names_of_keys_and_entities(name):
    assert is_id_name(name)


@pytest.mark.parametrize(
    "name",
    ["paid", "humid", "number", "number_vmail_messages", "price", "no", "", "width", "valid"],
)
def test_names_that_only_sound_so(name):
    assert not is_id_name(name)


def test_kinds_and_row_numbers_are_no_entities():
    assert is_entity_name("customer_id")
    assert not is_entity_name("product_id")
    assert not is_entity_name("region_id")
    assert not is_entity_name("index")
    assert names_rows("rownames")
    assert is_person_or_thing("user_id")
    assert is_person_or_thing("patientid")
    assert not is_person_or_thing("order_id")


@pytest.mark.parametrize(
    ("name", "code"),
    [("zip_code", True), ("STORE", True), ("product_id", True), ("ZIP", True), ("age", False),
     ("code_length", False), ("distance_to_store", False), ("items_in_category", False),
     ("orders_per_region", False), ("number_of_shop", False), ("num_store", False),
     ("distance_store", False), ("index", False), ("home_zip", True), ("product_category", True),
     ("icd_code", True), ("distance_to_store_id", True), ("branch", True)],
)  # fmt: skip
def test_names_of_codes(name, code):
    assert is_code_name(name) is code


@pytest.mark.parametrize(
    "name",
    ["sex", "Gender", "race", "ethnicity", "patientAge", "age_years", "AGE", "maritalStatus", "is_disabled",
     "religion", "nationality", "age_at_admission", "personal_status_sex", "birth_date", "date_of_birth",
     "customerBirthDate", "dob", "birthdate", "year_of_birth", "country_of_birth", "male", "Female",
     "is_male", "marital_status", "married", "citizenship", "pregnant", "veteran", "disabled"],
)  # fmt: skip
def test_names_by_which_people_must_not_be_treated(name):
    assert is_sensitive_name(name)


@pytest.mark.parametrize(
    "name",
    ["page", "stage", "plane_age_years", "race_time", "trace", "sextant", "average", "usage",
     "account_age", "message", "embarrassed", "unmarriedness", "female_count_in_store", "birth_weight", "birth_rate",
     "race_date", "male_connector", "married_share", "birthplace_distance", "newborn_ward"],
)  # fmt: skip
def test_names_that_only_hold_such_letters_or_are_of_things(name):
    assert not is_sensitive_name(name)
