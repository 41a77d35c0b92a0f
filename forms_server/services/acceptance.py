"""Whether a certificate is the one that is waited for: the person, the right, the trust, the clock.

Each refusal has its own code (see ``messages/signatures.toml``).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from cryptography import x509

from forms_server.documents.cms import CmsFacts
from forms_server.documents.ncanode import holds_by_ncanode
from forms_server.documents.subjects import may_sign, number_in, roles_in
from forms_server.documents.trust import judge_certificate
from forms_server.errors import ServiceError
from forms_server.services.workshop import Workshop
from forms_server.storage.records import SignatureRecord

CLOCKS_DIFFER = timedelta(hours=2)
"""Tolerated: since the change of 2024 many a computer in Kazakhstan is an hour off."""
OF_ORGANISATIONS = "1.2.398.3.3.4.1.2"
RIGHT_TO_SIGN = frozenset({f"{OF_ORGANISATIONS}.1", f"{OF_ORGANISATIONS}.2"})
"""НУЦ РК's roles of an organisation's head and of who has the right to sign for it."""


def accept_cms(
    workshop: Workshop, record: SignatureRecord, facts: CmsFacts, content: bytes, *, now: datetime
) -> bool:
    """Refuses a CMS that is not by whom the signature waits for; whether it could be checked.

    ``False`` only for a GOST signature where no NCANode service is configured: then neither the
    signature nor its certificate has been calculated by anybody.
    """
    told = facts.signing_time
    if told is not None and abs(told - now) > CLOCKS_DIFFER:
        raise ServiceError("cms-clock-wrong")
    _check_person(facts.certificate, record)
    if facts.is_checked:
        _check_trust(workshop, facts.certificate, facts.others, now=now)
        return True
    _check_by_itself(facts.certificate, now=now)
    trust = workshop.settings.trust
    if trust.ncanode_url is None:
        _check_issuer(workshop, facts.certificate)
        return False
    if not holds_by_ncanode(
        trust.ncanode_url, facts, content, asks_revocation=trust.asks_revocation
    ):
        raise ServiceError("cms-signature-wrong")
    return True


def accept_certificate(
    workshop: Workshop,
    record: SignatureRecord,
    certificate: x509.Certificate,
    chain: tuple[x509.Certificate, ...],
    *,
    now: datetime,
) -> None:
    """Refuses the certificate of a key on the server in the same way."""
    _check_person(certificate, record)
    _check_trust(workshop, certificate, chain, now=now)


def _check_person(certificate: x509.Certificate, record: SignatureRecord) -> None:
    """The numbers that are expected, each of them, and the right to sign for an organisation."""
    iin, bin_ = number_in(certificate, "iin"), number_in(certificate, "bin")
    if record.expected_iin not in {None, iin} or record.expected_bin not in {None, bin_}:
        raise ServiceError("cms-wrong-person")
    if record.expected_iin is None and record.expected_bin is None:
        raise ServiceError("signer-not-named")
    if record.expected_iin is None and not RIGHT_TO_SIGN & roles_in(certificate):
        raise ServiceError("certificate-no-right")


def _check_trust(
    workshop: Workshop,
    certificate: x509.Certificate,
    others: tuple[x509.Certificate, ...],
    *,
    now: datetime,
) -> None:
    """A program may leave out the authorities between: then those of the settings stand in."""
    _check_by_itself(certificate, now=now)
    known = workshop.person_authorities
    roots = tuple(one for one in known if one.issuer == one.subject)
    between = tuple(one for one in known if one.issuer != one.subject)
    code = judge_certificate(
        certificate,
        (*others, *between),
        roots,
        at=now,
        fetch=workshop.settings.trust.asks_revocation,
    )
    if code is not None:
        raise ServiceError(code)


def _check_issuer(workshop: Workshop, certificate: x509.Certificate) -> None:
    """An authority of that name is among those of the settings: no proof, which nobody can give.

    But where the settings name no GOST authority, no GOST signature is taken unchecked.
    """
    if all(known.subject != certificate.issuer for known in workshop.person_authorities):
        raise ServiceError("certificate-untrusted")


def _check_by_itself(certificate: x509.Certificate, *, now: datetime) -> None:
    """What a certificate says of itself: that it is for signing, and in force."""
    if not may_sign(certificate):
        raise ServiceError("certificate-usage")
    if now > certificate.not_valid_after_utc:
        raise ServiceError("certificate-expired")
    if now < certificate.not_valid_before_utc:
        raise ServiceError("certificate-not-yet")
