"""Checkpoints: once a day the trail is signed for, and a copy laid outside the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from forms_server.documents.checkpoints import Checkpoint, write_checkpoint
from forms_server.documents.development_keys import (
    KEYS_DIRECTORY,
    QR_FILE,
    ensure_development_keys,
)
from forms_server.documents.qr_keys import QrKeys, load_qr_keys
from forms_server.errors import ServiceError, StorageError
from forms_server.services.workshop import Workshop
from forms_server.settings import Settings
from forms_server.storage.blobs import BlobStore, LocalBlobStore
from forms_server.storage.database import upgrade
from forms_server.storage.records import CheckpointRecord, Records, open_records
from forms_server.whole_files import write_whole

FOLDER = "checkpoints"
SUFFIX = ".jws"


@dataclass(frozen=True, kw_only=True, eq=False)
class Archive:
    """What an audit works with: less than a workshop, so that no expired seal stands in its way."""

    records: Records
    blobs: BlobStore
    qr_keys: QrKeys
    folder: Path
    """Where the files of checkpoints lie."""
    zone: ZoneInfo
    issuer: str

    @property
    def jwks(self) -> Mapping[str, Any]:
        return self.qr_keys.jwks


def archive_of(workshop: Workshop) -> Archive:
    """The archive of a workshop that is open."""
    return Archive(
        records=workshop.records,
        blobs=workshop.blobs,
        qr_keys=workshop.qr_keys,
        folder=workshop.settings.home / FOLDER,
        zone=workshop.zone,
        issuer=workshop.settings.public_url,
    )


def open_archive(settings: Settings, now: datetime) -> Archive:
    """The archive alone, its database brought up to date; close its records after."""
    ensure_development_keys(settings.home, now=now)
    upgrade(settings.database_url)
    return Archive(
        records=open_records(settings.database_url),
        blobs=LocalBlobStore(settings.home / "documents"),
        qr_keys=load_qr_keys(settings.home / KEYS_DIRECTORY / QR_FILE),
        folder=settings.home / FOLDER,
        zone=ZoneInfo(settings.time_zone),
        issuer=settings.public_url,
    )


def make_checkpoint(archive: Archive, *, now: datetime) -> CheckpointRecord | None:
    """Sign for the trail as it stands, unless that was done today; ``None`` if it was.

    Of several processes one makes it. A file that a crash has kept from being written is written.
    Refuses with ``checkpoint-trail-short`` a trail that has lost what was signed for before, and
    with ``checkpoint-not-written`` where the folder cannot be written to.
    """
    day = now.astimezone(archive.zone).date()
    last = archive.records.checkpoints.last()
    if last is not None:
        _write_file(archive.folder, last)
        if last.day >= day:
            return None
    new = _sign(archive, day, last, now=now)
    try:
        archive.records.checkpoints.add(new)
    except StorageError as error:
        if error.code != "record-conflict":
            raise
        return None
    _write_file(archive.folder, new)
    return new


def read_files(folder: Path) -> Mapping[date, str]:
    """The checkpoints in a folder by day; other files are passed over."""
    return dict(_dated(sorted(folder.glob(f"*{SUFFIX}"))))


def digest_of(jws: str) -> str:
    """What the next checkpoint and the trail name a checkpoint by."""
    return sha256(jws.encode()).hexdigest()


def _sign(
    archive: Archive, day: date, last: CheckpointRecord | None, *, now: datetime
) -> CheckpointRecord:
    state = archive.records.checkpoints.state()
    if state.events < state.after:
        raise ServiceError("checkpoint-trail-short", events=state.events, signed=state.after)
    checkpoint = Checkpoint(
        issuer=archive.issuer,
        day=day,
        made_at=now,
        after=state.after,
        events=state.events,
        head=state.head,
        links=state.links,
        documents=state.documents,
        numbers=state.numbers,
        previous=digest_of(last.jws) if last else None,
    )
    jws = write_checkpoint(checkpoint, archive.qr_keys)
    return CheckpointRecord(day=day, events=state.events, head=state.head, jws=jws, made_at=now)


def _dated(paths: Iterable[Path]) -> Iterable[tuple[date, str]]:
    for path in paths:
        try:
            day = date.fromisoformat(path.name.removesuffix(SUFFIX))
        except ValueError:
            continue
        yield day, path.read_bytes().decode("latin-1")


def _write_file(folder: Path, record: CheckpointRecord) -> None:
    """Whole or not at all (0600); one that is there is left alone, whatever it says."""
    path = folder / f"{record.day.isoformat()}{SUFFIX}"
    if path.exists():
        return
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, record.jws.encode("ascii"))
    except OSError as error:
        reason = error.strerror
        raise ServiceError("checkpoint-not-written", path=path, reason=reason) from error
