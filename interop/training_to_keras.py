"""Opens a .keras file with Keras alone and prints what it predicts for raw arrays in a folder."""
import json, os, sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np

folder, model, columns = sys.argv[1], keras.models.load_model(sys.argv[2]), int(sys.argv[3])
tokens = np.fromfile(f"{folder}/part.tokens", "u1")
offsets = np.fromfile(f"{folder}/part.offsets", "<u4").astype(int)
count, longest = len(offsets) - 1, int(np.diff(offsets).max())
padded = np.full((count, longest), 7)
rows = np.zeros((count, longest, max(1, columns)), int)
events = np.fromfile(f"{folder}/part.rows", "u1").reshape(-1, columns) if columns else None
first = np.fromfile(f"{folder}/part.first", "<u4").astype(int) if columns else None
for i in range(count):
    n = offsets[i + 1] - offsets[i]
    padded[i, :n] = tokens[offsets[i] : offsets[i + 1]]
    if columns:
        rows[i, 1:n] = events[first[i] : first[i] + n - 1]
print(json.dumps(model.predict([padded, rows] if columns else padded, verbose=0)[:, 0].tolist()))
