"""onnxruntime's, onnx's and safetensors' side of training.interop.ts. Reads a model folder and sequences, prints JSON."""
import json, sys

import numpy as np
import onnxruntime
from safetensors.numpy import load_file

folder, sequences = sys.argv[1], json.loads(sys.argv[2])
session = onnxruntime.InferenceSession(f"{folder}/model.onnx")
lengths = np.array([len(s) for s in sequences], dtype=np.int32)
tokens = np.full((len(sequences), lengths.max()), 7, dtype=np.int64)
for i, s in enumerate(sequences):
    tokens[i, : len(s)] = s
(together,) = session.run(None, {"tokens": tokens, "lengths": lengths})
alone = [float(session.run(None, {"tokens": np.array([s], dtype=np.int64), "lengths": np.array([len(s)], dtype=np.int32)})[0][0]) for s in sequences]
weights = load_file(f"{folder}/weights.safetensors")
print(json.dumps({
    "together": together.tolist(), "alone": alone,
    "inputs": [[i.name, i.type, i.shape] for i in session.get_inputs()],
    "outputs": [[o.name, o.type, o.shape] for o in session.get_outputs()],
    "weights": {k: {"shape": list(v.shape), "values": v.ravel().tolist()} for k, v in weights.items()},
}))
