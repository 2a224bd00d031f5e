"""The files of the device library: where they lie, what they hold, whether they keep the schema."""
