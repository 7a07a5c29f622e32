"""The cases of SageMaker's container contract, in the order of their numbers.

A test belongs to the case whose number its name begins with, test_20_...; a
test of many cases to that of the id of its parameters, "22-seven-columns".
Where clary answers otherwise than TensorFlow Serving's container the README
lists it under "Deviations".

Who wants it:
    DOC  an AWS page says so; every container must
    SDK  a client of AWS's own needs it
    TFS  AWS's TensorFlow Serving container does it; its own tests too: TFS-T
    G3   only the newest generation of that container
    XGB  AWS's XGBoost container does it
    OURS where those differ, are silent or break, what clary does

SPDX-License-Identifier: Apache-2.0
"""
import re

MULTI_MODEL = "one model a process"
CLIENTS = "tests/clients"

# number: (title, who wants it, None or why no test here has it)
CASES = {
    "1": ("GET /ping when ready: 200, no body", "DOC TFS", None),
    "2": ("no 200 before the model has loaded", "DOC TFS", None),
    "3": ("no model: the process ends and says why", "TFS", None),
    "4": ("SAGEMAKER_BIND_TO_PORT", "DOC TFS", None),
    "5": ("SIGTERM while idle: status 0, soon", "DOC", None),
    "6": ("SIGTERM during a request: it is answered", "DOC", None),
    "7": ("ping and connect while busy", "DOC", None),
    "8": ("read-only root, no network, another user", "DOC G3", None),
    "9": ("clients killed in mid-response leave nothing", "OURS", None),
    "10": ("layouts of the artifact; version 10 above 9", "TFS", None),
    "11": ("one row of CSV", "TFS", None),
    "12": ("the same, Accept: application/json", "TFS", None),
    "13": ("two rows", "TFS", None),
    "14": ("two rows with CRLF", "TFS", None),
    "15": ("blank lines are skipped", "TFS", None),
    "16": ("blanks round cells and lines", "TFS", None),
    "17": ("three outputs", "TFS-T", None),
    "18": ("the same row twice", "TFS-T", None),
    "19": ("zero is a number, 3.0 keeps its .0", "TFS-T", None),
    "20": ("one column", "TFS-T OURS", None),
    "21": ("a header row: 400", "TFS", None),
    "22": ("seven columns for eight: 400", "TFS", None),
    "23": ("rows of several lengths: 400", "TFS", None),
    "24": ("an empty cell: 400", "TFS", None),
    "25": ("a word in a cell: 400", "TFS", None),
    "26": ("a trailing comma: 400", "TFS", None),
    "27": ("semicolons or tabs: 400", "TFS", None),
    "28": ("exponents", "TFS", None),
    "29": (".5, 1., +1, 0x10, 1_000, 01: 400", "TFS", None),
    "30": ("nan and NaN in a cell: 400", "TFS", None),
    "31": ("quoted numbers", "G3", None),
    "32": ("blanks alone: 400", "TFS", None),
    "33": ("an empty body: 4xx", "OURS SDK", None),
    "34": ("a byte order mark", "OURS G3", None),
    "35": ("integers", "TFS", None),
    "36": ("how numbers are written", "TFS", None),
    "37": ("every number reads back to the same float32", "TFS", None),
    "38": ("text/csv with parameters, in capitals", "G3 DOC", None),
    "39": ("another Content-Type: 415", "TFS", None),
    "40": ("no Content-Type: 415", "TFS", None),
    "41": ("Accept: */*", "TFS SDK", None),
    "42": ("Accept: application/jsonlines", "TFS-T", None),
    "43": ("Accept: text/csv", "TFS OURS", None),
    "44": ("a list in Accept: type and body agree", "SDK OURS", None),
    "45": ("q values, types that nobody writes", "TFS", None),
    "46": ('{"instances": rows}', "TFS-T", None),
    "47": ("a bare row", "TFS-T", None),
    "48": ("bare rows", "TFS-T", None),
    "49": ("a row a line", "TFS-T", None),
    "50": ("rows by the inputs' names", "TFS-T", None),
    "51": ('{"inputs": rows}', "TFS", None),
    "52": ("signature_name", "TFS", None),
    "53": ("no JSON: 400", "TFS-T", None),
    "54": ("an unknown name: 400", "TFS-T", None),
    "55": ("brackets in a string: 400", "TFS-T", None),
    "56": ("no instances: 400", "TFS", None),
    "57": ("an empty body: 400", "TFS", None),
    "58": ("two documents on one line: 400", "TFS", None),
    "58b": ("a document a line: no row is lost", "OURS", None),
    "58c": ("something behind the document", "TFS OURS", None),
    "58d": ("four broken bodies: never HTML", "TFS-T", None),
    "58e": ("rows of CSV to JSON; words: 4xx", "TFS-T", None),
    "59": ("100,000 brackets", "OURS", None),
    "60": ("tfs-model-name, tfs-model-version", "TFS-T", None),
    "61": ("an unknown model: 404", "TFS", None),
    "62": ("invalid attributes: 400", "G3", None),
    "63": ("attributes of others are ignored", "DOC", None),
    "64": ("another path: 404", "TFS", None),
    "65": ("GET /execution-parameters", "DOC TFS", None),
    "66": ("another method", "TFS OURS", None),
    "67": ("HEAD and POST /ping", "DOC", None),
    "68": ("chunked bodies, chunks of one byte", "DOC TFS", None),
    "69": ("Expect: 100-continue", "TFS", None),
    "70": ("1000 requests on a connection; pauses", "OURS", None),
    "71": ("HTTP/1.0; HTTP/1.1 without Host", "TFS", None),
    "72": ("lengths that contradict: 400 and close", "TFS", None),
    "73": ("6 MB and 25 MB", "DOC", None),
    "74": ("100 MB: answered, or 413", "DOC", None),
    "75": ("more than SAGEMAKER_MAX_PAYLOAD_IN_MB: 413", "OURS", None),
    "76": ("100 bytes a second", "DOC", None),
    "77": ("SAGEMAKER_BATCH=true and True", "DOC SDK", None),
    "78": ("a file cut at lines: all rows, in order", "DOC", None),
    "79": ("CSV out, a line a row", "XGB DOC", None),
    "80": ("JSON lines out, a line a row", "DOC", None),
    "81": ("the Python SDK's local mode", "SDK", CLIENTS),
    "82": ("GET /models", "DOC", MULTI_MODEL),
    "83": ("POST /models", "DOC TFS", MULTI_MODEL),
    "84": ("POST /models of what is not there", "TFS OURS", MULTI_MODEL),
    "85": ("POST /models/{n}/invoke", "DOC TFS", MULTI_MODEL),
    "86": ("GET and DELETE /models/{n}", "DOC TFS", MULTI_MODEL),
    "87": ("no memory for one more: 507", "DOC", MULTI_MODEL),
    "88": ("pages of models", "DOC", MULTI_MODEL),
    "89": ("names that are no paths", "DOC OURS", MULTI_MODEL),
    "90": ("not multi-model: /models is 404", "OURS", None),
    "91": ("pings are not logged", "OURS", None),
    "92": ("each line of embedded metrics", "DOC", None),
    "93": ("a fatal error in one line", "DOC", None),
    "94": ("a short error without paths", "OURS G3", None),
}

NUMBER = re.compile(r"(\d+[b-e]?)(?=$|[-_])")

# Tests of many cases, which the ids of their parameters name.
OF_MANY = (
    "test_csv",
    "test_refused",
    "test_accept",
    "test_unknown_route",
    "test_good",
    "test_bad",
)


def case_of(item):
    """The number of the case that a test belongs to, or None."""
    text = item.originalname.removeprefix("test_")
    if item.originalname in OF_MANY:
        text = item.callspec.id
    found = NUMBER.match(text)
    return found[1] if found and found[1] in CASES else None
