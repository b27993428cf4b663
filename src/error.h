/* Turns errno values into OSError; nothing else does. */
#ifndef SCTP_ERROR_H
#define SCTP_ERROR_H

#include "compat.h"

/* Raises the OSError subclass for err, an errno value.  Returns NULL. */
PyObject *error_raise(int err);

/* Does the same, with the given text instead of the system's. */
PyObject *error_raise_text(int err, const char *format, ...);

/* Adds a note (PEP 678) to the exception being raised. */
void error_add_note(const char *note);

/* Lets _sctp._notes add a note that helps to the OSError being raised, if it
   knows one.  call is the name of the function that failed.  format and the
   arguments after it are those of Py_BuildValue: they make a tuple of facts.
   If this fails, the error stays as it is.  Only an exception that does not
   derive from Exception, such as KeyboardInterrupt, replaces it. */
void error_explain(PyObject *socket, const char *call, const char *format,
                   ...);

#endif
