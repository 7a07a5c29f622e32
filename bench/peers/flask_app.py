"""As AWS's bring-your-own-container example: flask behind gunicorn and nginx.

SPDX-License-Identifier: Apache-2.0
"""
import flask
import predictor

predict = predictor.load()
app = flask.Flask(__name__)


@app.get("/ping")
def ping():
    return flask.Response(status=200)


@app.post("/invocations")
def invocations():
    return flask.Response(predictor.answer(predict, flask.request.get_data()),
                          mimetype="text/csv")
