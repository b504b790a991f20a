import numpy as np
import pytest
from cases import make_case
from sklearn.base import clone
from sklearn.linear_model import LinearRegression

from assay.preprocessing import build_sampler, on_target, source_features


def test_each_output_column_is_traced_to_its_feature():
    case = make_case()
    fitted = clone(case.preprocessor).fit(case.features)
    sources = source_features(fitted, case.schema.feature_names)
    names = fitted.get_feature_names_out()
    assert len(sources) == len(names)
    for name, source in zip(names, sources, strict=True):
        assert source in name, (name, source)
    # Both the number and its missing flag belong to `signal`.
    assert sources.count("signal") == 2


def test_a_target_is_transformed_only_where_that_is_asked_for():
    plain = LinearRegression()
    assert on_target(plain, make_case("regression").params.task) is plain
    case = make_case("regression", task={"target_transform": "log1p"})
    x, y = np.arange(5.0)[:, None], np.expm1(np.arange(5.0))
    np.testing.assert_allclose(on_target(plain, case.params.task).fit(x, y).predict(x), y)


@pytest.mark.parametrize("name", ["random_under", "smote"])
def test_samplers_balance_the_classes_the_same_way_twice(name):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(200, 3)), np.repeat([0, 1, 2], [150, 30, 20])
    first, second = (build_sampler(name, 7).fit_resample(x, y) for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    expected = 20 if name == "random_under" else 150
    assert np.bincount(first[1]).tolist() == [expected] * 3


def test_no_resampling_needs_no_sampler_and_an_unknown_one_is_refused():
    assert build_sampler("none", 0) is None
    with pytest.raises(ValueError, match="unknown resampling 'adasyn'"):
        build_sampler("adasyn", 0)
