"""Runs the checks with the built service, whose path is in SERVER."""

import os
import unittest

import service


def main() -> None:
    # aiohttp reads the trusted certificates on import, so the certificate of the service must exist before.
    service.running = service.Service(os.environ["SERVER"])
    try:
        outcome = unittest.main(module="anilibria_py", verbosity=2, exit=False, warnings="ignore")
    finally:
        service.running.stop()
    raise SystemExit(not outcome.result.wasSuccessful())


if __name__ == "__main__":
    main()
