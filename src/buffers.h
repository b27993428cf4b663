/* Makes an iovec array over the memory of an iterable of buffers. */
#ifndef SCTP_BUFFERS_H
#define SCTP_BUFFERS_H

#include "compat.h"
#include "platform.h"

#define BUFFERS_INLINE 8

typedef struct {
    struct iovec *vectors;
    int count;
    int is_plain; /* bytes in a tuple or list: no Python code has run */
    Py_buffer views[BUFFERS_INLINE];
    struct iovec inline_vectors[BUFFERS_INLINE];
    Py_buffer *more_views; /* views after the first BUFFERS_INLINE */
} buffers;

/* Takes a view of the memory of each bytes-like object in the iterable, and
   copies nothing.  It walks the iterable once.  If writable is true, the
   memory must be writable.  Errors name the owner and the name.  Returns 0, or
   -1 with TypeError, BufferError, or ValueError if there are more than IOV_MAX
   objects.  The caller must call buffers_release, also after an error. */
int buffers_acquire(buffers *self, PyObject *iterable, int writable,
                    const char *owner, const char *name);

/* Returns how many bytes the buffers have in all. */
size_t buffers_size(const buffers *self);

void buffers_release(buffers *self);

#endif
