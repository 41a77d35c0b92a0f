"""What holds for every test: a clean environment, and no complaint from the printing engine."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import hypothesis
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadGroupScheduling

from forms_server.services.accounts import Actor
from forms_server.services.workshop import Workshop
from tests.responders import Responders, serving_responders
from tests.workshop import NOW, actor_in, opened, settings_in

PRINTING_LOGGERS = ("weasyprint", "fontTools")

# On a busy machine a slow example is no defect; in CI the examples are the same every time.
hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "here")

# xdist 3.8 writes the group of a test into its node id, which pytest 9.2 no longer lets it: the
# mark xdist_group is passed over in silence. Until xdist mends that, groups are told by path.
TOGETHER = (
    "tests/browser/",
    "tests/documents/test_signature_fields.py",
    "tests/services/test_blanks.py",
    "tests/test_every_form.py",
)


class _Groups(LoadGroupScheduling):
    """Tests of one path of ``TOGETHER`` go to one worker, the others wherever there is room."""

    def _split_scope(self, nodeid: str) -> str:
        return next((path for path in TOGETHER if nodeid.startswith(path)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadGroupScheduling:
    return _Groups(config, log)


# WeasyPrint 70 leaves its colour profile open when it writes PDF/A; nothing of ours is at fault.
NOT_OURS = ("ignore:unclosed file .*sRGB2014.icc:ResourceWarning",)


def pytest_configure(config: pytest.Config) -> None:
    """Add to ``filterwarnings = error`` the few warnings that others must mend."""
    for line in NOT_OURS:
        config.addinivalue_line("filterwarnings", line)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees this machine's settings: what it needs it says itself."""
    for name in list(os.environ):
        if name.startswith("FORMS_SERVER_") or name == "DATABASE_URL":
            monkeypatch.delenv(name)


class _Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(f"{record.name}: {record.getMessage()}")


@pytest.fixture(autouse=True)
def printing_complaints() -> Iterator[list[str]]:
    """Fail the test when WeasyPrint logs a warning; a test that wants one empties the list."""
    collector = _Collector()
    loggers = [logging.getLogger(name) for name in PRINTING_LOGGERS]
    for logger in loggers:
        logger.addHandler(collector)
    yield collector.messages
    for logger in loggers:
        logger.removeHandler(collector)
    assert not collector.messages, "\n".join(collector.messages)


@pytest.fixture(scope="session")
def _responders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Responders]:
    with serving_responders(tmp_path_factory.mktemp("responders"), NOW) as responders:
        yield responders


@pytest.fixture
def responders(_responders: Responders) -> Responders:
    """The authorities' services, well-behaved at the beginning of each test."""
    _responders.behave()
    return _responders


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """One workshop for all tests of a worker; what a test issues stays for the others."""
    with opened(settings_in(tmp_path_factory.mktemp("workshop"))) as workshop:
        yield workshop


@pytest.fixture(scope="session")
def clerk(workshop: Workshop) -> Actor:
    return actor_in(workshop, "clerk")


@pytest.fixture(scope="session")
def head(workshop: Workshop) -> Actor:
    return actor_in(workshop, "head")


@pytest.fixture(scope="session")
def administrator(workshop: Workshop) -> Actor:
    return actor_in(workshop, "administrator")
