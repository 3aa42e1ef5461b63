"""The endpoint as one would write it in Python today: FastAPI on uvicorn, the model in onnxruntime."""
import socket
import sys
import time

import numpy as np
import onnxruntime
import uvicorn
from fastapi import FastAPI, HTTPException

TOKEN = {"add": 2, "remove": 3, "purchase": 4, "detail": 5, "view": 6}
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
model = onnxruntime.InferenceSession(sys.argv[1], options)
app = FastAPI()


@app.get("/ping")
def ping():
    return {"status": "ok"}


@app.get("/predict")
async def predict(session: str):
    start = time.perf_counter()
    tokens = [0]
    for action in session.split(","):
        if action not in TOKEN:
            raise HTTPException(400, f"{action} is not an action")
        tokens.append(TOKEN[action])
    inputs = {"tokens": np.array([tokens], dtype=np.int64), "lengths": np.array([len(tokens)], dtype=np.int32)}
    (answer,) = model.run(None, inputs)
    return {"prediction": float(answer[0]), "time": time.perf_counter() - start, "endpoint": "intent"}


if __name__ == "__main__":
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listening])
