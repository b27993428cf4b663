/* Turns errno values into OSError; nothing else does. */
#include "error.h"

#include <errno.h>

PyObject *
error_raise(int err)
{
    errno = err;
    return PyErr_SetFromErrno(PyExc_OSError);
}

PyObject *
error_raise_text(int err, const char *format, ...)
{
    PyObject *text, *arguments;
    va_list values;

    va_start(values, format);
    text = PyUnicode_FromFormatV(format, values);
    va_end(values);
    if (text != NULL) {
        arguments = Py_BuildValue("(iN)", err, text);
        if (arguments != NULL) {
            PyErr_SetObject(PyExc_OSError, arguments);
            Py_DECREF(arguments);
        }
    }
    return NULL;
}

void
error_add_note(const char *note)
{
    PyObject *exception = PyErr_GetRaisedException();
    PyObject *name = PyUnicode_InternFromString("add_note");
    PyObject *text = name == NULL ? NULL : PyUnicode_FromString(note);
    PyObject *result =
        text == NULL ? NULL : PyObject_CallMethodOneArg(exception, name, text);

    /* The note only helps: if it cannot be added, the error stays as it is. */
    if (result == NULL) {
        PyErr_Clear();
    }
    Py_XDECREF(name);
    Py_XDECREF(text);
    Py_XDECREF(result);
    PyErr_SetRaisedException(exception);
}

/* Calls _sctp._notes.add with the error and the facts. */
static PyObject *
call_notes(PyObject *error, PyObject *socket, const char *call,
           const char *format, va_list values)
{
    PyObject *facts = Py_VaBuildValue(format, values);
    PyObject *add =
        facts == NULL ? NULL
                      : PyImport_ImportModuleAttrString("_sctp._notes", "add");
    PyObject *result =
        add == NULL
            ? NULL
            : PyObject_CallFunction(add, "OsOO", error, call, socket, facts);

    Py_XDECREF(add);
    Py_XDECREF(facts);
    return result;
}

void
error_explain(PyObject *socket, const char *call, const char *format, ...)
{
    PyObject *error, *result;
    va_list values;

    /* Having to wait is not a mistake, and it is common. */
    if (!PyErr_ExceptionMatches(PyExc_OSError) ||
        PyErr_ExceptionMatches(PyExc_BlockingIOError)) {
        return;
    }
    error = PyErr_GetRaisedException();
    va_start(values, format);
    result = call_notes(error, socket, call, format, values);
    va_end(values);
    if (result == NULL && !PyErr_ExceptionMatches(PyExc_Exception)) {
        Py_DECREF(error);
        return;
    }
    Py_XDECREF(result);
    PyErr_SetRaisedException(error);
}
