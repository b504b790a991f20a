import json

from assay.contract import build_contract, contract_from_json
from assay.schema import infer_schema, typed_table


def test_the_contract_round_trips_and_knows_what_it_saw(table, params):
    schema = infer_schema(table, params.data, params.task)
    contract = build_contract(schema, typed_table(table, schema))
    assert contract_from_json(json.loads(json.dumps(contract.to_json()))) == contract
    assert contract.categories == {"kind": ["a", "b", "c"]}
    assert contract.ranges["count"] == [0.0, 8.0]
