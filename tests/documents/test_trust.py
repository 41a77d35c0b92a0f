from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from asn1crypto.crl import CertificateList
from cryptography import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.dss import DocumentSecurityStore

from forms_server.documents.certificates import to_asn1
from forms_server.documents.signing import FIELD_NAME
from forms_server.documents.trust import judge, judge_certificate
from forms_server.trust_settings import SealLevel
from tests.authority import make_authority
from tests.documents.stamped import completed, judged, sealed, signatures_in
from tests.responders import Responders

NOW = datetime.now(UTC)
HOUR, DAY, YEAR = timedelta(hours=1), timedelta(days=1), timedelta(days=365)


# -- the seal of a file ---------------------------------------------------------------------------


def test_without_a_time_stamp_the_signer_s_own_word_counts(responders: Responders) -> None:
    pdf = sealed(responders.issue("Short seal", NOW, lifetime=HOUR))
    trust = judged(responders, pdf, NOW + DAY)
    assert (trust.is_trusted, trust.time_stamped_at, trust.level) == (True, None, "B-B")
    assert trust.revocation == "unknown"


def test_a_certificate_that_has_expired_is_still_trusted_thanks_to_the_time_stamp(
    responders: Responders,
) -> None:
    pdf = sealed(responders.issue("Short seal", NOW, lifetime=HOUR))
    done = completed(responders, pdf, SealLevel.B_LTA)
    trust = judged(responders, done.pdf, NOW + 5 * YEAR)
    assert (trust.is_trusted, trust.code, trust.level) == (True, None, "B-LTA")
    assert trust.time_stamped_at is not None


def test_a_seal_that_claims_an_earlier_time_than_it_can_prove(responders: Responders) -> None:
    """The certificate ended an hour ago; the clock was turned back; the time stamp knows."""
    key = responders.issue("Ended seal", NOW - 3 * HOUR, lifetime=2 * HOUR)
    pdf = sealed(key, signed_at=NOW - 2 * HOUR)
    assert judged(responders, pdf).is_trusted
    stamped = completed(responders, pdf, SealLevel.B_T).pdf
    trust = judged(responders, stamped)
    assert (trust.is_trusted, trust.code) == (False, "certificate-expired")


def test_a_seal_revoked_after_its_level_was_reached_stays_trusted(responders: Responders) -> None:
    key = responders.issue("Later revoked seal", NOW)
    done = completed(responders, sealed(key), SealLevel.B_LT)
    responders.revoke(key.certificate, datetime.now(UTC))
    trust = judged(responders, done.pdf, NOW + DAY)
    assert (trust.is_trusted, trust.revocation, trust.level) == (True, "good", "B-LT")
    chain = (key.certificate, key.chain, responders.trusted)
    assert judge_certificate(*chain, at=datetime.now(UTC), fetch=True) == "certificate-revoked"


def test_a_seal_revoked_after_its_time_stamp_is_proven_by_the_list(responders: Responders) -> None:
    key = responders.issue("Late proof", NOW)
    stamped = completed(responders, sealed(key), SealLevel.B_T)
    responders.revoke(key.certificate, datetime.now(UTC) + timedelta(seconds=2))
    done = completed(responders, stamped.pdf, SealLevel.B_LT)
    assert done.missing is None
    assert judged(responders, done.pdf, NOW + DAY).level == "B-LT"


@pytest.mark.parametrize("later", [timedelta(), 30 * DAY], ids=["at-once", "when-lists-are-old"])
def test_a_revoked_seal_that_states_an_earlier_time(
    responders: Responders, later: timedelta
) -> None:
    """Nothing proves that it was made before: whoever has the key turns the clock back."""
    key = responders.issue("Revoked seal", NOW - DAY)
    responders.revoke(key.certificate, NOW - HOUR)
    pdf = with_lists(responders, sealed(key, signed_at=NOW - 2 * HOUR))
    trust = judged(responders, pdf, datetime.now(UTC) + later)
    assert (trust.is_trusted, trust.code) == (False, "certificate-revoked")
    assert (trust.revocation, trust.revoked_at) == ("revoked", (NOW - HOUR).replace(microsecond=0))


