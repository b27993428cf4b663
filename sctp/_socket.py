"""The socket that applications use."""

import multiprocessing.reduction

import _sctp.sctp


class sctp_socket(_sctp.sctp.sctp_socket):
    __doc__ = _sctp.sctp.sctp_socket.__doc__
    __module__ = "sctp"
    __slots__ = ()


def _rebuild(cls, descriptor, family, type):
    return cls(family, type, fileno=descriptor.detach())


def _reduce(sock):
    descriptor = multiprocessing.reduction.DupFd(sock.fileno())
    return _rebuild, (type(sock), descriptor, sock.family, sock.type)


multiprocessing.reduction.register(sctp_socket, _reduce)
