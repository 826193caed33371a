"""Names the columns in which runs of a chain, of a baseline and of a pool of noise agree."""

# Two runs belong to the same chain if they agree in these columns.
CHAIN = [
    "target", "target_type", "source", "source_type", "setting", "backbone", "init", "metric",
]  # fmt: skip
# A chain and its baseline agree in these columns. `setting` limits the target's images only.
BASELINE = ["target", "target_type", "setting", "backbone", "family", "metric"]
# Runs that agree in these columns have the same noise. `family` tells pre-trainings apart by their
# weights; other source models that start from one pre-training are chains of one pool.
POOL = ["target_type", "setting", "backbone", "family", "metric"]