def with_lists(responders: Responders, pdf: bytes) -> bytes:
    """The file with the revocation lists of today."""
    authorities = (responders.issuing, responders.root)
    lists = [responders.revocation_list(each) for each in authorities]
    DocumentSecurityStore.add_dss(
        output := BytesIO(pdf),
        sig_contents=None,
        certs=to_asn1(each.certificate for each in authorities),
        crls=[CertificateList.load(each) for each in lists],
    )
    return output.getvalue()


def test_a_time_stamp_by_an_authority_that_is_not_trusted(responders: Responders) -> None:
    done = completed(responders, sealed(responders.issue("Seal", NOW)), SealLevel.B_T)
    stranger = make_authority(NOW, name="Stranger").certificate
    trust = judge(signatures_in(done.pdf)[FIELD_NAME], (stranger,))
    assert (trust.is_trusted, trust.code) == (False, "certificate-untrusted")
    assert (trust.time_stamped_at, trust.time_stamp_code) == (None, "time-stamp-untrusted")


def token_place(pdf: bytes) -> tuple[int, int]:
    """Where the newest time stamp's token stands, its angle brackets included."""
    _, length, after, _ = map(int, signatures_in(pdf)["TimeStamp-1"].byte_range)
    return length, after


def test_a_time_stamp_with_one_bit_turned(responders: Responders) -> None:
    done = completed(responders, sealed(responders.issue("Seal", NOW)), SealLevel.B_T)
    start, end = token_place(done.pdf)
    last = len(done.pdf[:end].rstrip(b">0")) - 1
    turned = b"%x" % (int(done.pdf[last : last + 1], 16) ^ 1)
    trust = judged(responders, done.pdf[:last] + turned + done.pdf[last + 1 :])
    assert start < last
    assert (trust.time_stamped_at, trust.time_stamp_code) == (None, "time-stamp-altered")
    assert trust.level == "B-B"


def test_a_time_stamp_whose_gap_has_room_for_more(responders: Responders) -> None:
    """White space is no digit: what else stands in the gap is covered by nobody's digest."""
    done = completed(responders, sealed(responders.issue("Seal", NOW)), SealLevel.B_T)
    _, end = token_place(done.pdf)
    assert judged(responders, done.pdf).time_stamped_at is not None
    trust = judged(responders, done.pdf[: end - 2] + b" " + done.pdf[end - 1 :])
    assert (trust.time_stamped_at, trust.time_stamp_code) == (None, "time-stamp-altered")


def test_a_time_stamp_taken_from_another_file(responders: Responders) -> None:
    key = responders.issue("Seal", NOW)
    one, other = (completed(responders, sealed(key), SealLevel.B_T).pdf for _ in range(2))
    (start, end), (from_, until) = token_place(one), token_place(other)
    assert end - start == until - from_
    trust = judged(responders, one[:start] + other[from_:until] + one[end:])
    assert trust.time_stamp_code == "time-stamp-altered"


def test_a_time_stamp_whose_certificate_has_ended_proves_nothing_by_itself(
    responders: Responders,
) -> None:
    done = completed(responders, sealed(responders.issue("Seal", NOW)), SealLevel.B_T)
    trust = judged(responders, done.pdf, NOW + 21 * YEAR)
    assert (trust.time_stamped_at, trust.time_stamp_code) == (None, "time-stamp-expired")


def test_a_time_stamp_renewed_in_time_carries_the_older_one(responders: Responders) -> None:
    responders.tsa = responders.issue_tsa("Ending time stamps", NOW, 30 * DAY)
    pdf = sealed(responders.issue("Short seal", NOW, lifetime=30 * DAY))
    first = completed(responders, pdf, SealLevel.B_LTA)
    assert judged(responders, first.pdf, NOW + YEAR).time_stamp_code == "time-stamp-expired"
    responders.behave()
    renewed = completed(responders, first.pdf, SealLevel.B_LTA, renew=True)
    assert renewed.pdf.startswith(first.pdf)
    assert renewed.until == responders.tsa.certificate.not_valid_after_utc
    trust = judged(responders, renewed.pdf, NOW + YEAR)
    assert (trust.is_trusted, trust.level) == (True, "B-LTA")


