"""The first request of a day signs for the trail, once; a failure of it stops no page."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from forms_server.app import create_app
from forms_server.services.workshop import Workshop
from tests.workshop import NOW, opened, settings_in


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    with opened(settings_in(tmp_path_factory.mktemp("own"))) as workshop:
        yield workshop


def test_the_first_request_of_a_day_signs_for_the_trail(own: Workshop) -> None:
    moment = [NOW]
    workers = [
        create_app(own.settings, own, clock=lambda: moment[0]).test_client() for _ in range(2)
    ]
    for days in (0, 1):
        moment[0] = NOW + timedelta(days=days)
        for worker in (*workers, *workers):
            assert worker.get("/verify").status_code == 200
        assert len(own.records.checkpoints.all()) == days + 1
    files = sorted(path.name for path in (own.settings.home / "checkpoints").iterdir())
    assert files == [f"{record.day}.jws" for record in own.records.checkpoints.all()]


def test_a_checkpoint_that_cannot_be_made_stops_no_page(
    own: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    folder: Path = own.settings.home / "checkpoints"
    shutil.rmtree(folder, ignore_errors=True)
    folder.touch()
    app = create_app(own.settings, own, clock=lambda: NOW + timedelta(days=2))
    with caplog.at_level(logging.ERROR):
        assert app.test_client().get("/verify").status_code == 200
    assert "checkpoint-not-written" in caplog.text
