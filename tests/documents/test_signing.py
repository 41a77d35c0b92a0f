"""Sealing: other programs accept the seal, and the file stays the PDF/A-3a that it was."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from forms_server.documents.signing import FIELD_NAME, Sealer
from forms_server.documents.signing_keys import KeptKey
from forms_server.errors import DocumentError
from tests import judges
from tests.authority import LIFETIME, make_authority, make_seal_keys, print_pdf
from tests.signers import pdf_with_field

NOW = datetime(2025, 5, 2, 14, 30, 15, tzinfo=timezone(timedelta(hours=5)))
WORDS = {"reason": "Документ выдан", "location": "Астана"}


@pytest.fixture(scope="module")
def pdf() -> bytes:
    return print_pdf()


@pytest.fixture(scope="module", params=[False, True], ids=["P-256", "RSA-2048"])
def keys(request: pytest.FixtureRequest) -> KeptKey:
    return make_seal_keys(make_authority(NOW), NOW, rsa=request.param)


@pytest.fixture(scope="module")
def sealed(pdf: bytes, keys: KeptKey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sealed") / "sealed.pdf"
    path.write_bytes(Sealer(keys).seal(pdf, **WORDS, signed_at=NOW))
    return path


def test_poppler_accepts_the_seal_and_trusts_it(
    sealed: Path, keys: KeptKey, tmp_path: Path
) -> None:
    authority = tmp_path / "authority.pem"
    authority.write_bytes(keys.chain[0].public_bytes(Encoding.PEM))
    database = judges.trusted_nss_db(authority, tmp_path / "nss")
    (signature,) = judges.pdfsig(sealed, database)
    assert signature.field == FIELD_NAME
    assert signature.kind == "ETSI.CAdES.detached"
    assert signature.digest == "SHA-256"
    assert signature.signer == "Throw-away seal"
    assert signature.covers_whole_file


def test_poppler_does_not_trust_an_authority_it_was_not_told_of(sealed: Path) -> None:
    (signature,) = judges.pdfsig_facts(sealed)
    assert signature.is_valid
    assert not signature.is_trusted


def test_the_sealed_file_stays_archivable_and_sound(sealed: Path) -> None:
    judges.qpdf_check(sealed)
    judges.verapdf(sealed)


def test_sealing_adds_to_the_file_and_changes_nothing(pdf: bytes, sealed: Path) -> None:
    assert sealed.read_bytes().startswith(pdf)


def test_what_the_file_says_of_itself_stays_and_no_clock_is_read(pdf: bytes, sealed: Path) -> None:
    with pikepdf.open(BytesIO(pdf)) as before, pikepdf.open(sealed) as after:
        assert after.Root.Metadata.read_bytes() == before.Root.Metadata.read_bytes()
        assert dict(after.docinfo) == dict(before.docinfo)


def test_the_seal_is_a_certification_that_permits_nothing_where_nobody_is_to_sign(
    sealed: Path,
) -> None:
    with pikepdf.open(sealed) as opened:
        signature = opened.Root.Perms.DocMDP
        assert signature.Reference[0].TransformParams.P == 1
        assert str(signature.M) == "D:20250502143015+05'00'"
        assert str(signature.Reason) == WORDS["reason"]
        assert str(signature.Location) == WORDS["location"]


def test_the_seal_permits_signing_the_fields_that_wait_for_it(keys: KeptKey) -> None:
    sealed = Sealer(keys).seal(pdf_with_field("head"), **WORDS, signed_at=NOW)
    with pikepdf.open(BytesIO(sealed)) as opened:
        assert opened.Root.Perms.DocMDP.Reference[0].TransformParams.P == 2


def test_the_invisible_field_is_printable_described_and_off_the_page(sealed: Path) -> None:
    with pikepdf.open(sealed) as opened:
        (field,) = opened.Root.AcroForm.Fields
        assert field.T == FIELD_NAME
        assert "Печать" in str(field.TU)
        assert field.F & 0b100
        assert field.Rect[0] < 0


def test_a_field_that_waits_for_the_seal_is_used(pdf: bytes, keys: KeptKey) -> None:
    with pikepdf.open(BytesIO(pdf)) as opened:
        page = opened.pages[0].obj
        field = opened.make_indirect(
            pikepdf.Dictionary(
                Type=pikepdf.Name.Annot,
                Subtype=pikepdf.Name.Widget,
                FT=pikepdf.Name.Sig,
                T="Waiting",
                TU="Место печати",
                F=4,
                Rect=[0, 0, 0, 0],
                P=page,
            )
        )
        page.Annots = pikepdf.Array([field])
        opened.Root.AcroForm = pikepdf.Dictionary(Fields=[field])
        opened.save(waiting := BytesIO())
    sealed = Sealer(keys).seal(waiting.getvalue(), field_name="Waiting", **WORDS, signed_at=NOW)
    with pikepdf.open(BytesIO(sealed)) as opened:
        (field,) = opened.Root.AcroForm.Fields
        assert str(field.TU) == "Место печати"
        assert "/V" in field


def test_a_seal_out_of_force_is_not_used(pdf: bytes, keys: KeptKey) -> None:
    with pytest.raises(DocumentError) as refusal:
        Sealer(keys).seal(pdf, **WORDS, signed_at=NOW + LIFETIME + timedelta(days=1))
    assert refusal.value.code == "seal-certificate-expired"


def _encrypted(pdf: bytes) -> bytes:
    with pikepdf.open(BytesIO(pdf)) as opened:
        opened.save(output := BytesIO(), encryption=pikepdf.Encryption(owner="o", user="u"))
    return output.getvalue()


def test_what_cannot_be_sealed_is_refused(pdf: bytes, sealed: Path, keys: KeptKey) -> None:
    sealer = Sealer(keys)
    for bad in (b"", b"%PDF-1.7", pdf[: len(pdf) // 2], _encrypted(pdf), sealed.read_bytes()):
        with pytest.raises(DocumentError) as refusal:
            sealer.seal(bad, **WORDS, signed_at=NOW)
        assert refusal.value.code == "seal-pdf-refused"


def test_a_long_chain_finds_room(pdf: bytes, keys: KeptKey) -> None:
    others = tuple(make_authority(NOW, name=f"Authority {n}").certificate for n in range(12))
    long = KeptKey(
        certificate=keys.certificate,
        private_key=keys.private_key,
        chain=keys.chain + others,
    )
    assert Sealer(long).seal(pdf, **WORDS, signed_at=NOW)
