"""The networks: each maps what came before a dimension to the parameters of its conditional."""
