"""A workshop whose documents are to be time-stamped by the throw-away authorities."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from forms_server.trust_settings import SealLevel
from tests.authority import write_p12
from tests.responders import Responders, write_pem
from tests.workshop import NOW


def stamping_variables(
    responders: Responders, folder: Path, level: SealLevel = SealLevel.B_LTA
) -> dict[str, str]:
    """The settings, as the environment has them; the seal's key is made in the folder."""
    p12, password = write_p12(responders.issue("Seal", NOW - timedelta(hours=1)), folder)
    return {
        "FORMS_SERVER_SEAL_KEY_FILE": str(p12),
        "FORMS_SERVER_SEAL_PASSWORD_FILE": str(password),
        "FORMS_SERVER_SEAL_LEVEL": level.value,
        "FORMS_SERVER_TSA_URL": f"{responders.url}/tsa",
        "FORMS_SERVER_TSA_AUTHORITIES_FILE": str(
            write_pem(responders.root.certificate, folder / "root.pem")
        ),
    }
