"""Cover pictures."""

from __future__ import annotations

from appview.views.image import image_view
from tests.appview.states import track


def test_image() -> None:
    """A track has the picture that it claims, or none."""
    assert image_view(track(imageUrl="https://img.test/a")) == {"url": "https://img.test/a"}
    assert image_view(track(imageUrl="http://img.test/a")) is None
    assert image_view(track()) is None
