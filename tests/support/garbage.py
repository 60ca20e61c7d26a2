"""What a collection of garbage finds."""

import gc
from collections import Counter
from contextlib import contextmanager


@contextmanager
def saved_garbage():
    """Count what a collection finds of what was made meanwhile, by the name of its type."""
    found = Counter()
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield found
        gc.collect()
        found.update(type(each).__qualname__ for each in gc.garbage)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
