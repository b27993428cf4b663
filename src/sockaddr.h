/* Address tuples to socket addresses and back, one or many.

   An IPv4 address is a tuple (host, port), an IPv6 address always a tuple
   (host, port, flowinfo, scope_id). */
#ifndef SCTP_SOCKADDR_H
#define SCTP_SOCKADDR_H

#include "compat.h"
#include "platform.h"

/* Addresses one after the other without gaps, as sctp_bindx takes them. */
typedef struct {
    int count;
    size_t size;
    size_t room;
    unsigned char *bytes;
    PyObject *first; /* the tuple of the first address, or NULL */
} sockaddr_list;

/* The size of an address of that family, 0 for any but AF_INET and
   AF_INET6. */
size_t sockaddr_size(const struct sockaddr *address);

/* Converts an address tuple; the rest of *out is zero.  Names are looked up
   with the GIL released, numeric hosts without a resolver.  Returns 0, or -1
   with TypeError (no address tuple), ValueError (a number out of range) or
   socket.gaierror (unknown host or service). */
int sockaddr_parse(PyObject *address, struct sockaddr_storage *out);

/* The tuple of an address of length bytes, which need not be aligned: a host
   of '???' and zeros where it is no such address. */
PyObject *sockaddr_to_tuple(const void *address, size_t length);

/* The last address and its tuple; zero to begin with. */
typedef struct {
    PyObject *tuple;
    unsigned char bytes[sizeof(struct sockaddr_in6)];
} sockaddr_memory;

/* As sockaddr_to_tuple; the same tuple while the address stays the same,
   except without the GIL. */
PyObject *sockaddr_recall(sockaddr_memory *memory, const void *address,
                          size_t length);

/* Makes an empty list. */
void sockaddr_list_init(sockaddr_list *self);

/* Appends every address tuple that the iterable gives, for a socket of that
   family: IPv6 addresses on an AF_INET socket are a TypeError, and so is one
   address in place of the iterable.  Raises the audit event with socket and
   the tuple for each.  Returns 0, or -1 as sockaddr_parse does. */
int sockaddr_list_parse(sockaddr_list *self, PyObject *iterable, int family,
                        const char *event, PyObject *socket);

/* RFC 6458, 9.1: one port for all; 0 of a later address stands for that of the
   first, and is replaced by it.  Returns 0, or -1 with ValueError, which names
   the owner, for ports that disagree. */
int sockaddr_list_agree(sockaddr_list *self, const char *owner);

void sockaddr_list_clear(sockaddr_list *self);

/* The tuple of a list's addresses: a converter of Py_BuildValue ("O&"). */
PyObject *sockaddr_list_convert(void *list);

/* The tuple of count packed addresses. */
PyObject *sockaddr_list_to_tuple(const void *bytes, int count);

#endif
