"""The consent of the user: servers that may get a key, clusters that may be joined, code that may be imported.

A config.toml of somebody else names a server too, and a resume reads it. So a key goes to a host only after the user
has named the host: in a command that begins a run, or by a flag. The consent is kept in the cache folder, as an empty
file named by the hash of the key's variable and the server's address. No key is read into it.

A Ray cluster elsewhere needs the same consent, with or without a key: a client loads objects that the cluster sends,
and these run code here.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from forethought.agents.models.open_model import kind_of
from forethought.agents.models.server.address import Address, port_of
from forethought.common.pieces import is_place
from forethought.envs.worlds.folder import cache_folder
from forethought.experiments.config import Experiment
from forethought.experiments.workers.options import WorkerOptions

VARIABLE = "OPENAI_API_KEY"


def give_consent(spec: str | None, workers: str = "1", code: Sequence[str] = ()) -> None:
    """Record the names in a command of the user: the server of a spec, which may get the key; the cluster; code."""
    for name in code:
        remember(file_of(name, "code"))
    if (server := server_of(spec)) is not None:
        remember(file_of(server))
    if (cluster := cluster_of(workers)) is not None:
        remember(file_of(cluster, "workers"))


def remember(file: Path) -> None:
    """Record a consent as an empty file in the cache folder."""
    with suppress(OSError):  # a cache folder that cannot be written: a resume then asks
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(0o600)


def check_consent(spec: str | None, named: str | None = None) -> None:
    """Check the consent to send the key to a server. `named` is the host that the user names in this command.

    Raises ValueError: there is a key, and the user has never named this host, or has named another one.
    """
    server = server_of(spec)
    parts = urlsplit(server or "")
    if named is not None and named not in (server, parts.netloc, parts.hostname):
        raise ValueError(f"--send-key-to names {named!r}, and this run asks {parts.netloc or 'no server elsewhere'}")
    if server is None or not os.environ.get(VARIABLE, "").strip():
        return
    if named is not None:
        give_consent(spec)
    elif not file_of(server).exists():
        raise ValueError(
            f"this run's config sends the key in {VARIABLE} to {server}, which no command of yours has named yet; "
            f"if you trust that server with it, add --send-key-to {parts.hostname}, else unset {VARIABLE}"
        )


def check_cluster(workers: str, named: str | None = None) -> None:
    """Check the consent to join a cluster elsewhere. `named` is the host that the user names in this command.

    Raises ValueError: the user has never named this cluster, or has named another one.
    """
    cluster = cluster_of(workers)
    parts = urlsplit(cluster or "")
    if named is not None and named not in (cluster, parts.netloc, parts.hostname):
        raise ValueError(f"--join-cluster names {named!r}, and this run joins {parts.netloc or 'no cluster elsewhere'}")
    if named is not None:
        give_consent(None, workers)
    elif cluster is not None and not file_of(cluster, "workers").exists():
        raise ValueError(
            f"this run's config joins the Ray cluster {cluster}, which no command of yours has named yet, and which "
            f"can run code here; if you trust it, add --join-cluster {parts.hostname}"
        )


def check_code(names: Sequence[str], named: Sequence[str] = ()) -> None:
    """Check the consent to import code. `named` are the names that the user gives in this command.

    Raises ValueError: the user has never named this code, or has named other code.
    """
    if unknown := [name for name in named if name not in names]:
        raise ValueError(
            f"--run-code names {unknown[0]!r}, and this run imports {' and '.join(names) or 'no such code'}"
        )
    give_consent(None, code=named)
    for name in names:
        if not file_of(name, "code").exists():
            raise ValueError(
                f"this run's config imports {name}, which no command of yours has named yet; "
                f"if you trust that code, add --run-code {name}"
            )


def code_of(experiment: Experiment) -> tuple[str, ...]:
    """The names in a config that import modules outside of this suite."""
    return (*((experiment.env,) if ":" in experiment.env else ()), *filter(is_place, experiment.foreign))


def cluster_of(workers: str) -> str | None:
    """ray://HOST:PORT of a cluster elsewhere; None without a cluster, or for one on this machine."""
    address = WorkerOptions.parse(workers).address or ""
    parts = urlsplit(address)
    if parts.scheme != "ray" or is_loopback(parts.hostname or ""):
        return None
    return address


def server_of(spec: str | None) -> str | None:
    """Scheme, host and port of a spec's server; None without a server, or for one on this machine."""
    if not spec or kind_of(spec) != "server":
        return None
    parts = urlsplit(Address.parse(spec).url)
    host, port = parts.hostname or "", port_of(parts)
    if is_loopback(host):
        return None
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def is_loopback(host: str) -> bool:
    """Whether the host is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def file_of(server: str, use: str = VARIABLE) -> Path:
    """The file that records the consent of one use, such as a key, for one server."""
    return cache_folder() / "servers" / hashlib.sha256(f"{use} {server}".encode()).hexdigest()
