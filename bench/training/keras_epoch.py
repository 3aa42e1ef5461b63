"""Seconds an epoch in Keras: `padded` as the original project does it, or `bucketed` by length. Prints JSON."""
import json, os, sys, time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import keras
import tensorflow as tf

folder, mode, epochs, limit = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
keras.utils.set_random_seed(1)
eye = np.eye(8, 7, dtype="float32")


def read(part, limit):
    tokens = np.fromfile(f"{folder}/{part}.tokens", dtype="u1")
    offsets = np.fromfile(f"{folder}/{part}.offsets", dtype="<u4").astype(int)
    labels = np.fromfile(f"{folder}/{part}.labels", dtype="u1").astype("float32")
    n = min(limit, len(labels))
    lengths = np.diff(offsets)[:n]
    rows = np.full((n, 200), 7, dtype="u1")
    for i in range(n):
        rows[i, : lengths[i]] = tokens[offsets[i] : offsets[i + 1]]
    return rows, lengths, labels[:n]


rows, lengths, labels = read("train", limit)
held_out = read("valid", 1 << 30) if os.path.exists(f"{folder}/valid.labels") else None


def held_out_loss():
    if held_out is None:
        return []
    rows, lengths, labels = held_out
    order = np.argsort(lengths, kind="stable")
    some = [order[i : i + 1024] for i in range(0, len(order), 1024)]
    p = np.concatenate([model.predict_on_batch(eye[rows[s, : lengths[s].max()]])[:, 0] for s in some]).clip(1e-7, 1 - 1e-7)
    y = labels[order]
    return [float(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)))]



model = keras.Sequential([
    keras.Input((200 if mode == "padded" else None, 7)),
    keras.layers.Masking(0.0),
    keras.layers.LSTM(48),
    keras.layers.Dense(1, activation="sigmoid"),
])
model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="binary_crossentropy")
seconds, losses = [], []
if mode == "padded":
    x = eye[rows]
    for _ in range(epochs):
        started = time.perf_counter()
        model.fit(x, labels, batch_size=128, epochs=1, verbose=0)
        seconds.append(time.perf_counter() - started)
else:
    edges = [4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128]
    data = tf.data.Dataset.from_generator(
        lambda: ((rows[i, : lengths[i]].astype("int32"), labels[i]) for i in np.random.permutation(len(labels))),
        output_signature=(tf.TensorSpec((None,), tf.int32), tf.TensorSpec((), tf.float32)),
    )
    # Made into batches before the clock starts: only training is timed.
    data = data.bucket_by_sequence_length(lambda s, _: tf.shape(s)[0], edges, [128] * (len(edges) + 1), padding_values=(7, 0.0))
    table = tf.constant(eye)
    batches = data.map(lambda s, y: (tf.gather(table, s), y)).cache()
    for _ in batches:
        pass
    model.fit(batches.take(30), epochs=1, verbose=0)
    for _ in range(epochs):
        started = time.perf_counter()
        model.fit(batches, epochs=1, verbose=0)
        seconds.append(time.perf_counter() - started)
        losses += held_out_loss()
one = eye[rows[:1, : max(2, lengths[0])]]
calls = []
for _ in range(20):
    started = time.perf_counter()
    model.predict(one if mode != "padded" else eye[rows[:1]], verbose=0)
    calls.append((time.perf_counter() - started) * 1e6)
print(json.dumps({"seconds": seconds, "predictMicroseconds": float(np.median(calls)), "sequences": len(labels), "losses": losses}))
