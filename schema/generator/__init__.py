"""What `schema/generate.py` is made of: the model of api.toml and one module per kind of output."""
