"""Says how sure gains are: noise of runs, effects of targets and sources, and words."""
