"""The kernels that tests run, and what calls them without a runtime."""
