"""Dataclasses that cost next to nothing to define.

The standard ``dataclass`` compiles six methods for each class and imports ``inspect``: with the thirty records of a
diagnosis that is a third of the start-up time. Here the methods are shared, and ``__init__`` is compiled when the
first instance is made. The names and their meaning are those of ``dataclasses`` (which type checkers are told), and
its own functions accept these records; left out are ``slots`` (taken and ignored), ``__post_init__`` and the options
that nothing here uses.
"""

TYPE_CHECKING = False  # typing costs more than all else here
if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
    from dataclasses import field as field
    from dataclasses import fields as fields
    from dataclasses import is_dataclass as is_dataclass
    from dataclasses import replace as replace
else:
    from operator import attrgetter

    _MISSING = object()

    class Field:
        """One field of a record: its name, and how its default is had."""

        __slots__ = ("default", "factory", "name", "type")

        def __init__(self, default=_MISSING, factory=_MISSING):
            self.default, self.factory = default, factory
            self.name = self.type = ""

    def field(*, default=_MISSING, default_factory=_MISSING):
        return Field(default, default_factory)

    def dataclass(cls=None, *, frozen=False, order=False, slots=False):
        if cls is None:
            return lambda one: dataclass(one, frozen=frozen, order=order)
        made = dict(getattr(cls, "__record__", {}))
        for name, kind in getattr(cls, "__annotations__", {}).items():
            if "ClassVar" in str(kind):
                continue
            given = cls.__dict__.get(name, _MISSING)
            made[name] = given if isinstance(given, Field) else Field(given)
            made[name].name, made[name].type = name, kind
            if made[name].default is not _MISSING:
                setattr(cls, name, made[name].default)
            elif isinstance(given, Field):
                delattr(cls, name)
        cls.__record__ = made
        cls.__match_args__ = tuple(made)
        cls.__dataclass_fields__ = _StandardFields()
        cls.__init__ = _Init(cls)
        values = attrgetter(*made) if len(made) > 1 else lambda one: tuple(getattr(one, name) for name in made)
        _shared(cls, values, frozen, order)
        return cls

    def _shared(cls, values, frozen, order):
        def equal(self, other):
            return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

        def text(self):
            shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in cls.__record__)
            return f"{self.__class__.__qualname__}({shown})"

        methods = {"__eq__": equal, "__repr__": text, "__hash__": None}
        if frozen:
            methods |= {"__setattr__": _refuse, "__delattr__": _refuse, "__hash__": lambda self: hash(values(self))}
        if order:
            methods |= {
                "__lt__": lambda self, other: values(self) < values(other),
                "__le__": lambda self, other: values(self) <= values(other),
                "__gt__": lambda self, other: values(self) > values(other),
                "__ge__": lambda self, other: values(self) >= values(other),
            }
        own = cls.__dict__
        for name, method in methods.items():
            if name not in own or (name == "__hash__" and own[name] is None):
                setattr(cls, name, method)

    def _refuse(self, name, *value):
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot change field {name!r}")

    class _Init:
        """Stands in for ``__init__`` until somebody asks for it."""

        def __init__(self, cls):
            self.cls = cls

        def __get__(self, instance, owner):
            parameters, body, names = ["self"], [], {"_missing": _MISSING}
            for name, one in self.cls.__record__.items():
                value = name
                if one.factory is not _MISSING:
                    names[f"_make_{name}"] = one.factory
                    parameters.append(f"{name}=_missing")
                    value = f"_make_{name}() if {name} is _missing else {name}"
                elif one.default is not _MISSING:
                    names[f"_default_{name}"] = one.default
                    parameters.append(f"{name}=_default_{name}")
                else:
                    parameters.append(name)
                body.append(f"    _to[{name!r}] = {value}")
            lines = [f"def __init__({', '.join(parameters)}):", "    _to = self.__dict__", *body]
            exec("\n".join(lines), names)  # noqa: S102 - the text is made of this program's own field names
            made = names["__init__"]
            made.__qualname__ = f"{self.cls.__qualname__}.__init__"
            self.cls.__init__ = made
            return made.__get__(instance, owner)

    class _StandardFields:
        """What the functions of ``dataclasses`` look for, made when they do."""

        def __get__(self, instance, owner):
            import dataclasses

            described = [
                (
                    one.name,
                    one.type,
                    dataclasses.field(default_factory=one.factory)
                    if one.factory is not _MISSING
                    else dataclasses.field(default=one.default)
                    if one.default is not _MISSING
                    else dataclasses.field(),
                )
                for one in owner.__record__.values()
            ]
            owner.__dataclass_fields__ = dataclasses.make_dataclass(owner.__name__, described).__dataclass_fields__
            return owner.__dataclass_fields__

    def fields(one):
        return tuple(one.__record__.values())

    def is_dataclass(one):
        return hasattr(one if isinstance(one, type) else type(one), "__record__")

    def replace(one, /, **changes):
        have, record = one.__dict__, one.__record__
        if not changes.keys() <= record.keys():
            raise TypeError(f"{type(one).__name__} has no field {min(changes.keys() - record.keys())!r}")
        # Every field is there, and ``__init__`` would but lay them into the same place.
        fresh = object.__new__(one.__class__)
        if have.keys() != record.keys():  # beside the fields there is what was derived of them
            have = {name: have[name] if name in have else getattr(one, name) for name in record}
        fresh.__dict__.update(have, **changes)
        return fresh
