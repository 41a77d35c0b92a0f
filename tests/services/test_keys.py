"""Keys by configuration, and what happens when they change: nothing sealed before is lost."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate

from forms_server.documents import rotation
from forms_server.documents.checking import check_pdf
from forms_server.documents.development_keys import QR_FILE
from forms_server.documents.qr_keys import load_qr_keys
from forms_server.documents.signing import Sealer
from forms_server.documents.signing_keys import KeptKey
from forms_server.documents.tokens import close_tokens
from forms_server.errors import DocumentError, SettingsError
from forms_server.services.auditing import audit
from forms_server.services.checkpoints import archive_of, make_checkpoint
from forms_server.services.file_checks import verify_pdf
from forms_server.services.issuing import pdf_of
from forms_server.services.keys import (
    KeyUse,
    list_keys,
    open_key_of_person,
    open_keys,
    renew_qr_key,
    retire_seal,
)
from forms_server.services.reasons import Verdict
from forms_server.services.workshop import Workshop
from forms_server.settings import Settings
from tests import judges
from tests.authority import (
    LIFETIME,
    Authority,
    make_authority,
    make_seal_keys,
    print_pdf,
    write_p12,
)
from tests.judges import ROOT
from tests.refusals import refused
from tests.tokens import CONFIGURATION, Token, add_key, configure, make_token, softhsm_module
from tests.workshop import NOW, actor_in, issue_sample, opened, settings_in

SERVE = "from forms_server.cli import main; main(['serve', '--port', '{port}'])"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return make_authority(NOW, name="First authority")


@pytest.fixture(scope="module")
def other_authority() -> Authority:
    return make_authority(NOW, name="Second authority")


@pytest.fixture(scope="module")
def tokens(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> Iterator[Mapping[str, str]]:
    """The settings of a seal on a token, its authority in a file."""
    folder = tmp_path_factory.mktemp("tokens")
    configure(folder)
    add_key(make_token("seal", "1234"), make_seal_keys(authority, NOW, rsa=True), label="seal")
    add_key(make_token("persons", "1111"), make_seal_keys(authority, NOW), label="ulgi")
    pin, chain = folder / "pin", folder / "chain.pem"
    pin.write_text("1234\n")
    pin.chmod(0o600)
    chain.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    yield {
        "FORMS_SERVER_PKCS11_MODULE": str(softhsm_module()),
        "FORMS_SERVER_SEAL_TOKEN": "seal",
        "FORMS_SERVER_SEAL_KEY_LABEL": "seal",
        "FORMS_SERVER_SEAL_PIN_FILE": str(pin),
        "FORMS_SERVER_SEAL_CHAIN_FILE": str(chain),
        "FORMS_SERVER_PERSONS_TOKEN": "persons",
    }
    close_tokens()
    del os.environ[CONFIGURATION]


def p12_of(key: KeptKey, folder: Path) -> dict[str, str]:
    folder.mkdir(parents=True, exist_ok=True)
    p12, password = write_p12(key, folder)
    return {
        "FORMS_SERVER_SEAL_KEY_FILE": str(p12),
        "FORMS_SERVER_SEAL_PASSWORD_FILE": str(password),
    }


def issue_and_read(workshop: Workshop) -> bytes:
    record = issue_sample(workshop)
    return pdf_of(workshop, record.number, actor=actor_in(workshop, "clerk"))


def holds(workshop: Workshop, pdf: bytes) -> bool:
    report = verify_pdf(workshop, pdf, now=NOW)
    return report.verdict is Verdict.VALID and all(facts.trusted for facts in report.signatures)


# -- settings --------------------------------------------------------------------------------------


def test_two_kinds_of_seal_key_are_refused(
    tokens: Mapping[str, str], authority: Authority, tmp_path: Path
) -> None:
    files = p12_of(make_seal_keys(authority, NOW), tmp_path)
    with refused("settings-seal-two-keys"):
        settings_in(tmp_path, **tokens, **files)


@pytest.mark.parametrize(
    "missing",
    ["FORMS_SERVER_PKCS11_MODULE", "FORMS_SERVER_SEAL_TOKEN", "FORMS_SERVER_SEAL_KEY_LABEL",
     "FORMS_SERVER_SEAL_PIN_FILE"],
)  # fmt: skip
def test_half_a_token_is_refused(tokens: Mapping[str, str], tmp_path: Path, missing: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        settings_in(tmp_path, **{**tokens, missing: ""})
    assert refusal.value.code == "settings-token-incomplete"
    assert missing in refusal.value.say("en")


def test_persons_do_not_share_the_seals_token(tokens: Mapping[str, str], tmp_path: Path) -> None:
    with refused("settings-tokens-same"):
        settings_in(tmp_path, **{**tokens, "FORMS_SERVER_PERSONS_TOKEN": "seal"})
    settings = settings_in(tmp_path, **{**tokens, "FORMS_SERVER_PERSONS_TOKEN": "{label}"})
    with refused("key-missing"):
        open_key_of_person(settings, "seal", pin="1234")


def test_a_person_key_is_opened_by_the_settings(tokens: Mapping[str, str], tmp_path: Path) -> None:
    settings = settings_in(tmp_path, **tokens)
    assert open_key_of_person(settings, "ulgi", pin="1111").sign(b"some")
    with refused("key-pin-wrong"):
        open_key_of_person(settings, "ulgi", pin="1234")
    with refused("key-missing"):
        open_key_of_person(settings_in(tmp_path), "ulgi", pin="1111")


# -- what a start refuses --------------------------------------------------------------------------


def open_at(settings: Settings, days: int = 0) -> None:
    open_keys(settings, NOW + timedelta(days=days))


@pytest.mark.parametrize(
    ("days", "code"),
    [(-1, "seal-certificate-not-yet"), (LIFETIME.days + 1, "seal-certificate-expired")],
)
def test_a_seal_out_of_force_is_refused(
    tokens: Mapping[str, str], authority: Authority, tmp_path: Path, *, days: int, code: str
) -> None:
    files = p12_of(make_seal_keys(authority, NOW), tmp_path / "keys-of-seal")
    for seal in (files, tokens):
        with refused(code):
            open_at(settings_in(tmp_path, **seal), days)


def test_a_certificate_for_other_uses_is_refused(authority: Authority, tmp_path: Path) -> None:
    key = make_seal_keys(authority, NOW, usages=("digital_signature",))
    with refused("seal-certificate-usage"):
        open_at(settings_in(tmp_path, **p12_of(key, tmp_path / "keys-of-seal")))


def test_a_token_with_the_certificate_of_another_key_is_refused(
    tokens: Mapping[str, str], authority: Authority, tmp_path: Path
) -> None:
    token = Token("mixed", "1234")
    make_token(token.label, token.pin)
    mine, other = make_seal_keys(authority, NOW), make_seal_keys(authority, NOW)
    mixed = KeptKey(certificate=other.certificate, private_key=mine.private_key, chain=())
    add_key(token, mixed, label="seal")
    with refused("seal-key-mismatched"):
        open_at(settings_in(tmp_path, **{**tokens, "FORMS_SERVER_SEAL_TOKEN": "mixed"}))


def test_a_pin_that_everybody_may_read_is_refused(
    tokens: Mapping[str, str], tmp_path: Path
) -> None:
    pin = tmp_path / "pin"
    pin.write_text("1234")
    pin.chmod(0o644)
    with refused("secret-file-open"):
        open_at(settings_in(tmp_path, **{**tokens, "FORMS_SERVER_SEAL_PIN_FILE": str(pin)}))
    pin.chmod(0o640)
    pin.write_bytes(b"\xff\xfe")
    with refused("token-pin-unreadable"):
        open_at(settings_in(tmp_path, **{**tokens, "FORMS_SERVER_SEAL_PIN_FILE": str(pin)}))


def test_a_qr_key_that_everybody_may_read_is_refused(tmp_path: Path) -> None:
    open_at(settings_in(tmp_path))
    (tmp_path / "keys" / QR_FILE).chmod(0o644)
    with refused("secret-file-open"):
        open_at(settings_in(tmp_path))


def test_a_chain_that_does_not_lead_to_the_seal_is_refused(
    tokens: Mapping[str, str], other_authority: Authority, tmp_path: Path
) -> None:
    chain = tmp_path / "chain.pem"
    chain.write_bytes(other_authority.certificate.public_bytes(Encoding.PEM))
    with refused("seal-chain-wrong"):
        open_at(settings_in(tmp_path, **{**tokens, "FORMS_SERVER_SEAL_CHAIN_FILE": str(chain)}))


@pytest.mark.parametrize("pin", ["1234", "9999"], ids=["whole", "wrong-pin"])
def test_the_server_starts_with_a_token_or_says_why_not(
    tokens: Mapping[str, str], tmp_path: Path, pin: str
) -> None:
    """Through the command itself: a page comes, or one line and exit code 1."""
    file = tmp_path / "pin"
    file.write_text(pin)
    file.chmod(0o600)
    variables = {**tokens, "FORMS_SERVER_SEAL_PIN_FILE": str(file)}
    with _serving(tmp_path / "home", variables) as server:
        if pin == "1234":
            assert _answers(server), "each worker opens the token again after the fork"
            return
        _, said = server.communicate(timeout=60)
    assert server.returncode == 1
    assert said.startswith("token-pin-wrong: "), said
    assert "Traceback" not in said


@contextmanager
def _serving(home: Path, variables: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    kept = {
        name: os.environ[name] for name in ("PATH", "HOME", CONFIGURATION) if name in os.environ
    }
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE.format(port=_free_port())],
        cwd=ROOT,
        env={**kept, "FORMS_SERVER_HOME": str(home), "PYTHONUNBUFFERED": "1", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        yield server
    finally:
        server.terminate()
        server.communicate(timeout=60)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _answers(server: subprocess.Popen[str]) -> bool:
    """Whether a page comes, from the address that the server says."""
    assert server.stdout is not None
    for line in server.stdout:
        address = re.match(r"Serving (http://\S+)", line)
        if address:
            break
    else:
        return False
    for _ in range(100):
        with suppress(OSError), urllib.request.urlopen(f"{address[1]}verify", timeout=30) as page:  # noqa: S310
            return bool(page.status == 200)
        if server.poll() is not None:
            return False
        time.sleep(0.1)
    return False


# -- rotation --------------------------------------------------------------------------------------


def test_what_was_sealed_with_former_keys_stays_valid(
    tokens: Mapping[str, str], authority: Authority, other_authority: Authority, tmp_path: Path
) -> None:
    """Two PKCS#12 files, a token; the QR key changes in between. Nobody retires by hand."""
    home = tmp_path / "home"
    first = p12_of(make_seal_keys(other_authority, NOW, name="First seal"), tmp_path / "first")
    second = p12_of(make_seal_keys(authority, NOW, name="Second seal"), tmp_path / "second")
    papers = []
    for seal in (first, second, dict(tokens)):
        settings = settings_in(home, **seal)
        with opened(settings) as workshop:
            papers.append(issue_and_read(workshop))
            assert [holds(workshop, paper) for paper in papers] == [True] * len(papers)
            archive = archive_of(workshop)
            make_checkpoint(archive, now=NOW + timedelta(days=len(papers)))
            assert audit(archive).holds, "checkpoints by former QR keys hold too"
            workshop.close()
        renew_qr_key(settings, NOW)
    with opened(settings) as workshop:
        published = workshop.qr_keys.jwks["keys"]
        assert len({key["kid"] for key in published}) == len(published) == 4
    uses = [facts.use for facts in list_keys(settings, NOW)]
    assert uses == [
        KeyUse.SEAL,
        KeyUse.AUTHORITY,
        *[KeyUse.FORMER_SEAL] * 2,
        KeyUse.QR,
        *[KeyUse.FORMER_QR] * 3,
    ]
    sealed, root = tmp_path / "by-token.pdf", tmp_path / "root.pem"
    sealed.write_bytes(papers[-1])
    root.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    judges.pdfsig(sealed, judges.trusted_nss_db(root, tmp_path / "nss"))
    judges.qpdf_check(sealed)


