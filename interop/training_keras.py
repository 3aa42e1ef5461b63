"""Keras's side of training.interop.ts. Reads a folder with job.json and raw arrays, prints JSON."""
import json, os, sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import keras
import tensorflow as tf

folder = sys.argv[1]
job = json.load(open(f"{folder}/job.json"))
units = job["units"]


def floats(name, shape):
    return np.fromfile(f"{folder}/{name}.f32", dtype="<f4").reshape(shape)


def padded(part):
    tokens = np.fromfile(f"{folder}/{part}.tokens", dtype="u1")
    offsets = np.fromfile(f"{folder}/{part}.offsets", dtype="<u4").astype(int)
    labels = np.fromfile(f"{folder}/{part}.labels", dtype="u1").astype("float32")
    longest = int(np.diff(offsets).max())
    rows = np.full((len(labels), longest), 7, dtype=int)
    for i in range(len(labels)):
        rows[i, : offsets[i + 1] - offsets[i]] = tokens[offsets[i] : offsets[i + 1]]
    # As the original project has it: padding 7 is a row of zeros, and masked.
    return np.eye(8, 7, dtype="float32")[rows], labels


def model(length):
    m = keras.Sequential([
        keras.Input((length, 7)),
        keras.layers.Masking(0.0),
        keras.layers.LSTM(units),
        keras.layers.Dense(1, activation="sigmoid"),
    ])
    m.compile(optimizer=keras.optimizers.Adam(job["learningRate"]), loss="binary_crossentropy")
    return m


names = ["kernel", "recurrentKernel", "bias", "denseKernel", "denseBias"]
shapes = [(7, 4 * units), (units, 4 * units), (4 * units,), (units, 1), (1,)]
x, y = padded("train")
if job["task"] == "step":
    m = model(x.shape[1])
    m.set_weights([floats(n, s) for n, s in zip(names, shapes)])
    with tf.GradientTape() as tape:
        p = m(x, training=True)
        loss = tf.reduce_mean(keras.losses.binary_crossentropy(y[:, None], p))
    gradients = tape.gradient(loss, m.trainable_variables)
    out = {"loss": float(loss), "predictions": p.numpy()[:, 0].tolist(),
           "gradients": {n: g.numpy().ravel().tolist() for n, g in zip(names, gradients)}}
    m.optimizer.apply_gradients(zip(gradients, m.trainable_variables))
    out["after"] = {n: w.ravel().tolist() for n, w in zip(names, m.get_weights())}
else:
    from sklearn.metrics import roc_auc_score

    vx, vy = padded("validation")
    out = {"auc": [], "loss": []}
    for seed in job["seeds"]:
        keras.utils.set_random_seed(seed)
        m = model(None)
        stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=job["patience"], restore_best_weights=True)
        m.fit(x, y, batch_size=job["batchSize"], epochs=job["epochs"], validation_data=(vx, vy), callbacks=[stop], verbose=0)
        scores = m.predict(vx, batch_size=2048, verbose=0)[:, 0]
        out["auc"].append(float(roc_auc_score(vy, scores)))
        out["loss"].append(float(m.evaluate(vx, vy, batch_size=2048, verbose=0)))
print(json.dumps(out))
