"""Keys on PKCS#11 tokens: they seal, they come back after a loss, and no wrong PIN ever signs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pkcs11
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from forms_server.documents.signing import Sealer
from forms_server.documents.signing_keys import KeptKey, check_signing_key
from forms_server.documents.tokens import (
    PERSON_REFUSALS,
    SEAL_REFUSALS,
    Place,
    TokenKey,
    close_tokens,
    open_person_key,
)
from forms_server.errors import catalogue
from tests import judges
from tests.authority import Authority, make_authority, make_seal_keys, print_pdf
from tests.refusals import refused
from tests.tokens import (
    CONFIGURATION,
    Token,
    add_key,
    change_pin,
    configure,
    make_token,
    softhsm_module,
)

NOW = datetime.now(UTC).replace(microsecond=0)
KINDS = ["ec", "rsa"]


@pytest.fixture(scope="module")
def authority() -> Authority:
    return make_authority(NOW)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = tmp_path_factory.mktemp("tokens")
    configure(made)
    yield made
    close_tokens()
    del os.environ[CONFIGURATION]


@pytest.fixture(scope="module")
def keys(authority: Authority) -> dict[str, KeptKey]:
    """What lies on the token, as we know it."""
    return {
        "ec": make_seal_keys(authority, NOW, name="Token seal P-256"),
        "rsa": make_seal_keys(authority, NOW, name="Token seal RSA", rsa=True),
    }


@pytest.fixture(scope="module")
def token(folder: Path, keys: dict[str, KeptKey]) -> Token:
    made = make_token("seal", "1234")
    add_key(made, keys["ec"], label="ec", number="01")
    add_key(made, keys["rsa"], label="rsa", number="02")
    add_key(made, keys["ec"], label="bare", number="03", certified=False)
    return made


@pytest.fixture(scope="module")
def persons(folder: Path, authority: Authority) -> dict[str, Token]:
    """Two persons, a token each."""
    made = {}
    for name, pin in (("ulgi", "1111"), ("obrazets", "2222")):
        made[name] = make_token(f"person-{name}", pin)
        add_key(made[name], make_seal_keys(authority, NOW, name=name), label=name)
    return made


def opened(token: Token, key: str, *, others: tuple[object, ...] = ()) -> TokenKey:
    place = Place(module=softhsm_module(), token=token.label, key=key)
    return TokenKey(place, pin=token.pin, others=others)  # type: ignore[arg-type]


def person(name: str, pin: str) -> object:
    return open_person_key(softhsm_module(), "person-{label}", name, pin)


def openssl_verifies(key: KeptKey, data: bytes, signature: bytes, folder: Path) -> bool:
    public, signed, content = (folder / name for name in ("public.pem", "signature", "data"))
    pem = key.certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    public.write_bytes(pem)
    signed.write_bytes(signature)
    content.write_bytes(data)
    answer = judges.run(
        "openssl",
        "dgst",
        "-sha256",
        "-verify",
        str(public),
        "-signature",
        str(signed),
        str(content),
    )
    return answer.returncode == 0 and "Verified OK" in answer.stdout


# -- the seal's key --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_openssl_verifies_what_the_token_signs(
    token: Token, keys: dict[str, KeptKey], kind: str, tmp_path: Path
) -> None:
    key = opened(token, kind)
    check_signing_key(key, at=NOW)
    assert key.certificate == keys[kind].certificate
    for data in (b"", b"some bytes", b"x" * 100_000):
        assert openssl_verifies(keys[kind], data, key.sign(data), tmp_path)
    assert not openssl_verifies(keys[kind], b"other", key.sign(b"some"), tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sealed_paper_is_trusted_by_judges(
    token: Token, authority: Authority, kind: str, tmp_path: Path
) -> None:
    key = opened(token, kind, others=(authority.certificate,))
    assert key.chain == (authority.certificate,)
    sealed = tmp_path / "sealed.pdf"
    sealed.write_bytes(Sealer(key).seal(print_pdf(), reason="Үлгі", location="0000", signed_at=NOW))
    root = tmp_path / "root.pem"
    root.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    (seal,) = judges.pdfsig(sealed, judges.trusted_nss_db(root, tmp_path / "nss"))
    assert seal.signer.startswith("Token seal")
    judges.qpdf_check(sealed)


def test_a_key_is_found_by_its_id(token: Token, keys: dict[str, KeptKey]) -> None:
    assert opened(token, "id:02").certificate == keys["rsa"].certificate


def test_the_certificate_may_stand_in_a_file(
    token: Token, keys: dict[str, KeptKey], authority: Authority
) -> None:
    file = (keys["ec"].certificate, authority.certificate)
    key = opened(token, "bare", others=file)
    check_signing_key(key, at=NOW)
    assert key.chain == (authority.certificate,)


def test_a_certificate_of_another_key_is_found_out(token: Token, keys: dict[str, KeptKey]) -> None:
    with refused("seal-key-mismatched"):
        check_signing_key(opened(token, "bare", others=(keys["rsa"].certificate,)), at=NOW)


@pytest.mark.parametrize(
    ("label", "key", "code"),
    [
        ("nowhere", "ec", "token-missing"),
        ("seal", "nothing", "token-key-missing"),
        ("seal", "id:ff", "token-key-missing"),
        ("seal", "id:no", "token-key-missing"),
        ("seal", "bare", "token-certificate-missing"),
    ],
)
def test_what_is_not_there_is_named(token: Token, label: str, key: str, code: str) -> None:
    with refused(code):
        opened(Token(label, token.pin), key)


@pytest.mark.parametrize("pin", ["9999", "", "1" * 300])
def test_a_wrong_pin_is_refused(token: Token, pin: str) -> None:
    with refused("token-pin-wrong"):
        opened(Token(token.label, pin), "ec")


def test_a_pin_that_was_refused_once_is_not_tried_again(token: Token) -> None:
    key = opened(token, "ec")
    change_pin(token, token.pin, "4321")
    with refused("token-pin-wrong"):
        key.sign(b"some")
    change_pin(token, "4321", token.pin)
    with refused("token-pin-wrong"):
        key.sign(b"some")
    assert opened(token, "ec").sign(b"some"), "a new start tries it"


@pytest.mark.parametrize("content", [b"", b"no library"])
def test_what_is_no_module_is_refused(tmp_path: Path, content: bytes) -> None:
    module = tmp_path / "module.so"
    module.write_bytes(content)
    with refused("token-module"):
        TokenKey(Place(module=module, token="seal", key="ec"), pin="1234")  # noqa: S106


# -- losses ----------------------------------------------------------------------------------------


def test_a_pulled_token_is_told_and_used_again_when_it_is_back(token: Token, folder: Path) -> None:
    key = opened(token, "ec")
    away = folder / "away"
    tokens = folder / "tokens"
    tokens.rename(away)
    tokens.mkdir()
    for _ in range(2):
        with refused("token-missing"):
            key.sign(b"some")
    tokens.rmdir()
    away.rename(tokens)
    assert key.sign(b"some")


def test_a_token_that_was_reset_is_opened_anew(token: Token) -> None:
    key = opened(token, "rsa")
    pkcs11.lib(str(softhsm_module())).reinitialize()  # behind our back: all sessions are gone
    assert key.sign(b"some")
    key.close()
    assert key.sign(b"some")
    close_tokens()
    assert key.sign(b"some")


def test_a_forked_worker_opens_a_session_of_its_own(
    token: Token, keys: dict[str, KeptKey], tmp_path: Path
) -> None:
    key = opened(token, "ec")
    answer = tmp_path / "answer"
    child = os.fork()
    if child == 0:
        try:
            answer.write_bytes(key.sign(b"some"))
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert openssl_verifies(keys["ec"], b"some", answer.read_bytes(), tmp_path)
    assert openssl_verifies(keys["ec"], b"some", key.sign(b"some"), tmp_path)


def test_two_holders_of_one_token_do_not_shut_each_other_out(token: Token) -> None:
    first, second = opened(token, "ec"), opened(token, "rsa")
    for _ in range(2):
        assert first.sign(b"some")
        assert second.sign(b"some")


# -- persons' keys ---------------------------------------------------------------------------------


def test_a_person_signs_with_their_own_pin(persons: dict[str, Token], tmp_path: Path) -> None:
    key = open_person_key(softhsm_module(), "person-{label}", "ulgi", "1111")
    public = KeptKey(certificate=key.certificate, private_key=None, chain=())  # type: ignore[arg-type]
    assert openssl_verifies(public, b"some", key.sign(b"some"), tmp_path)


@pytest.mark.parametrize(
    ("name", "pin", "code"),
    [
        ("ulgi", "2222", "key-pin-wrong"),
        ("ulgi", "", "key-pin-wrong"),
        ("obrazets", "1111", "key-pin-wrong"),
        ("nobody", "1111", "key-missing"),
    ],
)
def test_nobody_signs_with_another_persons_pin(
    persons: dict[str, Token], name: str, pin: str, code: str
) -> None:
    person("ulgi", "1111")
    person("obrazets", "2222")
    with refused(code):
        person(name, pin)


def test_a_wrong_pin_does_not_sign_while_somebody_is_logged_in(persons: dict[str, Token]) -> None:
    close_tokens()
    named = {"token_label": "person-ulgi"}
    library = pkcs11.lib(str(softhsm_module()))
    library.get_token(**named).open(user_pin="1111")  # and stays so
    with refused("key-pin-wrong"):
        person("ulgi", "9999")
    with refused("key-pin-wrong"):
        person("ulgi", "2222")


def test_nobody_stays_logged_in(persons: dict[str, Token]) -> None:
    key = open_person_key(softhsm_module(), "person-{label}", "ulgi", "1111")
    key.sign(b"some")
    named = {"token_label": "person-ulgi"}
    library = pkcs11.lib(str(softhsm_module()))
    session = library.get_token(**named).open()
    private = {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY}
    assert not list(session.get_objects(private)), "without a login there is no private key"
    session.close()


def test_the_seal_goes_on_beside_persons(token: Token, persons: dict[str, Token]) -> None:
    seal = opened(token, "ec")
    ulgi = open_person_key(softhsm_module(), "person-{label}", "ulgi", "1111")
    for _ in range(2):
        assert seal.sign(b"some")
        assert ulgi.sign(b"some")
        with refused("key-pin-wrong"):
            person("ulgi", "9999")


def test_a_token_without_the_key_or_its_certificate_is_told(token: Token) -> None:
    with refused("key-missing"):
        open_person_key(softhsm_module(), token.label, "nothing", token.pin)
    with refused("key-certificate-missing"):
        open_person_key(softhsm_module(), token.label, "bare", token.pin)


def test_every_answer_of_a_token_has_its_sentence() -> None:
    """SoftHSM2 never locks a PIN: that this answer has its code is all that is seen of it here."""
    codes = {*SEAL_REFUSALS.values(), *PERSON_REFUSALS.values(), "token-failed"}
    assert codes <= set(catalogue())
    assert PERSON_REFUSALS[pkcs11.PinLocked] == "key-pin-locked"
    assert SEAL_REFUSALS[pkcs11.PinLocked] == "token-pin-locked"