def test_an_unknown_seal_is_not_trusted(
    authority: Authority, other_authority: Authority, tmp_path: Path
) -> None:
    former = make_seal_keys(authority, NOW)
    first = p12_of(former, tmp_path / "first")
    second = p12_of(make_seal_keys(other_authority, NOW), tmp_path / "second")
    with opened(settings_in(tmp_path / "one", **first)) as workshop:
        paper = issue_and_read(workshop)
    home = tmp_path / "two"
    with opened(settings_in(home, **second)) as workshop:
        assert not any(facts.trusted for facts in verify_pdf(workshop, paper, now=NOW).signatures)
    pem = tmp_path / "former.pem"
    pem.write_bytes(b"".join(
        one.public_bytes(Encoding.PEM) for one in (former.certificate, *former.chain)
    ))  # fmt: skip
    kept = retire_seal(settings_in(home, **second), pem, NOW)
    assert kept == retire_seal(settings_in(home, **second), pem, NOW), "a second time is the same"
    with opened(settings_in(home, **second)) as workshop:
        assert all(facts.trusted for facts in verify_pdf(workshop, paper, now=NOW).signatures)


def test_a_seal_is_retired_by_hand_before_it_goes(authority: Authority, tmp_path: Path) -> None:
    files = p12_of(make_seal_keys(authority, NOW), tmp_path / "keys-of-seal")
    settings = settings_in(tmp_path / "home", **files)
    late = NOW + LIFETIME + timedelta(days=1)
    kept = retire_seal(settings, None, late)
    assert kept.name.startswith(f"{NOW + LIFETIME:%Y-%m-%d}-"), "also one that has expired"
    (former,) = rotation.former_seals(tmp_path / "home" / "keys")
    assert former.chain == (authority.certificate,)


