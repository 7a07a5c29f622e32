"""The training pipeline as SageMaker reads it: JSON, made by pure functions.

    Preprocess -> Train -> Evaluate -> Gate -> Register
                                         else  Refuse (a Fail step)

Preprocess splits the rows, Train makes an artifact with its scaling inside,
Evaluate asks clary itself how good that is as it will be served, Gate compares
with the threshold and with the version that is live, Register proposes a
version to the shared group. A failed execution is an event, of which
data-science.yaml makes a notification.

What the steps run is by its content: scripts and the clary program lie under
their SHA-256, the image is a digest.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clary_deploy import names
from clary_deploy.config import Config
from clary_deploy.requests import packages

VERSION = "2020-12-01"
HERE = Path(__file__).resolve().parent

# what the steps run; definition.py stays here
SCRIPTS = (
    "defend.py",
    "evaluate.py",
    "layout.py",
    "live.py",
    "plots.py",
    "preprocess.py",
    "train_tensorflow.py",
    "train_xgboost.py",
)
TRAINERS = ("tensorflow", "xgboost")

VOLUME_GB = 30
SECONDS_MAX = 3600

PROCESSING = "/opt/ml/processing"
FACTS = "Facts"  # property files of Evaluate
REPORT = "Report"

Json = dict[str, Any]


@dataclass(frozen=True)
class Sources:
    """What a definition is made from, beside the configuration."""

    trainer: str  # "tensorflow" or "xgboost"
    image: str  # REPOSITORY@sha256:..., that is to serve the model
    code: str  # s3://.../, the folder of SCRIPTS
    program: str  # s3://.../clary, the program of that image
    key_arn: str  # of the artifacts
    commit: str = ""
    repository: str = ""  # of the commit


def definition(config: Config, sources: Sources) -> Json:
    """The whole pipeline."""
    return {
        "Version": VERSION,
        "Metadata": {},
        "Parameters": _parameters(config),
        "Steps": [
            _preprocess(config, sources),
            _train(config, sources),
            _evaluate(config, sources),
            _gate(config, sources),
        ],
    }


# --- expressions


def get(what: str) -> Json:
    return {"Get": what}


def parameter(name: str) -> Json:
    return get(f"Parameters.{name}")


def join(on: str, *values: object) -> Json:
    return {"Std:Join": {"On": on, "Values": list(values)}}


def json_get(file: str, path: str) -> Json:
    """A value of one of Evaluate's property files."""
    properties = get(f"Steps.Evaluate.PropertyFiles.{file}")
    return {"Std:JsonGet": {"PropertyFile": properties, "Path": path}}


def text(name: str) -> Json:
    """A parameter as text, for arguments and hyperparameters."""
    return join("", parameter(name))


# --- parameters


def _parameters(config: Config) -> list[Json]:
    own = config.pipeline
    return [
        _declared("Input", "String", own.input),
        _declared("InstanceType", "String", own.instance_type),
        _declared("Epochs", "Integer", own.epochs),
        _declared("Rounds", "Integer", own.rounds),
        _declared("MseThreshold", "Float", own.mse_threshold),
        _declared("Margin", "Float", own.margin),
    ]


def _declared(name: str, kind: str, default: object) -> Json:
    return {"Name": name, "Type": kind, "DefaultValue": default}


# --- steps


def _preprocess(config: Config, sources: Sources) -> Json:
    bucket = f"s3://{names.data_bucket(config)}"
    run = get("Execution.PipelineExecutionId")
    arguments = ["--label", config.pipeline.label]
    return {
        "Name": "Preprocess",
        "Type": "Processing",
        "Description": "Splits the rows",
        "Arguments": _processing(
            config,
            "preprocess.py",
            arguments if config.pipeline.label else [],
            inputs=[
                _input("data", parameter("Input"), "input/data"),
                _input("code", sources.code, "input/code"),
            ],
            outputs=[
                _output(name, join("/", f"{bucket}/runs", run, name))
                for name in ("train", "test")
            ],
        ),
    }


