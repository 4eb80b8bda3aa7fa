"""Let samples without tickets count: benches post and store them."""

import psycopg

CLAIMS_COUNT = """
    insert into counting_rules (counts_from, from_at, by, reason)
    values ('claimed', '1990-01-01', 'bench', 'Samples of benches have no tickets.')
"""


def choose_claims(owner_url: str) -> None:
    """Choose it in a migrated database."""
    with psycopg.connect(owner_url.replace("+psycopg", "")) as connection:
        connection.execute(CLAIMS_COUNT)
