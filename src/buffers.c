/* Makes an iovec array over the memory of an iterable of buffers. */
#include "buffers.h"

#include <string.h>

/* Returns the place for the next view, or NULL with MemoryError.  Views never
   move: the object that exports a buffer may keep the address of its view. */
static Py_buffer *
next_view(buffers *self)
{
    if (self->count < BUFFERS_INLINE) {
        return &self->views[self->count];
    }
    if (self->more_views == NULL) {
        struct iovec *vectors = PyMem_New(struct iovec, IOV_MAX);
        Py_buffer *views = PyMem_New(Py_buffer, IOV_MAX - BUFFERS_INLINE);

        if (vectors == NULL || views == NULL) {
            PyMem_Free(vectors);
            PyMem_Free(views);
            PyErr_NoMemory();
            return NULL;
        }
        memcpy(vectors, self->inline_vectors, sizeof self->inline_vectors);
        self->vectors = vectors;
        self->more_views = views;
    }
    return &self->more_views[self->count - BUFFERS_INLINE];
}

static int
add_buffer(buffers *self, PyObject *item, int flags, const char *owner,
           const char *name)
{
    Py_buffer *view;

    if (!PyObject_CheckBuffer(item)) {
        PyErr_Format(PyExc_TypeError,
                     "%s(): %s[%d] must be a bytes-like object, not %.100s",
                     owner, name, self->count, Py_TYPE(item)->tp_name);
        return -1;
    }
    if (self->count == IOV_MAX) {
        PyErr_Format(PyExc_ValueError, "%s(): %s has more than %d buffers",
                     owner, name, IOV_MAX);
        return -1;
    }
    view = next_view(self);
    if (view == NULL || PyObject_GetBuffer(item, view, flags) < 0) {
        return -1;
    }
    self->is_plain &= PyBytes_CheckExact(item);
    self->vectors[self->count].iov_base = view->buf;
    self->vectors[self->count].iov_len = (size_t)view->len;
    self->count++;
    return 0;
}

int
buffers_acquire(buffers *self, PyObject *iterable, int writable,
                const char *owner, const char *name)
{
    int flags = writable ? PyBUF_WRITABLE : PyBUF_SIMPLE;
    PyObject *iterator, *item;
    int is_tuple = PyTuple_CheckExact(iterable), result = 0;

    self->vectors = self->inline_vectors;
    self->count = 0;
    self->more_views = NULL;
    self->is_plain = is_tuple || PyList_CheckExact(iterable); /* most are */
    if (self->is_plain) {
        for (Py_ssize_t i = 0;
             result == 0 && i < PySequence_Fast_GET_SIZE(iterable); i++) {
            item = is_tuple ? Py_NewRef(PyTuple_GET_ITEM(iterable, i))
                            : PyList_GetItemRef(iterable, i);
            if (item == NULL) { /* another thread shortened the list */
                PyErr_Clear();
                break;
            }
            result = add_buffer(self, item, flags, owner, name);
            Py_DECREF(item);
        }
        return result;
    }
    if (PyObject_CheckBuffer(iterable)) {
        PyErr_Format(PyExc_TypeError,
                     "%s(): %s must be an iterable of bytes-like objects: "
                     "for a single one, write [%s]",
                     owner, name, name);
        return -1;
    }
    iterator = PyObject_GetIter(iterable);
    if (iterator == NULL) {
        return -1;
    }
    while (result == 0 && (item = PyIter_Next(iterator)) != NULL) {
        result = add_buffer(self, item, flags, owner, name);
        Py_DECREF(item);
    }
    Py_DECREF(iterator);
    return PyErr_Occurred() ? -1 : 0;
}

size_t
buffers_size(const buffers *self)
{
    size_t size = 0;

    for (int i = 0; i < self->count; i++) {
        size += self->vectors[i].iov_len;
    }
    return size;
}

void
buffers_release(buffers *self)
{
    while (self->count > 0) {
        self->count--;
        PyBuffer_Release(
            self->count < BUFFERS_INLINE
                ? &self->views[self->count]
                : &self->more_views[self->count - BUFFERS_INLINE]);
    }
    if (self->more_views != NULL) {
        PyMem_Free(self->vectors);
        PyMem_Free(self->more_views);
        self->more_views = NULL;
    }
}
