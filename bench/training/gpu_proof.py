"""Proves the PyTorch trainer on a GPU: trains what gpu.ts wrote on a CPU and on CUDA, and prints one JSON that compares them.

    python3 gpu_proof.py FOLDER [--devices cpu,cuda] [--jobs same-gru,same-lstm,wide] [--out FOLDER]

The jobs same-gru and same-lstm begin with the same weights and take the same batches as Smallboat's own training did: losses, metrics and
weights of all three must agree. The job wide is there for its seconds an epoch. Exit code 0 if all agree, 1 if not.
"""
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch

folder = Path(sys.argv[1])
option = lambda name, default: sys.argv[sys.argv.index(name) + 1] if name in sys.argv else default
devices = option("--devices", "cpu,cuda" if torch.cuda.is_available() else "cpu").split(",")
jobs = option("--jobs", "same-gru,same-lstm,wide").split(",")
out = option("--out", None)
# f32 added up in another order, over a hundred steps. Weights as a whole: Adam goes by a gradient's sign, so that where one is all but 0
# rounding decides, and a weight on which hardly anything depends may end a few steps away.
LOSS, AUC, WEIGHT = 1e-4, 1e-3, 1e-3


def tensors(path):
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    head = json.loads(data[8 : 8 + size])
    return {
        name: np.frombuffer(data[8 + size + t["data_offsets"][0] : 8 + size + t["data_offsets"][1]], "<f4")
        for name, t in head.items()
        if name != "__metadata__"
    }


def trained(job, device):
    """A run of the trainer itself, in a copy of the job, in a process of its own."""
    work = folder / f"{job}-on-{device}"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(folder / job, work, ignore=shutil.ignore_patterns("ours*"))
    began = time.perf_counter()
    run = subprocess.run([sys.executable, str(folder / "train.py"), str(work), "--device", device], capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"{job} on {device}: {run.stderr[-2000:]}")
    trial = json.loads((work / "trial.json").read_text())
    return {**trial, "wall": time.perf_counter() - began, "weights": tensors(work / "weights.safetensors"), "folder": work}


def apart(a, b):
    """Length of the difference, as a share of the length."""
    return float(np.linalg.norm(a - b) / np.linalg.norm(a))


def compared(one, two):
    best = lambda trial: trial["history"][trial["bestEpoch"] - 1]
    epochs = list(zip(one["history"], two["history"]))
    result = {
        "largestLossDifference": max(max(abs(a[k] - b[k]) for k in ("trainLoss", "validationLoss")) for a, b in epochs),
        "aucDifference": abs(best(one)["validationAuc"] - best(two)["validationAuc"]),
        "largestWeightDifference": max(float(np.abs(one["weights"][n] - two["weights"][n]).max()) for n in one["weights"]),
        "weightDifference": max(apart(one["weights"][n], two["weights"][n]) for n in one["weights"]),
        "sameBestEpoch": one["bestEpoch"] == two["bestEpoch"],
    }
    if "losses" in one and "losses" in two:
        steps = [abs(a - b) for a, b in zip(one["losses"], two["losses"])]
        result |= {"steps": len(steps), "largestStepLossDifference": max(steps)}
        result["agrees"] = result["largestStepLossDifference"] < LOSS
    else:
        result["agrees"] = True
    result["agrees"] &= result["largestLossDifference"] < LOSS and result["aucDifference"] < AUC and result["weightDifference"] < WEIGHT
    return result


def figures(trial):
    last = trial["history"][trial["bestEpoch"] - 1]
    return {
        "validationLoss": last["validationLoss"],
        "validationAuc": last["validationAuc"],
        "secondsAnEpoch": [round(h["seconds"], 3) for h in trial["history"]],
        "wallSeconds": round(trial["wall"], 1) if "wall" in trial else None,
    }


report = {"torch": torch.__version__, "gpu": torch.cuda.get_device_name(0) if torch.cuda.is_available() else None, "threads": torch.get_num_threads(), "jobs": {}}
agree = True
for job in jobs:
    trials = {device: trained(job, device) for device in devices}
    entry = {device: figures(trial) for device, trial in trials.items()}
    if job != "wide":
        ours = {**json.loads((folder / job / "ours.json").read_text()), "weights": tensors(folder / job / "ours/weights.safetensors")}
        trials = {"smallboat": ours, **trials}
        entry = {"smallboat": figures(ours), **entry}
        names = list(trials)
        for i, one in enumerate(names):
            for two in names[i + 1 :]:
                entry[f"{one} and {two}"] = compared(trials[one], trials[two])
                agree &= entry[f"{one} and {two}"]["agrees"]
    elif len(devices) > 1:
        # Batches are the same on both; the first epoch pays for starting the GPU.
        last = {device: trials[device]["history"][-1]["seconds"] for device in devices}
        entry["timesAsFast"] = round(last[devices[0]] / last[devices[1]], 1)
    report["jobs"][job] = entry
    if out is not None:
        shutil.copy(trials[devices[-1]]["folder"] / "weights.safetensors", Path(out) / f"{job}-{devices[-1]}.safetensors")
report["agree"] = agree
print(json.dumps(report, indent=1))
if out is not None:
    (Path(out) / "gpu.json").write_text(json.dumps(report, indent=1))
sys.exit(0 if agree else 1)
