# SPDX-License-Identifier: Apache-2.0
"""Programs under another kernel: a small root file system, QEMU, and what came out of it."""

import pathlib
import re
import shutil
import subprocess
import tempfile

VM = pathlib.Path("build/vm")
INIT = pathlib.Path("tests/vm/init")
OBJECT = pathlib.Path("build/bpf/yagura.bpf.o")
# Programs the tests start; /bin/sh must be a shell of its own, as on a host, not busybox.
COMMANDS = ("/bin/dash", "/bin/true", "/bin/cat", "/bin/sleep")
DIRECTORIES = ("bin", "dev", "etc", "modules", "proc", "root", "run", "sys", "tmp", "var")
BOOT_SECONDS = 60
LIBRARY = re.compile(r"(/\S+) \(0x")


class GuestRun:
    """What a guest told: `programs` maps name to (exit status, output), in order; `seconds`, what
    each took there."""

    def __init__(self, text, console):
        self.console = console
        self.programs, self.seconds = {}, {}
        self.kernel = ""
        self.done = False
        self.unfinished = ""  # a program that began and did not end
        self._read(text)

    def _read(self, text):
        lines = []
        for line in text.splitlines():
            words = line.split(" ")
            if line.startswith("== kernel "):
                self.kernel = line.removeprefix("== kernel ")
            elif line.startswith("== begin "):
                self.unfinished, lines = " ".join(words[2:]), []
            elif line.startswith("== end ") and " ".join(words[2:-2]) == self.unfinished:
                self.programs[self.unfinished] = (int(words[-2]), "\n".join(lines) + "\n")
                self.seconds[self.unfinished] = int(words[-1])
                self.unfinished = ""
            elif line == "== done":
                self.done = True
            else:
                lines.append(line)


def libraries(program):
    answer = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    return LIBRARY.findall(answer.stdout)


def install(root, source, target):
    """Copies a program or library into the root, without what only debuggers read."""
    place = root / target.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    if not place.exists():
        shutil.copy(source, place)
        subprocess.run(["strip", "-g", str(place)], capture_output=True, check=False)


def fill_root(root, kernel, programs):
    for name in DIRECTORIES:
        (root / name).mkdir()
    for link in ("lib", "lib64", "usr"):  # as /usr is merged on Debian
        (root / link).mkdir() if link == "usr" else (root / link).symlink_to(f"usr/{link}")
    (root / "usr/lib").mkdir()
    (root / "usr/lib64").mkdir()
    (root / "usr/bin").symlink_to("../bin")
    for program in (*COMMANDS, *(name.split()[0] for name in programs)):
        install(root, program, program)
        for library in libraries(program):
            install(root, library, library)
    (root / "bin/sh").symlink_to("dash")
    install(root, shutil.which("busybox"), "/bin/busybox")
    install(root, INIT, "/init")
    place = root / OBJECT  # not stripped: its BTF is read
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(OBJECT, place)
    for module in sorted((VM / kernel / "modules").iterdir()):
        shutil.copy(module, root / "modules")
    (root / "etc/shadow").write_text("root:*:20000::::::\n", encoding="utf-8")
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n", encoding="utf-8")
    (root / "programs").write_text("".join(f"{name}\n" for name in programs), encoding="utf-8")


def make_image(image, kernel, programs):
    """An uncompressed archive: unpacking is slow where every instruction is emulated."""
    with tempfile.TemporaryDirectory(dir=VM) as directory:
        root = pathlib.Path(directory)
        fill_root(root, kernel, programs)
        names = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*")))
        with image.open("wb") as archive:
            subprocess.run(
                ["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0"],
                input=names.encode(), cwd=root, stdout=archive, check=True,
            )  # fmt: skip


def boot(kernel, programs, seconds, parameters="", name="plain"):
    """Boots a fetched kernel, runs the programs one after the other, returns what was told.
    A program may come with arguments, parted by spaces. Boots of one kernel that run at the same
    time differ by name."""
    files = VM / kernel
    image, console, told = (files / f"{name}.{kind}" for kind in ("cpio", "console", "told"))
    make_image(image, kernel, programs)
    # Plain emulation: it is the same on every host, whether or not that is a guest itself.
    command = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max"]
    command += ["-m", "1024", "-smp", "2", "-nodefaults", "-display", "none", "-no-reboot"]
    command += ["-serial", f"file:{console}", "-serial", f"file:{told}"]
    command += ["-kernel", str(VM / kernel / "vmlinuz"), "-initrd", str(image)]
    # On a busy host an emulated timer may look broken to a kernel that tries it at boot.
    kernel_says = "console=ttyS0 panic=-1 quiet loglevel=4 no_timer_check"
    command += ["-append", f"{kernel_says} {parameters}"]
    for log in (console, told):
        log.unlink(missing_ok=True)
    try:
        subprocess.run(command, stdin=subprocess.DEVNULL, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        pass  # "== done" is missing then, which is what the caller looks for
    image.unlink()
    texts = [
        log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        for log in (told, console)
    ]
    return GuestRun(*texts)
