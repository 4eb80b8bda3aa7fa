"""Plausibility of a phone's position, and the distance of two positions."""

import math

# RTR (Austria) assigns a municipality only if accuracy is 2,000 m or better: coarser fixes come
# from the network, not from a satellite, and are often the position of the mast.
COARSE_ACCURACY_M = 2_000.0

# Default positions of phones and programs: (latitude, longitude).
NULL_ISLAND = (0.0, 0.0)
# In RTR's open data, rows from the iPhone simulator sit at Apple's default, San Francisco.
IPHONE_SIMULATOR = (37.785834, -122.406417)
# The Android emulator starts at Google's head office.
ANDROID_EMULATOR = (37.4219983, -122.084)

# Null island comes as exact zeros or with the noise of floats; 0.01 degrees (1.1 km) of open sea
# in the Gulf of Guinea cost no honest measurement.
NULL_ISLAND_TOLERANCE_DEG = 0.01

# Emulators report their default to 4 to 7 decimals, some with a few metres of simulated noise.
DEFAULT_RADIUS_M = 100.0
NEAR_DEG = 0.01

# Mean radius of the earth (IUGG R1); a sphere errs by at most 0.56 % against WGS 84.
EARTH_RADIUS_M = 6_371_008.8
METRES_PER_DEGREE = math.radians(EARTH_RADIUS_M)  # of latitude


def position_problem(
    latitude: float | None, longitude: float | None, accuracy_m: float | None
) -> str | None:
    """Return the reason why a position cannot be assigned to a commune, or None if it can.

    Parameters
    ----------
    latitude, longitude : float or None
        Degrees (EPSG:4326).
    accuracy_m : float or None
        Radius of the accuracy circle in metres.

    Returns
    -------
    {"position_missing", "position_default", "position_coarse"} or None
        The first that applies, in this order.
    """
    if latitude is None or longitude is None or accuracy_m is None:
        return "position_missing"
    if math.isnan(latitude) or math.isnan(longitude) or not accuracy_m >= 0:
        return "position_missing"
    if _is_default(latitude, longitude):
        return "position_default"
    if accuracy_m > COARSE_ACCURACY_M:
        return "position_coarse"
    return None


def distance_m(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Return the great-circle distance between two positions (haversine).

    Parameters
    ----------
    lon1, lat1, lon2, lat2 : float
        Degrees (EPSG:4326), longitude first.

    Returns
    -------
    float
        Metres, on a sphere of EARTH_RADIUS_M.
    """
    phi1, phi2 = math.radians(lat1), math.radians(lat2)
    half_phi, half_lambda = (phi2 - phi1) / 2, math.radians(lon2 - lon1) / 2
    h = math.sin(half_phi) ** 2 + math.cos(phi1) * math.cos(phi2) * math.sin(half_lambda) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(h)))


def _is_default(latitude: float, longitude: float) -> bool:
    if max(abs(latitude), abs(longitude)) <= NULL_ISLAND_TOLERANCE_DEG:
        return True
    return any(
        abs(latitude - default[0]) < NEAR_DEG  # a far position needs no exact distance
        and distance_m(longitude, latitude, default[1], default[0]) <= DEFAULT_RADIUS_M
        for default in (IPHONE_SIMULATOR, ANDROID_EMULATOR)
    )
