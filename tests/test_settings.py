"""Settings: what works is taken, what cannot work is refused at the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from forms_server.errors import SettingsError
from forms_server.languages import OUTPUTS, BilingualText, Language
from forms_server.settings import LONGEST_PUBLIC_URL, ROOT, Settings


def test_without_settings_everything_has_its_place() -> None:
    settings = Settings.from_env({})
    assert settings.home == ROOT / "var"
    assert settings.database_url == f"sqlite:///{ROOT / 'var' / 'forms.db'}"
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.seal_key_file is None
    assert settings.time_zone == "Asia/Almaty"


def test_what_is_set_is_taken(tmp_path: Path) -> None:
    key, password = tmp_path / "seal.p12", tmp_path / "seal.password"
    key.touch()
    password.touch()
    settings = Settings.from_env(
        {
            "FORMS_SERVER_HOME": str(tmp_path / "state"),
            "DATABASE_URL": "postgresql://db/forms",
            "FORMS_SERVER_PUBLIC_URL": "https://forms.example.kz/mse/",
            "FORMS_SERVER_OFFICE_CODE": "0101",
            "FORMS_SERVER_OFFICE_NAME_KK": "Бірінші бөлім",
            "FORMS_SERVER_OFFICE_NAME_RU": "Первый отдел",
            "FORMS_SERVER_SEAL_KEY_FILE": str(key),
            "FORMS_SERVER_SEAL_PASSWORD_FILE": str(password),
            "FORMS_SERVER_TIME_ZONE": "Asia/Aqtau",
        }
    )
    assert settings.home == tmp_path / "state"
    assert settings.database_url == "postgresql://db/forms"
    assert settings.public_url == "https://forms.example.kz/mse"
    assert settings.office.code == "0101"
    assert settings.office.name == BilingualText(kk="Бірінші бөлім", ru="Первый отдел")
    assert (settings.seal_key_file, settings.seal_password_file) == (key, password)
    assert settings.time_zone == "Asia/Aqtau"


@pytest.mark.parametrize(
    "url",
    ["forms.example.kz", "ftp://forms.example.kz", "https://", "//forms.example.kz", "https://[::1",
     "https://forms.example.kz:port", "https://forms.example.kz/?a=b", "https://forms.example.kz/#x",
     "https://forms example.kz", "https://мысал.қаз"],
)  # fmt: skip
def test_an_address_that_no_qr_can_carry_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="settings-public-url"):
        Settings.from_env({"FORMS_SERVER_PUBLIC_URL": url})


def test_an_address_has_a_longest_length() -> None:
    longest = "https://" + "x" * (LONGEST_PUBLIC_URL - len("https://"))
    assert Settings.from_env({"FORMS_SERVER_PUBLIC_URL": longest}).public_url == longest
    with pytest.raises(SettingsError, match="settings-public-url-long"):
        Settings.from_env({"FORMS_SERVER_PUBLIC_URL": longest + "x"})


@pytest.mark.parametrize("name", ["FORMS_SERVER_SEAL_KEY_FILE", "FORMS_SERVER_SEAL_PASSWORD_FILE"])
def test_a_file_that_is_not_there_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="settings-file-missing") as caught:
        Settings.from_env({name: str(tmp_path / "none")})
    assert name in caught.value.message.kk


@pytest.mark.parametrize("zone", ["Asia/Nowhere", "../etc/passwd", "/etc/localtime", "", "Asia"])
def test_an_unknown_time_zone_is_refused(zone: str) -> None:
    with pytest.raises(SettingsError, match="settings-time-zone"):
        Settings.from_env({"FORMS_SERVER_TIME_ZONE": zone})


def test_there_are_two_languages_and_three_outputs() -> None:
    text = BilingualText(kk="үлгі", ru="образец")
    assert [text[language] for language in Language] == ["үлгі", "образец"]
    assert [language.other for language in Language] == [Language.RU, Language.KK]
    assert OUTPUTS["kk-ru"] == (Language.KK, Language.RU)
    assert {*OUTPUTS} == {"kk", "ru", "kk-ru"}


def test_the_count_of_proxies_is_a_whole_number() -> None:
    assert Settings.from_env({"FORMS_SERVER_TRUSTED_PROXIES": "2"}).trusted_proxies == 2
    with pytest.raises(SettingsError, match="settings-count"):
        Settings.from_env({"FORMS_SERVER_TRUSTED_PROXIES": "-1"})


def test_ncalayer_is_where_it_listens_unless_said_otherwise() -> None:
    told = {"FORMS_SERVER_NCALAYER_URL": "ws://127.0.0.1:40001"}
    assert Settings.from_env({}).ncalayer_url == "wss://127.0.0.1:13579"
    assert Settings.from_env(told).ncalayer_url == "ws://127.0.0.1:40001"


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1:13579", "wss://ncalayer.example.kz:13579", "wss://127.0.0.1", "",
     "wss://127.0.0.1:13579 https://example.kz", "wss://127.0.0.1:13579; script-src *",
     "wss://127.0.0.1:13579\n"],
)  # fmt: skip
def test_an_ncalayer_elsewhere_or_with_more_words_for_the_policy_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="settings-ncalayer-url"):
        Settings.from_env({"FORMS_SERVER_NCALAYER_URL": url})
