/* Converts address tuples to socket addresses and back, one or many. */
#include "sockaddr.h"
#include "args.h"

#include <string.h>

/* A chunk has at most 65,535 bytes, and so no room for more addresses. */
#define ADDRESSES_MAX 8192
#define ROOM_AT_FIRST sizeof(struct sockaddr_in6)
#define FLOWINFO_MAX 0xfffff
#define PORT_MAX 65535

size_t
sockaddr_size(const struct sockaddr *address)
{
    switch (address->sa_family) {
    case AF_INET:
        return sizeof(struct sockaddr_in);
    case AF_INET6:
        return sizeof(struct sockaddr_in6);
    default:
        return 0;
    }
}

static in_port_t *
port_of(struct sockaddr *address)
{
    return address->sa_family == AF_INET
               ? &((struct sockaddr_in *)address)->sin_port
               : &((struct sockaddr_in6 *)address)->sin6_port;
}

/* Raises TypeError with a text; its %U becomes the repr of the value. */
static void
raise_type_error(const char *format, PyObject *value)
{
    PyObject *text = args_repr(value);

    if (text != NULL) {
        PyErr_Format(PyExc_TypeError, format, text);
        Py_DECREF(text);
    }
}

static void
raise_no_address(PyObject *value)
{
    raise_type_error("an address must be a tuple (host, port) or "
                     "(host, port, flowinfo, scope_id), not %U",
                     value);
}

/* Whether a host is a numeric address of the family, or '', which means any
   address.  If so, stores the address. */
static int
is_numeric(PyObject *host, int family, void *address)
{
    const char *text;

    if (!PyUnicode_Check(host) || !PyUnicode_IS_ASCII(host)) {
        return 0;
    }
    text = (const char *)PyUnicode_1BYTE_DATA(host);
    return strlen(text) == (size_t)PyUnicode_GET_LENGTH(host) &&
           (text[0] == '\0' || inet_pton(family, text, address) == 1);
}

/* Converts an address tuple without names.  Returns 0, or 1 without an
   exception if the host or the port is a name, or -1 with an exception. */
static int
parse_numeric(PyObject *address, struct sockaddr_storage *out)
{
    struct sockaddr_in *ipv4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)out;
    PyObject *host, *port;
    long long number, flowinfo, scope_id;
    int is_ipv4, has_number;

    if (!PyTuple_Check(address) ||
        (PyTuple_GET_SIZE(address) != 2 && PyTuple_GET_SIZE(address) != 4)) {
        raise_no_address(address);
        return -1;
    }
    host = PyTuple_GET_ITEM(address, 0);
    port = PyTuple_GET_ITEM(address, 1);
    is_ipv4 = PyTuple_GET_SIZE(address) == 2;
    memset(out, 0, sizeof *out);
    if (!is_ipv4) {
        if (args_integer(PyTuple_GET_ITEM(address, 2), "address", "flowinfo",
                         0, FLOWINFO_MAX, &flowinfo) < 0 ||
            args_integer(PyTuple_GET_ITEM(address, 3), "address", "scope_id",
                         0, UINT32_MAX, &scope_id) < 0) {
            return -1;
        }
        ipv6->sin6_flowinfo = htonl((uint32_t)flowinfo);
        ipv6->sin6_scope_id = (uint32_t)scope_id;
    }
    /* In Python a bool is an int, but nobody means it as a port. */
    has_number = PyIndex_Check(port) && !PyBool_Check(port);
    if (has_number &&
        args_integer(port, "address", "port", 0, PORT_MAX, &number) < 0) {
        return -1;
    }
    out->ss_family = is_ipv4 ? AF_INET : AF_INET6;
    if (!has_number || !is_numeric(host, out->ss_family,
                                   is_ipv4 ? (void *)&ipv4->sin_addr
                                           : (void *)&ipv6->sin6_addr)) {
        return 1;
    }
    *port_of((struct sockaddr *)out) = htons((in_port_t)number);
    platform_set_sockaddr_length((struct sockaddr *)out,
                                 sockaddr_size((struct sockaddr *)out));
    return 0;
}

