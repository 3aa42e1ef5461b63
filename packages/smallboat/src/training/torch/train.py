"""The same training as training/train-lstm.ts, in PyTorch, for a machine with a GPU.

    python train.py FOLDER [--device cuda] [--tf32]

FOLDER is what `writeTorchJob` wrote: job.json and the examples as raw arrays. Epochs go to standard output as lines of JSON; at the end
weights.safetensors and trial.json lie in the folder, which `readTorchTrial` takes. Needs torch and numpy, nothing else.

Same architecture, initial weights (initial.safetensors), loss, optimiser, schedule, early stopping. Batches, dropped units and hidden
contexts are drawn by torch's generator, so that single runs differ as two seeds do; with plan.u32 the batches are the given ones.
"""
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

folder = Path(sys.argv[1])
job = json.loads((folder / "job.json").read_text())
hyper, layout = job["hyper"], job["layout"]
wanted = sys.argv[sys.argv.index("--device") + 1] if "--device" in sys.argv else None
device = torch.device(wanted or ("cuda" if torch.cuda.is_available() else "cpu"))
torch.manual_seed(hyper["seed"])
# Full f32, so that a GPU gives what a CPU gives; its shorter format differs in the third digit.
torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = "--tf32" in sys.argv
units, cell = hyper["units"], hyper.get("cell", "lstm")
gates = 4 if cell == "lstm" else 3


def read_tensors(path):
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    head = json.loads(data[8 : 8 + size])
    body = 8 + size
    return {
        name: np.frombuffer(data[body + t["data_offsets"][0] : body + t["data_offsets"][1]], "<f4").reshape(t["shape"])
        for name, t in head.items()
        if name != "__metadata__"
    }


def write_tensors(path, tensors):
    head, at = {}, 0
    for name, value in tensors.items():
        head[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [at, at + value.nbytes]}
        at += value.nbytes
    text = json.dumps(head, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(np.ascontiguousarray(v, "<f4").tobytes() for v in tensors.values()))


class Part:
    """Examples in memory. Those of a session that begin at the same event are beginnings of the longest: it is computed once."""

    def __init__(self, name):
        raw = lambda kind, dtype: np.fromfile(folder / f"{name}.{kind}", dtype)
        self.tokens, self.offsets = raw("tokens", "u1"), raw("offsets", "<u4").astype(np.int64)
        self.labels = raw("labels", "u1").astype(np.float32)
        self.length = np.diff(self.offsets)
        n = len(self.labels)
        self.width = layout["columns"]
        self.rows = raw("rows", "u1").reshape(-1, self.width) if self.width else None
        self.first = raw("first", "<u4").astype(np.int64) if self.width else None
        self.session = raw("session", "<u4").astype(np.int64) if (folder / f"{name}.session").exists() else np.arange(n)

    def batch(self, examples, hides=None):
        """Inputs [sequences, longest, inputs], and for each example its sequence and the place of its last event."""
        lengths = self.length[examples]
        if self.width:
            order = np.lexsort((lengths, self.first[examples]))
            begins = self.first[examples][order]
            last = np.append(begins[1:] != begins[:-1], True)
            # The last of each stretch is its longest: it has all events of the others.
            best = examples[order[last]]
            of = np.empty(len(examples), np.int64)
            of[order] = np.cumsum(last) - last
        else:
            best, of = examples, np.arange(len(examples))
        longest = self.length[best]
        steps = max(1, int(longest.max()))
        at = np.arange(steps)
        inside = at < longest[:, None]
        tokens = np.where(inside, self.tokens[np.minimum(self.offsets[best][:, None] + at, len(self.tokens) - 1)].astype(np.int64), -1)
        ids = torch.from_numpy(tokens).to(device)
        inputs = torch.zeros(len(best), steps, layout["inputs"], device=device)
        inputs.scatter_(2, ids.clamp(min=0)[..., None], (ids >= 0).float()[..., None])
        if self.width:
            # Row 0 is the start's, which has none.
            places = np.clip(self.first[best][:, None] + at - 1, 0, len(self.rows) - 1)
            rows = self.rows[places] * (inside & (at > 0))[..., None].astype(np.uint8)
            if hides is not None:
                rows[np.ix_(hides(self.session[best]), range(steps), layout["contextColumns"])] = 0
            data = torch.from_numpy(rows.astype(np.int64)).to(device)
            for column, row in layout["categories"]:
                inputs.scatter_(2, (data[..., column] + row)[..., None], 1.0)
            for i, column in enumerate(layout["numbers"]):
                inputs[..., layout["numberRow"] + i] = tables[i][data[..., column]]
        return inputs, torch.from_numpy(of).to(device), torch.from_numpy(self.length[examples] - 1).to(device)


