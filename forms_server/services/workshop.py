"""What every story works with, opened once per process: forms, printer, keys, records, papers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from cryptography import x509

from forms_server.documents.certificates import names_revocation
from forms_server.documents.fonts import load_slot_font
from forms_server.documents.html import Templates
from forms_server.documents.pdf import Printer
from forms_server.documents.qr_keys import QrKeys
from forms_server.documents.sentences import Sentence, read_sentences
from forms_server.documents.signature_facts import Authorities
from forms_server.documents.signing import Sealer
from forms_server.documents.signing_keys import SigningKey, load_certificates
from forms_server.documents.stencils import Press
from forms_server.documents.tokens import close_tokens
from forms_server.errors import SettingsError
from forms_server.fields.registry import TYPES
from forms_server.services.accounts import create_first_accounts
from forms_server.services.keys import open_keys
from forms_server.services.persons import note_persons
from forms_server.settings import Settings
from forms_server.specs.model import Edition, FormSpec
from forms_server.specs.reading import read_forms
from forms_server.storage.blobs import BlobStore, LocalBlobStore
from forms_server.storage.database import upgrade
from forms_server.storage.records import OfficeRecord, Records, TimeStampState, open_records


@dataclass(frozen=True, kw_only=True, eq=False)
class Workshop:
    """The tools of one process; compared and hashed by identity."""

    settings: Settings
    forms: Mapping[str, FormSpec]
    sentences: tuple[Sentence, ...]
    templates: Templates
    printer: Printer
    press: Press
    sealer: Sealer
    qr_keys: QrKeys
    seals: tuple[x509.Certificate, ...]
    """The certificates that this office seals or sealed with."""
    trusted: tuple[x509.Certificate, ...]
    person_authorities: tuple[x509.Certificate, ...]
    """Roots that persons' certificates lead to; without them nobody's is trusted."""
    time_authorities: tuple[x509.Certificate, ...]
    """Roots that the certificates of time-stamp authorities lead to."""
    records: Records
    blobs: BlobStore
    office: OfficeRecord
    first_accounts: tuple[tuple[str, str], ...] = field(repr=False)
    """Login and password of accounts just made: to be shown once and forgotten."""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.settings.time_zone)

    @property
    def authorities(self) -> Authorities:
        """By whose word the signatures of a stranger's file are judged."""
        return Authorities(
            seals=(*self.trusted, *self.time_authorities),
            persons=self.person_authorities,
            own=self.seals,
        )

    @property
    def new_time_stamp(self) -> TimeStampState:
        """How a file stands that was just sealed or signed."""
        wants = self.settings.trust.level.wants_time_stamp
        return TimeStampState.PENDING if wants else TimeStampState.NONE

    def close(self) -> None:
        """Give back what is held: connections, and sessions on tokens, which no fork outlives."""
        self.records.close()
        close_tokens()

    def day_of(self, moment: datetime) -> date:
        """The day at the office; ``moment`` is aware of its zone."""
        return moment.astimezone(self.zone).date()

    def edition(self, form_id: str, edition_id: str) -> Edition | None:
        form = self.forms.get(form_id)
        return form.edition(edition_id) if form else None


def open_workshop(settings: Settings, now: datetime) -> Workshop:
    """Everything ready to work: the database migrated, keys and first accounts made if need be."""
    try:
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SettingsError("settings-home", path=settings.home, reason=error.strerror) from error
    upgrade(settings.database_url)
    records = open_records(settings.database_url)
    office = records.offices.ensure(settings.office.code, settings.office.name)
    keys = open_keys(settings, now)
    _check_proofs(settings, keys.seal)
    templates = Templates(settings.root / "templates")
    printer = Printer(settings.root / "static" / "print.css")
    forms = read_forms(settings.root, TYPES)
    note_persons(records, forms)
    return Workshop(
        settings=settings,
        forms=forms,
        sentences=read_sentences(settings.sentences_file),
        templates=templates,
        printer=printer,
        press=Press(templates, printer, load_slot_font()),
        sealer=Sealer(keys.seal),
        qr_keys=keys.qr,
        seals=keys.seals,
        trusted=keys.trusted,
        person_authorities=_authorities(settings.trust.person_authorities_file),
        time_authorities=_authorities(settings.trust.tsa_authorities_file),
        records=records,
        blobs=LocalBlobStore(settings.home / "documents"),
        office=office,
        first_accounts=create_first_accounts(records, office, now=now),
    )


def _authorities(file: Path | None) -> tuple[x509.Certificate, ...]:
    return load_certificates(file) if file else ()


def _check_proofs(settings: Settings, key: SigningKey) -> None:
    """Refuse a level that the seal's certificates can never reach: nobody could be asked."""
    level = settings.trust.level
    if not level.wants_proofs:
        return
    for certificate in (key.certificate, *key.chain):
        is_root = certificate.issuer == certificate.subject
        if not is_root and not names_revocation(certificate):
            subject = certificate.subject.rfc4514_string()
            raise SettingsError("settings-seal-revocation", level=level.value, subject=subject)
