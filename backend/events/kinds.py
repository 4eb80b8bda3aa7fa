"""The kinds of events, and the act that lets a person read each."""

# An official reads the events of an area by the rights to the things that changed there.
ACT_OF = {
    "verdict.changed": "unit.samples",
    "commune.reached": "unit.figures",
    "report.sealed": "report.read",
    "deadline.set": "report.read",
    "deadline.near": "report.read",
    "signal.opened": "unit.signals",
}
KINDS = tuple(ACT_OF)
