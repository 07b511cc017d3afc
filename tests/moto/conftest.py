"""The fixtures of the tests on moto."""

from fixtures import clients, endpoint, lineward

__all__ = ["clients", "endpoint", "lineward"]
