/* The one door from errno to OSError. */
#ifndef SCTP_ERROR_H
#define SCTP_ERROR_H

#include "compat.h"

/* Raises the OSError subclass of err, an errno value.  Returns NULL. */
PyObject *error_raise(int err);

/* As error_raise, with a text of its own. */
PyObject *error_raise_text(int err, const char *format, ...);

/* Adds a note (PEP 678) to the exception being raised. */
void error_add_note(const char *note);

/* Lets _sctp._notes add to the OSError being raised what helps with it, if
   anything does.  call is the name of what failed; format and what follows are
   a tuple's as of Py_BuildValue, and say more.  The error stays as it is
   whatever happens, unless what a signal handler raises ends the program, such
   as KeyboardInterrupt. */
void error_explain(PyObject *socket, const char *call, const char *format,
                   ...);

#endif
