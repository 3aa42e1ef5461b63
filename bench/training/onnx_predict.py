"""onnxruntime on a model folder's model.onnx, one thread: `onnx_predict.py FOLDER < sequences as JSON`. Prints JSON."""
import json, sys, time

import numpy as np
import onnxruntime

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
run = onnxruntime.InferenceSession(f"{sys.argv[1]}/model.onnx", options, providers=["CPUExecutionProvider"])
sequences = [np.array(s, np.int64)[None] for s in json.load(sys.stdin)]
feeds = [{"tokens": s, "lengths": np.array([s.shape[1]], np.int32)} for s in sequences]
answers = [float(run.run(None, f)[0][0]) for f in feeds]
times = []
for f in feeds:
    started = time.perf_counter()
    run.run(None, f)
    times.append((time.perf_counter() - started) * 1e6)
# Together: by length, so that hardly anything is padded.
order = sorted(range(len(sequences)), key=lambda i: sequences[i].shape[1])
started = time.perf_counter()
for i in range(0, len(order), 256):
    some = [sequences[j] for j in order[i : i + 256]]
    lengths = np.array([s.shape[1] for s in some], np.int32)
    tokens = np.full((len(some), lengths.max()), 7, np.int64)
    for k, s in enumerate(some):
        tokens[k, : lengths[k]] = s[0]
    run.run(None, {"tokens": tokens, "lengths": lengths})
together = time.perf_counter() - started
print(json.dumps({"p50": float(np.percentile(times, 50)), "p99": float(np.percentile(times, 99)), "perSecond": len(order) / together, "answers": answers}))
