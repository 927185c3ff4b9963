"""A bad disk under the daemon: the control page of tests/fault/shim.c, and a daemon started on it."""
import mmap
import struct

import rig
from flyball import Daemon

SHIM = rig.BUILD / "tests" / "fault" / "shim.so"
JOURNAL, STORE, BOTH = 1, 2, 3
FULL, FULL_STRICT = 1, 2
WORDS = ["files", "sync_fails", "sync_ms", "write_fails", "is_full", "is_short", "n_syncs", "n_writes", "n_refused",
         "failed_at_ns"]


class Disk:
    """What the disk does, while the daemon runs: disk.is_full = FULL; disk.n_syncs."""

    def __init__(self, folder):
        self.__dict__["file"] = folder / "disk.control"
        self.file.write_bytes(bytes(8 * len(WORDS)))
        with open(self.file, "r+b") as f:
            self.__dict__["page"] = mmap.mmap(f.fileno(), 8 * len(WORDS))

    def __getattr__(self, word):
        return struct.unpack_from("<q", self.page, 8 * WORDS.index(word))[0]

    def __setattr__(self, word, value):
        struct.pack_into("<q", self.page, 8 * WORDS.index(word), value)

    def heal(self):
        for word in ("files", "sync_fails", "sync_ms", "write_fails", "is_full", "is_short"):
            setattr(self, word, 0)


def daemon_on(disk, folder, vendor, limits=None, maps=False):
    if not SHIM.exists():
        raise rig.Skip(f"{SHIM} is not built")
    d = Daemon(folder / "flyball", vendor.port, limits=limits)
    d.env.update(LD_PRELOAD=str(SHIM), SHIM_DIR=str(d.dir), SHIM_CONTROL=str(disk.file))
    if maps:
        d.env["SHIM_MAPS"] = "1"
    d.env["ASAN_OPTIONS"] = d.env.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
    return d
