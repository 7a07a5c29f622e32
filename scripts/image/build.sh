#!/bin/bash
# build.sh [amd64|arm64]: builds the image from the Dockerfile, with the Docker
# engine if one answers, with buildah otherwise: no daemon, no registry, the
# base made of Debian's packages. Leaves, under build/image/,
#   ARCH.tar         for `docker load`, `podman load`, `skopeo copy`
#   ARCH/            what a registry gets: the manifest (Docker's schema 2, of
#                    one architecture: SageMaker takes no other) and layers
#   ARCH.spdx.json   the bill of materials, which is in the image too
# and the image clary:dev (clary:dev-arm64) in the engine's store.
# CLARY_IMAGE_CACHE holds base and layers between builds.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/../.."
arch=${1:-amd64}
case $arch in
amd64) tag=clary:dev ;;
arm64) tag=clary:dev-arm64 ;;
*) echo "build.sh: ARCH is $arch, expected amd64 or arm64" >&2; exit 2 ;;
esac
out=build/image
mkdir -p $out
rm -rf $out/"$arch" $out/"$arch".tar $out/"$arch".spdx.json

# The image changes with what it is made from, and with nothing else.
inputs=(Dockerfile LICENSE Makefile include scripts serve src)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(
    git log -1 --format=%ct -- "${inputs[@]}" 2>/dev/null || true)}
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-0}

with_docker() {
    local build=(docker build)
    # Attestations would turn the manifest into an index.
    if docker buildx version >/dev/null 2>&1; then
        build=(docker buildx build --load --provenance=false --sbom=false
            --platform "linux/$arch")
    elif [ "$arch" != "$(docker version --format '{{.Server.Arch}}')" ]; then
        # for another machine it takes BuildKit, which older ones have inside
        build=(env DOCKER_BUILDKIT=1 docker build --platform "linux/$arch")
    fi
    "${build[@]}" --build-arg SOURCE_DATE_EPOCH -t $tag .
    docker save -o $out/"$arch".tar $tag
    if command -v skopeo >/dev/null; then
        export_layers docker-archive:$out/"$arch".tar
    else
        echo "no skopeo, so no $out/$arch for claryctl image push"
    fi
}

export_layers() { # SOURCE
    skopeo copy -q --format v2s2 --dest-compress "$1" dir:$out/"$arch"
}

with_buildah() {
    scripts/setup.sh image
    . scripts/image/store.sh
    make_base
    buildah bud --pull-never --layers --format oci --identity-label=false \
        --timestamp "$SOURCE_DATE_EPOCH" --platform "linux/$arch" \
        --build-arg BASE=localhost/clary-base \
        --build-arg BUILDPLATFORM="linux/$(dpkg --print-architecture)" \
        --build-arg SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" -t $tag .
    skopeo copy -q --format v2s2 containers-storage:localhost/$tag \
        docker-archive:$out/"$arch".tar:$tag
    export_layers containers-storage:localhost/$tag
}

# `docker info` ends with 0 when only the client is there.
if docker version --format '{{.Server.Version}}' >/dev/null 2>&1; then
    with_docker
else
    with_buildah
fi
scripts/image/unpack.sh "$arch" usr/share/sbom/clary.spdx.json \
    >$out/"$arch".spdx.json
echo "$tag: $out/$arch.tar"
if [ -d $out/"$arch" ]; then
    echo "digest: sha256:$(sha256sum <$out/"$arch"/manifest.json | cut -c 1-64)"
fi
