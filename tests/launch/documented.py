"""Commands of clusters as their documentation has them: what calls are checked against.

gcloud: cloud.google.com/sdk/gcloud/reference (released commands); sbatch, srun, scontrol, scancel:
slurm.schedmd.com; kubectl: kubernetes.io/docs/reference/kubectl; sky: docs.skypilot.co.
Run as a program, ends with 2 and one line if the rest of the command line is no such call.
"""

import sys

_WIDE = "--project= --account= --format= --verbosity= --quiet"
_SSH = (
    "--zone= --worker= --internal-ip --plain --dry-run --ssh-key-file= --force-key-file-overwrite "
    "--strict-host-key-checking= --ssh-key-expiration= --ssh-key-expire-after="
)
# By command: the least and the largest number of arguments without a flag, and the flags. A flag
# that takes a value ends in "=". None: any number.
COMMANDS = {
    "gcloud compute tpus tpu-vm create": (1, 1, (
        "--zone= --version= --async --boot-disk= --data-disk= --description= --internal-ips "
        "--labels= --metadata= --metadata-from-file= --network= --preemptible --queue-count= "
        "--range= --reserved --scopes= --service-account= --shielded-secure-boot --spot "
        f"--subnetwork= --tags= --accelerator-type= --topology= --type= {_WIDE}"
    )),
    "gcloud compute tpus tpu-vm delete": (1, 1, f"--zone= --async {_WIDE}"),
    "gcloud compute tpus tpu-vm describe": (1, 1, f"--zone= {_WIDE}"),
    "gcloud compute tpus tpu-vm versions describe": (1, 1, f"--zone= {_WIDE}"),
    "gcloud compute tpus tpu-vm versions list": (0, 0, f"--zone= --filter= --limit= {_WIDE}"),
    "gcloud compute tpus tpu-vm accelerator-types describe": (1, 1, f"--zone= {_WIDE}"),
    "gcloud compute tpus tpu-vm ssh": (1, 1, (
        f"--command= --output-directory= --ssh-flag= {_SSH} {_WIDE}"
    )),
    "gcloud compute tpus tpu-vm scp": (2, None, (
        f"--compress --recurse --scp-flag= {_SSH} {_WIDE}"
    )),
    "gcloud storage ls": (0, None, (
        f"--all-versions --buckets --full --json --long --recursive --readable-sizes {_WIDE}"
    )),
    "gcloud storage cp": (2, None, f"--recursive --no-clobber --gzip-in-flight= {_WIDE}"),
    "sbatch": (1, None, (
        "--parsable --job-name= --array= --nodes= --ntasks-per-node= --requeue --open-mode= "
        "--signal= --export= --dependency= --partition= --gres= --gpus= --gpus-per-node= --time= "
        "--mem= --cpus-per-task= --account= --qos= --constraint="
    )),
    "srun": (1, None, ""),
    "scancel": (1, None, "--signal= --full --batch"),
    "scontrol requeue": (1, 1, ""),
    "scontrol show hostnames": (0, 1, ""),
    "kubectl create configmap": (1, 1, "--from-file= --dry-run= -o= --namespace="),
    "kubectl apply": (0, 0, "-f= --server-side --force-conflicts --namespace="),
    "kubectl get": (1, None, "-o= --ignore-not-found --namespace="),
    "kubectl delete job": (1, None, "--ignore-not-found --wait --timeout= --namespace="),
    "kubectl wait": (1, None, "--for= --timeout= --namespace="),
    "sky jobs launch": (1, 1, "--name= --env= --env-file= --use-spot --infra= --gpus= --yes"),
}  # fmt: skip
# What follows the first argument belongs to the program that these start.
STARTERS = ("sbatch", "srun")


def find_fault(words: list[str]) -> str:
    """Returns what is wrong with a call; empty if nothing is."""
    name = max((c for c in COMMANDS if words[: len(c.split())] == c.split()), key=len, default="")
    if not name:
        return f"no documented command: {' '.join(words[:6])}"
    least, most, flags = COMMANDS[name]
    known, given, rest = set(flags.split()), [], list(words[len(name.split()) :])
    while rest:
        word = rest.pop(0)
        key, is_set, _ = word.partition("=")
        if not word.startswith("-") or word == "-":
            given.append(word)
            if name in STARTERS:
                break
        elif f"{key}=" in known:
            if not is_set and (not rest or rest.pop(0).startswith("--")):
                return f"{name}: {key} without a value"
        elif key not in known or is_set:
            return f"{name}: no such flag: {word}"
    fits = len(given) >= least and (most is None or len(given) <= most)
    return "" if fits else f"{name}: {len(given)} arguments: {given}"


if __name__ == "__main__":
    if fault := find_fault(sys.argv[1:]):
        sys.exit(f"stand-in: {fault}")
