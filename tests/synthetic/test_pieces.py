from sattrack.synthetic.pieces import assembled
from sattrack.synthetic.rendering import render_tile


def test_a_thing_of_no_pieces_is_nothing() -> None:
    assert len(assembled([], centre=(0, 0), heading=0.3, frame=0.0).length) == 0


def test_a_place_whose_steel_stack_lost_every_piece_is_drawn() -> None:
    """Seed 1078 drew one; a training on it broke."""
    assert render_tile(1078, gsd_m=0.55, shape=(64, 64)).picture.shape == (64, 64, 3)
