"""The facts of a checked file as plain JSON, for programs; no value of an answer is among them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from forms_server.services.comparison import Comparison
from forms_server.services.file_checks import FileReport
from forms_server.services.reasons import JUDGEMENTS, Reason

LANGUAGES = ("kk", "ru", "en")


def facts_of(report: FileReport) -> dict[str, Any]:
    """``holds`` are the facts that ``valid`` needs, each by itself; moments are ISO 8601."""
    checked = [facts for facts in report.signatures if facts.is_checked]
    is_sealed = any(facts.is_our_seal for facts in checked)
    certificate = report.certificate
    return {
        "verdict": report.verdict.value,
        "indication": report.indication.value,
        "subindications": list(report.subindications),
        "reasons": [_reason(reason) for reason in report.reasons],
        "remarks": [_reason(reason) for reason in report.remarks],
        "number": certificate.number if certificate else None,
        "sha256": report.sha256,
        "holds": {
            "sealed": is_sealed and all(facts.valid and facts.trusted for facts in checked),
            "intact": report.is_same_bytes and all(facts.intact for facts in checked),
            "known": report.is_known,
            "newest": report.is_newest,
            "in_force": certificate is not None and certificate.is_in_force,
        },
        "signatures": [_plain(asdict(facts)) for facts in report.signatures],
        "data": _data(report.comparison),
        "pages_read": report.are_pages_read,
    }


def _reason(reason: Reason) -> dict[str, Any]:
    judgement = JUDGEMENTS[reason.code]
    return {
        "code": reason.code.value,
        "values": dict(reason.values),
        "indication": judgement.indication.value,
        "subindication": judgement.subindication,
        "says": {language: reason.say(language) for language in LANGUAGES},
    }


def _data(comparison: Comparison | None) -> dict[str, Any] | None:
    """Which fields differ, not what they say: the values are the owner's."""
    if comparison is None:
        return None
    return {
        "is_same": comparison.is_same_data,
        "fields": comparison.fields,
        "differences": [
            {"path": each.path, "kk": each.label.kk, "ru": each.label.ru}
            for each in comparison.differences
        ],
    }


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in facts.items()
    }
