"""CodePipeline and CodeBuild, as far as the delivery uses them: the pipeline of
deployment.yaml, with the source that `claryctl setup` uploads, each action's
buildspec run by a shell as CodeBuild runs it.

SPDX-License-Identifier: Apache-2.0
"""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import yaml

from clary_deploy import names, source

KEPT_CHARACTERS = 2000
# what CodeBuild has of its own
OWN = {"LANG": "C.UTF-8"}


class ActionFailedError(Exception):
    """A build ended with an error: what it printed."""


class Delivery:
    """The pipeline; one run at a time, as QUEUED says."""

    def __init__(self, accounts):
        self.accounts = accounts
        made = accounts.resources("deployment")
        bucket = names.source_bucket(accounts.parsed)
        accounts._bucket(accounts.number("deployment"), bucket)
        self.pipeline = made["Pipeline"]
        self.projects = {
            resource["Name"]: resource
            for resource in made.values()
            if "BuildSpec" in resource.get("Source", {})
        }
        self.asked = []  # what each approval was told
        self.built = []  # (action, what it printed)

    def run(self, variables, approve=lambda asked: True):
        """One run; the names of the stages that were not skipped. `approve`
        gets what the approver gets, and says yes or no."""
        known = {
            "variables": {
                item["Name"]: item["DefaultValue"]
                for item in self.pipeline["Variables"]
            }
            | variables
        }
        done = []
        for stage in self.pipeline["Stages"]:
            if not all(
                self._holds(rule, known)
                for condition in stage.get("BeforeEntry", {}).get(
                    "Conditions", []
                )
                for rule in condition["Rules"]
            ):
                continue
            done.append(stage["Name"])
            ordered = sorted(
                stage["Actions"], key=lambda action: action.get("RunOrder", 1)
            )
            for action in ordered:
                if not self._act(action, known, approve):
                    return done
        return done

    def _holds(self, rule, known):
        assert rule["RuleTypeId"]["Provider"] == "VariableCheck"
        said = rule["Configuration"]
        assert said["Operator"] == "EQ"
        return resolved(said["Variable"], known) == said["Value"]

    def page(self, address):
        """What lies where the console would show it."""
        found = re.fullmatch(
            r"https://eu-west-1\.console\.aws\.amazon\.com/s3/object/([^?]+)"
            r"\?region=eu-west-1&prefix=(.+)",
            address,
        )
        s3 = self.accounts.world.client(
            "s3", self.accounts.number("deployment")
        )
        answer = s3.get_object(Bucket=found[1], Key=found[2])
        assert answer["ContentType"] == "text/html; charset=utf-8"
        return answer["Body"].read().decode()

    def _act(self, action, known, approve):
        provider = action["ActionTypeId"]["Provider"]
        said = {
            key: resolved(value, known)
            for key, value in action.get("Configuration", {}).items()
        }
        if provider == "S3":
            assert said["S3ObjectKey"] == source.KEY
        elif provider == "Manual":
            self.asked.append(said)
            return approve(said)
        else:
            assert provider == "CodeBuild"
            exported = self._build(action["Name"], said)
            known[action.get("Namespace", action["Name"])] = exported
        return True

    def _build(self, name, said):
        project = self.projects[said["ProjectName"]]
        variables = {
            item["name"]: item["value"]
            for item in json.loads(said["EnvironmentVariables"])
        }
        folder = self._source(name)
        spec = yaml.safe_load(
            (folder / project["Source"]["BuildSpec"]).read_text("utf-8")
        )
        exported = spec.get("env", {}).get("exported-variables", [])
        commands = [
            command
            for phase in ("install", "pre_build", "build", "post_build")
            for command in spec["phases"].get(phase, {}).get("commands", [])
        ]
        out = folder / "exported"
        commands += [f'echo "{key}=${key}" >>exported' for key in exported]
        done = subprocess.run(
            ["bash", "-e", "-c", "\n".join(commands)],
            cwd=folder,
            env=self._environ() | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=600,
            check=False,
        )
        self.built.append((name, done.stdout))
        if done.returncode != 0:
            raise ActionFailedError(
                f"{name} ended with {done.returncode}: "
                f"{done.stdout[-KEPT_CHARACTERS:]}"
            )
        lines = out.read_text().splitlines() if exported else []
        return dict(line.split("=", 1) for line in lines)

    def _source(self, name):
        """Every action gets the source anew."""
        number = len(self.built)
        folder = self.accounts.folder / f"build-{number}-{name}"
        folder.mkdir()
        config = self.accounts.folder / "clary.json"
        config.write_text(json.dumps(self.accounts.config))
        archive = folder / "source.zip"
        source.write(archive, self.accounts.parsed, config)
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder)
            for item in packed.infolist():
                (folder / item.filename).chmod(item.external_attr >> 16)
        return folder

    def _environ(self):
        accounts = self.accounts
        role = names.build_role(accounts.parsed)
        world = accounts.world
        python = Path(sys.executable).parent
        return {
            **OWN,
            "PATH": f"{self._installer(python)}:{python}:/usr/bin:/bin",
            "HOME": str(accounts.folder),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "CLARYCTL_POLL_SECONDS": "0",
            "CODEBUILD_RESOLVED_SOURCE_VERSION": "c0ffee",
            **world.environ(accounts.number("deployment"), role),
        }

    def _installer(self, python):
        """A folder with a pip that installs the first time: every build would
        find the same again."""
        folder = self.accounts.folder / "pip"
        folder.mkdir(exist_ok=True)
        pip = folder / "pip"
        pip.write_text(
            "#!/bin/sh -e\n"
            f'test "$*" = "$(cat {folder}/done 2>/dev/null)" && exit\n'
            f'{python}/pip "$@"\n'
            f'echo "$*" >{folder}/done\n'
        )
        pip.chmod(0o755)
        return folder


def resolved(text, known):
    """#{Namespace.NAME} by its value."""
    return re.sub(
        r"#\{(\w+)\.(\w+)\}",
        lambda match: known[match[1]][match[2]],
        text,
    )
