"""A recurrent layer beside a temporal convolution and causal attention, in PyTorch, on the same examples.

    python architectures.py FOLDER SEEDS EPOCHS

FOLDER has a job of `writeTorchJob`, and the test part as test.*. Every architecture sees the same inputs an event and has about the same
number of weights, and looks back only, so that all examples of a session come from one pass; rate and dropout are the best of four settings on the
validation part. One JSON a line; what is under way, to stderr.
"""
import json
import math
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

folder, seeds, epochs = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
job = json.loads((folder / "job.json").read_text())
layout = job["layout"]
tables = [torch.tensor(table) for table in layout["tables"]]
BATCH, WIDTH = 128, 48
torch.set_num_threads(1)


class Part:
    """Examples in groups: those of one session begin with the same event, and are worked out in one pass over the longest of them."""

    def __init__(self, name):
        raw = lambda kind, dtype: np.fromfile(folder / f"{name}.{kind}", dtype)
        self.tokens, self.offsets = raw("tokens", "u1"), raw("offsets", "<u4").astype(np.int64)
        self.labels = raw("labels", "u1").astype(np.float32)
        self.rows = raw("rows", "u1").reshape(-1, layout["columns"])
        self.first = raw("first", "<u4").astype(np.int64)
        self.length = np.diff(self.offsets)
        # Examples of a session lie one after the other, each longer than the one before.
        begins = np.flatnonzero(np.diff(self.first, prepend=-1) != 0)
        self.groups = np.split(np.arange(len(self.first)), begins[1:])
        self.longest = np.array([self.length[g[-1]] for g in self.groups])

    def batch(self, groups):
        """`[groups, longest, inputs]`; and of each example its number, its group and where its last event is."""
        whole = np.array([self.groups[g][-1] for g in groups])
        length = self.length[whole]
        at = np.arange(int(length.max()))
        inside = at < length[:, None]
        tokens = np.where(inside, self.tokens[np.minimum(self.offsets[whole][:, None] + at, len(self.tokens) - 1)].astype(np.int64), -1)
        ids = torch.from_numpy(tokens)
        inputs = torch.zeros(len(whole), len(at), layout["inputs"])
        inputs.scatter_(2, ids.clamp(min=0)[..., None], (ids >= 0).float()[..., None])
        places = np.clip(self.first[whole][:, None] + at - 1, 0, len(self.rows) - 1)
        rows = torch.from_numpy((self.rows[places] * (inside & (at > 0))[..., None]).astype(np.int64))
        for column, row in layout["categories"]:
            inputs.scatter_(2, (rows[..., column] + row)[..., None], 1.0)
        inputs[..., layout["numberRow"] :] = torch.stack([tables[i][rows[..., column]] for i, column in enumerate(layout["numbers"])], -1)
        examples = np.concatenate([self.groups[g] for g in groups])
        of = np.repeat(np.arange(len(groups)), [len(self.groups[g]) for g in groups])
        return inputs, (examples, torch.from_numpy(of), torch.from_numpy(self.length[examples] - 1))


class Recurrent(nn.Module):
    def __init__(self, dropout):
        super().__init__()
        self.layer = nn.GRU(layout["inputs"], WIDTH, batch_first=True)
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(WIDTH, 1))

    def forward(self, x, of, last):
        return self.head(self.layer(x)[0][of, last])[:, 0]


class Convolution(nn.Module):
    """Residual blocks of causal convolutions over 3 events, 1, 2, 4, … apart: the last sees 127 events back."""

    def __init__(self, dropout, width=32):
        super().__init__()
        self.enter = nn.Linear(layout["inputs"], width)
        # A convolution over 3 events, written as one product: several times the speed of Conv1d with so few channels.
        self.blocks = nn.ModuleList(nn.Linear(3 * width, width) for _ in range(6))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in self.blocks)
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(width, 1)

    def forward(self, x, of, last):
        x = self.enter(x)
        for i, (block, norm) in enumerate(zip(self.blocks, self.norms)):
            steps, apart = x.shape[1], 2**i
            padded = nn.functional.pad(norm(x), (0, 0, 2 * apart, 0))
            three = torch.cat([padded[:, j * apart : j * apart + steps] for j in range(3)], -1)
            x = x + self.drop(torch.relu(block(three)))
        return self.head(self.drop(x[of, last]))[:, 0]


