"""A phone that loses no sample: the rules of docs/app.md above the generated client."""

from .phone import Phone, RefusedError, StoppedError
from .sending import Sent
from .store import Store

__all__ = ["Phone", "RefusedError", "Sent", "StoppedError", "Store"]
