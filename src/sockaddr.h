/* Converts address tuples to socket addresses and back, one or many.

   An IPv4 address is a tuple (host, port).  An IPv6 address is always a tuple
   (host, port, flowinfo, scope_id). */
#ifndef SCTP_SOCKADDR_H
#define SCTP_SOCKADDR_H

#include "compat.h"
#include "platform.h"

/* Addresses one after the other, without gaps, as sctp_bindx needs them. */
typedef struct {
    int count;
    size_t size;
    size_t room;
    unsigned char *bytes;
    PyObject *first; /* the tuple of the first address, or NULL */
} sockaddr_list;

/* Returns the size of an address by its family: 0 unless that is AF_INET or
   AF_INET6. */
size_t sockaddr_size(const struct sockaddr *address);

/* Converts an address tuple; the rest of *out becomes zero.  It looks up names
   with the GIL released.  Numeric hosts need no look-up.  Returns 0, or -1
   with TypeError (not a valid address tuple), ValueError (a number is out of
   range) or socket.gaierror (unknown host or service). */
int sockaddr_parse(PyObject *address, struct sockaddr_storage *out);

/* Returns the tuple of an address of length bytes, which need not be aligned.
   If the family is unknown or the length too small, the host is '???' and the
   numbers are 0. */
PyObject *sockaddr_to_tuple(const void *address, size_t length);

/* The last address and its tuple.  Initialize it with zeros. */
typedef struct {
    PyObject *tuple;
    unsigned char bytes[sizeof(struct sockaddr_in6)];
} sockaddr_memory;

/* Does the same as sockaddr_to_tuple.  If the address is that of the last
   call, it returns the same tuple again; without the GIL, always a new one. */
PyObject *sockaddr_recall(sockaddr_memory *memory, const void *address,
                          size_t length);

/* Makes an empty list. */
void sockaddr_list_init(sockaddr_list *self);

/* Appends the addresses of an iterable of address tuples, for a socket of that
   family.  For each it raises the audit event with the socket and the tuple.
   Returns 0, or -1 with an exception of sockaddr_parse.  TypeError also means
   an IPv6 address for an AF_INET socket, or one address instead of an
   iterable. */
int sockaddr_list_parse(sockaddr_list *self, PyObject *iterable, int family,
                        const char *event, PyObject *socket);

/* Makes sure that all addresses have the port of the first (RFC 6458, 9.1).
   If a later address has port 0, it replaces the 0 by that port.  Returns 0,
   or -1 with ValueError if the ports differ; the error names the owner. */
int sockaddr_list_agree(sockaddr_list *self, const char *owner);

void sockaddr_list_clear(sockaddr_list *self);

/* Returns the tuple of a list's addresses; it is a converter for "O&" of
   Py_BuildValue. */
PyObject *sockaddr_list_convert(void *list);

/* Returns a tuple of the tuples of count packed addresses. */
PyObject *sockaddr_list_to_tuple(const void *bytes, int count);

#endif