def test_what_is_no_seal_is_not_retired(authority: Authority, tmp_path: Path) -> None:
    pem = tmp_path / "authority.pem"
    pem.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    with refused("seal-certificate-usage"):
        retire_seal(settings_in(tmp_path), pem, NOW)
    pem.write_bytes(b"")
    with refused("certificates-unreadable"):
        retire_seal(settings_in(tmp_path), pem, NOW)


def test_a_half_done_rotation_of_the_qr_key_is_harmless(tmp_path: Path) -> None:
    """The public half was written, then the power went."""
    settings = settings_in(tmp_path)
    present = open_keys(settings, NOW).qr
    folder = tmp_path / "keys"
    pem = present.private_key.as_pem(private=False)
    (folder / f"qr-{present.kid}.pub.pem").write_bytes(pem)
    again = load_qr_keys(folder / QR_FILE)
    assert (again.kid, len(again.jwks["keys"])) == (present.kid, 1)
    renewed = renew_qr_key(settings, NOW)
    assert [key["kid"] for key in renewed.jwks["keys"]] == [renewed.kid, present.kid]
    assert (folder / QR_FILE).stat().st_mode & 0o777 == 0o600


def test_a_half_done_rotation_of_the_seal_is_done_again(
    authority: Authority, other_authority: Authority, tmp_path: Path
) -> None:
    """The former seal was kept, the present one not yet noted: the next start does both."""
    home = tmp_path / "home"
    first = p12_of(make_seal_keys(authority, NOW), tmp_path / "first")
    second = p12_of(make_seal_keys(other_authority, NOW), tmp_path / "second")
    open_keys(settings_in(home, **first), NOW)
    noted = (home / "keys" / rotation.PRESENT_FILE).read_bytes()
    open_keys(settings_in(home, **second), NOW)
    (home / "keys" / rotation.PRESENT_FILE).write_bytes(noted)
    keys = open_keys(settings_in(home, **second), NOW)
    assert len(rotation.former_seals(home / "keys")) == 1
    assert len(keys.seals) == 2


