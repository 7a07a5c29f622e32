"""The manifests of deploy/kubernetes: against Kubernetes' own schemas, against
the fields that KServe's SDK knows, and what they say against the real program.

SPDX-License-Identifier: Apache-2.0
"""

import ast
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import time
from importlib import metadata
from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest
import yaml

from endpoints import models

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "deploy/kubernetes"
NEWEST = kubernetes_validate.latest_version()
OLDEST = "1.30"  # the first that has preStop.sleep without asking


def documents(name):
    text = (FOLDER / name).read_text("utf-8")
    return {d["kind"]: d for d in yaml.safe_load_all(text)}


def strictly(document, version=NEWEST):
    kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("kind", documents("clary.yaml"))
def test_kubernetes_takes_it(kind, version):
    strictly(documents("clary.yaml")[kind], version)


@pytest.mark.parametrize(
    "change",
    [
        lambda pod: pod.update(terminationGracePeriod=40),
        lambda pod: pod["containers"][0]["lifecycle"]["preStop"].update(
            sleep={"second": 5}
        ),
        lambda pod: pod["containers"][0]["readinessProbe"].update(
            httpGet={"path": "/ping"}
        ),
        lambda pod: pod["containers"][0].pop("name"),
    ],
)
def test_what_kubernetes_would_not_take(change):
    deployment = documents("clary.yaml")["Deployment"]
    change(deployment["spec"]["template"]["spec"])
    with pytest.raises(kubernetes_validate.ValidationError):
        strictly(deployment)


def test_the_parts_find_each_other():
    found = documents("clary.yaml")
    template = found["Deployment"]["spec"]["template"]
    labels = template["metadata"]["labels"]
    for selector in (
        found["Service"]["spec"]["selector"],
        found["Deployment"]["spec"]["selector"]["matchLabels"],
        found["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
    ):
        assert selector.items() <= labels.items()
    target = found["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert target["name"] == found["Deployment"]["metadata"]["name"]
    (container,) = template["spec"]["containers"]
    ports = [port["name"] for port in container["ports"]]
    assert found["Service"]["spec"]["ports"][0]["targetPort"] in ports


# --- KServe, whose SDK says which fields there are


@pytest.fixture(scope="module")
def fields():
    """{"V1beta1ModelSpec": {"storageUri": "str", ...}}: read, not imported;
    the SDK would import a web framework."""
    found = {}
    for file in metadata.files("kserve"):
        if not re.fullmatch(r"kserve/models/v1\w+\.py", str(file)):
            continue
        tree = ast.parse(Path(file.locate()).read_text("utf-8"))
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                maps = {
                    item.targets[0].id: ast.literal_eval(item.value)
                    for item in node.body
                    if isinstance(item, ast.Assign)
                }
                found[node.name] = {
                    maps["attribute_map"][key]: kind
                    for key, kind in maps["openapi_types"].items()
                }
    return found


def wrong(fields, kind, value, path):
    """What of `value` is not a `kind`, as sentences."""
    if kind.startswith("list["):
        if not isinstance(value, list):
            return [f"{path} is no list"]
        parts = [
            wrong(fields, kind[5:-1], item, f"{path}[{n}]")
            for n, item in enumerate(value)
        ]
        return [problem for part in parts for problem in part]
    if kind == "V1Container":
        return wrong_container(value, path)
    if kind in fields:
        problems = []
        for name, item in value.items():
            if name not in fields[kind]:
                problems.append(f"{kind} has no {path}.{name}")
            else:
                problems += wrong(
                    fields, fields[kind][name], item, f"{path}.{name}"
                )
        return problems
    plain = {"str": str, "int": int, "bool": bool}
    if kind in plain and not isinstance(value, plain[kind]):
        return [f"{path}: {value!r} is no {kind}"]
    return []


def wrong_container(value, path):
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "x"},
        "spec": {"containers": [value]},
    }
    try:
        strictly(pod)
    except kubernetes_validate.ValidationError as error:
        return [f"{path}: {error.message}"]
    return []


SPECS = {
    "ServingRuntime": ("v1alpha1", "V1alpha1ServingRuntimeSpec"),
    "InferenceService": ("v1beta1", "V1beta1InferenceServiceSpec"),
}


@pytest.mark.parametrize("kind", SPECS)
def test_kserve_has_every_field(fields, kind):
    document = documents("kserve.yaml")[kind]
    version, spec = SPECS[kind]
    assert document["apiVersion"] == f"serving.kserve.io/{version}"
    assert set(document) == {"apiVersion", "kind", "metadata", "spec"}
    assert wrong(fields, spec, document["spec"], "spec") == []


def test_a_field_that_kserve_has_not(fields):
    document = documents("kserve.yaml")["InferenceService"]
    document["spec"]["predictor"]["model"]["storageUrl"] = "s3://x"
    document["spec"]["predictor"]["minReplicas"] = "2"
    document["spec"]["predictor"]["model"]["readOnly"] = True
    found = wrong(
        fields, SPECS["InferenceService"][1], document["spec"], "spec"
    )
    assert len(found) == 3


