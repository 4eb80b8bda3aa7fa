"""Forms and addresses of the official's desk that fit, for the access matrix."""

from collections.abc import Callable
from typing import Any

from tests.factories import register
from tests.world import World

AREA = "/desk/area/<code>"
OWN = {"at": {"code": "19"}}


def _measured(world: World) -> dict[str, Any]:
    return {"at": {"code": "19", "identity": world.measured(register(world.client))}}


DESK_ASKS: dict[str, Callable[[World], dict[str, Any]]] = {
    f"GET {AREA}": lambda w: OWN,
    f"GET {AREA}/samples": lambda w: OWN,
    f"GET {AREA}/samples/<identity>": _measured,
    "GET /desk/wall (of a unit)": lambda w: {"query_string": {"unit": "19"}},
}
