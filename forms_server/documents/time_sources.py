"""Asks a time-stamp authority for tokens (RFC 3161) and proves each before it is of any use."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime

from aiohttp import ClientError
from asn1crypto import cms, tsp
from asn1crypto.core import Sequence
from cryptography import x509
from pyhanko.sign.timestamps import TimeStamper

from forms_server.documents.certificates import to_asn1
from forms_server.documents.der import UNREADABLE
from forms_server.documents.network import SECONDS_TO_ANSWER, open_token_session
from forms_server.documents.trust import LARGEST_CLOCK_DIFFERENCE, token_problem
from forms_server.errors import DocumentError

HEADERS = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
AUTHORITY_CODES = frozenset(
    {
        "time-stamp-unreachable", "time-stamp-refused", "time-stamp-unreadable",
        "time-stamp-nonce", "time-stamp-policy", "time-stamp-clock",
        "time-stamp-altered", "time-stamp-untrusted", "time-stamp-expired",
    }
)  # fmt: skip
"""What an authority may do wrong: it would do the same to the next document."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSource:
    """A time-stamp authority (RFC 3161 over HTTP) and whose certificates are believed.

    ``policy`` is the object identifier of the policy that is asked for, ``trusted`` the authorities
    of its own certificate, ``signers`` those of seals and persons.
    """

    url: str
    trusted: tuple[x509.Certificate, ...] = field(repr=False)
    signers: tuple[x509.Certificate, ...] = field(repr=False)
    policy: str | None = None
    seconds: float = SECONDS_TO_ANSWER
    tokens: dict[str, cms.ContentInfo] = field(default_factory=dict, repr=False, compare=False)
    """A token by digest algorithm: how much room the next one needs."""


class _Answer(Sequence):  # type: ignore[misc]  # asn1crypto has no types
    """``TimeStampResp`` of RFC 3161, 2.4.2; asn1crypto's own cannot be without a token."""

    _fields = [  # noqa: RUF012  # asn1crypto writes into it
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms.ContentInfo, {"optional": True}),
    ]


class TokenClient(TimeStamper):
    """Asks an authority for a token and believes nothing that it says before it is proven."""

    def __init__(self, source: TimeSource, *, now: datetime) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._source = source
        self._now = now

    def request_cms(
        self, message_digest: bytes, md_algorithm: str
    ) -> tuple[cms.Integer, tsp.TimeStampReq]:
        nonce, request = super().request_cms(message_digest, md_algorithm)  # type: ignore[no-untyped-call]
        if self._source.policy:
            request["req_policy"] = self._source.policy
        return nonce, request

    async def _ask(self, request: tsp.TimeStampReq) -> _Answer:
        try:
            async with (
                open_token_session(self._source.seconds) as session,
                session.post(self._source.url, data=request.dump(), headers=HEADERS) as response,
            ):
                response.raise_for_status()
                answer: _Answer = _Answer.load(await response.read())
                return answer
        except (ClientError, OSError) as error:
            logger.warning("the time-stamp authority does not answer: %r", error)
            raise DocumentError("time-stamp-unreachable", url=self._source.url) from error

    async def async_dummy_response(self, md_algorithm: str) -> cms.ContentInfo:
        """Asked once for all documents of a source; a token may be half as long again."""
        tokens = self._source.tokens
        if md_algorithm not in tokens:
            tokens[md_algorithm] = await super().async_dummy_response(md_algorithm)
        return tokens[md_algorithm]

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """A token of that digest that was proven to be one; refuses with ``AUTHORITY_CODES``."""
        nonce, request = self.request_cms(message_digest, md_algorithm)
        try:
            token = _granted(await self._ask(request))
            await self._check(token, message_digest, nonce)
        except UNREADABLE as error:
            logger.info("what the authority said", exc_info=error)
            raise DocumentError("time-stamp-unreadable", url=self._source.url) from error
        return token

    async def _check(self, token: cms.ContentInfo, digest: bytes, nonce: int) -> None:
        """RFC 3161, 2.2: what a requester has to verify before the token is of any use."""
        content = token["content"]
        told = content["encap_content_info"]["content"].parsed
        if told["nonce"].native != nonce:
            raise DocumentError("time-stamp-nonce", url=self._source.url)
        if self._source.policy not in {None, told["policy"].native}:
            raise DocumentError("time-stamp-policy", url=self._source.url)
        made_at = told["gen_time"].native
        trusted = to_asn1(self._source.trusted)
        if code := await token_problem(content, lambda _: digest, trusted, at=made_at):
            raise DocumentError(code)
        if abs(made_at - self._now) > LARGEST_CLOCK_DIFFERENCE:
            raise DocumentError("time-stamp-clock", theirs=made_at, ours=self._now)


def _granted(answer: _Answer) -> cms.ContentInfo:
    status = answer["status"]["status"].native
    if status not in {"granted", "granted_with_mods"}:
        raise DocumentError("time-stamp-refused", status=status)
    return answer["time_stamp_token"]
