/* Address tuples to socket addresses and back, one or many. */
#include "sockaddr.h"
#include "args.h"
#include "error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A chunk holds 65,535 bytes and so fewer IPv4 addresses than this. */
#define ADDRESSES_MAX 8192
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

/* A new bytes object with what a str or bytes names, in the encoding of the
   domain name system and without a NUL. */
static PyObject *
encode_name(PyObject *name, const char *what)
{
    PyObject *encoded;

    if (PyBytes_Check(name)) {
        encoded = Py_NewRef(name);
    }
    else if (!PyUnicode_Check(name)) {
        PyErr_Format(PyExc_TypeError, "%s must be a str or bytes, not %.100s",
                     what, Py_TYPE(name)->tp_name);
        return NULL;
    }
    else if (PyUnicode_IS_ASCII(name)) {
        encoded = PyUnicode_AsASCIIString(name);
    }
    else {
        encoded = PyUnicode_AsEncodedString(name, "idna", "strict");
    }
    if (encoded != NULL && strlen(PyBytes_AS_STRING(encoded)) !=
                               (size_t)PyBytes_GET_SIZE(encoded)) {
        PyErr_Format(PyExc_ValueError, "embedded null character in %s", what);
        Py_CLEAR(encoded);
    }
    return encoded;
}

/* The port of a service for SCTP, else for any protocol, in network byte
   order, or -1. */
static int
find_service(const char *name)
{
    static const char *const protocols[] = {"sctp", NULL};

    for (size_t i = 0; i < Py_ARRAY_LENGTH(protocols); i++) {
        struct servent entry, *found = NULL;
        char space[4096];

        if (getservbyname_r(name, protocols[i], &entry, space, sizeof space,
                            &found) == 0 &&
            found != NULL) {
            return found->s_port;
        }
    }
    return -1;
}

/* The port that a text of decimal digits says, more than any port for a larger
   number, or -1 for another text. */
static long
find_digits(PyObject *text)
{
    Py_ssize_t length = PyUnicode_GET_LENGTH(text);
    long number = length == 0 ? -1 : 0;

    for (Py_ssize_t i = 0; i < length; i++) {
        Py_UCS4 digit = PyUnicode_READ_CHAR(text, i);

        if (digit < '0' || digit > '9') {
            return -1;
        }
        number = Py_MIN(number * 10 + (long)(digit - '0'), PORT_MAX + 1);
    }
    return number;
}

/* Stores a port in network byte order.  A bool is an int to Python, but
   nobody's port. */
static int
parse_port(PyObject *port, in_port_t *out)
{
    long long number;

    if (PyUnicode_Check(port)) {
        PyObject *name;
        int found;

        number = find_digits(port);
        if (number > PORT_MAX) {
            PyErr_Format(PyExc_ValueError,
                         "address: port must be in 0..%d, not %.20R", PORT_MAX,
                         port);
            return -1;
        }
        if (number >= 0) {
            *out = htons((in_port_t)number);
            return 0;
        }
        name = encode_name(port, "service");
        if (name == NULL) {
            return -1;
        }
        Py_BEGIN_ALLOW_THREADS
        found = find_service(PyBytes_AS_STRING(name));
        Py_END_ALLOW_THREADS
        Py_DECREF(name);
        if (found < 0) {
            error_raise_resolver(EAI_SERVICE, 0);
            return -1;
        }
        *out = (in_port_t)found;
        return 0;
    }
    if (PyBool_Check(port) || !PyIndex_Check(port)) {
        PyErr_Format(PyExc_TypeError,
                     "port must be an int or a service name, not %.100s",
                     Py_TYPE(port)->tp_name);
        return -1;
    }
    if (args_integer(port, "address", "port", 0, PORT_MAX, &number) < 0) {
        return -1;
    }
    *out = htons((in_port_t)number);
    return 0;
}

/* Looks a name up, without a protocol: asking for SCTP fails for services
   that the database lists for others only. */