def test_a_folder_of_keys_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    open_keys(settings, NOW)
    (tmp_path / "keys" / rotation.PRESENT_FILE).unlink()
    (tmp_path / "keys" / rotation.LOCK_FILE).unlink()
    (tmp_path / "keys" / rotation.LOCK_FILE).mkdir()  # root may write everywhere but into a folder
    with pytest.raises(DocumentError, match="keys-folder"):
        open_keys(settings, NOW)


def test_what_will_not_last_is_warned_of(authority: Authority, tmp_path: Path) -> None:
    files = p12_of(make_seal_keys(authority, NOW), tmp_path / "keys-of-seal")
    settings = settings_in(tmp_path / "home", **files)
    end = NOW + LIFETIME
    for days, is_warned_of in ((31, False), (29, True), (-1, True)):
        seal, *_ = list_keys(settings, end - timedelta(days=days))
        assert (seal.is_warned_of, seal.days_left) == (is_warned_of, days)


class _OwnProgram:
    """A key in a program that does not look whether its certificate is in force."""

    def __init__(self, key: KeptKey, shown: Certificate) -> None:
        self.certificate, self.chain, self.sign = key.certificate, key.chain, key.sign
        self.sealer = Sealer(self)
        self.certificate = shown


def test_a_seal_that_nobody_issued_vouches_for_itself_in_its_time_alone(tmp_path: Path) -> None:
    """Its certificate is the trusted one; what says that it was sealed later is not believed."""
    whole = make_seal_keys(make_authority(NOW), NOW, name="Seal without an authority")
    alone = KeptKey(certificate=whole.certificate, private_key=whole.private_key, chain=())
    keys = open_keys(settings_in(tmp_path / "home", **p12_of(alone, tmp_path / "alone")), NOW)
    assert whole.certificate in keys.trusted
    late = NOW + LIFETIME + timedelta(days=1)
    in_force = make_seal_keys(make_authority(late), late).certificate
    for shown, at, code in (
        (alone.certificate, NOW, None),
        (in_force, late, "certificate-expired"),
    ):
        sealer = _OwnProgram(alone, shown).sealer
        sealed = sealer.seal(print_pdf(), reason="Үлгі", location="0000", signed_at=at)
        report = check_pdf(sealed, trusted=keys.trusted, own=keys.seals, at=late)
        assert [facts.trust_code for facts in report.signatures] == [code]
