"""The training pipeline: `definition` says what SageMaker is to run, the other
files are what its steps run, in SageMaker's prebuilt containers.

SPDX-License-Identifier: Apache-2.0
"""
