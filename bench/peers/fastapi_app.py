"""FastAPI on uvicorn.

SPDX-License-Identifier: Apache-2.0
"""
import fastapi
import predictor

predict = predictor.load()
app = fastapi.FastAPI()


@app.get("/ping")
def ping():
    return fastapi.Response(status_code=200)


@app.post("/invocations")
async def invocations(request: fastapi.Request):
    body = await request.body()
    return fastapi.Response(predictor.answer(predict, body),
                            media_type="text/csv")
