"""Where a connector may go: hosts that the operator named, at addresses that are nobody's inside.

A connector's address is typed by a person and its answers come from a stranger. Without a rule,
`http://169.254.169.254/` or a name that resolves to the database's machine would be asked from
within. So a host has to be on the operator's list, all of its addresses are judged, and the one
that was judged is the one that is connected to: a name cannot answer differently the second time.
"""

import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, TypeAlias
from urllib.parse import urlsplit

Address: TypeAlias = IPv4Address | IPv6Address
Resolver: TypeAlias = Callable[[str, int], list[str]]
"""Host and port → addresses, numeric."""

HOST_CHARACTERS_MAX: Final = 253
_GLOBAL_UNICAST: Final = ip_network("2000::/3")
_NAT64: Final = ip_network("64:ff9b::/96")
_COMPATIBLE: Final = ip_network("::/96")
# Clouds hand their machines' credentials out at these, whatever else the operator allows.
_METADATA: Final = tuple(
    map(ip_network, ("169.254.0.0/16", "fe80::/10", "fd00:ec2::/32", "100.100.100.200/32"))
)


class Unreachable(Exception):
    """The other server may not be asked, did not answer, or answered what nobody can use.

    The text says what happened and what to do; it holds no credentials and no answers.
    """


@dataclass(frozen=True, slots=True)
class AllowList:
    """Hosts that may be asked; ``inside`` are those of them that may lie in the own network."""

    hosts: frozenset[str] = frozenset()
    inside: frozenset[str] = frozenset()

    @classmethod
    def of(cls, hosts: Iterable[str], inside: Iterable[str] = ()) -> "AllowList":
        within = frozenset(filter(None, map(plain_host, inside)))
        return cls(frozenset(filter(None, map(plain_host, hosts))) | within, within)


def plain_host(text: str) -> str:
    """A host in one spelling: lower case, no dot at its end, no brackets."""
    return text.strip().lower().rstrip(".").removeprefix("[").removesuffix("]")


@dataclass(frozen=True, slots=True)
class Place:
    """A host that may be asked, before its address is known."""

    scheme: str
    host: str
    port: int


def place_of(url: str, allowed: AllowList) -> Place:
    """The host of an address, if it may be asked. Raises `Unreachable`."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Unreachable("that is no address of a server") from None
    host = plain_host(parts.hostname or "")
    if parts.username is not None or parts.password is not None or "\\" in url:
        raise Unreachable("an address holds no credentials; they come from a file or a variable")
    if not host or len(host) > HOST_CHARACTERS_MAX or not host.isascii():
        raise Unreachable("that is no address of a server")
    if host not in allowed.hosts:
        raise Unreachable(
            f"{host} is on no list: whoever keeps this server adds it to LOKUS_CONNECTOR_HOSTS"
        )
    if parts.scheme != "https" and not (parts.scheme == "http" and host in allowed.inside):
        raise Unreachable(
            f"{host} is asked over https only; http is for hosts in LOKUS_CONNECTOR_HOSTS_INSIDE"
        )
    return Place(parts.scheme, host, port or (443 if parts.scheme == "https" else 80))


def address_of(place: Place, allowed: AllowList, resolve: Resolver) -> str:
    """The one address to connect to. Raises `Unreachable` if any of the host's is forbidden.

    One bad address among good ones is enough: which one is taken must not be a matter of luck.
    """
    try:
        found = [ip_address(text.partition("%")[0]) for text in resolve(place.host, place.port)]
    except (OSError, UnicodeError, ValueError):
        raise Unreachable(f"{place.host} has no address: is its name right?") from None
    if not found:
        raise Unreachable(f"{place.host} has no address: is its name right?")
    for address in found:
        if is_metadata(address) or not (is_public(address) or place.host in allowed.inside):
            raise Unreachable(
                f"{place.host} lies in a private network; if it is yours, add it to "
                "LOKUS_CONNECTOR_HOSTS_INSIDE"
            )
    return str(found[0])


def is_public(address: Address) -> bool:
    """Does it belong to the open network, whichever way it is wrapped?"""
    return all(map(_is_global, _unwrapped(address)))


def _is_global(address: Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        # What Python calls global depends on its version; this is what IANA gives out.
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def is_metadata(address: Address) -> bool:
    """Is it link-local, or where a cloud answers its own machines?"""
    return any(
        one.version == network.version and one in network
        for one in _unwrapped(address)
        for network in _METADATA
    )


def _unwrapped(address: Address) -> list[Address]:
    """The address, and the IPv4 one that its packets would end at."""
    if isinstance(address, IPv4Address):
        return [address]
    wrapped: list[Address] = []
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address.sixtofour is not None:
        wrapped.append(address.sixtofour)
    if address.teredo is not None:
        wrapped += address.teredo
    if address in _NAT64:
        return [IPv4Address(int(address) & 0xFFFFFFFF)]
    if address in _COMPATIBLE:
        wrapped.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return [address, *wrapped]


def system_resolver(host: str, port: int) -> list[str]:
    """All addresses of a host, as the machine knows them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))
