"""Keys: made once, opened once, and refused with a reason when they are not what they should be."""

from __future__ import annotations

import multiprocessing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from joserfc.jwk import ECKey

from forms_server.documents.development_keys import (
    AUTHORITY_FILE,
    KEYS_DIRECTORY,
    QR_FILE,
    SEAL_FILE,
    SEAL_PASSWORD_FILE,
    ensure_development_keys,
)
from forms_server.documents.qr_keys import load_qr_keys
from forms_server.documents.signing_keys import (
    KeptKey,
    SigningKey,
    chain_of,
    check_signing_key,
    is_development,
    load_certificates,
    open_p12,
)
from forms_server.errors import DocumentError
from tests.authority import LIFETIME, make_authority, make_seal_keys, write_p12

NOW = datetime(2025, 5, 2, 9, 30, tzinfo=UTC)


def load_p12(p12: Path, password: Path, *, now: datetime) -> KeptKey:
    """What a server does with a PKCS#12 file at its start."""
    key = open_p12(p12, password)
    check_signing_key(key, at=now)
    return key


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    ensure_development_keys(tmp_path, now=NOW)
    return tmp_path / KEYS_DIRECTORY


def _contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_development_keys_are_for_their_owner_alone(keys: Path) -> None:
    assert keys.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in keys.iterdir()} == {0o600}
    assert set(_contents(keys)) == {SEAL_FILE, SEAL_PASSWORD_FILE, AUTHORITY_FILE, QR_FILE}


def test_development_keys_are_made_once(keys: Path) -> None:
    before = _contents(keys)
    ensure_development_keys(keys.parent, now=NOW + timedelta(days=1))
    assert _contents(keys) == before
    assert [path.name for path in keys.parent.iterdir()] == [KEYS_DIRECTORY]


