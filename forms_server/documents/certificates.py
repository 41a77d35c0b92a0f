"""Judges certificates: whether they lead to a trusted one, what they are for, revoked or not.

What proves a certificate not to be revoked is read from a file or asked for over the network; asked
are only addresses in certificates that were proven to lead to a trusted one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NoReturn

from aiohttp import ClientSession
from asn1crypto import cms
from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.keys.internal import translate_pyca_cryptography_cert_to_asn1
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.pdf_utils.rw_common import PdfHandler
from pyhanko.sign.general import extract_certificate_info
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.authority import Authority
from pyhanko_certvalidator.errors import (
    CRLFetchError,
    ExpiredError,
    NotYetValidError,
    OCSPFetchError,
    PathError,
    RevokedError,
    ValidationError,
)
from pyhanko_certvalidator.fetchers import Fetchers
from pyhanko_certvalidator.fetchers.aiohttp_fetchers.cert_fetch_client import (
    AIOHttpCertificateFetcher,
)
from pyhanko_certvalidator.fetchers.aiohttp_fetchers.crl_client import AIOHttpCRLFetcher
from pyhanko_certvalidator.fetchers.aiohttp_fetchers.ocsp_client import AIOHttpOCSPFetcher
from pyhanko_certvalidator.fetchers.api import FetchLimits
from pyhanko_certvalidator.fetchers.common_utils import FetchBudget
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import (
    CertRevTrustPolicy,
    FreshnessReqType,
    RevocationCheckingPolicy,
)

from forms_server.documents.der import UNREADABLE
from forms_server.documents.network import SECONDS_TO_ANSWER, open_list_session

PROBLEMS: tuple[tuple[type[Exception], str], ...] = (
    (ExpiredError, "certificate-expired"),
    (NotYetValidError, "certificate-not-yet"),
)
"""What a refusal of the validator means; any other one is ``certificate-untrusted``."""

OF_ANY_AGE = CertRevTrustPolicy(
    RevocationCheckingPolicy.from_legacy("require"),
    freshness=timedelta(days=36_525),
    freshness_req_type=FreshnessReqType.MAX_DIFF_REVOCATION_VALIDATION,
)
"""A list that is a century old still tells whom it names."""

SECONDS_TO_GATHER = 2 * SECONDS_TO_ANSWER
"""Of all proofs for one certificate and those above it."""
LIMITS = FetchLimits(max_requests=20, max_cert_requests=0, max_aia_urls_per_object=0)
"""Certificates are never fetched: who is trusted, and what stands between, is given."""

for library in ("pyhanko", "pyhanko_certvalidator"):
    # What they complain of they name by its certificate, and so persons, in the log.
    logging.getLogger(library).setLevel(logging.CRITICAL)

Certificates = Sequence[asn1_x509.Certificate]
"""The certificate that is judged, then others that may stand between it and a trusted one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Certificates, OCSP answers (RFC 6960) and revocation lists that prove something."""

    certificates: tuple[asn1_x509.Certificate, ...] = ()
    ocsps: tuple[asn1_ocsp.OCSPResponse, ...] = ()
    crls: tuple[asn1_crl.CertificateList, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """``good``, ``revoked`` or ``unknown``; when it was revoked; what was learned by asking."""

    state: str = "unknown"
    revoked_at: datetime | None = None
    evidence: Evidence = Evidence()


async def problem_of(
    certificates: Certificates, trusted: Certificates, *, at: datetime
) -> str | None:
    """What keeps a certificate from signing documents at ``at``, revocation aside.

    ``certificate-untrusted``, ``-expired``, ``-not-yet`` or ``-usage`` (RFC 5280, 4.2.1.3: it lacks
    ``nonRepudiation``).
    """
    try:
        if not _is_for_signing(certificates[0]):
            return "certificate-usage"
    except UNREADABLE:
        return "certificate-untrusted"
    return await path_problem(certificates, trusted, at=at)


async def path_problem(
    certificates: Certificates, trusted: Certificates, *, at: datetime
) -> str | None:
    """As :func:`problem_of`, whatever the certificate is for."""
    context = validation_context(trusted, at=at)
    try:
        await _find_path(certificates, context)
    except (PathError, ValidationError, *UNREADABLE) as error:
        known = (code for kind, code in PROBLEMS if isinstance(error, kind))
        return next(known, "certificate-untrusted")
    return _out_of_force(certificates[0], at=at)


def _out_of_force(certificate: asn1_x509.Certificate, *, at: datetime) -> str | None:
    """Of a certificate that is trusted itself no path is walked, and nobody looks at its days
    (RFC 5280, 6.1.1 d): a seal that no authority issued.
    """
    since: datetime = certificate.not_valid_before
    until: datetime = certificate.not_valid_after
    if at < since:
        return "certificate-not-yet"
    return "certificate-expired" if at > until else None


async def revocation_of(
    certificates: Certificates, trusted: Certificates, evidence: Evidence, *, at: datetime
) -> Revocation:
    """Whether the evidence proves the whole path to have been in force at ``at``.

    What was said after ``at`` counts: it knows of every revocation before (EN 319 102-1, 5.2.5).
    """
    context = ValidationContext(
        trust_roots=list(trusted),
        other_certs=evidence.certificates,
        ocsps=evidence.ocsps,
        crls=evidence.crls,
        revocation_mode="require",
        retroactive_revinfo=True,
        moment=at,
    )
    return (await _revocation(certificates, context))[0]


async def revoked_before(
    certificates: Certificates, trusted: Certificates, evidence: Evidence, *, at: datetime
) -> Revocation:
    """``revoked`` if the evidence, however old, names the certificate or one above it as revoked at
    any time before ``at``; else ``unknown``.
    """
    context = ValidationContext(
        trust_roots=list(trusted),
        other_certs=evidence.certificates,
        ocsps=evidence.ocsps,
        crls=evidence.crls,
        revinfo_policy=OF_ANY_AGE,
        moment=min(at, certificates[0].not_valid_after),
    )
    found, _ = await _revocation(certificates, context)
    return found if found.state == "revoked" else Revocation()


async def ask_revocation(
    certificates: Certificates, trusted: Certificates, *, at: datetime
) -> Revocation:
    """As :func:`revocation_of`, by asking the OCSP responders, then for revocation lists.

    The path must have been proven (:func:`path_problem`). Who does not answer in time, or answers
    nonsense, leaves it ``unknown``. Its ``evidence`` is what was answered, and the path.
    """
    async with open_list_session() as session:
        context = ValidationContext(
            trust_roots=list(trusted),
            allow_fetching=True,
            fetchers=_fetchers(session),
            revocation_mode="require",
            retroactive_revinfo=True,
            moment=at,
        )
        try:
            async with asyncio.timeout(SECONDS_TO_GATHER):
                found, path = await _revocation(certificates, context)
        except TimeoutError:
            return Revocation()
    evidence = Evidence(
        certificates=tuple(path), ocsps=tuple(context.ocsps), crls=tuple(context.crls)
    )
    return Revocation(state=found.state, revoked_at=found.revoked_at, evidence=evidence)


def read_evidence(handler: PdfHandler) -> Evidence:
    """What the document security store (ISO 32000-2, 12.8.4.3) of a file or a revision holds."""
    try:
        store = DocumentSecurityStore.read_dss(handler)
    except NoDSSFoundError:
        return Evidence()
    return Evidence(
        certificates=tuple(store.load_certs()),
        ocsps=tuple(
            asn1_ocsp.OCSPResponse.load(_data(stream, DecodePurpose.OCSP_RESPONSE))
            for stream in store.ocsps
        ),
        crls=tuple(
            asn1_crl.CertificateList.load(_data(stream, DecodePurpose.CRL)) for stream in store.crls
        ),
    )


def to_asn1(certificates: Iterable[x509.Certificate]) -> list[asn1_x509.Certificate]:
    """The same certificates as pyHanko's library has them."""
    return [translate_pyca_cryptography_cert_to_asn1(one) for one in certificates]


