import pytest

from sattrack.bench.alarm_bound import BASE_LIMIT, GROWTH_LIMIT, MORE_LIMIT, best_possible


def test_no_told_rule_goes_over_its_limits_and_more_history_catches_more() -> None:
    short, long = (best_possible(draws=4000, past=past) for past in (7, 40))
    for bound in (short, long):
        assert bound.base <= BASE_LIMIT
        assert bound.more <= MORE_LIMIT
        assert bound.growth <= GROWTH_LIMIT
    assert 0.2 < short.caught < long.caught < 0.75
    assert best_possible(draws=4000, surge=5.0).caught > long.caught


def test_with_all_the_history_one_could_wish_it_is_the_test_of_a_known_spread() -> None:
    """Normal log rates of a known variance: the power of a one-sided z test at the limit of the base model."""
    from statistics import NormalDist

    import numpy as np

    bound = best_possible(draws=20_000, past=300)
    sd = np.sqrt(0.1625)  # of log rates with the chance and clouds of the base model
    expected = 1 - NormalDist().cdf(NormalDist().inv_cdf(1 - BASE_LIMIT) - np.log(3) / sd)
    assert bound.caught == pytest.approx(expected, abs=0.05)


def test_a_limit_under_growth_costs_surges() -> None:
    limited, free = (best_possible(draws=20_000, growth=growth) for growth in (True, False))
    assert limited.growth <= GROWTH_LIMIT < free.growth
    assert limited.caught < free.caught
