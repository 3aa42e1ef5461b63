"""Values as Python has them, for the tests of artifacts.

    values.py view               reads pickles (JSON, a list of base64 texts) and prints what each is, as JSON
    values.py client TASK COUNT  prints what the artifacts v0, v1, … of a task are, by Metaflow's client, each read in both of its ways
    values.py make SEED COUNT    prints values at random: [{"pickle": base64, "protocol": 2 to 5, "view": what it should be read as}]
    values.py refuse             prints pickles of what is not plain data: [{"pickle", "protocol", "type": what the refusal must name}]
    values.py exploit FOLDER     prints pickles that make a file in FOLDER when Python loads them, and proves that they do
"""

import array
import base64
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import json
import math
import operator
import os
import pickle
import pydoc
import random
import runpy
import struct
import subprocess
import sys
import time
import timeit
import uuid
import zoneinfo

import numpy as np

Point = collections.namedtuple("Point", "x y")
Frame = collections.namedtuple("Frame", "step index value")


# ---- what Python sees ----


def view(value):
    """What a value is, to the last bit. A list or dict that was seen before is a reference to it."""
    seen = {}
    keep = []

    def go(x):
        t = type(x)
        if x is None:
            return ["none"]
        if t is bool:
            return ["bool", x]
        if t is int:
            return ["int", str(x)]
        if t is float:
            return ["float", struct.pack(">d", x).hex() if x == x else "nan"]
        if t is str:
            return ["str", x]
        if t is bytes:
            return ["bytes", x.hex()]
        if t is datetime.datetime:
            return ["datetime", x.isoformat()]
        if t is np.ndarray:
            assert x.flags.writeable or x.size == 0, "an array that cannot be written to"
            assert x.flags.c_contiguous
            return ["ndarray", x.dtype.str.lstrip("<|"), list(x.shape), x.tobytes().hex()]
        if t is tuple:
            return ["tuple", [go(i) for i in x]]
        if t in (set, frozenset):
            return [t.__name__, sorted((go(i) for i in x), key=json.dumps)]
        if t.__module__.startswith("pyarrow"):
            return ["table", str(x.schema), x.to_pylist()]
        assert t in (list, dict), t
        if id(x) in seen:
            return ["ref", seen[id(x)]]
        seen[id(x)] = len(seen)
        keep.append(x)
        if t is list:
            return ["list", [go(i) for i in x]]
        return ["dict", [[go(k), go(v)] for k, v in x.items()]]

    return go(value)


def client(pathspec, count):
    from metaflow import Task, namespace

    namespace(None)
    task = Task(pathspec)
    data = task.data
    views = [view(task[f"v{i}"].data) for i in range(count)]
    assert views == [view(getattr(data, f"v{i}")) for i in range(count)]
    return views


# ---- what TypeScript should see of what Python writes ----


def number(x):
    return ["number", struct.pack(">d", float(x)).hex() if x == x else "nan"]


def integer(x):
    return number(x) if abs(x) < 2**53 else ["bigint", str(x)]


def moment(x):
    if x.tzinfo is None:
        x = x.replace(tzinfo=datetime.timezone.utc)
    return ["date", math.floor((x - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) / datetime.timedelta(milliseconds=1))]


def scalar(x, kind):
    """An element of an array that is no number."""
    if kind == "b":
        return ["boolean", bool(x)]
    if kind == "U":
        return ["string", str(x)]
    if kind == "S":
        return ["bytes", bytes(x).hex()]
    if kind == "M":
        return ["null"] if np.isnat(x) else moment(x.astype("M8[us]").astype(datetime.datetime))
    return expected(x)


