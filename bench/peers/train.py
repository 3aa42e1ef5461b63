"""The original project's model in Keras: padded, one-hot, masked, LSTM, a dense unit; one model a point of the grid."""
import json
import os
import pickle
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
from tensorflow import keras

points = json.loads(sys.argv[2])
with open(sys.argv[1], "rb") as file:
    parts = pickle.load(file)
longest = max(len(s) for sequences, _ in parts.values() for s in sequences)


def tensors(part):
    sequences, labels = parts[part]
    padded = keras.utils.pad_sequences(sequences, maxlen=longest, padding="post", value=7)
    return np.eye(8, dtype="float32")[padded][:, :, :7], np.array(labels, dtype="float32")


x, y = tensors("train")
vx, vy = tensors("validation")
tx, ty = tensors("test")
for point in points:
    keras.utils.set_random_seed(point.get("seed", 1))
    model = keras.Sequential([
        keras.layers.Input((longest, 7)),
        keras.layers.Masking(0.0),
        keras.layers.LSTM(point["units"]),
        keras.layers.Dense(1, activation="sigmoid"),
    ])
    model.compile(optimizer=keras.optimizers.Adam(point["learningRate"]), loss="binary_crossentropy", metrics=[keras.metrics.AUC(num_thresholds=2000)])
    stop = keras.callbacks.EarlyStopping(patience=point["patience"], restore_best_weights=True)
    history = model.fit(x, y, batch_size=point["batchSize"], epochs=point["epochs"], validation_data=(vx, vy), callbacks=[stop], verbose=0)
    loss, auc = model.evaluate(tx, ty, batch_size=512, verbose=0)
    print(json.dumps({**point, "epochsRun": len(history.history["loss"]), "testLoss": loss, "testAuc": auc}), flush=True)