int
sockaddr_parse(PyObject *address, struct sockaddr_storage *out)
{
    PyObject *resolve, *numeric = NULL;
    int result = parse_numeric(address, out);

    if (result <= 0) {
        return result;
    }
    resolve = PyImport_ImportModuleAttrString("_sctp._names", "resolve");
    if (resolve != NULL) {
        numeric = PyObject_Call(resolve, address, NULL);
        Py_DECREF(resolve);
    }
    if (numeric != NULL) {
        result = parse_numeric(numeric, out);
        if (result > 0) { /* someone has replaced socket.getaddrinfo */
            raise_no_address(numeric);
        }
        Py_DECREF(numeric);
    }
    return result == 0 ? 0 : -1;
}

/* With inet_ntop, a message from one of many peers would cost 6 % more. */
static PyObject *
ipv4_to_text(const struct in_addr *address)
{
    const unsigned char *bytes = (const unsigned char *)address;
    char text[INET_ADDRSTRLEN], *end = text;

    for (int i = 0; i < 4; i++) {
        if (i > 0) {
            *end++ = '.';
        }
        if (bytes[i] >= 100) {
            *end++ = (char)('0' + bytes[i] / 100);
        }
        if (bytes[i] >= 10) {
            *end++ = (char)('0' + bytes[i] / 10 % 10);
        }
        *end++ = (char)('0' + bytes[i] % 10);
    }
    return PyUnicode_FromStringAndSize(text, end - text);
}

static PyObject *
ipv6_to_text(const struct in6_addr *address)
{
    char text[INET6_ADDRSTRLEN];

    return PyUnicode_FromString(
        inet_ntop(AF_INET6, address, text, sizeof text));
}

/* Whether an IPv6 address needs a scope.  For other addresses the scope_id
   means nothing: kernels sometimes fill it in and sometimes not. */
static int
is_link_local(const struct in6_addr *address)
{
    return IN6_IS_ADDR_LINKLOCAL(address) ||
           IN6_IS_ADDR_MC_NODELOCAL(address) ||
           IN6_IS_ADDR_MC_LINKLOCAL(address);
}

PyObject *
sockaddr_to_tuple(const void *address, size_t length)
{
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
    struct sockaddr any = {0};

    memcpy(&any, address, Py_MIN(length, sizeof any));
    if (any.sa_family == AF_INET && length >= sizeof ipv4) {
        memcpy(&ipv4, address, sizeof ipv4);
        return Py_BuildValue("(NH)", ipv4_to_text(&ipv4.sin_addr),
                             ntohs(ipv4.sin_port));
    }
    if (any.sa_family == AF_INET6 && length >= sizeof ipv6) {
        memcpy(&ipv6, address, sizeof ipv6);
        return Py_BuildValue(
            "(NHII)", ipv6_to_text(&ipv6.sin6_addr), ntohs(ipv6.sin6_port),
            ntohl(ipv6.sin6_flowinfo),
            is_link_local(&ipv6.sin6_addr) ? ipv6.sin6_scope_id : 0);
    }
    return any.sa_family == AF_INET6 ? Py_BuildValue("(siii)", "???", 0, 0, 0)
                                     : Py_BuildValue("(si)", "???", 0);
}

PyObject *
sockaddr_recall(sockaddr_memory *memory, const void *address, size_t length)
{
    struct sockaddr any;
    size_t size = 0;
    PyObject *tuple;

    if (COMPAT_HAS_GIL && length >= sizeof any) {
        memcpy(&any, address, sizeof any);
        size = sockaddr_size(&any);
    }
    if (size == 0 || size > length) {
        return sockaddr_to_tuple(address, length);
    }
    if (memory->tuple != NULL && memcmp(memory->bytes, address, size) == 0) {
        return Py_NewRef(memory->tuple);
    }
    tuple = sockaddr_to_tuple(address, length);
    if (tuple != NULL) {
        memcpy(memory->bytes, address, size);
        Py_XSETREF(memory->tuple, Py_NewRef(tuple));
    }
    return tuple;
}