def test_a_file_without_its_proofs_has_a_lower_level(responders: Responders) -> None:
    """What follows a time stamp can be cut off; then the file says less, and so do we."""
    done = completed(responders, sealed(responders.issue("Seal", NOW)), SealLevel.B_LT)
    ends = [index + 6 for index in range(len(done.pdf)) if done.pdf.startswith(b"%%EOF\n", index)]
    cut = done.pdf[: ends[-2]]
    assert len(PdfFileReader(BytesIO(cut)).embedded_signatures) == 2
    assert judged(responders, cut).level == "B-T"


# -- a certificate by itself ----------------------------------------------------------------------


def judged_certificate(
    responders: Responders, certificate: x509.Certificate, *, fetch: bool = True
) -> str | None:
    others = (responders.issuing.certificate,)
    moment = datetime.now(UTC)
    return judge_certificate(certificate, others, responders.trusted, at=moment, fetch=fetch)


def test_a_person_s_certificate_in_force(responders: Responders) -> None:
    person = responders.issue("Person", NOW).certificate
    assert judged_certificate(responders, person) is None
    assert "/ocsp" in responders.requests


@pytest.mark.parametrize(
    ("defect", "given"),
    [
        ("certificate-expired", {"now": NOW - 2 * DAY, "lifetime": DAY}),
        ("certificate-not-yet", {"now": NOW + DAY}),
        ("certificate-usage", {"usages": ("digital_signature", "key_encipherment")}),
    ],
)
def test_a_person_s_certificate_that_must_not_sign(
    defect: str, given: dict[str, object], responders: Responders
) -> None:
    person = responders.issue("Person", **({"now": NOW} | given))  # type: ignore[arg-type]
    assert judged_certificate(responders, person.certificate) == defect
    assert not responders.requests


def test_a_stranger_s_certificate_has_none_of_its_addresses_asked(responders: Responders) -> None:
    stranger = make_authority(NOW, name="Throw-away issuing authority")
    forged = responders.issue("Person", NOW, issuer=stranger).certificate
    assert judged_certificate(responders, forged) == "certificate-untrusted"
    assert not responders.requests


def test_a_revoked_certificate(responders: Responders) -> None:
    person = responders.issue("Person", NOW).certificate
    responders.revoke(person, datetime.now(UTC) - HOUR)
    assert judged_certificate(responders, person) == "certificate-revoked"
    assert judged_certificate(responders, person, fetch=False) is None


@pytest.mark.parametrize("services", [("ocsp",), ("crl",)])
def test_either_service_knows_of_it(services: tuple[str, ...], responders: Responders) -> None:
    person = responders.issue("Person", NOW, services=services).certificate
    assert judged_certificate(responders, person) is None
    responders.revoke(person, datetime.now(UTC) - HOUR)
    assert judged_certificate(responders, person) == "certificate-revoked"


@pytest.mark.parametrize("mode", ["down", "nonsense", "large", "moved"])
def test_services_that_do_not_answer_leave_it_unknown(mode: str, responders: Responders) -> None:
    person = responders.issue("Person", NOW).certificate
    responders.ocsp_mode = responders.crl_mode = mode
    assert judged_certificate(responders, person) == "revocation-unknown"
    assert "/inner" not in responders.requests


def test_a_certificate_that_names_no_service_is_not_known_to_be_good(
    responders: Responders,
) -> None:
    person = responders.issue("Person", NOW, services=()).certificate
    assert judged_certificate(responders, person) == "revocation-unknown"


def test_an_answer_of_a_responder_whom_nobody_appointed(responders: Responders) -> None:
    person = responders.issue("Person", NOW, services=("ocsp",)).certificate
    responders.ocsp_mode = "usurped"
    assert judged_certificate(responders, person) == "revocation-unknown"
