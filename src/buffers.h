/* An iterable of buffers as an iovec array over their memory. */
#ifndef SCTP_BUFFERS_H
#define SCTP_BUFFERS_H

#include "compat.h"
#include "platform.h"

#define BUFFERS_INLINE 8

typedef struct {
    struct iovec *vectors;
    int count;
    int is_plain; /* bytes in a tuple or list: no code of Python's ran */
    Py_buffer views[BUFFERS_INLINE];
    struct iovec inline_vectors[BUFFERS_INLINE];
    Py_buffer *more_views; /* those after the first BUFFERS_INLINE */
} buffers;

/* Views the memory of every bytes-like object that the iterable gives, walked
   once; nothing is copied.  writable asks for memory to receive into.  owner
   and name stand in the errors.  Returns 0, or -1 with TypeError, BufferError
   or, for more than IOV_MAX objects, ValueError.  Whatever it returned,
   buffers_release has to follow. */
int buffers_acquire(buffers *self, PyObject *iterable, int writable,
                    const char *owner, const char *name);

/* How many bytes they hold. */
size_t buffers_size(const buffers *self);

void buffers_release(buffers *self);

#endif