tables = [torch.tensor(t, dtype=torch.float32, device=device) for t in layout["tables"]]


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = (nn.LSTM if cell == "lstm" else nn.GRU)(layout["inputs"], units, batch_first=True)
        self.dense = nn.Linear(units, 1)

    def load(self, t):
        as_tensor = lambda name: torch.from_numpy(t[name].copy())
        with torch.no_grad():
            self.layer.weight_ih_l0.copy_(as_tensor(f"{cell}/kernel").T)
            self.layer.weight_hh_l0.copy_(as_tensor(f"{cell}/recurrent_kernel").T)
            self.layer.bias_ih_l0.copy_(as_tensor(f"{cell}/bias"))
            self.layer.bias_hh_l0.zero_()
            if cell == "gru":
                self.layer.bias_hh_l0[2 * units :] = as_tensor("gru/recurrent_bias")
            self.dense.weight.copy_(as_tensor("dense/kernel").T)
            self.dense.bias.copy_(as_tensor("dense/bias"))

    def save(self):
        # A copy: on a processor the array is the parameter itself, which goes on changing.
        get = lambda p: p.detach().cpu().numpy().copy()
        bias_hh = get(self.layer.bias_hh_l0)
        return {
            f"{cell}/kernel": get(self.layer.weight_ih_l0).T,
            f"{cell}/recurrent_kernel": get(self.layer.weight_hh_l0).T,
            f"{cell}/bias": get(self.layer.bias_ih_l0),
            **({"gru/recurrent_bias": bias_hh[2 * units :]} if cell == "gru" else {}),
            "dense/kernel": get(self.dense.weight).T,
            "dense/bias": get(self.dense.bias),
        }

    def forward(self, inputs, sequence, place):
        # An empty sequence is in the state before all.
        states = self.layer(inputs)[0][sequence, place.clamp(min=0)] * (place >= 0)[:, None]
        return self.dense(nn.functional.dropout(states, hyper.get("dropout", 0.0), self.training))[:, 0]


class Adam:
    """Adam as Keras has it, with decoupled decay, and faster rows of tokens and categories; the second bias takes no part of what the first does."""

    def __init__(self, network):
        self.parameters = list(network.parameters())
        self.moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in self.parameters]
        self.rates = []
        for p in self.parameters:
            rate = torch.ones_like(p)
            if p is network.layer.weight_ih_l0:
                rate[:, : layout["numberRow"]] = hyper.get("inputRate", 1.0)
            if p is network.layer.bias_hh_l0:
                rate.zero_()
                if cell == "gru":
                    rate[2 * units :] = 1
            self.rates.append(rate)

    @torch.no_grad()
    def step(self, t, rate):
        b1, b2, epsilon = hyper.get("beta1", 0.9), hyper.get("beta2", 0.999), hyper.get("epsilon", 1e-7)
        taken = [p.grad * (r > 0) for p, r in zip(self.parameters, self.rates)]
        limit = hyper.get("clipNorm", 0.0)
        if limit > 0:
            norm = torch.sqrt(sum((g.double() ** 2).sum() for g in taken))
            taken = [g * torch.clamp(limit / norm, max=1).float() for g in taken]
        scaled = rate * (1 - b2**t) ** 0.5 / (1 - b1**t)
        for p, g, (m, v), r in zip(self.parameters, taken, self.moments, self.rates):
            m += (g - m) * (1 - b1)
            v += (g * g - v) * (1 - b2)
            p *= 1 - rate * hyper.get("weightDecay", 0.0)
            p -= scaled * r * m / (v.sqrt() + epsilon)


def rate_at(step, steps):
    rate, schedule, warmup = hyper["learningRate"], hyper.get("schedule", "constant"), hyper.get("warmup", 0.3)
    done = min(1, (step - 1) / max(1, steps))
    fall = lambda share: (1 + np.cos(np.pi * share)) / 2
    if schedule == "cosine":
        return rate * fall(done)
    if schedule == "one-cycle":
        return rate * ((1 - (1 - 1 / 25) * fall(done / warmup)) if done < warmup else max(1e-4, fall((done - warmup) / (1 - warmup))))
    return rate


