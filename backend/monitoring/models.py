"""How often each operation is used."""

from datetime import date

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.extensions import db


class Usage(db.Model):
    """Successful answers of an operation on a day, without a person."""

    __tablename__ = "usage"

    day: Mapped[date] = mapped_column(primary_key=True)
    operation: Mapped[str] = mapped_column(primary_key=True)  # the endpoint of a route
    n: Mapped[int] = mapped_column(BigInteger)
