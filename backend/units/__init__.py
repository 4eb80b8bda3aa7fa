"""Units and boundary sets; `locator.py` finds communes, `outlines.py` has lines of drawn maps."""
