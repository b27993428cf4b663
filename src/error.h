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

/* Raises socket.gaierror for a code of getaddrinfo; OSError with err, the
   errno it left, for EAI_SYSTEM.  Returns NULL. */
PyObject *error_raise_resolver(int code, int err);

#endif
