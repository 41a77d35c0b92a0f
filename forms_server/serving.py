"""Runs the pages under gunicorn: processes, not threads, each recycled after many requests."""

from __future__ import annotations

import gc
from datetime import UTC, datetime
from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication

from forms_server.app import create_app
from forms_server.commands.keys import warnings
from forms_server.services.checkpoints import archive_of, make_checkpoint
from forms_server.services.issuing import finish_unfinished
from forms_server.services.keys import list_keys
from forms_server.services.workshop import open_workshop
from forms_server.settings import Settings
from forms_server.sweeping import start_sweeping, stop_sweeping

REQUESTS_PER_WORKER = 2000
SECONDS_PER_REQUEST = 60


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn with our options instead of a configuration file."""

    def __init__(self, settings: Settings, options: dict[str, Any]) -> None:
        self._settings = settings
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        application = create_app(self._settings)
        gc.collect()
        gc.freeze()
        return application


def serve_forever(settings: Settings, *, host: str, port: int, workers: int) -> None:
    """Make everything ready, say where to go, and serve until stopped."""
    _prepare(settings, address=f"http://{host}:{port}/")
    options = {
        "bind": f"{host}:{port}",
        "workers": workers,
        "worker_class": "sync",
        "timeout": SECONDS_PER_REQUEST,
        "max_requests": REQUESTS_PER_WORKER,
        "max_requests_jitter": REQUESTS_PER_WORKER // 10,
        "proc_name": "forms-server",
        "control_socket_disable": True,
        "worker_exit": _thaw,
    }
    sweeper = start_sweeping(settings)
    if sweeper is not None:
        options["on_exit"] = lambda _: stop_sweeping(sweeper)
    _Server(settings, options).run()


def _thaw(_server: object, _worker: object) -> None:
    """Else modules in C++ report what stayed frozen as leaked, to whoever reads the log."""
    gc.unfreeze()


def _prepare(settings: Settings, *, address: str) -> None:
    """What must happen once, before any worker: migrations, keys, accounts, unfinished papers,
    and the day's checkpoint; tokens are left, because no session outlives the fork of a worker.
    """
    now = datetime.now(UTC)
    workshop = open_workshop(settings, now)
    finished = finish_unfinished(workshop)
    if finished:
        click.echo(f"Documents that a crash had interrupted, finished now: {finished}.")
    click.echo(f"Serving {address}")
    _say_accounts(workshop.first_accounts)
    click.echo(f"First: open {address}, sign in as clerk, choose mse-01, press «Толтыру».")
    make_checkpoint(archive_of(workshop), now=now)
    for warning in warnings(list_keys(settings, now)):
        click.echo(warning)
    workshop.close()


def _say_accounts(first_accounts: tuple[tuple[str, str], ...]) -> None:
    if not first_accounts:
        click.echo(
            "Accounts: clerk, head, administrator (a new password: forms-server reset-password)."
        )
        return
    click.echo("Accounts, shown this once:")
    for login, password in first_accounts:
        click.echo(f"  {login:<14} {password}")
