"""The database's history: Alembic migrations and the call that brings a database up to date."""