class Attention(nn.Module):
    """Two layers of causal attention of 4 heads, places by sines."""

    def __init__(self, dropout, width=40):
        super().__init__()
        self.enter = nn.Linear(layout["inputs"], width)
        layer = nn.TransformerEncoderLayer(width, 4, 2 * width, dropout, batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(width, 1)
        self.width = width

    def forward(self, x, of, last):
        steps = x.shape[1]
        angle = torch.arange(steps)[:, None] * torch.exp(torch.arange(0, self.width, 2) * (-math.log(10000) / self.width))
        place = torch.stack((angle.sin(), angle.cos()), 2).reshape(steps, self.width)
        mask = nn.Transformer.generate_square_subsequent_mask(steps)
        states = self.layers(self.enter(x) + place, mask=mask, is_causal=True)
        return self.head(states[of, last])[:, 0]


def auc_of(scores, labels):
    values, inverse = np.unique(scores, return_inverse=True)
    counts = np.bincount(inverse).astype(float)
    positives = np.bincount(inverse, weights=labels)
    negatives = counts - positives
    return float((positives * (np.cumsum(negatives) - negatives / 2)).sum() / positives.sum() / negatives.sum())


def scores_of(network, part):
    network.eval()
    scores = np.empty(len(part.labels))
    order = np.argsort(part.longest, kind="stable")
    with torch.no_grad():
        for i in range(0, len(order), 128):
            inputs, (examples, *where) = part.batch(order[i : i + 128])
            scores[examples] = network(inputs, *where).numpy()
    return scores


def loss_of(scores, part):
    return float(nn.functional.binary_cross_entropy_with_logits(torch.from_numpy(scores).float(), torch.from_numpy(part.labels)))


def trained(make, rate, dropout, seed):
    """The scores on the validation and test parts after the epoch with the lowest validation loss."""
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    network = make(dropout)
    optimiser = torch.optim.AdamW(network.parameters(), rate, weight_decay=0.01)
    per_batch = max(1, round(BATCH * len(train.groups) / len(train.labels)))
    steps = len(train.groups) // per_batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=epochs * steps)
    best = (math.inf, None, None)
    seconds = []
    for epoch in range(epochs):
        began = time.perf_counter()
        network.train()
        # Alike in length within a window of 16 batches, in an order of chance.
        drawn = random.permutation(len(train.groups))[: steps * per_batch]
        windows = [w[np.argsort(train.longest[w], kind="stable")] for w in np.split(drawn, range(16 * per_batch, len(drawn), 16 * per_batch))]
        batches = [w[i : i + per_batch] for w in windows for i in range(0, len(w), per_batch)]
        for i in random.permutation(len(batches)):
            inputs, (examples, *where) = train.batch(batches[i])
            loss = nn.functional.binary_cross_entropy_with_logits(network(inputs, *where), torch.from_numpy(train.labels[examples]))
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
        seconds.append(time.perf_counter() - began)
        print(f"{make.__name__} rate {rate} dropout {dropout} seed {seed} epoch {epoch + 1}: {seconds[-1]:.1f} s", file=sys.stderr, flush=True)
        scores = scores_of(network, validation)
        if loss_of(scores, validation) < best[0]:
            best = (loss_of(scores, validation), scores, scores_of(network, test))
    return best, sum(p.numel() for p in network.parameters()), float(np.median(seconds))


train, validation, test = Part("train"), Part("validation"), Part("test")
decision = np.fromfile(folder / "test.decision", "u1")
for name, make in {"GRU": Recurrent, "temporal convolution": Convolution, "attention": Attention}.items():
    grid = [(rate, dropout) for rate in (1e-3, 3e-3) for dropout in (0.1, 0.4)]
    tried = {setting: trained(make, *setting, seed=1) for setting in grid}
    rate, dropout = min(tried, key=lambda setting: tried[setting][0][0])
    runs = [tried[rate, dropout], *(trained(make, rate, dropout, seed) for seed in range(2, seeds + 1))]
    mean = np.mean([scores for (_, _, scores), *_ in runs], axis=0)
    points = [[auc_of(scores[decision == d], test.labels[decision == d]) for (_, _, scores), *_ in runs] for d in np.unique(decision)]
    print(
        json.dumps(
            {
                "name": name,
                "weights": runs[0][1],
                "rate": rate,
                "dropout": dropout,
                "validationLoss": float(np.mean([loss for (loss, _, _), *_ in runs])),
                "testLoss": float(np.mean([loss_of(scores, test) for (_, _, scores), *_ in runs])),
                "auc": [float(np.mean(p)) for p in points],
                "aucAll": float(np.mean([auc_of(scores, test.labels) for (_, _, scores), *_ in runs])),
                "aucOfMean": auc_of(mean, test.labels),
                "secondsAnEpoch": float(np.median([seconds for *_, seconds in runs])),
            }
        ),
        flush=True,
    )
