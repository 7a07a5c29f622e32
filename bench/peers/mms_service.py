"""multi-model-server with sagemaker-inference's Transformer, as SageMaker's
own framework containers have them.

SPDX-License-Identifier: Apache-2.0
"""
import predictor
from sagemaker_inference.default_inference_handler import (
    DefaultInferenceHandler,
)
from sagemaker_inference.transformer import Transformer


class Handler(DefaultInferenceHandler):
    def default_model_fn(self, model_dir, context=None):
        return predictor.load()

    def default_input_fn(self, input_data, content_type, context=None):
        return input_data

    def default_predict_fn(self, data, model, context=None):
        body = data if isinstance(data, bytes) else data.encode()
        return predictor.answer(model, body)

    def default_output_fn(self, prediction, accept, context=None):
        return prediction


transformer = Transformer(default_inference_handler=Handler())


def handle(data, context):
    if data is None:
        transformer.validate_and_initialize(model_dir=predictor.FOLDER)
        return None
    return transformer.transform(data, context)