def test_processes_that_start_at_once_use_the_same_keys(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    starting = [
        context.Process(target=ensure_development_keys, args=(tmp_path,), kwargs={"now": NOW})
        for _ in range(3)
    ]
    for process in starting:
        process.start()
    for process in starting:
        process.join()
    assert [process.exitcode for process in starting] == [0, 0, 0]
    assert [path.name for path in tmp_path.iterdir()] == [KEYS_DIRECTORY]
    directory = tmp_path / KEYS_DIRECTORY
    load_p12(directory / SEAL_FILE, directory / SEAL_PASSWORD_FILE, now=NOW)


def test_keys_that_lost_a_file_are_not_replaced(keys: Path) -> None:
    (keys / QR_FILE).unlink()
    with pytest.raises(DocumentError) as refusal:
        ensure_development_keys(keys.parent, now=NOW)
    assert refusal.value.code == "keys-incomplete"
    assert QR_FILE in refusal.value.say("kk")


def test_the_development_seal_says_that_it_is_one(keys: Path) -> None:
    seal = load_p12(keys / SEAL_FILE, keys / SEAL_PASSWORD_FILE, now=NOW)
    assert is_development(seal.certificate)
    assert seal.chain == load_certificates(keys / AUTHORITY_FILE)
    seal.certificate.verify_directly_issued_by(seal.chain[0])
    lifetime = seal.certificate.not_valid_after_utc - NOW
    assert timedelta(days=3640) < lifetime < timedelta(days=3660)


@pytest.mark.parametrize("rsa", [False, True], ids=["P-256", "RSA-2048"])
def test_a_real_seal_is_opened(tmp_path: Path, rsa: bool) -> None:
    made = make_seal_keys(make_authority(NOW), NOW, rsa=rsa)
    seal = load_p12(*write_p12(made, tmp_path), now=NOW)
    assert seal.certificate == made.certificate
    assert seal.chain == made.chain
    assert not is_development(seal.certificate)


def test_a_wrong_password_is_refused(keys: Path) -> None:
    (keys / SEAL_PASSWORD_FILE).write_bytes(b"wrong")
    with pytest.raises(DocumentError) as refusal:
        load_p12(keys / SEAL_FILE, keys / SEAL_PASSWORD_FILE, now=NOW)
    assert refusal.value.code == "seal-password-wrong"


@pytest.mark.parametrize("content", [b"", b"not a key"])
def test_a_file_that_is_no_key_is_refused(keys: Path, content: bytes) -> None:
    (keys / SEAL_FILE).write_bytes(content)
    with pytest.raises(DocumentError) as refusal:
        load_p12(keys / SEAL_FILE, keys / SEAL_PASSWORD_FILE, now=NOW)
    assert refusal.value.code == "seal-key-unreadable"


def test_a_missing_file_is_named(keys: Path) -> None:
    with pytest.raises(DocumentError) as refusal:
        load_p12(keys / SEAL_FILE, keys / "nowhere", now=NOW)
    assert refusal.value.code == "seal-key-unreadable"
    assert "nowhere" in refusal.value.say("en")


def test_a_certificate_without_its_key_is_refused(keys: Path, tmp_path: Path) -> None:
    seal = load_p12(keys / SEAL_FILE, keys / SEAL_PASSWORD_FILE, now=NOW)
    encryption = serialization.BestAvailableEncryption(b"x")
    bare = serialization.pkcs12.serialize_key_and_certificates(
        None, None, seal.certificate, None, encryption
    )
    p12, password = tmp_path / "bare.p12", tmp_path / "bare.password"
    for path, content in ((p12, bare), (password, b"x")):
        path.write_bytes(content)
        path.chmod(0o600)
    with pytest.raises(DocumentError) as refusal:
        load_p12(p12, password, now=NOW)
    assert refusal.value.code == "seal-key-kind"


@pytest.mark.parametrize(
    ("days", "code"),
    [(-1, "seal-certificate-not-yet"), (LIFETIME.days + 1, "seal-certificate-expired")],
)
def test_a_certificate_out_of_force_is_refused(tmp_path: Path, days: int, code: str) -> None:
    files = write_p12(make_seal_keys(make_authority(NOW), NOW), tmp_path)
    with pytest.raises(DocumentError) as refusal:
        load_p12(*files, now=NOW + timedelta(days=days))
    assert refusal.value.code == code


def test_a_certificate_for_other_uses_is_refused(tmp_path: Path) -> None:
    made = make_seal_keys(make_authority(NOW), NOW, usages=("digital_signature",))
    files = write_p12(made, tmp_path)
    with pytest.raises(DocumentError) as refusal:
        load_p12(*files, now=NOW)
    assert refusal.value.code == "seal-certificate-usage"


@pytest.mark.parametrize("name", [SEAL_FILE, SEAL_PASSWORD_FILE])
@pytest.mark.parametrize("mode", [0o604, 0o644, 0o602, 0o607])
def test_a_secret_that_everybody_may_read_is_refused(keys: Path, name: str, mode: int) -> None:
    (keys / name).chmod(mode)
    with pytest.raises(DocumentError) as refusal:
        load_p12(keys / SEAL_FILE, keys / SEAL_PASSWORD_FILE, now=NOW)
    assert refusal.value.code == "secret-file-open"
    assert f"chmod o-rwx {keys / name}" in refusal.value.say("en")


def test_a_secret_of_owner_and_group_is_taken(keys: Path) -> None:
    for name in (SEAL_FILE, SEAL_PASSWORD_FILE):
        (keys / name).chmod(0o440)
    assert load_p12(keys / SEAL_FILE, keys / SEAL_PASSWORD_FILE, now=NOW)


def test_a_certificate_of_another_key_is_refused(tmp_path: Path) -> None:
    authority = make_authority(NOW)
    mine, other = make_seal_keys(authority, NOW), make_seal_keys(authority, NOW)
    mixed = KeptKey(certificate=other.certificate, private_key=mine.private_key, chain=())
    with pytest.raises(DocumentError) as refusal:
        check_signing_key(mixed, at=NOW)
    assert refusal.value.code == "seal-key-mismatched"
    p12, password = write_p12(mine, tmp_path)
    encryption = serialization.BestAvailableEncryption(password.read_bytes().strip())
    p12.write_bytes(
        serialization.pkcs12.serialize_key_and_certificates(
            None, mine.private_key, None, [other.certificate], encryption
        )
    )
    with pytest.raises(DocumentError) as refusal:
        load_p12(p12, password, now=NOW)
    assert refusal.value.code == "seal-key-mismatched"


def test_a_weak_key_is_refused() -> None:
    weak = make_seal_keys(make_authority(NOW), NOW, rsa=True, bits=1024)
    with pytest.raises(DocumentError) as refusal:
        check_signing_key(weak, at=NOW)
    assert refusal.value.code == "seal-key-weak"
    assert "RSA-1024" in refusal.value.say("en")


def test_the_opened_key_is_held(tmp_path: Path) -> None:
    p12, password = write_p12(make_seal_keys(make_authority(NOW), NOW), tmp_path)
    key: SigningKey = load_p12(p12, password, now=NOW)
    p12.unlink()
    password.unlink()
    assert key.sign(b"some")


def test_a_chain_is_put_in_order() -> None:
    root = make_authority(NOW)
    seal = make_seal_keys(root, NOW)
    stranger = make_authority(NOW, name="Another authority")
    others = (stranger.certificate, seal.certificate, root.certificate)
    assert chain_of(seal.certificate, others) == (root.certificate,)
    twice = (root.certificate, *others, root.certificate)
    assert chain_of(seal.certificate, twice) == (root.certificate,)
    assert chain_of(seal.certificate, (stranger.certificate,)) == ()


def test_the_qr_key_is_published_without_its_secret(keys: Path) -> None:
    qr = load_qr_keys(keys / QR_FILE)
    (published,) = qr.jwks["keys"]
    assert published["kid"] == qr.kid == qr.private_key.thumbprint()[:8]
    assert set(published) == {"kty", "crv", "x", "y", "kid", "alg", "use"}


def test_retired_qr_keys_stay_published(keys: Path) -> None:
    retired = ECKey.generate_key("P-256")
    (keys / "qr-2024.pub.pem").write_bytes(retired.as_pem(private=False))
    qr = load_qr_keys(keys / QR_FILE)
    assert [key["kid"] for key in qr.jwks["keys"]] == [qr.kid, retired.thumbprint()[:8]]


def _other_curve() -> bytes:
    return generate_private_key(SECP384R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"not a key", _other_curve(), ECKey.generate_key("P-256").as_pem(private=False)],
    ids=["empty", "text", "P-384", "public"],
)
def test_a_qr_key_of_another_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / QR_FILE).write_bytes(content)
    (tmp_path / QR_FILE).chmod(0o600)
    with pytest.raises(DocumentError) as refusal:
        load_qr_keys(tmp_path / QR_FILE)
    assert refusal.value.code == "qr-key-unreadable"


def test_certificates_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError) as refusal:
        load_certificates(tmp_path / "nowhere.pem")
    assert refusal.value.code == "certificates-unreadable"
