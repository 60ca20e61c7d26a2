"""A server that neither answers nor ends when it is asked to."""

import signal
import time

signal.signal(signal.SIGTERM, signal.SIG_IGN)
while True:
    time.sleep(600)
