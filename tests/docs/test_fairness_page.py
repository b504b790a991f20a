"""The page on fairness tells every question, verdict and limit of the code."""

from conftest import ROOT

from assay.fairness import chance, groups, parity, proxies, rates

PAGE = (ROOT / "docs/fairness.md").read_text()


def test_every_question_and_measure_is_told():
    for name, measure in parity.PARITIES.items():
        assert f"`{name}`" in PAGE
        assert f"`{measure}`" in PAGE
    assert f"`{parity.EQUALIZED_ODDS}`" in PAGE


def test_every_verdict_is_told():
    for verdict in (
        *(parity.BELOW_BEYOND_CHANCE, parity.BELOW_BY_CHANCE, parity.WITHIN_BUT_DIFFERS),
        *(parity.WITHIN, parity.TOO_FEW),
    ):
        assert f"| {verdict} |" in PAGE


def test_the_limits_are_those_of_the_code():
    assert f"up to {chance._DEALT:,} times" in PAGE
    assert f"fewer than {rates.FEWEST_OF_A_CLASS} rows behind it" in PAGE
    assert f"at most {groups._FEW_VALUES} values goes by value" in PAGE
    assert "pairs of the first four" in PAGE
    assert groups._CROSSED == 4
    assert f"At most {proxies._ROWS:,} rows" in PAGE
    assert parity.FOUR_FIFTHS == 0.8
