#!/bin/sh
# make.sh: makes the golden cases of XGBoost models anew, each with the version
# that it is about. Packages go to build/venv-xgb, about 700 MB.
set -eu
cd "$(dirname "$0")/../../.."
here=tests/golden/xgboost
venv=build/venv-xgb

if [ ! -x $venv/bin/python ]; then
    python3.11 -m venv $venv
    $venv/bin/pip install --quiet --no-deps -r $here/requirements.txt
fi
# Versions up to 1.7 need a numpy of their time.
[ -d $venv/old ] || $venv/bin/pip install --quiet --no-deps \
    --target $venv/old -r $here/requirements-old.txt
export PYTHONDONTWRITEBYTECODE=1
while read -r version package era; do
    folder=$venv/$version
    # 3.4 asks for Python 3.12, and runs on 3.11.
    [ -d "$folder" ] || $venv/bin/pip install --quiet --no-deps \
        --ignore-requires-python --target "$folder" "$package==$version"
    [ "$era" = new ] || folder=$folder:$venv/old
    PYTHONPATH=$folder nice $venv/bin/python $here/cases.py --out $here "$@"
    [ $# -gt 0 ] ||
        PYTHONPATH=$folder nice $venv/bin/python $here/formats.py --out $here
done <$here/versions.txt