def expected(x):
    t = type(x)
    if x is None:
        return ["null"]
    if t is bool or t is np.bool_:
        return ["boolean", bool(x)]
    if t is int or isinstance(x, np.integer):
        return integer(int(x))
    if t is float or isinstance(x, np.floating):
        return number(float(x))
    if t is str or t is np.str_:
        return ["string", str(x)]
    if t in (bytes, bytearray, np.bytes_):
        return ["bytes", bytes(x).hex()]
    if t is datetime.datetime:
        return moment(x)
    if t is datetime.date:
        return moment(datetime.datetime(x.year, x.month, x.day))
    if t is np.datetime64:
        return scalar(x, "M")
    if t is np.ndarray:
        return expected_array(x)
    if isinstance(x, dict):
        pairs = [[expected(k), expected(v)] for k, v in x.items()]
        if all(type(k) is str for k in x):
            return ["record", sorted(pairs, key=lambda p: json.dumps(p[0]))]
        return ["map", pairs]
    if t in (set, frozenset):
        return ["set", sorted((expected(i) for i in x), key=json.dumps)]
    if isinstance(x, (list, tuple, collections.deque, range)):
        return ["list", [expected(i) for i in x]]
    raise AssertionError(t)


def expected_array(x):
    if x.dtype.kind in "iuf":
        name = {"i": "Int", "u": "Uint", "f": "Float"}[x.dtype.kind] + str(8 * x.dtype.itemsize) + "Array"
        name = "Big" + name if name in ("Int64Array", "Uint64Array") else name
        flat = [name, np.ascontiguousarray(x).astype(x.dtype.newbyteorder("<")).tobytes().hex()]
        return ["array", *flat] if x.ndim == 1 else ["nd", list(x.shape), *flat]
    if x.ndim == 0:
        return scalar(x[()], x.dtype.kind)
    if x.ndim == 1:
        return ["list", [scalar(i, x.dtype.kind) for i in x]]
    return ["list", [expected_array(i) for i in x]]


# ---- values at random ----

