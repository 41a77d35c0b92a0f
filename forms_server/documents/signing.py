"""Seal a PDF with the organisation's key; with ``checking``, the only module that knows pyHanko."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from typing import Any

from asn1crypto.cms import CMSAttributes
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.keys.internal import translate_pyca_cryptography_cert_to_asn1
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.fields import (
    InvisSigSettings,
    MDPPerm,
    SigFieldSpec,
    SigSeedSubFilter,
    enumerate_sig_fields,
)
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes, Signer
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from forms_server.documents.signing_keys import SigningKey, check_validity, is_development
from forms_server.errors import DocumentError, words

DIGEST = "sha256"
NO_DIGEST = bytes(range(32))
"""As long as a SHA-256, and none of anything."""
FIELD_NAME = "Seal"
CMS_OVERHEAD = 1024
"""Bytes of a CMS SignedData beyond certificates and signature (about 500), and room to spare."""


class Sealer:
    """Puts the organisation's seal on documents: one for a process, its keys read beforehand."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key
        self._signer = KeySigner(key)
        self._reserved = reserved_digits(key)

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate that the seals of this process carry."""
        return self._key.certificate

    @property
    def is_development(self) -> bool:
        return is_development(self._key.certificate)

    def seal(
        self,
        pdf: bytes,
        *,
        field_name: str = FIELD_NAME,
        reason: str,
        location: str,
        signed_at: datetime,
    ) -> bytes:
        """The PDF with an incremental update that certifies it.

        The signature is PAdES baseline B-B (ETSI EN 319 142-1: ``ETSI.CAdES.detached``, the time
        stands in ``/M``), SHA-256, with the certificate's chain inside. It is a certification
        (ISO 32000-2, 12.8.2.2) that permits signing the document's empty signature fields, and
        nothing at all where it has none; only time stamps and proof of revocation may follow any
        seal. An empty signature field of that name is signed; where there is none, an invisible
        one is made, outside the page, printable and described, as PDF/A (ISO 19005-3, 6.3) and
        PDF/UA (ISO 14289-1, 7.18) ask.

        ``signed_at`` has a time zone. Refuses with ``seal-certificate-expired``, and with
        ``seal-pdf-refused`` when the PDF is broken, encrypted or certified already. Two seals of
        the same bytes differ in the ECDSA number and in the second half of ``/ID``.
        """
        check_validity(self._key.certificate, at=signed_at)
        metadata = _metadata(field_name, reason=reason, location=location)
        try:
            return asyncio.run(self._sign(pdf, metadata=metadata, signed_at=signed_at))
        except (PdfError, SigningError) as error:
            raise DocumentError("seal-pdf-refused", reason=str(error)) from error

    async def _sign(
        self, pdf: bytes, *, metadata: PdfSignatureMetadata, signed_at: datetime
    ) -> bytes:
        """pyHanko's own three steps, taken one by one: ``sign_pdf`` would read the clock."""
        writer = AppendingWriter(BytesIO(pdf))
        metadata = replace(metadata, docmdp_permissions=_permitted(writer, metadata.field_name))
        pdf_signer = PdfSigner(metadata, self._signer, new_field_spec=_new_field(metadata))
        session = pdf_signer.init_signing_session(writer)
        session.system_time = signed_at
        document = session.prepare_tbs_document(None, bytes_reserved=self._reserved)
        output = BytesIO()
        prepared, _ = document.digest_tbs_document(output=output)
        attributes = PdfCMSSignedAttributes(signing_time=signed_at)
        signed = await document.perform_signature(prepared.document_digest, attributes)
        await signed.post_signature_processing(output)
        return output.getvalue()


class AppendingWriter(IncrementalPdfFileWriter):
    """Adds the signature and nothing else."""

    def _update_meta(self) -> None:
        """pyHanko would write the XMP and ``/Info`` anew: its name, and the time by the clock."""


class KeySigner(Signer):
    """Signs with a key that is open already; pyHanko's own opens it again for each signature.

    It signs PAdES alone, whose signed attributes (ETSI EN 319 142-1, 6.3) are the same each time
    but for the digest.
    """

    def __init__(self, key: SigningKey) -> None:
        chain = map(translate_pyca_cryptography_cert_to_asn1, key.chain)
        store = SimpleCertificateStore.from_certs(chain)  # type: ignore[no-untyped-call]
        certificate = translate_pyca_cryptography_cert_to_asn1(key.certificate)
        super().__init__(signing_cert=certificate, cert_registry=store)
        self._key = key
        self._attributes = b""

    async def signed_attrs(
        self, data_digest: bytes, digest_algorithm: str, *given: Any, **more: Any
    ) -> CMSAttributes:
        """pyHanko's, made once, then with another digest in its place: half of a seal's time."""
        if not self._attributes:
            made = await super().signed_attrs(NO_DIGEST, digest_algorithm, *given, **more)
            self._attributes = made.dump()
        return CMSAttributes.load(self._attributes.replace(NO_DIGEST, data_digest))

    async def async_sign_raw(
        self, data: bytes, digest_algorithm: str, dry_run: bool = False
    ) -> bytes:
        if digest_algorithm != DIGEST:
            raise SigningError(f"the seal signs {DIGEST}, not {digest_algorithm}")
        return self._key.sign(data)


def reserved_digits(key: SigningKey) -> int:
    """Hexadecimal digits to keep free for the CMS: certificates, signature and the rest, twice."""
    certificates = (key.certificate, *key.chain)
    certificate_bytes = sum(len(one.public_bytes(Encoding.DER)) for one in certificates)
    signature_bytes = len(key.sign(b""))
    return 2 * (certificate_bytes + signature_bytes + CMS_OVERHEAD)


def _permitted(writer: IncrementalPdfFileWriter, seal_field: str | None) -> MDPPerm:
    """What may follow the seal beside time stamps and proof of revocation (ISO 32000-2, table 257).

    A file that nobody is to sign must not be added to. One that has empty signature fields may have
    them signed; it has no others that could be filled in.
    """
    empty = (name for name, _, _ in enumerate_sig_fields(writer, filled_status=False))
    return MDPPerm.FILL_FORMS if any(name != seal_field for name in empty) else MDPPerm.NO_CHANGES


def _metadata(field_name: str, *, reason: str, location: str) -> PdfSignatureMetadata:
    return PdfSignatureMetadata(
        field_name=field_name,
        md_algorithm=DIGEST,
        reason=reason,
        location=location,
        certify=True,
        subfilter=SigSeedSubFilter.PADES,
    )


def _new_field(metadata: PdfSignatureMetadata) -> SigFieldSpec:
    return SigFieldSpec(
        metadata.field_name or FIELD_NAME,
        invis_sig_settings=InvisSigSettings(box_out_of_bounds=True),
        readable_field_name=words("seal-field").both,
    )
