"""The database: SQLAlchemy, connections of single statements, migrations."""
