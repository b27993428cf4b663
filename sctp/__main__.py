"""Says whether this machine can do SCTP, and if not, what to do."""

import argparse
import errno
import json
import platform
import re
import subprocess
import sys
from pathlib import Path
from socket import AF_INET, SOCK_STREAM
from typing import Any

import _sctp.sctp

from . import IPPROTO_SCTP, __version__, sctp_socket

_LINUX = sys.platform == "linux"

# Switches of the kernel, and what it means if one is off.
_SWITCHES = {
    "auth_enable": "only sockets with SCTP_AUTH_SUPPORTED authenticate",
    "addip_enable" if _LINUX else "asconf_enable": "an association cannot change"
    " its addresses, unless the socket has SCTP_ASCONF_SUPPORTED",
    "reconf_enable" if _LINUX else "reconfig_enable": "an association cannot reset"
    " or add streams, unless the socket has SCTP_RECONFIG_SUPPORTED",
    "prsctp_enable" if _LINUX else "pr_enable": "no message is ever given up,"
    " unless the socket has SCTP_PR_SUPPORTED",
}
_LIMITS = (
    ["net.core.rmem_max", "net.core.wmem_max", "net.sctp.rto_min", "net.sctp.rto_max"]
    if _LINUX
    else ["kern.ipc.maxsockbuf", "net.inet.sctp.rto_min", "net.inet.sctp.rto_max"]
)
_MEANINGS = {
    "rmem_max": "bytes, the largest SO_RCVBUF",
    "wmem_max": "bytes, the largest SO_SNDBUF, and so the longest message",
    # The kernel counts 256 bytes more for each buffer of 2048 bytes.
    "maxsockbuf": "bytes: SO_RCVBUF is at most {buffer}",
    "rto_min": "ms, the shortest retransmission timeout",
    "rto_max": "ms, the longest",
}

_LOAD = (
    'load the module: "modprobe sctp" as root'
    if _LINUX
    else (
        'load the module: "kldload sctp" as root, or sctp_load="YES" in'
        " /boot/loader.conf"
    )
)
_INSTALL = (
    "if the kernel has no module sctp, install the package linux-modules-extra"
    " (Ubuntu), kernel-modules-extra (Fedora, Red Hat) or linux-image-amd64 (Debian;"
    " use your architecture) and start that kernel; for a container, do it on the host"
)
_TRY = (
    'to try SCTP without that, run "examples/kernel.sh python mine.py" in a clone of'
    " this project: it starts a Linux kernel with SCTP in user mode (on Debian, it"
    " needs the packages user-mode-linux, kmod and iproute2)"
)
_BLOCKED = "{file} forbids to load the module: comment out the line with sctp"


def _sysctl(name: str) -> str | None:
    if _LINUX:
        path = Path("/proc/sys", *name.split("."))
        return path.read_text().strip() if path.exists() else None
    result = subprocess.run(["sysctl", "-n", name], capture_output=True, text=True)
    return result.stdout.strip() if result.returncode == 0 else None


def _module() -> str:
    """The state of the kernel's SCTP module: 'loaded' (or built in), 'available',
    'unknown' or 'absent'."""
    if not _LINUX:
        return "loaded" if _sysctl("net.inet.sctp.rto_min") else "unknown"
    if Path("/proc/sys/net/sctp").exists():
        return "loaded"
    modules = Path("/lib/modules", platform.release())
    if not (modules / "modules.dep").exists():
        return "unknown"
    names = (modules / "modules.dep").read_text()
    return "available" if re.search(r"/sctp\.ko\b", names) else "absent"


def _blocking_file() -> str | None:
    """The configuration file that forbids to load the module. Some distributions
    have one."""
    for directory in ("/etc/modprobe.d", "/run/modprobe.d", "/lib/modprobe.d"):
        for path in sorted(Path(directory).glob("*.conf")):
            text = path.read_text(errors="replace")
            if re.search(r"^\s*(blacklist\s+sctp|install\s+sctp\s)", text, re.M):
                return str(path)
    return None


