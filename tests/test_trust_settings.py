"""Settings of trust: what cannot work together is refused at the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from forms_server.errors import SettingsError
from forms_server.services.workshop import open_workshop
from forms_server.trust_settings import SealLevel, TrustSettings
from tests.responders import Responders
from tests.services.stamping import stamping_variables
from tests.workshop import NOW, settings_in

TSA = {"FORMS_SERVER_TSA_URL": "http://tsp.example.kz/"}


@pytest.fixture
def authorities(tmp_path: Path) -> dict[str, str]:
    file = tmp_path / "authorities.pem"
    file.touch()
    return {"FORMS_SERVER_TSA_AUTHORITIES_FILE": str(file)}


def test_without_settings_the_seal_stands_alone_and_revocation_is_asked() -> None:
    settings = TrustSettings.from_env({})
    assert settings.level is SealLevel.B_B
    assert not settings.level.wants_time_stamp
    assert settings.asks_revocation


def test_what_is_set_is_taken(authorities: dict[str, str]) -> None:
    given = TSA | authorities | {
        "FORMS_SERVER_SEAL_LEVEL": "B-LTA", "FORMS_SERVER_TSA_POLICY": "1.2.398.3.3.2.6.2"
    }  # fmt: skip
    settings = TrustSettings.from_env(given)
    assert settings.level is SealLevel.B_LTA
    assert settings.tsa_url == "http://tsp.example.kz/"
    assert settings.tsa_policy == "1.2.398.3.3.2.6.2"


@pytest.mark.parametrize("level", ["B-T", "B-LT", "B-LTA"])
@pytest.mark.parametrize("lacks", ["address", "authorities", "both"])
def test_a_level_without_an_authority_is_refused(
    level: str, lacks: str, authorities: dict[str, str]
) -> None:
    given = {"address": authorities, "authorities": TSA, "both": {}}[lacks]
    with pytest.raises(SettingsError, match="settings-time-stamp-missing"):
        TrustSettings.from_env({"FORMS_SERVER_SEAL_LEVEL": level, **given})


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("FORMS_SERVER_SEAL_LEVEL", "B-XL", "settings-seal-level"),
        ("FORMS_SERVER_SEAL_LEVEL", "b-t", "settings-seal-level"),
        ("FORMS_SERVER_TSA_URL", "tsp.example.kz", "settings-address"),
        ("FORMS_SERVER_TSA_URL", "ftp://tsp.example.kz", "settings-address"),
        ("FORMS_SERVER_TSA_URL", "http://[::1", "settings-address"),
        ("FORMS_SERVER_TSA_POLICY", "RSA", "settings-policy"),
        ("FORMS_SERVER_TSA_AUTHORITIES_FILE", "nowhere.pem", "settings-file-missing"),
        ("FORMS_SERVER_PERSON_AUTHORITIES_FILE", "nowhere.pem", "settings-file-missing"),
        ("FORMS_SERVER_REVOCATION", "maybe", "settings-revocation"),
    ],
)
def test_what_is_misspelt_is_refused(name: str, value: str, code: str) -> None:
    with pytest.raises(SettingsError) as refused:
        TrustSettings.from_env({name: value})
    assert refused.value.code == code


@pytest.mark.parametrize("level", ["B-LT", "B-LTA"])
def test_proofs_that_must_not_be_asked_for_are_refused(
    level: str, authorities: dict[str, str]
) -> None:
    given = {"FORMS_SERVER_SEAL_LEVEL": level, "FORMS_SERVER_REVOCATION": "leave"}
    with pytest.raises(SettingsError, match="settings-revocation-level"):
        TrustSettings.from_env(TSA | authorities | given)


def test_a_seal_of_which_nobody_can_be_asked_is_refused_at_the_start(
    responders: Responders, tmp_path: Path
) -> None:
    """The development key names no responder: it can have time stamps, but no proofs."""
    variables = stamping_variables(responders, tmp_path, SealLevel.B_LT)
    for name in ("FORMS_SERVER_SEAL_KEY_FILE", "FORMS_SERVER_SEAL_PASSWORD_FILE"):
        del variables[name]
    with pytest.raises(SettingsError, match="settings-seal-revocation"):
        open_workshop(settings_in(tmp_path / "home", **variables), NOW)
