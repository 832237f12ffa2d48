"""CPU seconds of the steps of a script: `with step("load"):`, then `report()`."""
import json
import sys
import time
from contextlib import contextmanager

STEPS = {"start": time.process_time()}


@contextmanager
def step(name):
    begin = time.process_time()
    yield
    STEPS[name] = STEPS.get(name, 0.0) + time.process_time() - begin


def report(**results):
    """Prints one JSON object: the steps and what was found."""
    json.dump({"steps": {name: round(seconds, 4) for name, seconds in STEPS.items()}, **results}, sys.stdout)
    print()
