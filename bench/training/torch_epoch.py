"""Seconds an epoch in PyTorch, bucketed by length, its best way on a processor: `torch_epoch.py FOLDER EPOCHS LIMIT THREADS`. Prints JSON."""
import json, os, sys, time

import numpy as np
import torch
from torch import nn

folder, epochs, limit, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
torch.set_num_threads(threads)
torch.manual_seed(1)


def read(part):
    raw = lambda kind, dtype: np.fromfile(f"{folder}/{part}.{kind}", dtype)
    return raw("tokens", "u1"), raw("offsets", "<u4").astype(int), raw("labels", "u1").astype("float32")


tokens, offsets, labels = read("train")
n = min(limit, len(labels))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(7, 48, batch_first=True)
        self.dense = nn.Linear(48, 1)

    def forward(self, x, last):
        return self.dense(self.lstm(x)[0][torch.arange(len(last)), last])[:, 0]


eye = torch.eye(8, 7)


def batched(tokens, offsets, labels):
    lengths = np.diff(offsets)[: len(labels)]
    order = np.argsort(lengths, kind="stable")
    made = []
    for i in range(0, len(labels), 128):
        rows = order[i : i + 128]
        ids = np.full((len(rows), lengths[rows].max()), 7)
        for k, r in enumerate(rows):
            ids[k, : lengths[r]] = tokens[offsets[r] : offsets[r] + lengths[r]]
        made.append((torch.from_numpy(ids), torch.from_numpy(lengths[rows] - 1), torch.from_numpy(labels[rows])))
    return made


# Made before the clock starts, as for Keras: only training is timed. A sorted batch has hardly any padding.
batches = batched(tokens, offsets, labels[:n])
held_out = batched(*read("valid")) if os.path.exists(f"{folder}/valid.labels") else []
model = Net()
adam = torch.optim.Adam(model.parameters(), 1e-3, eps=1e-7, foreach=True)
draw = np.random.default_rng(1)


def epoch(which):
    for b in which:
        ids, last, y = batches[b]
        loss = nn.functional.binary_cross_entropy_with_logits(model(eye[ids], last), y)
        adam.zero_grad()
        loss.backward()
        adam.step()


@torch.inference_mode()
def held_out_loss():
    losses = [nn.functional.binary_cross_entropy_with_logits(model(eye[ids], last), y, reduction="sum") for ids, last, y in held_out]
    return float(sum(losses)) / sum(len(y) for _, _, y in held_out)


epoch(range(min(30, len(batches))))
seconds, losses = [], []
for _ in range(epochs):
    started = time.perf_counter()
    epoch(draw.permutation(len(batches)))
    seconds.append(time.perf_counter() - started)
    if held_out:
        losses.append(held_out_loss())
calls = []
with torch.inference_mode():
    for _ in range(300):
        started = time.perf_counter()
        ids = torch.from_numpy(tokens[offsets[0] : offsets[1]].astype(int))[None]
        torch.sigmoid(model(eye[ids], torch.tensor([ids.shape[1] - 1]))).item()
        calls.append((time.perf_counter() - started) * 1e6)
print(json.dumps({"seconds": seconds, "predictMicroseconds": float(np.median(calls)), "sequences": n, "losses": losses}))
