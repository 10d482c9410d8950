"""Easel, a studio for diffusion pictures: `python app.py --help` lists the flags."""

import os
import signal
import sys
import tempfile
from pathlib import Path

from studio import config, imports
from studio.errors import StudioError


def main() -> None:
    """Serve the page, then start the engine: torch is imported while the page is already there to look at."""
    settings = config.parse(sys.argv[1:], os.environ)
    with tempfile.TemporaryDirectory(prefix="easel-") as folder:
        # They are read when gradio is imported; the folder is ours alone and goes with the process.
        os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
        os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
        # Nobody sees the statistics that it would draw up at the end of every event, from all events before.
        os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(sys.maxsize)
        os.environ["GRADIO_TEMP_DIR"] = str(Path(folder).resolve())
        serve(settings)


def serve(settings: config.Settings) -> None:
    """Run the studio until it is interrupted."""
    with imports.quickly():
        from studio.engine.local import LocalEngine
        from studio.ui import shell

    engine = LocalEngine(settings)
    try:
        blocks = shell.build(engine, settings)
        shell.launch(blocks, engine, settings)
    except StudioError as error:
        sys.exit(str(error))
    announce(blocks.local_url, blocks.share_url, settings)
    engine.start()
    # Being ended is being interrupted: the temporary folder goes, and the job that runs is told.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        blocks.block_thread()
    finally:
        engine.close()


def announce(address: str, share_address: str | None, settings: config.Settings) -> None:
    """Say where the studio is and, once, the password that was made for it."""
    print(f"Easel is at {address}", *([f"and at {share_address}"] if share_address else []), flush=True)
    if settings.is_password_made:
        user, password = settings.auth
        print(f"User {user}, password {password}, made up for this run; --auth names your own.", flush=True)


if __name__ == "__main__":
    main()
