"""MLServer with a runtime of its own, which takes text/csv at /invocations as
the others do (MLServer's own XGBoost runtime speaks KServe's JSON only).

SPDX-License-Identifier: Apache-2.0
"""
import fastapi
import predictor
from mlserver import MLModel
from mlserver.handlers import custom_handler


class Runtime(MLModel):
    async def load(self):
        self.predictor = predictor.load()
        return True

    @custom_handler(rest_path="/invocations")
    async def invocations(self, request: fastapi.Request) -> fastapi.Response:
        body = await request.body()
        return fastapi.Response(predictor.answer(self.predictor, body),
                                media_type="text/csv")

    @custom_handler(rest_path="/ping", rest_method="GET")
    async def ping(self) -> fastapi.Response:
        return fastapi.Response(status_code=200)