ZONES = ["Europe/Oslo", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC", "Africa/Monrovia", "America/Sao_Paulo"]
DTYPES = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?", "U5", "S5", "M8[D]", "M8[s]", "M8[ms]", "M8[us]", "M8[ns]", "M8[M]", "M8[Y]", "M8[h]", "O"]


class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.np = np.random.default_rng(seed)
        self.shared = [[1, "shared"], {"shared": True}]

    def text(self):
        r = self.r
        kind = r.random()
        if kind < 0.5:
            return "".join(r.choice("abc_xyz019 ") for _ in range(r.randrange(12)))
        if kind < 0.9:
            return "".join(chr(r.choice([65, 0xE9, 0x4E2D, 0x1F6A3, 0, 0xFFFD, 0xFFFF, 0x10FFFF])) for _ in range(r.randrange(90)))
        if kind < 0.95:
            return "\ud800x\udfff"
        return r.choice(["__proto__", "constructor", "toString", "", "x" * 300, "\u00e9" * r.choice([300, 300, 300, 40000])])

    def integer(self):
        r = self.r
        bits = r.choice([1, 7, 8, 15, 16, 31, 32, 33, 40, 52, 53, 54, 63, 64, 200, 2100])
        return r.choice([-1, 1]) * (2**bits + r.choice([-1, 0, 1]))

    def float(self):
        r = self.r
        return r.choice([r.random(), r.gauss(0, 1e300), -0.0, math.inf, -math.inf, math.nan, 5e-324, 1.0, 2.0**53, 1e16])

    def datetime(self):
        r = self.r
        at = datetime.datetime(r.randrange(1900, 2100), r.randrange(1, 13), r.randrange(1, 29), r.randrange(24), r.randrange(60), r.randrange(60), r.randrange(10**6))
        kind = r.randrange(5)
        if kind == 0:
            return at
        if kind == 1:
            return at.replace(tzinfo=datetime.timezone.utc)
        if kind == 2:
            return at.replace(tzinfo=datetime.timezone(datetime.timedelta(seconds=r.randrange(-86399, 86400))))
        if kind == 3:
            # Around the changes of clocks, where local times come twice or not at all.
            at = r.choice([datetime.datetime(2024, 10, 27), datetime.datetime(2024, 3, 31), datetime.datetime(2024, 11, 3), datetime.datetime(2024, 3, 10), datetime.datetime(2024, 4, 7)])
            at += datetime.timedelta(minutes=r.randrange(0, 300))
        return at.replace(tzinfo=zoneinfo.ZoneInfo(r.choice(ZONES)), fold=r.randrange(2))

    def array(self):
        r = self.r
        dtype = np.dtype(r.choice(DTYPES))
        shape = tuple(r.randrange(5) for _ in range(r.choice([0, 1, 1, 1, 2, 2, 3])))
        if r.random() < 0.05 and len(shape) == 1:
            shape = (5000,)
        size = int(np.prod(shape, dtype=int))
        if dtype.kind == "O":
            x = np.empty(shape, dtype=object)
            x.ravel()[:] = [self.leaf() for _ in range(size)]
            return x
        if dtype.kind == "U":
            x = np.array([self.text()[:5].replace("\0", "") for _ in range(size)], dtype=dtype).reshape(shape)
        elif dtype.kind == "S":
            x = np.array([bytes(r.randrange(1, 256) for _ in range(r.randrange(6))) for _ in range(size)], dtype=dtype).reshape(shape)
        elif dtype.kind == "M":
            days = self.np.integers(-25000, 40000, shape).astype("M8[D]").astype("M8[us]") + self.np.integers(0, 86400 * 10**6, shape)
            x = days.astype(dtype)
            if size:
                x.ravel()[0] = "NaT"
        elif dtype.kind == "b":
            x = self.np.integers(0, 2, shape).astype(dtype)
        else:
            x = np.frombuffer(self.np.bytes(size * dtype.itemsize), dtype).reshape(shape).copy()
        x = np.asarray(x)
        if r.random() < 0.4:
            x = x.astype(x.dtype.newbyteorder(r.choice("<>")))
        if r.random() < 0.3:
            x = np.asfortranarray(x)
        if r.random() < 0.2 and x.ndim:
            x = x[::2]
        if r.random() < 0.1:
            x = x.T
        return x

    def numpy_scalar(self):
        while True:
            x = self.array()
            if x.size and x.dtype.kind != "O":
                return x.ravel()[self.r.randrange(x.size)]

    def leaf(self):
        r = self.r
        return r.choice([
            lambda: None,
            lambda: r.random() < 0.5,
            self.integer,
            lambda: r.randrange(-300, 70000),
            self.float,
            self.text,
            lambda: bytes(r.randrange(256) for _ in range(r.choice([0, 1, 20, 300]))),
            lambda: bytearray(b"\x00\xff" * r.randrange(200)),
            self.datetime,
            lambda: datetime.date(r.randrange(1, 9999), r.randrange(1, 13), r.randrange(1, 29)),
        ])()

    def key(self, depth=2):
        r = self.r
        kind = r.randrange(9)
        if kind == 0 and depth:
            return tuple(self.key(depth - 1) for _ in range(r.randrange(5)))
        if kind == 1 and depth:
            return frozenset(self.key(0) for _ in range(r.randrange(3)))
        return r.choice([lambda: None, lambda: r.random() < 0.5, self.integer, self.text, lambda: r.random(), lambda: bytes([r.randrange(256)])])()

    def value(self, depth=4):
        r = self.r
        if depth == 0 or r.random() < 0.3:
            return r.choice([self.leaf, self.leaf, self.array, self.numpy_scalar])()
        inner = lambda: self.value(depth - 1)
        n = r.choice([0, 1, 2, 3, 4, 5, 8])
        return r.choice([
            lambda: [inner() for _ in range(n)],
            lambda: tuple(inner() for _ in range(n)),
            lambda: {self.text(): inner() for _ in range(n)},
            lambda: {self.key(): inner() for _ in range(n)},
            lambda: {i: inner() for i in range(n)},
            lambda: {self.key() for _ in range(n)},
            lambda: frozenset(self.key() for _ in range(n)),
            lambda: collections.OrderedDict((self.text(), inner()) for _ in range(n)),
            lambda: collections.defaultdict(r.choice([int, list, dict, float, str, set]), {self.text(): inner() for _ in range(n)}),
            lambda: collections.Counter({self.text(): r.randrange(9) for _ in range(n)}),
            lambda: collections.deque([inner() for _ in range(n)], maxlen=r.choice([None, 3])),
            lambda: range(r.randrange(-9, 9), r.randrange(-9, 99), r.choice([-3, -1, 1, 2, 7])),
            lambda: Point(inner(), inner()),
            lambda: Frame(inner(), inner(), inner()),
            lambda: [r.choice(self.shared) for _ in range(n)],
            lambda: [r.choice([None, 1.5, "again", b"again", 2**70])] * 1200,
            lambda: {str(i): i for i in range(1100)},
        ])()


def dump(value, protocol):
    return base64.b64encode(pickle.dumps(value, protocol)).decode()


def make(seed, count):
    maker = Maker(seed)
    made = []
    for i in range(count):
        value = maker.value()
        protocol = 2 + i % 4
        made.append({"pickle": dump(value, protocol), "protocol": protocol, "view": expected(value)})
    return made


# ---- what is refused ----


@dataclasses.dataclass
class Row:
    a: int = 1
    b: str = "x"


class Plain:
    def __init__(self):
        self.a = 1


class Slots:
    __slots__ = ("a",)

    def __init__(self):
        self.a = 1


class Number(int):
    pass


class Text(str):
    pass


class Rows(list):
    pass


class Color(enum.Enum):
    RED = 1


class Failure(Exception):
    pass


def refuse():
    record = np.zeros(2, dtype=[("a", "i4"), ("b", "f8")])
    cases = [
        (Row(), "__main__.Row"), (Plain(), "__main__.Plain"), (Slots(), "__main__.Slots"), (Number(3), "__main__.Number"), (Text("x"), "__main__.Text"),
        (Rows([1]), "__main__.Rows"), (Color.RED, "__main__.Color"), (Failure("x"), "__main__.Failure"), (ValueError("x"), "ValueError"),
        (1 + 2j, "complex"), (decimal.Decimal("1.5"), "decimal.Decimal"), (fractions.Fraction(1, 3), "fractions.Fraction"),
        (uuid.UUID(int=1), "uuid.UUID"), (datetime.timedelta(1), "datetime.timedelta"), (datetime.time(1), "datetime.time"), (datetime.timezone.utc, "datetime.timezone"),
        (zoneinfo.ZoneInfo("Europe/Oslo"), "timezone Europe/Oslo"), (Point, "__main__.Point"), (print, "builtins.print"), (slice(1), "slice"), (Ellipsis, "Ellipsis"),
        (np.zeros(2, "c8"), "c8"), (np.complex64(1), "c8"), (np.zeros(2, np.longdouble), "f16"), (record, "records"), (np.zeros(2, "m8[s]"), "m8"),
        (np.dtype("f4"), "f4"), (np.ma.array([1]), "numpy.ma"), (np.zeros((1, 1)).view(np.matrix), "matrix"), (array.array("d", [1]), "array"),
        (range(10**9), "range"), (np.array(["10001-01-01"], "M8[Y]").astype("M8[Y]") + 10**9, "numpy time"),
    ]
    made = []
    for value, named in cases:
        for protocol in (2, 3, 4, 5):
            made.append({"pickle": dump([{"x": value}], protocol), "protocol": protocol, "type": named})
    return made


# ---- what runs something ----


class Call:
    """Pickled as a call of a function."""

    def __init__(self, function, *args):
        self.parts = (function, args)

    def __reduce__(self):
        return self.parts


def text(x):
    return b"X" + struct.pack("<I", len(x.encode())) + x.encode()


def exploit(folder):
    made = []

    def add(name, pickled):
        path = os.path.join(folder, str(len(made)))
        data = pickled(path)
        try:
            pickle.loads(data)
        except (pickle.UnpicklingError, TypeError, AttributeError):
            pass  # After the deed.
        for _ in range(100):
            if not os.path.exists(path):
                time.sleep(0.02)
        assert os.path.exists(path), f"{name} did not run anything"
        os.remove(path)
        made.append({"name": name, "pickle": base64.b64encode(data).decode(), "path": path})

    def script(path):
        with open(path + ".py", "w") as file:
            file.write(f"open({path!r}, 'w').close()")
        return path + ".py"

    calls = {
        "os.system": lambda path: Call(os.system, f"touch {path}"),
        "subprocess": lambda path: Call(subprocess.getoutput, f"touch {path}"),
        "a class that starts a process": lambda path: Call(subprocess.Popen, f"touch {path}; sleep 0.2", 0, None, None, None, None, None, True, True),
        "eval": lambda path: Call(eval, f"open({path!r}, 'w').close()"),
        "exec": lambda path: Call(exec, f"open({path!r}, 'w').close()"),
        "open": lambda path: Call(open, path, "w"),
        "runpy": lambda path: Call(runpy.run_path, script(path)),
        "a method that is called": lambda path: Call(next, Call(map, os.system, [f"touch {path}"])),
        "a looked up name": lambda path: Call(next, Call(map, Call(operator.methodcaller, "__call__", f"touch {path}"), [Call(pydoc.locate, "os.system")])),
        "timeit": lambda path: Call(timeit.timeit, f"open({path!r}, 'w').close()", "pass", timeit.default_timer, 1),
        "a partial": lambda path: Call(next, Call(map, Call(functools.partial, os.system), [f"touch {path}"])),
    }
    for name, of in calls.items():
        for protocol in (2, 3, 4, 5):
            add(f"{name}, protocol {protocol}", lambda path: pickle.dumps([1, {"a": of(path)}], protocol))
    system, ran = b"cos\nsystem\n", lambda path: text(f"touch {path}") + b"\x85R"
    add("INST", lambda path: b"\x80\x02(" + text(f"touch {path}") + b"ios\nsystem\n.")
    add("OBJ", lambda path: b"\x80\x02(" + system + text(f"touch {path}") + b"o.")
    add("a name from a memo", lambda path: b"\x80\x04" + text("os") + b"\x940" + text("system") + b"\x940h\x00h\x01\x93" + ran(path) + b".")
    add("below a mark that is popped", lambda path: b"\x80\x04(" + system + ran(path) + b"1N.")
    add("as a note on a value", lambda path: b"\x80\x04N(K\x01" + system + ran(path) + b"1.")
    add("in a value that is popped", lambda path: b"\x80\x04" + system + ran(path) + b"0N.")
    add("in a key", lambda path: b"\x80\x04}" + system + ran(path) + b"Ns.")
    add("in a shape", lambda path: b"\x80\x04cnumpy\nndarray\n(" + system + ran(path) + b"K\x02tR.")
    add("in a state", lambda path: b"\x80\x04cbuiltins\nset\n)R" + system + ran(path) + b"b.")
    return made


if __name__ == "__main__":
    command, *args = sys.argv[1:]
    if command == "view":
        print(json.dumps([view(pickle.loads(base64.b64decode(p))) for p in json.load(sys.stdin)]))
    elif command == "client":
        print(json.dumps(client(args[0], int(args[1]))))
    elif command == "make":
        print(json.dumps(make(int(args[0]), int(args[1]))))
    elif command == "refuse":
        print(json.dumps(refuse()))
    elif command == "exploit":
        print(json.dumps(exploit(args[0])))
