from __future__ import annotations

import asyncio
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pikepdf
import pytest
from pyhanko.sign.diff_analysis import SuspiciousModification
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.pdf_embedded import (
    EmbeddedPdfSignature,
    async_validate_pdf_signature,
    async_validate_pdf_timestamp,
)
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from forms_server.documents import certificates
from forms_server.documents.certificates import to_asn1
from forms_server.documents.time_stamps import complete
from forms_server.errors import DocumentError
from forms_server.trust_settings import SealLevel
from tests.authority import make_authority, make_seal_keys, print_pdf
from tests.documents.stamped import completed, judged, sealed, signatures_in, source_of
from tests.judges import pdfsig_facts, qpdf_check
from tests.responders import OTHER_POLICY, Responders, write_pem

NOW = datetime.now(UTC)
LEVELS = (SealLevel.B_T, SealLevel.B_LT, SealLevel.B_LTA)


@pytest.fixture(scope="module")
def pdf(_responders: Responders) -> bytes:
    return sealed(_responders.issue("Seal", NOW))


@pytest.fixture(scope="module")
def by_rsa(_responders: Responders) -> bytes:
    return sealed(_responders.issue("RSA seal", NOW, rsa=True))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("key", ["pdf", "by_rsa"])
def test_a_sealed_file_reaches_each_level_by_what_is_added_at_its_end(
    key: str,
    level: SealLevel,
    *,
    responders: Responders,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    pdf = request.getfixturevalue(key)
    done = completed(responders, pdf, level)
    assert done.missing is None
    assert done.pdf.startswith(pdf)
    trust = judged(responders, done.pdf)
    assert (trust.is_trusted, trust.code, trust.level) == (True, None, level.value)
    assert trust.time_stamped_at is not None
    assert abs(trust.time_stamped_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert done.until == responders.tsa.certificate.not_valid_after_utc
    path = tmp_path / f"{level}.pdf"
    path.write_bytes(done.pdf)
    qpdf_check(path)
    seal, *stamps = pdfsig_facts(path)
    assert seal.is_valid
    assert len(stamps) == (2 if level is SealLevel.B_LTA else 1)


def test_a_file_that_has_its_level_stays_as_it_is(pdf: bytes, responders: Responders) -> None:
    once = completed(responders, pdf, SealLevel.B_LTA)
    responders.requests.clear()
    assert completed(responders, once.pdf, SealLevel.B_LTA).pdf == once.pdf
    assert not responders.requests


def test_a_level_is_raised_by_what_it_lacks_alone(pdf: bytes, responders: Responders) -> None:
    stamped = completed(responders, pdf, SealLevel.B_T).pdf
    raised = completed(responders, stamped, SealLevel.B_LTA).pdf
    assert raised.startswith(stamped)
    assert list(signatures_in(raised)) == ["Seal", "TimeStamp-1", "TimeStamp-2"]


def test_openssl_verifies_the_token_that_stands_in_the_file(
    pdf: bytes, responders: Responders, tmp_path: Path
) -> None:
    stamp = signatures_in(completed(responders, pdf, SealLevel.B_T).pdf)["TimeStamp-1"]
    start, before, after, rest = map(int, stamp.byte_range)
    content = stamp.reader.stream
    content.seek(0)
    whole = content.read()
    (tmp_path / "data").write_bytes(whole[start : start + before] + whole[after : after + rest])
    (tmp_path / "token").write_bytes(stamp.pkcs7_content)
    root = write_pem(responders.root.certificate, tmp_path / "root.pem")
    issuing = write_pem(responders.issuing.certificate, tmp_path / "issuing.pem")
    answer = subprocess.run(
        ["openssl", "ts", "-verify", "-data", "data", "-in", "token", "-token_in",
         "-CAfile", str(root), "-untrusted", str(issuing)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Verification: OK" in answer.stdout + answer.stderr


def test_pyhanko_trusts_seal_and_time_stamps_by_what_the_file_holds(
    pdf: bytes, responders: Responders
) -> None:
    """With no network, nothing known but the root, and a proof asked for every certificate.

    (Its ``ades_lta_validation`` knows time stamps in the CMS alone: decision 0007.)
    """
    found = signatures_in(completed(responders, pdf, SealLevel.B_LTA).pdf)
    seal, first, second = found["Seal"], found["TimeStamp-1"], found["TimeStamp-2"]
    of_seal = context(responders, seal, judged_at(first))
    assert asyncio.run(async_validate_pdf_signature(seal, of_seal)).bottom_line
    for stamp, at in ((first, judged_at(second)), (second, datetime.now(UTC))):
        status = asyncio.run(async_validate_pdf_timestamp(stamp, context(responders, stamp, at)))
        assert all((status.intact, status.valid, status.trusted)), status.summary()
        assert status.coverage >= SignatureCoverageLevel.ENTIRE_REVISION
        assert not isinstance(status.diff_result, SuspiciousModification)


def judged_at(stamp: EmbeddedPdfSignature) -> datetime:
    told: datetime = stamp.signed_data["encap_content_info"]["content"].parsed["gen_time"].native
    return told


def context(responders: Responders, of: EmbeddedPdfSignature, at: datetime) -> ValidationContext:
    store = DocumentSecurityStore.read_dss(of.reader)
    return store.as_validation_context(
        {
            "trust_roots": to_asn1(responders.trusted),
            "moment": at,
            "revocation_mode": "require",
            "retroactive_revinfo": True,
        }
    )


def test_metadata_are_left_alone(pdf: bytes, responders: Responders, tmp_path: Path) -> None:
    """PDF/A wants /Info and XMP to agree; they say who made the document, not who stamped it."""
    facts = []
    for name, content in (("before", pdf), ("after", completed(responders, pdf, LEVELS[2]).pdf)):
        path = tmp_path / f"{name}.pdf"
        path.write_bytes(content)
        with pikepdf.open(path) as opened:
            info = {key: str(value) for key, value in opened.docinfo.items()}
            facts.append((info, opened.Root.Metadata.read_bytes()))
    assert facts[0] == facts[1]


def test_the_field_of_a_time_stamp_is_described_and_outside_the_page(
    pdf: bytes, responders: Responders
) -> None:
    field = signatures_in(completed(responders, pdf, SealLevel.B_T).pdf)["TimeStamp-1"].sig_field
    assert field["/TU"] == "Уақыт белгісі / Метка времени"
    assert int(field["/F"]) & 4, "printable"
    assert all(float(number) < 0 for number in field["/Rect"])


MISBEHAVIOUR = {
    "down": "time-stamp-unreachable",
    "silent": "time-stamp-unreachable",
    "large": "time-stamp-unreachable",
    "moved": "time-stamp-unreachable",
    "nonsense": "time-stamp-unreadable",
    "refused": "time-stamp-refused",
    "other-bytes": "time-stamp-altered",
    "altered": "time-stamp-altered",
    "other-nonce": "time-stamp-nonce",
    "other-policy": "time-stamp-policy",
}


@pytest.mark.parametrize("mode", MISBEHAVIOUR)
def test_an_authority_that_misbehaves_adds_nothing(
    pdf: bytes, mode: str, responders: Responders
) -> None:
    responders.tsa_mode = mode
    source = source_of(responders, seconds=0.3 if mode == "silent" else 10.0, policy=OTHER_POLICY)
    done = complete(pdf, SealLevel.B_T, source, now=datetime.now(UTC))
    assert (done.missing, done.pdf, done.stamped_at) == (MISBEHAVIOUR[mode], pdf, None)
    assert "/inner" not in responders.requests


def test_nobody_listening_is_the_same_as_no_answer(pdf: bytes, responders: Responders) -> None:
    source = source_of(responders, url="http://127.0.0.1:9/")
    done = complete(pdf, SealLevel.B_T, source, now=datetime.now(UTC))
    assert (done.missing, done.pdf) == ("time-stamp-unreachable", pdf)


def test_an_authority_that_nobody_vouches_for(pdf: bytes, responders: Responders) -> None:
    stranger = make_authority(NOW, name="Stranger").certificate
    source = source_of(responders, trusted=(stranger,))
    done = complete(pdf, SealLevel.B_T, source, now=datetime.now(UTC))
    assert (done.missing, done.pdf) == ("time-stamp-untrusted", pdf)


def test_an_authority_whose_certificate_has_expired(pdf: bytes, responders: Responders) -> None:
    responders.tsa = responders.issue_tsa("Expired", NOW - timedelta(days=9), timedelta(days=1))
    done = completed(responders, pdf, SealLevel.B_T)
    assert (done.missing, done.pdf) == ("time-stamp-expired", pdf)


@pytest.mark.parametrize("difference", [timedelta(minutes=6), timedelta(minutes=-6)])
def test_a_clock_that_is_wrong_whosever_it_is(
    pdf: bytes, difference: timedelta, responders: Responders
) -> None:
    now = datetime.now(UTC) + difference
    done = complete(pdf, SealLevel.B_T, source_of(responders), now=now)
    assert (done.missing, done.pdf) == ("time-stamp-clock", pdf)


@pytest.mark.parametrize("difference", [timedelta(minutes=4), timedelta(minutes=-4)])
def test_clocks_that_differ_a_little_are_no_obstacle(
    pdf: bytes, difference: timedelta, responders: Responders
) -> None:
    now = datetime.now(UTC) + difference
    done = complete(pdf, SealLevel.B_LTA, source_of(responders), now=now)
    assert (done.missing, judged(responders, done.pdf, now).level) == (None, "B-LTA")


def test_revocation_lists_prove_it_too(pdf: bytes, responders: Responders) -> None:
    responders.ocsp_mode = "down"
    done = completed(responders, pdf, SealLevel.B_LT)
    assert done.missing is None
    assert judged(responders, done.pdf).level == "B-LT"


@pytest.mark.parametrize("mode", ["down", "nonsense", "large"])
def test_proofs_that_are_late_keep_the_time_stamp_and_come_later(
    pdf: bytes, mode: str, responders: Responders
) -> None:
    responders.ocsp_mode = responders.crl_mode = mode
    first = completed(responders, pdf, SealLevel.B_LTA)
    assert first.missing == "revocation-unknown"
    assert judged(responders, first.pdf).level == "B-T"
    responders.ocsp_mode = responders.crl_mode = ""
    responders.requests.clear()
    then = completed(responders, first.pdf, SealLevel.B_LTA)
    assert then.missing is None
    assert then.pdf.startswith(first.pdf)
    assert judged(responders, then.pdf).level == "B-LTA"


def test_a_responder_that_is_silent_does_not_hold_us(
    pdf: bytes, responders: Responders, monkeypatch: pytest.MonkeyPatch
) -> None:

    monkeypatch.setattr(certificates, "SECONDS_TO_GATHER", 0.3)
    responders.ocsp_mode = "silent"
    done = completed(responders, pdf, SealLevel.B_LT)
    assert done.missing == "revocation-unknown"


def test_a_seal_revoked_before_its_time_stamp_reaches_no_proof(responders: Responders) -> None:
    key = responders.issue("Revoked seal", NOW)
    responders.revoke(key.certificate, datetime.now(UTC) - timedelta(minutes=1))
    done = completed(responders, sealed(key), SealLevel.B_LT)
    assert done.missing == "certificate-revoked"


def test_a_seal_of_a_stranger_reaches_no_proof(responders: Responders) -> None:
    by_stranger = sealed(make_seal_keys(make_authority(NOW, name="Stranger"), NOW))
    done = completed(responders, by_stranger, SealLevel.B_LT)
    assert done.missing == "certificate-untrusted"


@pytest.mark.parametrize("defect", ["no PDF", "cut short", "without a seal"])
def test_a_file_that_cannot_be_completed_is_refused(
    pdf: bytes, defect: str, responders: Responders
) -> None:
    broken = {"no PDF": b"words", "cut short": pdf[:9000], "without a seal": print_pdf()}[defect]
    with pytest.raises(DocumentError) as refused:
        completed(responders, broken, SealLevel.B_T)
    assert refused.value.code == "time-stamp-pdf-refused"
