"""Makes a Keras model of a model folder, for who wants to go on with it there.

    python to_keras.py FOLDER model.keras

Needs keras 3 and numpy. The model is of Keras's own layers alone: `keras.models.load_model("model.keras")` needs none of this.

Inputs  tokens  [batch, events + 1] integers: the start (0), then the action of each event; behind the end 7, which is not looked at.
        rows    [batch, events + 1, columns] integers, where the model has features: the bytes of each event, 0 for the start.
Output  probability [batch, 1].
"""
import json
import sys
from pathlib import Path

import keras
import numpy as np

PADDING = 7


def tensors_of(path):
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    head, body = json.loads(data[8 : 8 + size]), 8 + size
    return {
        name: np.frombuffer(data[body + t["data_offsets"][0] : body + t["data_offsets"][1]], "<f4").reshape(t["shape"])
        for name, t in head.items()
        if name != "__metadata__"
    }


def table(values, name):
    """A layer that looks numbers up in a table, which training leaves as it is."""
    return keras.layers.Embedding(*values.shape, embeddings_initializer=keras.initializers.Constant(values), trainable=False, name=name)


def keras_model(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    kind = manifest["architecture"].removesuffix("-dense-sigmoid")
    if kind not in ("lstm", "gru"):
        sys.exit(f"{folder}: a model of the architecture {manifest['architecture']} has no weights to take over; use its model.onnx.")
    features = folder / "features.json"
    columns = json.loads(features.read_text())["columns"] if features.exists() else []
    weights = tensors_of(folder / "weights.safetensors")
    units = weights["dense/kernel"].shape[0]

    tokens = keras.Input((None,), dtype="int32", name="tokens")
    inputs, parts = [tokens], [table(np.eye(PADDING + 1, PADDING, dtype="f4"), "action")(tokens)]
    if columns:
        rows = keras.Input((None, len(columns)), dtype="int32", name="rows")
        inputs.append(rows)
        named = [(i, c, f"column_{i}") for i, c in enumerate(columns)]
        parts += [table(np.eye(c["size"], dtype="f4"), name)(rows[:, :, i]) for i, c, name in named if c["kind"] == "category"]
        steps = np.arange(256, dtype="f8")
        for i, c, name in named:
            if c["kind"] == "number":
                values = np.where(steps == 0, 0, c["low"] + (steps - 1) / 254 * (c["high"] - c["low"]))
                parts.append(table(values.astype("f4")[:, None], name)(rows[:, :, i]))
    x = keras.layers.Concatenate(name="event")(parts) if len(parts) > 1 else parts[0]
    mask = keras.ops.not_equal(tokens, PADDING)
    layer = keras.layers.LSTM(units, name="lstm") if kind == "lstm" else keras.layers.GRU(units, reset_after=True, name="gru")
    probability = keras.layers.Dense(1, activation="sigmoid", name="dense")(layer(x, mask=mask))
    model = keras.Model(inputs, probability, name=manifest["name"])

    own = [weights[f"{kind}/kernel"], weights[f"{kind}/recurrent_kernel"], weights[f"{kind}/bias"]]
    if kind == "gru":
        # Ours are r, z, n, Keras's z, r, h; its second bias is there for all three.
        swap = lambda w: np.concatenate([w[..., units : 2 * units], w[..., :units], w[..., 2 * units :]], axis=-1)
        inner = np.concatenate([np.zeros(2 * units, "f4"), weights["gru/recurrent_bias"]])
        own = [swap(own[0]), swap(own[1]), np.stack([swap(own[2]), inner])]
    layer.set_weights(own)
    model.get_layer("dense").set_weights([weights["dense/kernel"], weights["dense/bias"]])
    return model


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("Usage: python to_keras.py FOLDER model.keras")
    keras_model(Path(sys.argv[1])).save(sys.argv[2])
