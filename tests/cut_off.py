"""A network of its own for a process and its children, whose one way out is recorded packet by packet.

    unshare --map-root-user --net python -m ...

Nothing gets out of such a space but through an interface that `recorded` reads: what it holds is all that was sent.
"""

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

IN_A_NETWORK_OF_ITS_OWN = ("unshare", "--map-root-user", "--net")
_TUNNEL = Path("/dev/net/tun")
_SET_INTERFACE, _PACKETS_ALONE = 0x400454CA, 0x0001 | 0x1000  # TUNSETIFF, IFF_TUN and IFF_NO_PI of <linux/if_tun.h>
_ICMPV6 = 58
"""The kernel asks for routers by itself."""


def is_possible() -> bool:
    """Say whether this machine lets us have such a space."""
    if not (shutil.which("unshare") and shutil.which("ip") and _TUNNEL.exists()):
        return False
    added = [*IN_A_NETWORK_OF_ITS_OWN, "ip", "tuntap", "add", "mode", "tun", "out"]
    return subprocess.run(added, capture_output=True, check=False).returncode == 0


@contextmanager
def recorded() -> Iterator[list[str]]:
    """Make the way out; yields a list that grows by the destination of every packet on it."""
    tunnel = os.open(_TUNNEL, os.O_RDWR)
    fcntl.ioctl(tunnel, _SET_INTERFACE, struct.pack("16sH22x", b"out", _PACKETS_ALONE))
    for command in (
        "link set lo up",
        "addr add 10.255.0.1/24 dev out",
        "-6 addr add fd00::1/64 dev out nodad",
        "link set out up",
        "route add default via 10.255.0.2",
        "-6 route add default via fd00::2",
    ):
        subprocess.run(["ip", *command.split()], check=True)
    destinations: list[str] = []

    def read() -> None:
        while True:
            packet = os.read(tunnel, 1 << 16)
            if packet[0] >> 4 == 4:
                destinations.append(socket.inet_ntop(socket.AF_INET, packet[16:20]) + _asked(packet[20:]))
            elif packet[6] != _ICMPV6:
                destinations.append(socket.inet_ntop(socket.AF_INET6, packet[24:40]) + _asked(packet[40:]))

    threading.Thread(target=read, daemon=True).start()
    yield destinations


def _asked(datagram: bytes) -> str:
    """Say which name is asked for where a datagram is a question to a name server (RFC 1035, 4.1)."""
    if datagram[2:4] != (53).to_bytes(2, "big"):
        return ""
    question, name = datagram[20:], []
    while question and question[0]:
        name.append(question[1 : 1 + question[0]].decode("latin-1"))
        question = question[1 + question[0] :]
    return f" for {'.'.join(name)}"
