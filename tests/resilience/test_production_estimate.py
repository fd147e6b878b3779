import pytest

from pitscape.resilience.production_estimate import miami_npp


def test_limits_of_lieth() -> None:
    """Lieth (1973): rain alone allows 3000 (1 - e^-0.664) g at 1000 mm, warmth 3000 / (1 + e^1.315) g at 0 degrees."""
    assert miami_npp(30, 1000, carbon_share=1) == pytest.approx(1.4556, abs=1e-4)
    assert miami_npp(0, 5000, carbon_share=1) == pytest.approx(0.6350, abs=1e-4)
    assert miami_npp(0, 5000) == pytest.approx(0.3175, abs=1e-4)
    assert miami_npp(20, 0) == 0


def test_numbers_outside_their_range_are_refused() -> None:
    with pytest.raises(ValueError, match="precipitation_mm >= 0, got 10 and -5"):
        miami_npp(10, -5)
    with pytest.raises(ValueError, match="carbon_share must be in"):
        miami_npp(10, 500, carbon_share=50)