def auc_of(scores, labels):
    values, inverse = np.unique(scores, return_inverse=True)
    counts = np.bincount(inverse, minlength=len(values)).astype(float)
    positives = np.bincount(inverse, weights=labels, minlength=len(values))
    negatives = counts - positives
    if positives.sum() == 0 or negatives.sum() == 0:
        return None
    return float((positives * (np.cumsum(negatives) - negatives / 2)).sum() / positives.sum() / negatives.sum())


train, validation = Part("train"), Part("validation")
network = Network().to(device)
network.load(read_tensors(folder / "initial.safetensors"))
optimiser = Adam(network)
weights = torch.tensor(job["classWeights"], dtype=torch.float32, device=device)
draw = np.random.default_rng(hyper["seed"])
size = hyper["batchSize"]
plan = np.fromfile(folder / "plan.u32", "<u4").astype(np.int64) if (folder / "plan.u32").exists() else None


def batches(epoch):
    if plan is not None:
        sizes = np.array(job["planBatches"][epoch - 1])
        start = sum(sum(b) for b in job["planBatches"][: epoch - 1])
        ends = start + np.cumsum(sizes)
        return [plan[e - s : e] for s, e in zip(sizes, ends)]
    groups = train.session if train.width else np.arange(len(train.labels))
    order = draw.permutation(len(np.unique(groups)))
    rank = order[np.unique(groups, return_inverse=True)[1]]
    examples = np.argsort(rank, kind="stable")
    cuts, begin = [], 0
    changes = np.flatnonzero(np.diff(rank[examples])) + 1
    for change in changes:
        if change - begin >= size:
            cuts.append(change)
            begin = change
    return np.split(examples, cuts)


def score(part):
    scores = np.zeros(len(part.labels), np.float64)
    network.eval()
    order = np.argsort(part.length, kind="stable") if not part.width else np.arange(len(part.labels))
    with torch.no_grad():
        for i in range(0, len(order), 4096):
            e = order[i : i + 4096]
            scores[e] = network(*part.batch(e)).double().cpu().numpy()
    network.train()
    return scores


def hides(epoch):
    share = hyper.get("contextDropout", 0.0)
    if share == 0:
        return None
    chosen = np.random.default_rng([hyper["seed"], epoch]).random(int(train.session.max()) + 1) < share
    return lambda sessions: chosen[sessions]


history, losses, step = [], [], 0
best = {"epoch": 0, "loss": float("inf"), "weights": None}
steps = len(batches(1)) * hyper["epochs"]
if plan is None:
    draw = np.random.default_rng(hyper["seed"])
for epoch in range(1, hyper["epochs"] + 1):
    began, total, mass, hidden = time.perf_counter(), 0.0, 0.0, hides(epoch)
    for examples in batches(epoch):
        step += 1
        labels = torch.from_numpy(train.labels[examples]).to(device)
        each = weights[labels.long()]
        logits = network(*train.batch(examples, hidden))
        loss = (nn.functional.binary_cross_entropy_with_logits(logits, labels, reduction="none") * each).sum()
        network.zero_grad()
        (loss / each.sum()).backward()
        optimiser.step(step, rate_at(step, steps))
        total += loss.item()
        mass += each.sum().item()
        if job.get("keepLosses"):
            losses.append(loss.item() / each.sum().item())
    logits = score(validation)
    held = float((np.logaddexp(0, logits) - validation.labels * logits).mean())
    figures = {"epoch": epoch, "trainLoss": total / mass, "validationLoss": held, "validationAuc": auc_of(logits, validation.labels),
               "seconds": time.perf_counter() - began}
    if not np.isfinite(figures["trainLoss"] + held):
        sys.exit(f"The loss stopped being a number in epoch {epoch} at learning rate {hyper['learningRate']}. Take a lower rate.")
    history.append(figures)
    print(json.dumps(figures), flush=True)
    if held < best["loss"]:
        best = {"epoch": epoch, "loss": held, "weights": network.save()}
    elif epoch - best["epoch"] >= max(1, hyper["patience"]):
        break

write_tensors(folder / "weights.safetensors", best["weights"])
trial = {"hyper": hyper, "history": history, "bestEpoch": best["epoch"], "examples": len(train.labels), "device": str(device), "torch": torch.__version__}
(folder / "trial.json").write_text(json.dumps({**trial, **({"losses": losses} if losses else {})}))
