"""Brightness and texture of a site beside its surroundings."""

import numpy as np
import pytest
import shapely

from sattrack.steps.noticing import BEYOND_NOISE, LEAST_PLACES, Noticed, changes_between, look, places_round, said_of_change


def noticed(name: str, level: float, rough: float, *, places: int = 40, gain: float = 1.0, seed: int = 0) -> Noticed:
    """A site among places of many levels, each a little off by chance."""
    rng = np.random.default_rng(seed)
    levels, chance = np.linspace(20, 120, places), rng.normal(0, 0.5, (places, 2))
    round_it = {k: (gain * levels[k] + chance[k, 0], gain * levels[k] / 10 + chance[k, 1]) for k in range(places)}
    return Noticed(name, gain * level, gain * rough, round_it)


def test_other_light_over_the_whole_scene_is_no_change_of_a_site() -> None:
    brightness, texture = changes_between(noticed("a", 70, 7), noticed("b", 70, 7, gain=1.6, seed=1))
    assert abs(brightness.times_noise or 99) < 2
    assert abs(texture.times_noise or 99) < 2


def test_a_site_that_changed_alone_stands_out() -> None:
    brightness, texture = changes_between(noticed("a", 70, 7), noticed("b", 90, 7, gain=1.6, seed=1))
    assert brightness.change == pytest.approx(32, rel=0.1)
    assert (brightness.times_noise or 0) > BEYOND_NOISE
    said = said_of_change(brightness, texture)
    assert "times the noise" in said
    assert "What changed there is not known" in said


def test_with_too_few_places_noise_is_not_known() -> None:
    few = LEAST_PLACES - 1
    brightness, _ = changes_between(noticed("a", 70, 7, places=few), noticed("b", 90, 7, places=few))
    assert brightness.noise is None
    assert "too few places" in said_of_change(brightness, brightness)


def test_places_that_did_not_change_are_not_called_too_few() -> None:
    water = dict.fromkeys(range(48), (3.0, 0.0))
    brightness, texture = changes_between(Noticed("a", 70, 7, water), Noticed("b", 90, 9, water))
    assert brightness.noise is None
    assert said_of_change(brightness, texture).count("site, none that changed, or none alike, to say what is noise") == 2


@pytest.mark.parametrize("seed", range(12))
def test_a_rough_site_on_even_ground_that_stays_as_it_is_did_not_change(seed: int) -> None:
    """Between places that differ by chance alone any line is drawn; beyond them it leads anywhere."""
    rng = np.random.default_rng(seed)
    days = [rng.normal((80, 2.3), (1.0, 0.2), (48, 2)) for _ in range(2)]
    before, after = (Noticed(f"day {i}", 88.0, 33.8, {k: (b, t) for k, (b, t) in enumerate(day)}) for i, day in enumerate(days))
    for change in changes_between(before, after):
        assert abs(change.times_noise or 0.0) < BEYOND_NOISE


def test_of_a_site_a_little_beyond_its_surroundings_a_change_is_told_as_before() -> None:
    brightness, _ = changes_between(noticed("a", 125, 7), noticed("b", 140, 7, gain=1.6, seed=1))
    assert brightness.change == pytest.approx(24, rel=0.1)
    assert (brightness.times_noise or 0) > BEYOND_NOISE


def test_only_places_of_both_scenes_are_compared() -> None:
    first, second = noticed("a", 70, 7), noticed("b", 70, 7, seed=1)
    torn = Noticed("b", second.brightness, second.texture, {k: v for k, v in second.round_it.items() if k < few_of(first)})
    assert changes_between(first, torn)[0].noise is None


def few_of(one: Noticed) -> int:
    return min(LEAST_PLACES - 1, len(one.round_it))


def test_places_lie_round_the_site_and_never_on_it() -> None:
    site = shapely.box(100, 100, 300, 260)
    side, middles = places_round(site)
    squares = shapely.box(*(middles - side / 2).T, *(middles + side / 2).T)
    assert len(middles) == 48
    assert not shapely.intersects(squares, site).any()
    assert side == pytest.approx(np.sqrt(200 * 160))


def test_a_look_takes_only_what_is_wanted() -> None:
    pixels = np.full((20, 20, 3), 50.0)
    pixels[:, 10:] = np.random.default_rng(0).normal(50, 30, (20, 10, 1))
    wanted = np.zeros((20, 20), bool)
    wanted[:, :10] = True
    assert look(pixels, wanted).means == pytest.approx((50.0, 0.0), abs=1e-9)
    assert look(pixels, ~wanted).means[1] > 10  # type: ignore[index]
    assert look(pixels, np.zeros((20, 20), bool)).means is None


def test_a_site_in_blocks_is_as_bright_and_nearly_as_rough_as_in_one() -> None:
    pixels = np.random.default_rng(0).normal(500, 60, (64, 64, 1)).repeat(3, axis=2)
    every = np.ones((64, 64), bool)
    blocks = [look(pixels[r : r + 32, c : c + 32], every[:32, :32]) for r in (0, 32) for c in (0, 32)]
    whole = look(pixels, every).means
    assert sum(blocks[1:], blocks[0]).means == pytest.approx(whole, rel=0.01)
