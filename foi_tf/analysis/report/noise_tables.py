"""Builds the table of the noise of runs, which intervals of gains rest on."""

import pandas as pd

from foi_tf.analysis.report.tables import Table, format_cells, network_name
from foi_tf.analysis.uncertainty.chain_keys import POOL
from foi_tf.analysis.uncertainty.noise_model import NoiseModel
from foi_tf.study.grid import setting_order
from foi_tf.study.metrics import get_metric
from foi_tf.study.table_texts import setting_text

# Excess kurtosis from which residuals are called heavy-tailed; that of Student's t with 10 degrees
# of freedom; ours.
HEAVY = 1.0
RESIDUALS = {False: "as normal", True: "heavy tails"}


def build_noise_tables(model: NoiseModel) -> list[Table]:
    """Builds one table with a line for each setting, network, task type and metric."""
    lines = []
    pools = [(dict(zip(POOL, key, strict=True)), pool) for key, pool in model.pools.items()]
    for name, pool in sorted(pools, key=lambda x: (setting_order(x[0]["setting"]), str(x[0]))):
        line = {
            "setting": setting_text(name["setting"]),
            "network": network_name(name["backbone"], name["family"]),
            "targets": name["target_type"],
            "metric": get_metric(name["metric"]).label,
            "known from": "unknown: single seeds",
            "residuals": "",
        }
        if (noise := pool.noise) is not None:
            heavy = noise.kurtosis > HEAVY
            line |= {
                "known from": noise.describe(),
                "residuals": RESIDUALS[heavy] if noise.kurtosis == noise.kurtosis else "",
                "noise of a run, %": noise.deviation,
                "degrees of freedom": noise.df,
                "excess kurtosis": noise.kurtosis,
                "shared by seed, %": 100 * noise.seed_share,
            }
        lines.append(line)
    if not lines:
        return []
    numbers = ["noise of a run, %", "degrees of freedom", "excess kurtosis", "shared by seed, %"]
    data = pd.DataFrame(lines).reindex(columns=[*list(lines[0])[:6], *numbers])
    return [
        Table(
            id="",
            title="Noise of runs",
            scope=("noise",),
            data=data,
            texts=format_cells(data, words=6, **dict.fromkeys(numbers, ".1f")),
            words=6,
            notes=[
                "Standard deviation of the metric of a single run, in % of it. Where tails are "
                "heavy, a few runs are far off; intervals hold for Student's t with 3 degrees of "
                "freedom, too."
            ],
        )
    ]