static int
list_append(sockaddr_list *self, PyObject *item, int family)
{
    struct sockaddr_storage address;
    size_t size;

    if (self->count == ADDRESSES_MAX) {
        PyErr_Format(PyExc_ValueError, "addrs has more than %d addresses",
                     ADDRESSES_MAX);
        return -1;
    }
    if (sockaddr_parse(item, &address) < 0) {
        return -1;
    }
    if (family == AF_INET && address.ss_family == AF_INET6) {
        PyErr_Format(PyExc_TypeError,
                     "an AF_INET socket cannot use the IPv6 address %R", item);
        return -1;
    }
    size = sockaddr_size((struct sockaddr *)&address);
    if (self->size + size > self->room) {
        size_t room = 2 * self->room + ROOM_AT_FIRST;
        unsigned char *bytes = PyMem_Realloc(self->bytes, room);

        if (bytes == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        self->bytes = bytes;
        self->room = room;
    }
    memcpy(self->bytes + self->size, &address, size);
    self->size += size;
    self->count++;
    return 0;
}

void
sockaddr_list_init(sockaddr_list *self)
{
    *self = (sockaddr_list){0};
}

static int
is_host(PyObject *value)
{
    return PyUnicode_Check(value) || PyBytes_Check(value);
}

int
sockaddr_list_parse(sockaddr_list *self, PyObject *iterable, int family,
                    const char *event, PyObject *socket)
{
    PyObject *iterator, *item;

    if (is_host(iterable) ||
        (PyTuple_Check(iterable) && PyTuple_GET_SIZE(iterable) > 0 &&
         is_host(PyTuple_GET_ITEM(iterable, 0)))) {
        raise_type_error("addrs must be an iterable of address tuples, not "
                         "%U: for a single one, write [address]",
                         iterable);
        return -1;
    }
    iterator = PyObject_GetIter(iterable);
    if (iterator == NULL) {
        return -1;
    }
    while ((item = PyIter_Next(iterator)) != NULL) {
        int result = list_append(self, item, family);

        if (result == 0) {
            result = PySys_Audit(event, "OO", socket, item);
        }
        if (self->first == NULL) {
            self->first = Py_NewRef(item);
        }
        Py_DECREF(item);
        if (result < 0) {
            break;
        }
    }
    Py_DECREF(iterator);
    return PyErr_Occurred() ? -1 : 0;
}

int
sockaddr_list_agree(sockaddr_list *self, const char *owner)
{
    unsigned char *at = self->bytes;
    in_port_t port = 0;

    for (int i = 0; i < self->count; i++) {
        struct sockaddr *address = (struct sockaddr *)at;
        in_port_t *own = port_of(address);

        if (i == 0) {
            port = *own;
        }
        else if (*own != 0 && *own != port) {
            PyErr_Format(PyExc_ValueError, "%s(): the ports differ: %u and %u",
                         owner, ntohs(port), ntohs(*own));
            return -1;
        }
        *own = port;
        at += sockaddr_size(address);
    }
    return 0;
}

void
sockaddr_list_clear(sockaddr_list *self)
{
    Py_CLEAR(self->first);
    PyMem_Free(self->bytes);
    self->bytes = NULL;
}

PyObject *
sockaddr_list_convert(void *list)
{
    const sockaddr_list *self = list;

    return sockaddr_list_to_tuple(self->bytes, self->count);
}

PyObject *
sockaddr_list_to_tuple(const void *bytes, int count)
{
    const unsigned char *at = bytes;
    PyObject *tuple = PyTuple_New(count);

    for (int i = 0; tuple != NULL && i < count; i++) {
        size_t size = sockaddr_size((const struct sockaddr *)at);
        PyObject *address = sockaddr_to_tuple(at, size);

        if (address == NULL) {
            Py_CLEAR(tuple);
            break;
        }
        PyTuple_SET_ITEM(tuple, i, address);
        at += size;
    }
    return tuple;
}
