"""An office that believes a throw-away authority of persons, its signers, and documents to sign."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from forms_server.app import create_app
from forms_server.documents.signing_keys import KeptKey
from forms_server.services.signatures import Party, name_signer, overview
from forms_server.services.workshop import Workshop, open_workshop
from forms_server.storage.records import DocumentRecord
from tests.authority import make_authority
from tests.fields.specimens import with_check_digit
from tests.signers import IIN, Person, make_person, sign_with_openssl
from tests.web.clerk import URL, Clerk, Office
from tests.workshop import actor_in, issue_sample, settings_in

FORM = "assistance-09"
"""The assistant signs, whom the office names; then the recipient, whose IIN is in the answers."""
ASSISTANT = with_check_digit("00000000001")
JSON = {"Accept": "application/json"}


@dataclass(frozen=True, slots=True)
class Scene:
    """The office, its signers' keys, and a folder to sign in."""

    office: Office
    assistant: KeptKey
    recipient: KeptKey
    folder: Path

    @property
    def workshop(self) -> Workshop:
        return self.office[1]

    def issue(self, *, named: bool = True) -> DocumentRecord:
        """A document that nobody has signed; the assistant is named, unless said otherwise."""
        document = issue_sample(self.workshop, FORM)
        if named:
            actor = actor_in(self.workshop, "clerk")
            token = self.tokens(document)[0]
            name_signer(self.workshop, token, iin=ASSISTANT, actor=actor, now=datetime.now(UTC))
        return document

    def parties(self, document: DocumentRecord) -> tuple[Party, ...]:
        again = self.workshop.records.documents.by_id(document.id)
        assert again is not None
        return overview(self.workshop, again)

    def tokens(self, document: DocumentRecord) -> list[str]:
        return [party.token for party in self.parties(document)]

    def visitor(self, language: str = "ru") -> Clerk:
        """Somebody without an account, on a server that has counted nobody's attempts yet."""
        app = create_app(self.workshop.settings, self.workshop)
        return Clerk(app, language)

    def sign(self, visitor: Clerk, token: str, key: KeptKey) -> TestResponse:
        """Download, sign with ``openssl``, send: as a person does whose browser runs no scripts."""
        content = prepare(visitor, token).data
        return send(visitor, token, sign_with_openssl(key, content, self.folder))


def make_scene(folder: Path) -> Scene:
    """A scene in a folder of its own; nothing in it is mocked."""
    now = datetime.now(UTC)
    authority = make_authority(now)
    root = folder / "persons.pem"
    root.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    settings = settings_in(
        folder / "state",
        FORMS_SERVER_PUBLIC_URL=URL,
        FORMS_SERVER_PERSON_AUTHORITIES_FILE=str(root),
        FORMS_SERVER_REVOCATION="leave",
    )
    workshop = open_workshop(settings, now)
    return Scene(
        office=(create_app(settings, workshop), workshop),
        assistant=make_person(authority, now, Person(name="ҮЛГІБАЕВА АЙША", iin=ASSISTANT)),
        recipient=make_person(authority, now, Person(iin=IIN)),
        folder=folder,
    )


def csrf(visitor: Clerk, token: str) -> str:
    """What the forms of the signer's page carry."""
    visitor.open(f"/s/{token}")
    return str(visitor.page.xpath("//input[@name='csrf_token']/@value")[0])


def prepare(visitor: Clerk, token: str, what: str = "content") -> TestResponse:
    return post(visitor.client, f"/s/{token}/prepare", csrf(visitor, token), what=what)


def send(visitor: Clerk, token: str, cms: bytes) -> TestResponse:
    """The CMS as a file; the page that follows is the visitor's."""
    data = {"csrf_token": csrf(visitor, token), "cms": (BytesIO(cms), "a.p7s")}
    answer = visitor.client.post(f"/s/{token}/signature", data=data, follow_redirects=True)
    return visitor._see(answer)


def post(client: FlaskClient, address: str, csrf_token: str, **fields: str) -> TestResponse:
    return client.post(address, data={**fields, "csrf_token": csrf_token})


def sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
