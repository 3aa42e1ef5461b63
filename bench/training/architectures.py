"""A recurrent layer beside a temporal convolution and causal attention, in PyTorch, on the same examples.

    python architectures.py FOLDER SEEDS EPOCHS

FOLDER has a job of `writeTorchJob`, and the test part as test.*. Every architecture sees the same inputs an event and has about the same
number of weights; rate and dropout are the best on the validation part of a small grid. One JSON a line.
"""
import json
import math
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

folder, seeds, epochs = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
job = json.loads((folder / "job.json").read_text())
layout = job["layout"]
BATCH, WIDTH = 128, 48


class Part:
    def __init__(self, name):
        raw = lambda kind, dtype: np.fromfile(folder / f"{name}.{kind}", dtype)
        self.tokens, self.offsets = raw("tokens", "u1"), raw("offsets", "<u4").astype(np.int64)
        self.labels = torch.from_numpy(raw("labels", "u1").astype(np.float32))
        self.length = np.diff(self.offsets)
        self.rows = raw("rows", "u1").reshape(-1, layout["columns"])
        self.first = raw("first", "<u4").astype(np.int64)

    def batch(self, examples):
        """[batch, longest, inputs], and where the last event of each is."""
        length = self.length[examples]
        at = np.arange(int(length.max()))
        inside = at < length[:, None]
        tokens = np.where(inside, self.tokens[np.minimum(self.offsets[examples][:, None] + at, len(self.tokens) - 1)].astype(np.int64), -1)
        ids = torch.from_numpy(tokens)
        inputs = torch.zeros(len(examples), len(at), layout["inputs"])
        inputs.scatter_(2, ids.clamp(min=0)[..., None], (ids >= 0).float()[..., None])
        places = np.clip(self.first[examples][:, None] + at - 1, 0, len(self.rows) - 1)
        rows = torch.from_numpy((self.rows[places] * (inside & (at > 0))[..., None]).astype(np.int64))
        for column, row in layout["categories"]:
            inputs.scatter_(2, (rows[..., column] + row)[..., None], 1.0)
        for i, column in enumerate(layout["numbers"]):
            inputs[..., layout["numberRow"] + i] = torch.tensor(layout["tables"][i])[rows[..., column]]
        return inputs, torch.from_numpy(length - 1)


class Recurrent(nn.Module):
    def __init__(self, dropout):
        super().__init__()
        self.layer = nn.GRU(layout["inputs"], WIDTH, batch_first=True)
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(WIDTH, 1))

    def forward(self, x, last):
        return self.head(self.layer(x)[0][torch.arange(len(x)), last])[:, 0]


class Convolution(nn.Module):
    """Residual blocks of causal convolutions over 3 events, 1, 2, 4, … apart: the last sees 127 events back."""

    def __init__(self, dropout, width=32):
        super().__init__()
        self.enter = nn.Linear(layout["inputs"], width)
        self.blocks = nn.ModuleList(nn.Conv1d(width, width, 3, dilation=2**i) for i in range(6))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in self.blocks)
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(width, 1)

    def forward(self, x, last):
        x = self.enter(x)
        for i, (block, norm) in enumerate(zip(self.blocks, self.norms)):
            padded = nn.functional.pad(norm(x).transpose(1, 2), (2 * 2**i, 0))
            x = x + self.drop(torch.relu(block(padded)).transpose(1, 2))
        return self.head(self.drop(x[torch.arange(len(x)), last]))[:, 0]


class Attention(nn.Module):
    """Two layers of causal attention of 4 heads, places by sines."""

    def __init__(self, dropout, width=40):
        super().__init__()
        self.enter = nn.Linear(layout["inputs"], width)
        layer = nn.TransformerEncoderLayer(width, 4, 2 * width, dropout, batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(width, 1)
        self.width = width

    def forward(self, x, last):
        steps = x.shape[1]
        angle = torch.arange(steps)[:, None] * torch.exp(torch.arange(0, self.width, 2) * (-math.log(10000) / self.width))
        place = torch.stack((angle.sin(), angle.cos()), 2).reshape(steps, self.width)
        mask = nn.Transformer.generate_square_subsequent_mask(steps)
        states = self.layers(self.enter(x) + place, mask=mask, is_causal=True)
        return self.head(states[torch.arange(len(x)), last])[:, 0]


def auc_of(scores, labels):
    values, inverse = np.unique(scores, return_inverse=True)
    counts = np.bincount(inverse).astype(float)
    positives = np.bincount(inverse, weights=labels)
    negatives = counts - positives
    return float((positives * (np.cumsum(negatives) - negatives / 2)).sum() / positives.sum() / negatives.sum())


def scores_of(network, part):
    network.eval()
    scores = np.empty(len(part.labels))
    order = np.argsort(part.length, kind="stable")
    with torch.no_grad():
        for i in range(0, len(order), 512):
            scores[order[i : i + 512]] = network(*part.batch(order[i : i + 512])).numpy()
    return scores


def loss_of(scores, part):
    return float(nn.functional.binary_cross_entropy_with_logits(torch.from_numpy(scores).float(), part.labels))


def trained(make, rate, dropout, seed):
    """The scores on the validation and test parts after the epoch with the lowest validation loss."""
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    network = make(dropout)
    optimiser = torch.optim.AdamW(network.parameters(), rate, weight_decay=0.01)
    steps = math.ceil(len(train.labels) / BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=epochs * steps)
    best = (math.inf, None, None)
    for _ in range(epochs):
        network.train()
        # Alike in length within a window of 16 batches, in an order of chance.
        drawn = random.permutation(len(train.labels))
        windows = [w[np.argsort(train.length[w], kind="stable")] for w in np.array_split(drawn, max(1, steps // 16))]
        batches = [b for w in windows for b in np.array_split(w, max(1, round(len(w) / BATCH)))]
        for i in random.permutation(len(batches))[:steps]:
            loss = nn.functional.binary_cross_entropy_with_logits(network(*train.batch(batches[i])), train.labels[batches[i]])
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
        scores = scores_of(network, validation)
        if loss_of(scores, validation) < best[0]:
            best = (loss_of(scores, validation), scores, scores_of(network, test))
    return best, sum(p.numel() for p in network.parameters())


train, validation, test = Part("train"), Part("validation"), Part("test")
decision = np.fromfile(folder / "test.decision", "u1")
for name, make in {"GRU": Recurrent, "temporal convolution": Convolution, "attention": Attention}.items():
    grid = [(rate, dropout) for rate in (1e-3, 3e-3) for dropout in (0.1, 0.4)]
    tried = {setting: trained(make, *setting, seed=0)[0][0] for setting in grid}
    rate, dropout = min(tried, key=tried.get)
    runs = [trained(make, rate, dropout, seed) for seed in range(1, seeds + 1)]
    mean = np.mean([scores for (_, _, scores), _ in runs], axis=0)
    points = [[auc_of(scores[decision == d], test.labels.numpy()[decision == d]) for (_, _, scores), _ in runs] for d in np.unique(decision)]
    print(
        json.dumps(
            {
                "name": name,
                "weights": runs[0][1],
                "rate": rate,
                "dropout": dropout,
                "validationLoss": float(np.mean([loss for (loss, _, _), _ in runs])),
                "testLoss": float(np.mean([loss_of(scores, test) for (_, _, scores), _ in runs])),
                "auc": [float(np.mean(p)) for p in points],
                "aucAll": float(np.mean([auc_of(scores, test.labels.numpy()) for (_, _, scores), _ in runs])),
                "aucOfMean": auc_of(mean, test.labels.numpy()),
            }
        ),
        flush=True,
    )