static int
look_up(const char *host, int family, struct sockaddr_storage *out)
{
    struct addrinfo hints = {0}, *found = NULL;
    int code, err;

    hints.ai_family = family;
    hints.ai_socktype = SOCK_DGRAM;
    do {
        Py_BEGIN_ALLOW_THREADS
        code = getaddrinfo(host, NULL, &hints, &found);
        err = errno;
        Py_END_ALLOW_THREADS
    } while (code == EAI_SYSTEM && err == EINTR && PyErr_CheckSignals() == 0);
    if (code != 0) {
        if (!PyErr_Occurred()) { /* of a signal handler */
            error_raise_resolver(code, err);
        }
        return -1;
    }
    memcpy(out, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return 0;
}

/* Stores the address of a host; '' is any address. */
static int
parse_host(PyObject *host, int family, struct sockaddr_storage *out)
{
    int other = family == AF_INET ? AF_INET6 : AF_INET;
    unsigned char unused[sizeof(struct in6_addr)];
    PyObject *name = encode_name(host, "host");
    int result = -1;
    const char *text;
    void *at;

    if (name == NULL) {
        return -1;
    }
    text = PyBytes_AS_STRING(name);
    out->ss_family = (sa_family_t)family;
    at = family == AF_INET ? (void *)&((struct sockaddr_in *)out)->sin_addr
                           : (void *)&((struct sockaddr_in6 *)out)->sin6_addr;
    if (text[0] == '\0' || inet_pton(family, text, at) == 1) {
        result = 0;
    }
    else if (inet_pton(other, text, unused) == 1) {
        PyErr_Format(PyExc_TypeError,
                     family == AF_INET
                         ? "the IPv6 address %s takes a tuple (host, port, "
                           "flowinfo, scope_id)"
                         : "the IPv4 address %s takes a tuple (host, port)",
                     text);
    }
    else {
        result = look_up(text, family, out);
    }
    Py_DECREF(name);
    return result;
}

static void
raise_no_address(PyObject *value)
{
    PyObject *text = args_repr(value);

    if (text != NULL) {
        PyErr_Format(PyExc_TypeError,
                     "an address must be a tuple (host, port) or "
                     "(host, port, flowinfo, scope_id), not %U",
                     text);
        Py_DECREF(text);
    }
}

int
sockaddr_parse(PyObject *address, struct sockaddr_storage *out)
{
    struct sockaddr_in *ipv4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)out;
    in_port_t port;
    long long flowinfo, scope_id;

    if (!PyTuple_Check(address) ||
        (PyTuple_GET_SIZE(address) != 2 && PyTuple_GET_SIZE(address) != 4)) {
        raise_no_address(address);
        return -1;
    }
    memset(out, 0, sizeof *out);
    if (parse_port(PyTuple_GET_ITEM(address, 1), &port) < 0) {
        return -1;
    }
    if (PyTuple_GET_SIZE(address) == 2) {
        if (parse_host(PyTuple_GET_ITEM(address, 0), AF_INET, out) < 0) {
            return -1;
        }
        ipv4->sin_port = port;
        platform_set_sockaddr_length((struct sockaddr *)out, sizeof *ipv4);
        return 0;
    }
    if (args_integer(PyTuple_GET_ITEM(address, 2), "address", "flowinfo", 0,
                     FLOWINFO_MAX, &flowinfo) < 0 ||
        args_integer(PyTuple_GET_ITEM(address, 3), "address", "scope_id", 0,
                     UINT32_MAX, &scope_id) < 0 ||
        parse_host(PyTuple_GET_ITEM(address, 0), AF_INET6, out) < 0) {
        return -1;
    }
    ipv6->sin6_port = port;
    ipv6->sin6_flowinfo = htonl((uint32_t)flowinfo);
    if (scope_id != 0) { /* else that of a host such as fe80::1%eth0 */
        ipv6->sin6_scope_id = (uint32_t)scope_id;
    }
    platform_set_sockaddr_length((struct sockaddr *)out, sizeof *ipv6);
    return 0;
}

/* Appends an IPv4 address to the text that ends at end; returns the new end.
   inet_ntop would take most of the time that a message needs. */
static char *
append_ipv4(char *end, const unsigned char *bytes)
{
    for (int i = 0; i < 4; i++) {
        unsigned byte = bytes[i];

        if (i > 0) {
            *end++ = '.';
        }
        if (byte >= 100) {
            *end++ = (char)('0' + byte / 100);
        }
        if (byte >= 10) {
            *end++ = (char)('0' + byte / 10 % 10);
        }
        *end++ = (char)('0' + byte % 10);
    }
    return end;
}

/* Appends 16 bits in hexadecimal, without leading zeros. */
static char *
append_group(char *end, unsigned group)
{
    static const char digits[] = "0123456789abcdef";
    int shift = group > 0xfff ? 12 : group > 0xff ? 8 : group > 0xf ? 4 : 0;

    for (; shift >= 0; shift -= 4) {
        *end++ = digits[group >> shift & 0xf];
    }
    return end;
}

/* A new str of the ASCII text up to end. */
static PyObject *
make_text(const char *text, const char *end)
{
    PyObject *result = PyUnicode_New(end - text, 127);

    if (result != NULL) {
        memcpy(PyUnicode_1BYTE_DATA(result), text, (size_t)(end - text));
    }
    return result;
}

static PyObject *
ipv4_to_text(const struct in_addr *address)
{
    char text[INET_ADDRSTRLEN];
    char *end = append_ipv4(text, (const unsigned char *)address);

    return make_text(text, end);
}

/* The text of an IPv6 address as inet_ntop writes it: the first longest run
   of zeros is left out, and what maps IPv4 ends as IPv4. */
