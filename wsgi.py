"""The door for a WSGI server: ``gunicorn wsgi:application``."""

from forms_server.app import create_app
from forms_server.settings import Settings

application = create_app(Settings.from_env())
