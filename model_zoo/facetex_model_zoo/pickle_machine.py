"""The stack machine that a pickle of protocol 0 to 5 is a program for, without the one thing that makes it dangerous.

Python's own machine imports whatever the program names, calls it, and sets attributes of the result. Here a name is a text,
checked when it is read; calling it asks `make` of a subclass, which compares the text with those it knows; and state can
be given to classes of ours alone (`Made`). Nothing that a file says reaches an object of Python or numpy.
"""

import codecs
import struct
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from facetex_core.io.declared import Allowance

MOST_STEPS = 1_000_000
"""Models take some hundreds; with this many, no program runs long."""

LONGEST_INTEGER = 16
"""Bytes of a whole number; torch's files begin with one of ten."""


@dataclass(frozen=True, slots=True)
class Name:
    """What a pickle would import."""

    text: str


class Made(ABC):
    """Something that `make` has made, and that may be given a state."""

    @abstractmethod
    def build(self, state: object) -> None:
        """The state; what is none is a ValueError."""


class Machine(ABC):
    """Runs the program that begins at a place of the data; `at` is then where it has ended. What is wrong is a ValueError."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at = data, at
        self.allowance = Allowance(len(data))
        self.stack: list[Any] = []
        self.marked: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    @abstractmethod
    def knows(self, name: str) -> bool:
        """Whether a name may be used at all."""

    @abstractmethod
    def make(self, name: str, arguments: tuple[Any, ...]) -> object:
        """What stands for the call of a known name."""

    def stored(self, place: object) -> object:
        """What lies outside of the pickle at a place that it names."""
        raise TypeError(f"it refers to a {type(place).__name__} outside of it")

    def run(self) -> object:
        """The object that the program leaves."""
        try:
            for _ in range(MOST_STEPS):
                code = self.take(1)
                if code == b".":
                    return self.stack.pop()
                if code not in _STEPS:
                    raise ValueError(f"no pickle of numbers: step {code!r} at {self.at - 1} is not known")
                _STEPS[code](self)
        except (LookupError, TypeError, struct.error) as error:
            raise ValueError(f"no pickle of numbers: {str(error)[:80]}") from None
        raise ValueError(f"the pickle takes more than {MOST_STEPS} steps, which no model needs")

    def take(self, count: int) -> bytes:
        """The next bytes."""
        content = self.data[self.at : self.at + count]
        if count < 0 or len(content) < count:
            raise ValueError("no pickle of numbers: it ends too early")
        self.at += count
        return content

    def number(self, form: str) -> Any:  # noqa: ANN401  # struct's
        """The next number, as struct writes it."""
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def line(self) -> bytes:
        """As far as the next line feed."""
        end = self.data.find(b"\n", self.at)
        if end < 0:
            raise ValueError("no pickle of numbers: it ends too early")
        return self.take(end + 1 - self.at)[:-1]

    def push(self, value: object) -> None:
        """Lays a value on the stack."""
        self.stack.append(value)

    def since_mark(self) -> list[Any]:
        """Takes what was laid since the last mark."""
        found, self.stack = self.stack, self.marked.pop()
        return found

    def mark(self) -> None:
        """What is laid from here on belongs together."""
        self.marked.append(self.stack)
        self.stack = []

    def name(self, module: str, name: str) -> Name:
        """A name that is known."""
        text = f"{module}.{name}"
        if not self.knows(text):
            shown = "".join(letter if letter.isprintable() else "?" for letter in text[:80])
            raise ValueError(f"the pickle asks for {shown}, which no model needs; it was not run")
        return Name(text)

    def call(self, called: object, arguments: object) -> None:
        """Lays what stands for the call of a name."""
        if not isinstance(called, Name) or not isinstance(arguments, tuple):
            raise TypeError("it would call what is no name; that was not run")
        self.push(self.make(called.text, arguments))

    def build(self) -> None:
        """Gives a state to what lies below it; what torch hangs on a dictionary is not needed."""
        state = self.stack.pop()
        if isinstance(self.stack[-1], Made):
            self.stack[-1].build(state)
        elif not isinstance(self.stack[-1], dict):
            raise TypeError("it would change what is no object of ours; that was not run")

    def extend(self, values: list[Any]) -> None:
        """Puts values into the list on the stack; sets are lists here, so that no file chooses what is hashed."""
        if not isinstance(self.stack[-1], list):
            raise TypeError("it would add to what is no list")
        self.stack[-1].extend(values)

    def fill(self, values: list[Any]) -> None:
        """Puts keys and values into the dictionary on the stack."""
        if not isinstance(self.stack[-1], dict):
            raise TypeError("it would add to what is no dictionary")
        self.stack[-1].update(named(pairs(values)))

    def dictionary(self, entries: Any = ()) -> dict[str, object]:  # noqa: ANN401  # the file's
        """An ordered one as Python 2 wrote it, with its entries; they are counted, for a program may do so again and again."""
        self.allowance.take(100 * len(entries))
        return named((key, value) for key, value in entries)


def pairs(values: list[Any]) -> Iterable[tuple[object, object]]:
    """Keys and values that lie one after the other."""
    return zip(values[::2], values[1::2], strict=True)


def named(entries: Iterable[tuple[object, object]]) -> dict[str, object]:
    """The dictionary of those whose key is text; models have no others, and others could be made to collide."""
    return {key: value for key, value in entries if isinstance(key, str)}


def _instance(machine: Machine) -> None:
    """INST: the name stands in the program, what it is called with on the stack."""
    name = machine.name(machine.line().decode("utf-8"), machine.line().decode("utf-8"))
    machine.call(name, tuple(machine.since_mark()))


def _object(machine: Machine) -> None:
    """OBJ: name and arguments on the stack."""
    called, *arguments = machine.since_mark()
    machine.call(called, tuple(arguments))


def _two(step: Callable[[Machine, Any, Any], None]) -> Callable[[Machine], None]:
    """A step that takes the two uppermost."""

    def taken(machine: Machine) -> None:
        upper = machine.stack.pop()
        step(machine, machine.stack.pop(), upper)

    return taken


def _with_keywords(machine: Machine) -> None:
    """NEWOBJ_EX: no model has any."""
    if machine.stack.pop():
        raise TypeError("it would call something with keywords; that was not run")
    _two(Machine.call)(machine)


def _last(count: int) -> Callable[[Machine], None]:
    """A tuple of the uppermost."""

    def step(machine: Machine) -> None:
        values = tuple(machine.stack[-count:])
        if len(values) < count:
            raise IndexError("pop from empty list")
        machine.stack[-count:] = [values]

    return step


def _whole(line: bytes) -> int | bool:
    """INT and LONG; 00 and 01 are truth values."""
    return {b"00": False, b"01": True}.get(line, int(line.removesuffix(b"L")))


def _quoted(line: bytes) -> str:
    """STRING of Python 2: bytes, kept as the letters of these numbers."""
    if len(line) < 2 or line[:1] not in (b"'", b'"') or line[-1:] != line[:1]:
        raise ValueError("no pickle of numbers: a text without quotes")
    return codecs.escape_decode(line[1:-1])[0].decode("latin1")


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogatepass")


def _signed(content: bytes) -> int:
    if len(content) > LONGEST_INTEGER:
        raise ValueError("no pickle of numbers: a whole number is too long")
    return int.from_bytes(content, "little", signed=True)


def _latin(content: bytes) -> str:
    return content.decode("latin1")


_LINES: dict[bytes, Callable[[bytes], object]] = {
    b"I": _whole, b"L": _whole, b"F": float, b"S": _quoted, b"V": lambda line: line.decode("raw_unicode_escape"),
}  # fmt: skip
_NUMBERS = {b"K": "<B", b"M": "<H", b"J": "<i", b"G": ">d"}
_SIZED: dict[bytes, tuple[str, Callable[[bytes], object]]] = {
    b"T": ("<i", _latin), b"U": ("<B", _latin), b"X": ("<I", _text), b"\x8c": ("<B", _text), b"\x8d": ("<Q", _text),
    b"B": ("<I", bytes), b"C": ("<B", bytes), b"\x8e": ("<Q", bytes), b"\x96": ("<Q", bytes),
    b"\x8a": ("<B", _signed), b"\x8b": ("<i", _signed),
}  # fmt: skip
"""By opcode: how the length is written that comes first, and what the bytes after it become."""


def _memoize(machine: Machine, place: int) -> None:
    machine.memo[place] = machine.stack[-1]


def _stack_name(machine: Machine, module: object, name: object) -> None:
    if not isinstance(module, str) or not isinstance(name, str):
        raise TypeError("a name that is no text")
    machine.push(machine.name(module, name))


_STEPS: dict[bytes, Callable[[Machine], object]] = {
    b"\x80": lambda m: m.number("<B"),  # the protocol: no step has two meanings
    b"\x95": lambda m: m.number("<Q"),  # the length of a frame
    b"N": lambda m: m.push(None),
    b"\x88": lambda m: m.push(True),
    b"\x89": lambda m: m.push(False),
    b")": lambda m: m.push(()),
    b"]": lambda m: m.push([]),
    b"\x8f": lambda m: m.push([]),
    b"}": lambda m: m.push({}),
    b"(": Machine.mark,
    b"0": lambda m: m.stack.pop() if m.stack else m.since_mark(),
    b"1": Machine.since_mark,
    b"2": lambda m: m.push(m.stack[-1]),
    b"t": lambda m: m.push(tuple(m.since_mark())),
    b"\x85": _last(1),
    b"\x86": _last(2),
    b"\x87": _last(3),
    b"l": lambda m: m.push(m.since_mark()),
    b"\x91": lambda m: m.push(m.since_mark()),
    b"d": lambda m: m.push(named(pairs(m.since_mark()))),
    b"a": lambda m: m.extend([m.stack.pop()]),
    b"e": lambda m: m.extend(m.since_mark()),
    b"\x90": lambda m: m.extend(m.since_mark()),
    b"s": lambda m: m.fill([m.stack.pop(), m.stack.pop()][::-1]),
    b"u": lambda m: m.fill(m.since_mark()),
    b"p": lambda m: _memoize(m, int(m.line())),
    b"q": lambda m: _memoize(m, m.number("<B")),
    b"r": lambda m: _memoize(m, m.number("<I")),
    b"\x94": lambda m: _memoize(m, len(m.memo)),
    b"g": lambda m: m.push(m.memo[int(m.line())]),
    b"h": lambda m: m.push(m.memo[m.number("<B")]),
    b"j": lambda m: m.push(m.memo[m.number("<I")]),
    b"c": lambda m: _stack_name(m, _text(m.line()), _text(m.line())),
    b"\x93": _two(_stack_name),
    b"R": _two(Machine.call),
    b"\x81": _two(Machine.call),
    b"\x92": _with_keywords,
    b"i": _instance,
    b"o": _object,
    b"b": Machine.build,
    b"P": lambda m: m.push(m.stored(_latin(m.line()))),
    b"Q": lambda m: m.push(m.stored(m.stack.pop())),
}
"""By opcode. Extensions and buffers outside of the pickle are not known."""
for _code, _read in _LINES.items():
    _STEPS[_code] = lambda m, read=_read: m.push(read(m.line()))  # type: ignore[misc]
for _code, _form in _NUMBERS.items():
    _STEPS[_code] = lambda m, form=_form: m.push(m.number(form))  # type: ignore[misc]
for _code, (_form, _become) in _SIZED.items():
    _STEPS[_code] = lambda m, form=_form, become=_become: m.push(become(m.take(m.number(form))))  # type: ignore[misc]
