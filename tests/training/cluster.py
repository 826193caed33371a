"""Several processes of one multi-worker strategy, on this machine."""

import contextlib
import json
import os
import socket
import subprocess


def run(command, arguments, timeout=300):
    """Runs the command once for each argument, as the workers of one cluster.

    Returns:
      (exit code, stdout, stderr) of each.
    """
    with contextlib.ExitStack() as open_sockets:
        ports = [open_sockets.enter_context(socket.socket()) for _ in arguments]
        for port in ports:
            port.bind(("127.0.0.1", 0))
        workers = [f"127.0.0.1:{port.getsockname()[1]}" for port in ports]
    processes = [
        subprocess.Popen(
            [*command, str(argument)],
            env=os.environ
            | {
                "TF_CONFIG": json.dumps(
                    {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}
                )
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for index, argument in enumerate(arguments)
    ]
    try:
        outputs = [process.communicate(timeout=timeout) for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [(p.returncode, *texts) for p, texts in zip(processes, outputs, strict=True)]
