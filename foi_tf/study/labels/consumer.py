"""Classes of the consumer datasets."""

IGNORED = {"pcontext": ("background",), "pvoc": ("background",)}