def _train(config: Config, sources: Sources) -> Json:
    trainer = sources.trainer
    parameters: Mapping[str, Json] = {
        "tensorflow": {"epochs": text("Epochs")},
        "xgboost": {"rounds": text("Rounds")},
    }[trainer]
    code = "/opt/ml/input/data/code"
    return {
        "Name": "Train",
        "Type": "Training",
        "Description": f"Trains with {trainer}",
        "Arguments": {
            "AlgorithmSpecification": {
                "TrainingImage": getattr(config.pipeline.images, trainer),
                "TrainingInputMode": "File",
                "ContainerEntrypoint": [
                    "python3",
                    f"{code}/train_{trainer}.py",
                ],
                "MetricDefinitions": [
                    {
                        "Name": "validation:mse",
                        "Regex": "validation_mse=([0-9.eE+-]+)",
                    }
                ],
            },
            "HyperParameters": parameters,
            "InputDataConfig": [
                _channel("train", _output_of("Preprocess", "train")),
                _channel("test", _output_of("Preprocess", "test")),
                _channel("code", sources.code),
            ],
            "OutputDataConfig": {
                "S3OutputPath": f"{_artifacts(config)}/training",
                "KmsKeyId": sources.key_arn,
            },
            "ResourceConfig": _machine(),
            "StoppingCondition": {"MaxRuntimeInSeconds": SECONDS_MAX},
            "RoleArn": _role(config),
        },
    }


def _evaluate(config: Config, sources: Sources) -> Json:
    model = get("Steps.Train.ModelArtifacts.S3ModelArtifacts")
    arguments = [
        "--threshold", text("MseThreshold"),
        "--margin", text("Margin"),
        "--group", names.group_arn(config),
        "--live-stage", config.registry.stages.prod,
        "--project", config.project,
        "--data", parameter("Input"),
    ]  # fmt: skip
    return {
        "Name": "Evaluate",
        "Type": "Processing",
        "Description": "Asks clary how good it is, as it will be served",
        "Arguments": _processing(
            config,
            "evaluate.py",
            arguments,
            inputs=[
                _input("model", model, "model"),
                _input("test", _output_of("Preprocess", "test"), "test"),
                _input("clary", sources.program, "clary"),
                _input("code", sources.code, "input/code"),
            ],
            outputs=[_output("evaluation", _evaluation(config))],
            key_arn=sources.key_arn,
        ),
        "PropertyFiles": [
            {
                "PropertyFileName": name,
                "OutputName": "evaluation",
                "FilePath": file,
            }
            for name, file in (
                (REPORT, "evaluation.json"),
                (FACTS, "facts.json"),
            )
        ],
    }


def _gate(config: Config, sources: Sources) -> Json:
    at_most = "LessThanOrEqualTo"
    return {
        "Name": "Gate",
        "Type": "Condition",
        "Description": "Good enough, and not worse than what is live",
        "Arguments": {
            "Conditions": [
                {
                    "Type": at_most,
                    "LeftValue": json_get(
                        REPORT, "regression_metrics.mse.value"
                    ),
                    "RightValue": parameter("MseThreshold"),
                },
                {
                    "Type": at_most,
                    "LeftValue": json_get(REPORT, "comparison.worse_by"),
                    "RightValue": parameter("Margin"),
                },
            ],
            "IfSteps": [_register(config, sources)],
            "ElseSteps": [_refuse()],
        },
    }


def _refuse() -> Json:
    return {
        "Name": "Refuse",
        "Type": "Fail",
        "Arguments": {
            "ErrorMessage": join(
                "", "not registered: ", json_get(FACTS, "reason")
            )
        },
    }


