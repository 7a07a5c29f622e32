#!/bin/sh
# make.sh DATA_CSV: makes every golden case anew.
#
# DATA_CSV is the California housing data, see README.md. Python packages go
# to build/venv-tf (GOLDEN_VENV), build/venv-lgb and build/venv-xgb, the oracle
# of TensorFlow Serving's bytes to build/golden; the case folders are written in
# place.
set -eu

if [ $# -ne 1 ] || [ ! -f "$1" ]; then
    echo "usage: $0 california_housing.csv" >&2
    exit 2
fi
data=$(realpath "$1")
cd "$(dirname "$0")/../.."
venv=${GOLDEN_VENV:-build/venv-tf}
here=tests/golden

if [ ! -x "$venv/bin/python" ]; then
    python3.11 -m venv "$venv"
    # --no-deps: the list is complete, and tf_keras asks for a larger
    # TensorFlow than it needs.
    "$venv/bin/pip" install --quiet --no-deps -r $here/requirements.txt
fi

mkdir -p build/golden
TFSERVING_JSON=$PWD/build/golden/tfserving_json
export TFSERVING_JSON PYTHONDONTWRITEBYTECODE=1
${CXX:-g++} -std=c++17 -O2 -Wall -Wextra -o "$TFSERVING_JSON" \
    $here/tfserving_json.cc

for script in california_housing cases; do
    set -- --out $here/savedmodel
    [ $script = cases ] || set -- "$@" --data "$data"
    nice "$venv/bin/python" $here/savedmodel/$script.py "$@"
done

venv=build/venv-lgb
if [ ! -x $venv/bin/python ]; then
    python3.11 -m venv $venv
    $venv/bin/pip install --quiet -r $here/lightgbm/requirements.txt
fi
nice $venv/bin/python $here/lightgbm/cases.py --out $here/lightgbm
nice $venv/bin/python $here/lightgbm/eras.py --out $here/lightgbm
# Earlier versions need a numpy of their time.
[ -d $venv/old ] || $venv/bin/pip install --quiet --no-deps \
    --target $venv/old -r $here/xgboost/requirements-old.txt
while read -r version; do
    [ -d "$venv/$version" ] || $venv/bin/pip install --quiet --no-deps \
        --target "$venv/$version" "lightgbm==$version"
    PYTHONPATH=$venv/$version:$venv/old nice $venv/bin/python -W ignore \
        $here/lightgbm/eras.py --out $here/lightgbm
done <$here/lightgbm/versions.txt

$here/xgboost/make.sh
