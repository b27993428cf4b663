"""A guest whose time is its instructions: QEMU instead of a kernel in user mode.

Its virtual CPU takes a nanosecond of every clock for each instruction, kernel
and user together, and none while it idles. So a guest that is timed gives the
same numbers on a loaded machine and on another one.
"""

import contextlib
import shutil
import subprocess
from pathlib import Path

SCRATCH_TAG = "scratch"
MODULES = ("virtio_pci", "9pnet_virtio", "9p")
OPTIONS = "trans=virtio,version=9p2000.L,msize=262144"
MOUNT_SCRATCH = f"mount -t 9p -o {OPTIONS},cache=none {SCRATCH_TAG}"

# With fast string operations, a copy would be one instruction a byte.
CPU = "max,la57=off,erms=off,fsrm=off"
KERNEL_PARAMETERS = [
    *("console=ttyS0", "quiet", "panic=-1", "nokaslr", "mitigations=off"),
    *("tsc=reliable", "no_timer_check", "devtmpfs.mount=0"),
]


def find_release(directory: Path) -> str:
    """Finds the release of the kernel in a directory with an unpacked package."""
    with contextlib.suppress(FileNotFoundError):
        for path in (directory / "lib/modules").iterdir():
            return path.name
    raise FileNotFoundError(f"{directory}: no package linux-image unpacked there")


def find_modules(directory: Path, release: str) -> list[Path]:
    """The modules to load before the root can be mounted, in order."""
    paths = []
    show = ["modprobe", "-C/dev/null", "-d", directory, "-S", release, "-D"]
    for module in MODULES:
        listing = subprocess.run(
            [*show, module],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for line in listing.splitlines():
            kind, path = line.split()[:2]
            if kind == "insmod" and Path(path) not in paths:
                paths.append(Path(path))
    return paths


def archive_member(number: int, name: str, mode: int, data: bytes) -> bytes:
    """A file for a cpio archive of the format newc."""
    fields = [number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
    head = b"070701" + b"".join(b"%08X" % field for field in fields)
    head += name.encode() + b"\0"
    return b"".join(part + b"\0" * (-len(part) % 4) for part in (head, data))


def initial_file_system(directory: Path, release: str, init: Path) -> bytes:
    modules = find_modules(directory, release)
    script = ["#!/bin/busybox sh"]
    script += [f"/bin/busybox insmod /modules/{path.name}" for path in modules]
    script += [
        f"/bin/busybox mount -t 9p -o {OPTIONS},cache=loose,posixacl root /root",
        f"exec /bin/busybox switch_root /root {init}",
    ]
    programs = {"bin/busybox": Path(shutil.which("busybox") or "busybox").read_bytes()}
    programs |= {f"modules/{path.name}": path.read_bytes() for path in modules}
    programs["init"] = "\n".join(script).encode()
    members = [(name, 0o040755, b"") for name in ("bin", "modules", "root", "dev")]
    members += [(name, 0o100755, data) for name, data in programs.items()]
    members += [("TRAILER!!!", 0, b"")]
    return b"".join(
        archive_member(number, *member) for number, member in enumerate(members, 1)
    )


def command(
    directory: Path, scratch: Path, megabytes: int, append: list[str]
) -> list[str]:
    """Returns the command that boots the init of scratch with the kernel in
    directory."""
    release = find_release(directory)
    initrd = scratch / "initrd"
    initrd.write_bytes(initial_file_system(directory, release, scratch / "init"))
    return [
        *("qemu-system-x86_64", "-machine", "q35", "-accel", "tcg", "-cpu", CPU),
        *("-icount", "shift=0,sleep=off", "-m", f"{megabytes}M"),
        *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
        *("-serial", "stdio", "-net", "none"),
        *("-kernel", str(directory / f"boot/vmlinuz-{release}")),
        *("-initrd", str(initrd), "-append", " ".join(KERNEL_PARAMETERS + append)),
        *("-fsdev", "local,id=r,path=/,security_model=none,multidevs=remap"),
        *("-device", "virtio-9p-pci,fsdev=r,mount_tag=root"),
        *("-fsdev", f"local,id=s,path={scratch},security_model=none"),
        *("-device", f"virtio-9p-pci,fsdev=s,mount_tag={SCRATCH_TAG}"),
    ]