def certificates_in(data: cms.SignedData) -> list[asn1_x509.Certificate]:
    """The signer's certificate, then the others that a CMS holds."""
    found = extract_certificate_info(data)
    return [found.signer_cert, *found.other_certs]


def validation_context(trusted: Certificates, *, at: datetime) -> ValidationContext:
    """For judging as of ``at`` without a look at revocation."""
    return ValidationContext(
        trust_roots=list(trusted), moment=at, allow_fetching=False, revocation_mode="none"
    )


def is_for_time_stamps(certificate: asn1_x509.Certificate) -> bool:
    """RFC 3161, 2.3: for time stamps, for nothing else, and it says so critically."""
    parsed = x509.load_der_x509_certificate(certificate.dump())
    try:
        usage = parsed.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return False
    return usage.critical and list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]


def names_revocation(certificate: x509.Certificate) -> bool:
    """Whether it says where to ask if it was revoked: an OCSP responder or a revocation list."""
    (parsed,) = to_asn1([certificate])
    return bool(parsed.ocsp_urls or parsed.crl_distribution_points)


def _is_for_signing(certificate: asn1_x509.Certificate) -> bool:
    usage = certificate.key_usage_value
    return usage is not None and "non_repudiation" in usage.native


def _data(stream: Any, purpose: DecodePurpose) -> bytes:
    content: bytes = stream.get_object().read_data(purpose)
    return content


