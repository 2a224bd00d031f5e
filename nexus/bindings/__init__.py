"""Low-level bindings: one function per C function of the plugin API; importing opens no plugin.

`nexus.bindings.nxs` takes the number of a runtime first; `nexus.bindings.cpu` and its like are one
runtime each; `nexus.bindings.cynxs` is for `cimport`.
"""
