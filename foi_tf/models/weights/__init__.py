"""Public checkpoints in, and backbones out in the layout that others read."""
