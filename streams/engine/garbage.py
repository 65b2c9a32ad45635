"""Keeping Python's garbage collector out of the path of requests."""

import gc

# A batch makes about two tracked objects a request; all of them go by counting, without the collector.
BETWEEN_COLLECTIONS = 100_000


def spare_the_collector() -> None:
    """To be called once, when all is loaded: what lives as long as the process is not looked through again.

    Otherwise every few batches all modules and the model were walked, holding every thread.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(BETWEEN_COLLECTIONS)