async def _revocation(
    certificates: Certificates, context: ValidationContext
) -> tuple[Revocation, Iterable[asn1_x509.Certificate]]:
    """The state and the path that was proven, empty where none was."""
    try:
        path = await _find_path(certificates, context)
    except RevokedError as error:
        return Revocation(state="revoked", revoked_at=error.revocation_dt), ()
    except (PathError, ValidationError, *UNREADABLE):
        return Revocation(), ()
    return Revocation(state="good"), path


async def _find_path(certificates: Certificates, context: ValidationContext) -> ValidationPath:
    certificate, *others = certificates
    validator = CertificateValidator(
        certificate, intermediate_certs=others, validation_context=context
    )
    return await validator.async_validate_path()


# -- the network ----------------------------------------------------------------------------------


class _OcspFetcher(AIOHttpOCSPFetcher):
    """Says of a server that is silent what the library says of one that refuses."""

    async def fetch(
        self, cert: asn1_x509.Certificate | cms.AttributeCertificateV2, authority: Authority
    ) -> asn1_ocsp.OCSPResponse:
        try:
            return await super().fetch(cert, authority)
        except OSError as error:
            _fail(OCSPFetchError, error)


class _CrlFetcher(AIOHttpCRLFetcher):
    """As ``_OcspFetcher``."""

    async def fetch(
        self,
        cert: asn1_x509.Certificate | cms.AttributeCertificateV2,
        *,
        use_deltas: bool = True,
    ) -> list[asn1_crl.CertificateList]:
        try:
            found: list[asn1_crl.CertificateList] = await super().fetch(cert, use_deltas=use_deltas)
            return found
        except OSError as error:
            _fail(CRLFetchError, error)


def _fail(kind: type[Exception], error: OSError) -> NoReturn:
    raise kind(f"no answer: {error!r}") from error


def _fetchers(session: ClientSession) -> Fetchers:
    """Timeouts and sizes are the session's own."""
    budget = FetchBudget(LIMITS)
    return Fetchers(
        ocsp_fetcher=_OcspFetcher(session, budget=budget),
        crl_fetcher=_CrlFetcher(session, budget=budget),
        cert_fetcher=AIOHttpCertificateFetcher(session, budget=budget),
    )