def _library() -> str | None:
    """The version of libsctp, from the name of its file."""
    maps = Path("/proc/self/maps")
    found = re.search(r"\S*/libsctp\S*", maps.read_text()) if maps.exists() else None
    version = re.search(r"\.so\.(.+)", str(Path(found[0]).resolve())) if found else None
    return version[1] if version else None


def _exchange() -> None:
    """Sends a message over loopback. Raises OSError if that fails."""
    with (
        sctp_socket(AF_INET, SOCK_STREAM) as listener,
        sctp_socket(AF_INET, SOCK_STREAM) as client,
    ):
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(5)
        client.settimeout(5)
        client.connect(listener.getsockname())
        server, _ = listener.accept()
        with server:
            server.settimeout(5)
            client.sctp_sendv([b"?"])
            server.sctp_recvv(1)


def _missing_options() -> list[str]:
    """The options that this kernel does not know, because they are newer."""
    missing = []
    with sctp_socket(AF_INET, SOCK_STREAM) as sock:
        for name, number, _, access, _ in _sctp.sctp._options:
            try:
                if "read" in access:
                    sock._getsockopt(IPPROTO_SCTP, number, bytes(512))
            except OSError as error:
                if error.errno == errno.ENOPROTOOPT:
                    missing.append(name)
    return missing


def diagnose() -> dict[str, Any]:
    """Collects all facts about SCTP on this machine."""
    prefix = "net.sctp." if _LINUX else "net.inet.sctp."
    names = [*(prefix + switch for switch in _SWITCHES), *_LIMITS]
    facts: dict[str, Any] = {
        "usable": False,
        "problem": None,
        "advice": [],
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sctp": __version__,
        "libsctp": _library(),
        "module": None,
        "sysctls": {},
        "missing_options": [],
    }
    try:
        # This may load the module, so it comes first.
        sctp_socket(AF_INET, SOCK_STREAM).close()
        _exchange()
    except OSError as error:
        facts["problem"] = str(error)
    facts["module"] = _module()
    facts["sysctls"] = {name: _sysctl(name) for name in names}
    if facts["problem"] is None:
        facts["usable"] = True
        facts["missing_options"] = _missing_options()
    else:
        facts["advice"] = _advice(facts["module"])
    return facts


def _advice(module: str) -> list[str]:
    if module == "loaded":
        return ["look for a firewall that drops protocol 132 (SCTP)"]
    advice = []
    if _LINUX and (file := _blocking_file()):
        advice.append(_BLOCKED.format(file=file))
    if module != "absent":
        advice.append(_LOAD)
    if _LINUX and module != "available":
        advice.append(_INSTALL)
    if _LINUX:
        advice.append(_TRY)
    return advice


def _describe(facts: dict[str, Any]) -> str:
    library = f", libsctp {facts['libsctp']}" if facts["libsctp"] else ""
    lines = [
        f"sctp {facts['sctp']}, Python {facts['python']}, {facts['system']}{library}.",
        "",
    ]
    if facts["usable"]:
        lines.append("This machine can do SCTP: a message went over loopback.")
    else:
        lines.append(f"This machine cannot do SCTP: {facts['problem']}.")
        lines += [f"What to do: {advice}." for advice in facts["advice"]]
    for name, value in facts["sysctls"].items():
        key = name.rpartition(".")[2]
        if value is None:
            continue
        if key in _SWITCHES:
            meaning = "on" if value != "0" else f"off: {_SWITCHES[key]}"
            lines.append(f"{name} = {value} ({meaning})")
        else:
            meaning = _MEANINGS[key].format(buffer=int(value) * 2048 // 2304)
            lines.append(f"{name} = {value} ({meaning})")
    if facts["missing_options"]:
        lines.append("This kernel is too old for the options ")
        lines[-1] += ", ".join(facts["missing_options"]) + "."
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sctp", description=__doc__)
    parser.add_argument("--json", action="store_true", help="for machines")
    arguments = parser.parse_args()
    facts = diagnose()
    if arguments.json:
        print(json.dumps(facts, indent=2))
    else:
        print(_describe(facts))
    return 0 if facts["usable"] else 1


if __name__ == "__main__":
    sys.exit(main())
