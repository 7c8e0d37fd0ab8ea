"""Lattices that show an outline whole."""

import numpy as np
import pytest
import shapely

from sattrack.steps.grounding import Frame
from sattrack.steps.lattices import lattice_round

GROUND, PICTURE = Frame.about(130.0, 42.0), Frame.of_pixels()


@pytest.mark.parametrize("frame", [GROUND, PICTURE])
@pytest.mark.parametrize(("most_px", "pixel"), [(1000, 0.5), (100, 1.3)])
def test_the_outline_lies_in_the_middle_with_its_room_around(frame, most_px, pixel):
    outline = shapely.box(-30, 10, 70, 60)
    lattice = lattice_round(outline, frame=frame, finest_m=0.5, most_px=most_px, room=0.1, least_room_m=15.0)
    assert lattice.pixel_m == pytest.approx(pixel)
    assert lattice.shape == (round(80 / pixel), round(130 / pixel))
    corners = lattice.flat(np.array([[-30.0, 10.0], [70.0, 60.0]]))
    assert sorted(corners[:, 0]) == pytest.approx([15, 115])
    assert sorted(corners[:, 1]) == pytest.approx([15, 65])
    assert np.allclose(lattice.ground(corners), [[-30, 10], [70, 60]])
