#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""px1 as proto/PX1.md says it, written from that text alone: what the sensor's own is compared with.

As a program it reads records from stdin and writes one line each, as px1_tool does, whose head explains the
record. Comments name the sections of the specification.
"""

import hashlib
import re
import sys

WINDOW_BYTES = 4096
ARGC_MAX = 99
WORDS_KEPT = 2
ANCESTORS_MAX = 16
CLUSTER_MAX = 32
UNKNOWN = "-" * 12

# c.1
FIRST = re.compile(rb"[!-;=?-~]{1,64}")
LONG = re.compile(rb"([A-Za-z0-9][A-Za-z0-9.:_-]{0,63})(?:=(.*))?", re.DOTALL)
SHORT = re.compile(rb"([A-Za-z][A-Za-z0-9,._-]{0,63})=(.*)", re.DOTALL)
CLUSTER = re.compile(rb"[A-Za-z][A-Za-z,_-]*")
ASSIGNMENT = re.compile(rb"([A-Za-z_][A-Za-z0-9._-]{0,63})=(.*)", re.DOTALL)
WORD = re.compile(rb"[a-z](?:[a-z_-]{0,14}[a-z])?")
SECRET_OPTIONS = (  # rule 5: programs, option, whether the next argument is the secret
    (b"mysql mysqldump mysqladmin mysqlimport mysqlshow mysqlcheck mariadb mariadb-dump mariadb-admin", b"-p", False),
    (b"7z 7za 7zr", b"-p", False),
    (b"sshpass", b"-p", True),
    (b"ldapsearch ldapadd ldapmodify ldapdelete ldapwhoami", b"-w", True),
    (b"redis-cli", b"-a", True),
    (b"zip unzip", b"-P", True),
)
SECRET_OF = {name: (option, next_) for names, option, next_ in SECRET_OPTIONS for name in names.split()}

# c.2
URL = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://")
BASE64 = re.compile(rb"(?=.{20})[A-Za-z0-9+/_-]+={1,2}", re.DOTALL)
HEX = re.compile(rb"[0-9A-Fa-f]{16,}|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
DATE = re.compile(
    rb"(?:[0-9]{4}([/.-])[0-9]{1,2}\1[0-9]{1,2}|[0-9]{1,2}([/.-])[0-9]{1,2}\2[0-9]{4})(?:[Tt_ ][0-9:.,+Zz -]+)?"
)
NUMBER = re.compile(rb"[+-]?(?:0[xX][0-9A-Fa-f]+|[0-9]+(?:[.,:_/+xeE-][0-9]+)*(?:%|[A-Za-z]{1,3})?)")
NAME = re.compile(rb"[A-Za-z0-9_.,:+/@%=#~^\x80-\xff-]+")
IPV4 = re.compile(rb"([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})")
IPV4_BEHIND = re.compile(rb"(.*?)(?::[0-9]{1,5}|/[0-9]{1,2})?", re.DOTALL)
GROUP = re.compile(rb"[0-9A-Fa-f]{1,4}")
ZONE = rb"(?:%[A-Za-z0-9._-]{1,16})?"
IPV6 = re.compile(rb"([0-9A-Fa-f:.]{1,45})" + ZONE + rb"(?:/[0-9]{1,3})?")
IPV6_IN_BRACKETS = re.compile(rb"\[([0-9A-Fa-f:.]{1,45})" + ZONE + rb"\](?::[0-9]{1,5})?")
MAC = re.compile(rb"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}")
DIRECTORY_PAIRS = {
    (b"var", b"tmp"): b"</var/tmp>",
    (b"var", b"run"): b"</run>",
    (b"var", b"lock"): b"</run>",
    (b"dev", b"shm"): b"</dev/shm>",
    (b"run", b"shm"): b"</dev/shm>",
}
DIRECTORIES = {
    **dict.fromkeys(b"bin sbin lib lib32 lib64 libx32 usr".split(), b"</usr>"),
    **{name: b"</" + name + b">" for name in b"tmp home root etc proc sys dev run var opt srv boot mnt media".split()},
}

# c.3
NO_SECRET_END = tuple(b"file path dir fd stdin prompt env command cmd url name".split())
NO_SECRET = tuple(b"compass nopassword".split())
SECRET_INSIDE = tuple(b"passw passphrase secret".split())
SECRET_END = tuple(b"pass token apikey accesskey authkey credential credentials mysqlpwd".split())


def last_part(path):
    return path.rpartition(b"/")[2]


def is_ipv4(text):
    match = IPV4.fullmatch(text)
    return match is not None and all(int(group) <= 255 for group in match.groups())


def is_ipv6(text):
    groups = text.split(b":")
    last_is_ipv4 = is_ipv4(groups[-1])
    filled = [group for group in (groups[:-1] if last_is_ipv4 else groups) if group]
    if not all(GROUP.fullmatch(group) for group in filled):
        return False
    count = len(filled) + 2 * last_is_ipv4
    if b"::" not in text:
        return count == 8 and b"" not in groups
    # Without the "::" and what stands beside it, no group may be empty.
    sides = [side.split(b":") for side in text.split(b"::") if side]
    once = text.count(b"::") == 1 and b":::" not in text
    return once and count <= 7 and not any(b"" in side for side in sides)


def is_address(value):
    if is_ipv4(IPV4_BEHIND.fullmatch(value)[1]) or MAC.fullmatch(value):
        return True
    match = IPV6.fullmatch(value) or IPV6_IN_BRACKETS.fullmatch(value)
    return match is not None and is_ipv6(match[1])


def directory_class(path):
    components = []
    for component in path.split(b"/"):
        if component == b"..":
            del components[-1:]
        elif component not in (b"", b"."):
            components.append(component)
    pair = DIRECTORY_PAIRS.get(tuple(components[:2]))
    return pair or DIRECTORIES.get(components[0] if components else b"", b"</>")


def class_of(value):
    """The placeholder of a value (c.2)."""
    if not value:
        return b"<>"
    if URL.match(value):
        return b"<url>"
    if BASE64.fullmatch(value):
        return b"<name>"
    if HEX.fullmatch(value):
        return b"<hex>"
    if DATE.fullmatch(value):
        return b"<date>"
    if is_address(value):
        return b"<addr>"
    if NUMBER.fullmatch(value):
        return b"<n>"
    if value.startswith(b"/"):
        return directory_class(value)
    return b"<name>" if NAME.fullmatch(value) else b"<text>"


def announces_secret(name):
    """c.3. No name that gets here has more than 64 bytes."""
    name = name.lower().translate(None, b"-_.")
    if name in NO_SECRET or name.endswith(NO_SECRET_END):
        return False
    return any(part in name for part in SECRET_INSIDE) or name.endswith(SECRET_END)


def class_under(name, value):
    return b"<secret>" if value and announces_secret(name) else class_of(value)


class Shaper:
    """The elements of one argument vector (c.1), asked for argument by argument."""

    def __init__(self):
        self.is_first = True
        self.awaits_secret = False
        self.words = 0
        self.secret_option = None

    def element(self, argument):
        awaited, self.awaits_secret = self.awaits_secret, False
        if self.is_first:
            self.is_first = False
            return self.first(argument)
        if awaited and argument and not argument.startswith(b"-"):
            return b"<secret>"
        if argument in (b"-", b"--"):
            return argument
        if argument.startswith(b"--"):
            return self.long_option(argument[2:])
        if argument.startswith(b"-"):
            return self.own_secret_option(argument) or self.short_option(argument[1:])
        return self.operand(argument)

    def note_program(self, argument):
        self.secret_option = SECRET_OF.get(last_part(argument), self.secret_option)

    def first(self, argument):
        self.note_program(argument)
        name = last_part(argument)
        if FIRST.fullmatch(name):
            return name
        return b"<text>" if name else b"<>"

    def long_option(self, rest):
        match = LONG.fullmatch(rest)
        if not match:
            return b"--" + class_of(rest)
        name, value = match.groups()
        if value is not None:
            return b"--" + name + b"=" + class_under(name, value)
        self.awaits_secret = announces_secret(name)
        return b"--" + name

    def own_secret_option(self, argument):
        option, in_next = self.secret_option or (None, False)
        if option is None or not argument.startswith(option):
            return None
        if argument != option:
            return option + b"<secret>"
        self.awaits_secret = in_next
        return option if in_next else None

    def short_option(self, rest):
        match = SHORT.fullmatch(rest)
        if match:
            return b"-" + match[1] + b"=" + class_under(*match.groups())
        match = CLUSTER.match(rest)
        if not match:
            return b"-" + class_of(rest)
        letters, behind = match[0], rest[match.end() :]
        if len(letters) <= CLUSTER_MAX and not behind:
            self.awaits_secret = announces_secret(letters)
            return b"-" + letters
        if len(letters) <= CLUSTER_MAX and class_of(behind) in (b"<n>", b"<date>", b"<addr>"):
            return b"-" + letters + class_of(behind)
        return b"-" + rest[:1] + class_of(rest[1:])

    def operand(self, argument):
        self.note_program(argument)
        match = ASSIGNMENT.fullmatch(argument)
        if match and not BASE64.fullmatch(argument):
            return match[1] + b"=" + class_under(*match.groups())
        if not WORD.fullmatch(argument):
            return class_of(argument)
        self.words += 1
        return argument if self.words <= WORDS_KEPT else b"<name>"


def inside_window(arguments, cut):
    """How many arguments end, NUL included, within the window; None when too little is known."""
    end = count = 0
    for argument in arguments[:-1] if cut else arguments:
        end += len(argument) + 1
        count += end <= WINDOW_BYTES
    known_bytes = end + len(b"".join(arguments[-1:])) if cut else WINDOW_BYTES
    return count if known_bytes >= WINDOW_BYTES else None


def shape(arguments: list[bytes], cut: bool) -> bytes | None:
    """c. When cut, the last argument is one without its NUL; it may be empty."""
    count = inside_window(arguments, cut)
    if count is None:
        return None
    shaper = Shaper()
    written = []
    previous = None
    for element in [shaper.element(argument) for argument in arguments[:count]]:
        if element == previous and element.startswith(b"<"):
            written[-1] = element + b"*"
        else:
            written.append(element)
        previous = element
    if count < len(arguments):
        written.append(b"<more>")
    return b" ".join(written)


def ancestry(ancestors: list[bytes | None]) -> bytes | None:
    """d. Nearest first, None for one that is not known."""
    names = []
    for path in ancestors:
        name = None if path is None else last_part(path)
        if names and name == names[-1]:
            continue
        if len(names) == ANCESTORS_MAX:
            break
        if name is None:
            return None
        names.append(name)
    return b"/".join(names)


def user_class(uid):
    if uid in ("x", str(2**32 - 1)):
        return "x"
    classes = ((0, "r"), (999, "s"), (59999, "u"))
    return next((letter for last, letter in classes if int(uid) <= last), "o")


def argc(arguments, cut):
    seen = len(arguments) - (1 if cut and arguments else 0)
    if cut and seen < ARGC_MAX:
        return "--"
    return f"{min(seen, ARGC_MAX):02}"


def digest(text):
    return UNKNOWN if text is None else hashlib.sha256(text).hexdigest()[:12]


def px1(kind, uid, terminal, container, sha256, cut, ancestors, arguments) -> str:
    """The whole. Facts are the columns of tests/vectors/px1.tsv."""
    facts = kind + user_class(uid) + terminal + container + argc(arguments, cut)
    content = UNKNOWN if sha256 == "-" else sha256[:12].lower()
    return "_".join((facts, content, digest(shape(arguments, cut)), digest(ancestry(ancestors))))


def answer(head, fields):
    *facts, cut, ancestor_count, argument_count = head.decode().split(" ")
    ancestors = [next(fields) for _ in range(int(ancestor_count))]
    arguments = [next(fields) for _ in range(int(argument_count))]
    known = [None if path == b"?" else path for path in ancestors]
    text = shape(arguments, cut == "1")
    whole = px1(*facts, cut == "1", known, arguments)
    return whole.encode() + b"\t" + (b"-" if text is None else text) + b"\n"


def main():
    records = sys.stdin.buffer.read()
    if records and not records.endswith(b"\0"):
        sys.exit("px1.py: the last record is cut")
    fields = iter(records.split(b"\0")[:-1])
    for head in fields:
        sys.stdout.buffer.write(answer(head, fields))


if __name__ == "__main__":
    main()
