"""A Terraform module without providers: what its expressions come to, for those that our modules use."""

import ast
import re

import hcl2

CALLS = {
    "concat": lambda *lists: [item for items in lists for item in items],
    "join": lambda separator, items: separator.join(items),
    "merge": lambda *maps: {key: value for it in maps for key, value in it.items()},
}


def blocks(folder):
    """All files of a module as one."""
    merged = {}
    for path in sorted(folder.glob("*.tf")):
        for kind, found in hcl2.loads(path.read_text()).items():
            if isinstance(found, list):
                merged.setdefault(kind, []).extend(found)
    return merged


def plain(name):
    """A label or key without its quotes."""
    return name[1:-1] if name.startswith('"') else name


def own(block):
    """The arguments of a block, without what the parser says of it."""
    return {plain(key): value for key, value in block.items() if not key.startswith("__")}


class Module:
    """A module called with some variables."""

    def __init__(self, folder, **variables):
        found = blocks(folder)
        declared = {plain(name): own(body) for it in found["variable"] for name, body in own(it).items()}
        unknown = variables.keys() - declared.keys()
        assert not unknown, f"no variables {unknown}"
        defaults = {name: it["default"] for name, it in declared.items() if "default" in it}
        missing = declared.keys() - defaults.keys() - variables.keys()
        assert not missing, f"no value for {missing}"
        self.found = found
        self.var = {name: self.value(value) for name, value in defaults.items()} | variables
        self.local = {name: value for it in found["locals"] for name, value in own(it).items()}

    def resource(self, kind, name):
        for labelled in self.found["resource"]:
            for found, body in labelled.items():
                if plain(found) == kind and name in own(body):
                    return self.arguments(own(body)[name])
        raise KeyError(name)

    def arguments(self, block):
        """The arguments of a block; a block within is a list. Those that are null are left out."""
        block = own(block)
        arguments = {}
        for dynamic in block.pop("dynamic", []):
            for name, body in own(dynamic).items():
                items = self.value(body["for_each"])
                assert not items, f"`{name}` is not evaluated here"
        for key, value in block.items():
            if isinstance(value, list) and value and isinstance(value[0], dict) and "__is_block__" in value[0]:
                arguments[key] = [self.arguments(it) for it in value]
            else:
                arguments[key] = self.value(value)
        return {key: value for key, value in arguments.items() if value is not None}

    def value(self, value):
        if isinstance(value, dict):
            return {self.key(key): self.value(it) for key, it in own_keys(value)}
        if isinstance(value, list):
            return [self.value(it) for it in value]
        if not isinstance(value, str):
            return value
        if value.startswith('"'):
            return self.text(value[1:-1])
        if value.startswith("${") and value.endswith("}"):
            return self.expression(value[2:-1])
        return {"null": None, "true": True, "false": False}.get(value, value)

    def key(self, key):
        return self.value(key) if key.startswith(('"', "${")) else key

    def text(self, text):
        """A string with `${...}` in it."""
        return re.sub(r"\$\{([^{}]*)\}", lambda it: str(self.expression(it[1])), text)

    def expression(self, text):
        """What HCL has in common with Python, and `x[*]`, which makes a list of what may be null."""
        if text.endswith("[*]"):
            value = self.expression(text[:-3])
            return [] if value is None else value if isinstance(value, list) else [value]
        return self.node(ast.parse(text.strip(), mode="eval").body)

    def node(self, node):
        match node:
            case ast.Constant(value=str()):
                return self.text(node.value)
            case ast.Constant():
                return node.value
            case ast.List():
                return [self.node(item) for item in node.elts]
            case ast.Attribute(value=ast.Name(id="var")):
                return self.var[node.attr]
            case ast.Attribute(value=ast.Name(id="local")):
                return self.value(self.local[node.attr])
            case ast.Attribute():
                return self.node(node.value)[node.attr]
            case ast.Subscript():
                return self.node(node.value)[self.node(node.slice)]
            case ast.Call(func=ast.Name()):
                return CALLS[node.func.id](*(self.node(item) for item in node.args))
        raise ValueError(f"`{ast.unparse(node)}` is not evaluated here")


def own_keys(value):
    return [(key, it) for key, it in value.items() if not key.startswith("__")]
