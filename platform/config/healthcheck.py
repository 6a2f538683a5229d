"""`python -m config.healthcheck`: exit 0 if this container's process works, else 1.

The web answers `/healthz`; a worker or beat touches HEARTBEAT_FILE. Which of them it is shows in
the file: the web touches none. With the standard library alone, for it runs every few seconds.
"""

import http.client
import os
import sys
import time
from contextlib import closing
from pathlib import Path

STALE_AFTER = 30.0  # seconds; as config.heartbeats has it
PATIENCE = 4.0


def main() -> int:
    """Look once."""
    path = os.environ.get("HEARTBEAT_FILE")
    if path and Path(path).exists():
        return int(time.time() - Path(path).stat().st_mtime > STALE_AFTER)
    port = int(os.environ.get("PORT", "8000"))
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as web:
            web.request("GET", "/healthz")
            return int(web.getresponse().status != 200)
    except (OSError, http.client.HTTPException):
        return 1


if __name__ == "__main__":
    sys.exit(main())