# --- KServe's own schemas, where somebody has them


CRDS = Path(os.environ.get("KSERVE_CRDS", ROOT.parent / "shared/kserve-crds"))


def strict(schema):
    """As the API server reads it: a field that is not named is not there."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: strict(value) for key, value in schema.items()}
    anything = schema.get("x-kubernetes-preserve-unknown-fields")
    if isinstance(schema.get("properties"), dict) and not anything:
        found.setdefault("additionalProperties", False)
    return found


@pytest.fixture(scope="module", params=SPECS)
def crd(request):
    """(kind, what checks a document of it)."""
    kind = request.param
    path = CRDS / f"serving.kserve.io_{kind.lower()}s.yaml"
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    spec = yaml.load(path.read_text("utf-8"), loader)["spec"]
    assert spec["names"]["kind"] == kind
    (schema,) = (
        version["schema"]["openAPIV3Schema"]
        for version in spec["versions"]
        if version["name"] == SPECS[kind][0] and version["served"]
    )
    schema = strict(schema)
    schema["properties"]["metadata"] = {"type": "object"}
    return kind, jsonschema.Draft202012Validator(schema)


@pytest.mark.skipif(
    not CRDS.is_dir(),
    reason="left out: KServe's definitions (config/crd/full of its sources) "
    "are not beside the repository (KSERVE_CRDS); its SDK's fields are asked",
)
def test_the_cluster_would_take_it(crd):
    kind, schema = crd
    document = documents("kserve.yaml")[kind]
    assert [error.message for error in schema.iter_errors(document)] == []
    spec = document["spec"]
    part = spec if "containers" in spec else spec["predictor"]["model"]
    part["storageUrl"] = "s3://x"
    (error,) = schema.iter_errors(document)
    assert "storageUrl" in error.message


def test_runtime_and_service_fit():
    found = documents("kserve.yaml")
    runtime = found["ServingRuntime"]
    predictor = found["InferenceService"]["spec"]["predictor"]
    model = predictor["model"]
    assert model["runtime"] == runtime["metadata"]["name"]
    formats = [f["name"] for f in runtime["spec"]["supportedModelFormats"]]
    assert model["modelFormat"]["name"] in formats
    assert model["protocolVersion"] in runtime["spec"]["protocolVersions"]


# --- the program


def containers():
    pod = documents("clary.yaml")["Deployment"]["spec"]["template"]["spec"]
    kserve = documents("kserve.yaml")
    predictor = kserve["InferenceService"]["spec"]["predictor"]
    return {
        "plain": (pod["containers"][0], pod["terminationGracePeriodSeconds"]),
        "kserve": (
            kserve["ServingRuntime"]["spec"]["containers"][0],
            predictor["terminationGracePeriodSeconds"],
        ),
    }


@pytest.mark.parametrize("which", containers())
def test_there_is_time_to_drain(which):
    container, seconds = containers()[which]
    settings = {e["name"]: e["value"] for e in container["env"]}
    sleep = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert sleep + int(settings["CLARY_GRACE_MS"]) / 1000 < seconds


def ask(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def served(container, tmp_path):
    """The container's program with its own settings; where the artifact is,
    and on which port, is this machine's."""
    program = ROOT / os.environ.get("CLARY_BIN", "build/release/bin/clary")
    settings = {e["name"]: e["value"] for e in container["env"]}
    settings |= {"CLARY_MODEL": str(models.NETWORK / "model.tar.gz")}
    if "CLARY_MODEL_NAME" in settings:
        settings["CLARY_MODEL_NAME"] = "housing"  # as KServe would
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings |= {"SAGEMAKER_BIND_TO_PORT": str(port)}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "serve"],
            env={"PATH": os.environ["PATH"], **settings},
            stdout=log,
            stderr=log,
        )
    return process, port


@pytest.mark.parametrize("which", containers())
def test_the_probes_are_answered(which, tmp_path):
    container, _ = containers()[which]
    paths = [
        probe["httpGet"]["path"]
        for name, probe in container.items()
        if name.endswith("Probe")
    ]
    assert len(paths) >= 2
    process, port = served(container, tmp_path)
    try:
        deadline = time.monotonic() + 30
        while ask(port, paths[0]) != 200:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert [ask(port, path) for path in paths] == [200] * len(paths)
        if which == "kserve":
            assert ask(port, "/v2/models/housing/ready") == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()


def test_the_schemas_know_more_than_names():
    """A check that accepts everything would be none."""
    with pytest.raises(kubernetes_validate.ValidationError):
        strictly({"apiVersion": "v1", "kind": "Service", "spec": {"port": 1}})
    assert json.loads(json.dumps(documents("clary.yaml")))
