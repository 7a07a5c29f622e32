"""The configuration as types; the defaults are here and nowhere else.

`config_file` reads one, checks it and fills in what follows from other keys
(bucket, prefix, the names of endpoints and roles): past it, no string that is
described so in config.schema.json is empty.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

STAGES = ("qa", "prod")
ACCOUNTS = ("data_science", "shared_services", "deployment", "qa", "prod")


@dataclass(frozen=True)
class Accounts:
    data_science: str
    shared_services: str
    deployment: str
    qa: str
    prod: str

    def number(self, name: str) -> str:
        """The account number of `shared_services`, `qa`, ..."""
        number: str = getattr(self, name)
        return number

    @property
    def distinct(self) -> bool:
        """Whether the five are five."""
        return len({self.number(name) for name in ACCOUNTS}) == len(ACCOUNTS)


@dataclass(frozen=True)
class Access:
    profile_prefix: str = "clary-"
    admin_role: str = ""
    deploy_role: str = ""
    registry_role: str = ""
    require_mfa: bool = True
    full_access: bool = False


@dataclass(frozen=True)
class Stages:
    qa: str = "QA"
    prod: str = "Prod"


@dataclass(frozen=True)
class Registry:
    group: str
    stages: Stages = Stages()
    share_lineage: bool = False


@dataclass(frozen=True)
class Image:
    repository: str = "clary-server"
    require_digest: bool = True
    service_principal: bool = True
    replicate: tuple[str, ...] = ()


@dataclass(frozen=True)
class Artifacts:
    bucket: str = ""
    prefix: str = ""


@dataclass(frozen=True)
class Images:
    tensorflow: str = ""
    xgboost: str = ""
    process: str = ""


@dataclass(frozen=True)
class Pipeline:
    input: str = ""
    label: str = ""
    trainer: str = "tensorflow"
    mse_threshold: float = 0.6
    margin: float = 0.01
    epochs: int = 50
    rounds: int = 400
    schedule: str = ""
    instance_type: str = "ml.m5.xlarge"
    images: Images = Images()


@dataclass(frozen=True)
class Vpc:
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]


@dataclass(frozen=True)
class Serverless:
    memory_mb: int
    max_concurrency: int
    provisioned_concurrency: int | None = None


@dataclass(frozen=True)
class Asynchronous:
    output: str
    failures: str = ""
    concurrency: int | None = None


@dataclass(frozen=True)
class Batch:
    input: str
    output: str
    skip: int = 0
    instance_type: str = "ml.m5.large"
    instances: int = 1


@dataclass(frozen=True)
class Alarms:
    error_rate: float = 0.01
    p99_latency_ms: float | None = None
    period_seconds: int = 60
    periods: int = 2


@dataclass(frozen=True)
class Autoscaling:
    min: int
    max: int
    invocations_per_instance: float
    scale_in_seconds: int = 300
    scale_out_seconds: int = 60


@dataclass(frozen=True)
class DataCapture:
    percent: int
    destination: str = ""


@dataclass(frozen=True)
class Tests:
    max_mse: float | None = None
    max_p95_ms: float | None = None
    requests: int = 200
    tolerance: float = 1e-6
    golden: str = ""
    labelled: str = ""
    __test__ = False  # a name that pytest would take for a test


@dataclass(frozen=True)
class Endpoint:
    instance_type: str
    name: str = ""
    instances: int = 1
    variant: str = "champion"
    strategy: str = "all_at_once"
    canary_percent: int = 10
    linear_percent: int = 25
    rolling_percent: int = 25
    bake_seconds: int = 300
    termination_wait_seconds: int = 120
    timeout_seconds: int = 3600
    startup_timeout_seconds: int = 300
    download_timeout_seconds: int = 600
    environment: Mapping[str, str] = field(default_factory=dict)
    volume_gb: int | None = None
    volume_kms_key: str = ""
    vpc: Vpc | None = None
    network_isolation: bool = False
    serverless: Serverless | None = None
    asynchronous: Asynchronous | None = None
    batch: Batch | None = None
    alarms: Alarms | None = None
    autoscaling: Autoscaling | None = None
    data_capture: DataCapture | None = None
    tests: Tests = Tests()


@dataclass(frozen=True)
class Endpoints:
    qa: Endpoint
    prod: Endpoint

    def of(self, stage: str) -> Endpoint:
        """The endpoint of `qa` or `prod`."""
        endpoint: Endpoint = getattr(self, stage)
        return endpoint


@dataclass(frozen=True)
class Config:
    project: str
    region: str
    accounts: Accounts
    registry: Registry
    endpoints: Endpoints
    partition: str = "aws"
    access: Access = Access()
    image: Image = Image()
    artifacts: Artifacts = Artifacts()
    pipeline: Pipeline = Pipeline()
    notify: str = ""