def _register(config: Config, sources: Sources) -> Json:
    """CreateModelPackage, with what `claryctl register` would say."""
    model = get("Steps.Train.ModelArtifacts.S3ModelArtifacts")
    made = packages.Registration(
        image=sources.image,
        model_url="",
        sha256="",
        commit=sources.commit,
        source=sources.repository,
    )
    body = packages.create(config, made)
    del body["ClientToken"]  # a run registers once
    del body["SkipModelValidation"]
    container = body["InferenceSpecification"]["Containers"][0]
    container["ModelDataUrl"] = model
    body["MetadataProperties"] = {
        **body.get("MetadataProperties", {}),
        "GeneratedBy": get("Execution.PipelineExecutionArn"),
    }
    body["ModelMetrics"] = {
        "ModelQuality": {
            "Statistics": {
                "ContentType": "application/json",
                "S3Uri": join("/", _evaluation(config), "evaluation.json"),
                "ContentDigest": json_get(FACTS, "evaluation_sha256"),
            }
        }
    }
    body["ModelCard"] = {
        "ModelCardContent": json_get(FACTS, "card"),
        "ModelCardStatus": "PendingReview",
    }
    body["CustomerMetadataProperties"] = _metadata(config, sources)
    return {"Name": "Register", "Type": "RegisterModel", "Arguments": body}


def _metadata(config: Config, sources: Sources) -> Json:
    place = _evaluation(config)
    return {
        "image-digest": sources.image.partition("@")[2],
        "trainer": sources.trainer,
        "training-data": parameter("Input"),
        "training-job": get("Steps.Train.TrainingJobArn"),
        **{
            name: json_get(FACTS, name)
            for name in ("sha256", "mse", "format", "features", "outputs")
        },
        **{
            name: join("/", place, f"{name}.{kind}")
            for name, kind in (
                ("golden", "csv"),
                ("labelled", "csv"),
                ("baseline", "json"),
                ("residuals", "png"),
                ("calibration", "png"),
            )
        },
    }


# --- parts of requests


def _processing(
    config: Config,
    script: str,
    arguments: Sequence[object],
    *,
    inputs: Sequence[Json],
    outputs: Sequence[Json],
    key_arn: str = "",
) -> Json:
    key = {"KmsKeyId": key_arn} if key_arn else {}
    said = {"ContainerArguments": list(arguments)} if arguments else {}
    return {
        "ProcessingResources": {"ClusterConfig": _machine()},
        "AppSpecification": {
            "ImageUri": config.pipeline.images.process,
            "ContainerEntrypoint": [
                "python3",
                f"{PROCESSING}/input/code/{script}",
            ],
            **said,
        },
        "ProcessingInputs": list(inputs),
        "ProcessingOutputConfig": {"Outputs": list(outputs), **key},
        "StoppingCondition": {"MaxRuntimeInSeconds": SECONDS_MAX},
        "RoleArn": _role(config),
    }


def _input(name: str, uri: object, folder: str) -> Json:
    return {
        "InputName": name,
        "AppManaged": False,
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": f"{PROCESSING}/{folder}",
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
            "S3CompressionType": "None",
        },
    }


def _output(name: str, uri: object) -> Json:
    return {
        "OutputName": name,
        "AppManaged": False,
        "S3Output": {
            "S3Uri": uri,
            "LocalPath": f"{PROCESSING}/{name}",
            "S3UploadMode": "EndOfJob",
        },
    }


def _channel(name: str, uri: object) -> Json:
    return {
        "ChannelName": name,
        "DataSource": {
            "S3DataSource": {
                "S3DataType": "S3Prefix",
                "S3Uri": uri,
                "S3DataDistributionType": "FullyReplicated",
            }
        },
    }


def _machine() -> Json:
    return {
        "InstanceType": parameter("InstanceType"),
        "InstanceCount": 1,
        "VolumeSizeInGB": VOLUME_GB,
    }


def _output_of(step: str, output: str) -> Json:
    where = f"ProcessingOutputConfig.Outputs['{output}'].S3Output.S3Uri"
    return get(f"Steps.{step}.{where}")


def _role(config: Config) -> str:
    role = names.training_role(config)
    return names.role_arn(config, "data_science", role)


def _artifacts(config: Config) -> str:
    return f"s3://{config.artifacts.bucket}/{config.artifacts.prefix}"


def _evaluation(config: Config) -> Json:
    run = get("Execution.PipelineExecutionId")
    return join("/", f"{_artifacts(config)}/runs", run, "evaluation")
