/* Module _sctp.sctp_event: notifications. */
#include "constants.h"

static const constant event_constants[] = {CONSTANTS_EVENT{NULL, 0}};

static int
event_exec(PyObject *module)
{
    return constants_add(module, event_constants);
}

static PyModuleDef_Slot event_slots[] = {
    {Py_mod_exec, event_exec},
    COMPAT_ISOLATED_SLOTS{0, NULL},
};

PyDoc_STRVAR(event_doc, "Notifications of the kernel (RFC 6458, section 6).");

static PyModuleDef event_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_sctp.sctp_event",
    .m_doc = event_doc,
    .m_slots = event_slots,
};

PyMODINIT_FUNC
PyInit_sctp_event(void)
{
    return PyModuleDef_Init(&event_module);
}