static PyObject *
ipv6_to_text(const struct in6_addr *address)
{
    const unsigned char *bytes = address->s6_addr;
    char text[INET6_ADDRSTRLEN], *end = text;
    unsigned groups[8];
    int start = 0, length = 1, is_mapped;

    for (int i = 0, run = 0; i < 8; i++) {
        groups[i] = (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
        run = groups[i] == 0 ? run + 1 : 0;
        if (run > length) {
            length = run;
            start = i + 1 - run;
        }
    }
    is_mapped =
        start == 0 && (length == 6 || (length == 5 && groups[5] == 0xffff));
    for (int i = 0; i < 8; i++) {
        if (length > 1 && i == start) {
            *end++ = ':';
            i += length - 1;
            if (i == 7) {
                *end++ = ':';
            }
            continue;
        }
        if (i > 0) {
            *end++ = ':';
        }
        if (i == 6 && is_mapped) {
            end = append_ipv4(end, bytes + 12);
            break;
        }
        end = append_group(end, groups[i]);
    }
    return make_text(text, end);
}

/* A new tuple of a host, whose reference it consumes, and integers. */
static PyObject *
make_tuple(PyObject *host, const uint32_t *numbers, Py_ssize_t count)
{
    PyObject *tuple = PyTuple_New(1 + count);

    if (tuple == NULL || host == NULL) {
        Py_XDECREF(tuple);
        Py_XDECREF(host);
        return NULL;
    }
    PyTuple_SET_ITEM(tuple, 0, host);
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *number = PyLong_FromUnsignedLong(numbers[i]);

        if (number == NULL) {
            Py_DECREF(tuple);
            return NULL;
        }
        PyTuple_SET_ITEM(tuple, 1 + i, number);
    }
    return tuple;
}

/* Whether an IPv6 address means something within a scope only.  For all others
   a kernel may fill in a scope or not, depending on where the address comes
   from. */
static int
is_link_local(const struct in6_addr *address)
{
    unsigned flags_scope = address->s6_addr[1];

    switch (address->s6_addr[0]) {
    case 0xfe: /* unicast: fe80::/10 */
        return flags_scope >> 6 == 2;
    case 0xff: /* multicast: interface-local or link-local */
        return (flags_scope & 0xf) == 1 || (flags_scope & 0xf) == 2;
    default:
        return 0;
    }
}

PyObject *
sockaddr_to_tuple(const void *address, size_t length)
{
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
    struct sockaddr any = {0};
    uint32_t numbers[3] = {0};

    memcpy(&any, address, Py_MIN(length, sizeof any));
    if (any.sa_family == AF_INET && length >= sizeof ipv4) {
        memcpy(&ipv4, address, sizeof ipv4);
        numbers[0] = ntohs(ipv4.sin_port);
        return make_tuple(ipv4_to_text(&ipv4.sin_addr), numbers, 1);
    }
    if (any.sa_family == AF_INET6 && length >= sizeof ipv6) {
        memcpy(&ipv6, address, sizeof ipv6);
        numbers[0] = ntohs(ipv6.sin6_port);
        numbers[1] = ntohl(ipv6.sin6_flowinfo);
        numbers[2] = is_link_local(&ipv6.sin6_addr) ? ipv6.sin6_scope_id : 0;
        return make_tuple(ipv6_to_text(&ipv6.sin6_addr), numbers, 3);
    }
    return make_tuple(PyUnicode_FromString("???"), numbers,
                      any.sa_family == AF_INET6 ? 3 : 1);
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
        PyErr_Format(PyExc_ValueError, "more than %d addresses",
                     ADDRESSES_MAX);
        return -1;
    }
    if (sockaddr_parse(item, &address) < 0) {
        return -1;
    }
    if (family == AF_INET && address.ss_family == AF_INET6) {
        PyErr_Format(PyExc_TypeError,
                     "an IPv4 socket has no use for the IPv6 address %R",
                     item);
        return -1;
    }
    size = sockaddr_size((struct sockaddr *)&address);
    if (self->size + size > self->room) {
        int is_inline = self->bytes == self->inline_bytes;
        unsigned char *bytes =
            PyMem_Realloc(is_inline ? NULL : self->bytes, 2 * self->room);

        if (bytes == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        if (is_inline) {
            memcpy(bytes, self->inline_bytes, self->size);
        }
        self->bytes = bytes;
        self->room *= 2;
    }
    memcpy(self->bytes + self->size, &address, size);
    self->size += size;
    self->count++;
    return 0;
}

void
sockaddr_list_init(sockaddr_list *self)
{
    self->count = 0;
    self->size = 0;
    self->room = sizeof self->inline_bytes;
    self->bytes = self->inline_bytes;
    self->first = NULL;
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
        PyObject *text = args_repr(iterable);

        if (text != NULL) {
            PyErr_Format(PyExc_TypeError,
                         "addrs must be an iterable of address tuples, not "
                         "%U: write [address] for a single one",
                         text);
            Py_DECREF(text);
        }
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
            PyErr_Format(PyExc_ValueError,
                         "%s(): the ports disagree: %u and %u", owner,
                         ntohs(port), ntohs(*own));
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
    if (self->bytes != self->inline_bytes) {
        PyMem_Free(self->bytes);
        self->bytes = self->inline_bytes;
    }
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
