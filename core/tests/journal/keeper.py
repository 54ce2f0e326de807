"""A child process that stores jobs and says so after each: `keeper.py JOURNAL COUNT`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from conftest import make_record

from imgedit.journal import SqliteJournal

if __name__ == "__main__":
    journal = SqliteJournal(sys.argv[1])
    for number in range(int(sys.argv[2])):
        record = make_record(attempts=number)
        for status in ("planned", "sent", "accepted"):
            record = record.with_job(status=status)
            journal.save(record)
            sys.stdout.write(f"{record.id} {status}\n")
            sys.stdout.flush()
    journal.close()
