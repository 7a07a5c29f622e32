"""What every Python server of the comparison does with a request: CSV to rows
with pandas, a call of the library, CSV again. MODEL=mlp|forest, MODEL_FOLDER,
and LIBRARY=tensorflow|xgboost|onnxruntime are the environment.

SPDX-License-Identifier: Apache-2.0
"""
import io
import os

import numpy as np
import pandas as pd

FOLDER = os.environ["MODEL_FOLDER"]


def load_tensorflow():
    import tensorflow as tf

    loaded = tf.saved_model.load(f"{FOLDER}/1")
    served = loaded.signatures["serving_default"]
    [name] = served.structured_input_signature[1]
    [output] = served.structured_outputs

    def predict(rows, keep=loaded):
        return served(**{name: tf.constant(rows)})[output].numpy()

    return predict


def load_xgboost():
    import xgboost as xgb

    booster = xgb.Booster(model_file=f"{FOLDER}/model.json")
    booster.set_param({"nthread": 1})
    return lambda rows: booster.predict(xgb.DMatrix(rows))


def load_onnxruntime():
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(f"{FOLDER}/model.onnx", options)
    return lambda rows: session.run(None, {"x": rows})[0]


def load():
    return {"tensorflow": load_tensorflow, "xgboost": load_xgboost,
            "onnxruntime": load_onnxruntime}[os.environ["LIBRARY"]]()


def answer(predict, body):
    rows = pd.read_csv(io.BytesIO(body), header=None).to_numpy(np.float32)
    out = io.StringIO()
    pd.DataFrame(predict(rows)).to_csv(out, header=False, index=False)
    return out.getvalue()
