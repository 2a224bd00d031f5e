"""What stands behind the bindings: the loader, conversions, the search for plugins."""
