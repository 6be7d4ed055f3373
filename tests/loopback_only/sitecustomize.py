"""Nothing but this machine is contacted by the tests. Python runs a module of this name that lies in PYTHONPATH by itself.

Every connection, datagram and look-up of a name that leads elsewhere is refused, and noted in the file of
FACETEX_CONTACTS: who swallows the error is found out all the same.
"""

import os
import sys

ADDRESS = {
    "socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1,
    "socket.getaddrinfo": 0, "socket.gethostbyname": 0, "socket.gethostbyaddr": 0, "socket.getnameinfo": 0,
}  # fmt: skip
"""Python's audit events, and which of their arguments says where to."""


def is_here(host: object) -> bool:
    """Loopback; nothing, the name of a local socket's file and the numbers of other families lead nowhere else."""
    from ipaddress import ip_address

    name = os.fsdecode(host) if isinstance(host, str | bytes) else ""
    if name in ("", "localhost"):
        return True
    try:
        address = ip_address(name.split("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def refuse_elsewhere(event: str, arguments: tuple[object, ...]) -> None:
    """Python calls this before each event."""
    if event not in ADDRESS:
        return
    address = arguments[ADDRESS[event]]
    host = address[0] if isinstance(address, tuple) else address
    path_of_a_socket = ADDRESS[event] == 1 and not isinstance(address, tuple)
    if path_of_a_socket or is_here(host):
        return
    if "FACETEX_CONTACTS" in os.environ:
        with open(os.environ["FACETEX_CONTACTS"], "a", encoding="utf-8") as notes:  # noqa: PTH123  # a light start
            notes.write(f"{event} {host}\n")
    raise RuntimeError(f"the tests contact nothing but this machine; this was to be {host}")


sys.addaudithook(refuse_elsewhere)
