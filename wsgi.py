"""The web application, for granian or any other WSGI server."""

from web.app import create_app

app = create_app()
