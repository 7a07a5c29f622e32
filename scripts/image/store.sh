# store.sh: to be sourced; a store of images of our own for buildah, podman and
# skopeo, and the base image in it. Nothing of the machine's own is touched.
# SPDX-License-Identifier: Apache-2.0
cache=${CLARY_IMAGE_CACHE:-/var/tmp/clary-image-$(id -u)}
mkdir -p "$cache"

# One at a time: who is done removes containers, and builds move the tags.
if [ -z "${CLARY_IMAGE_LOCKED-}" ]; then
    exec 9>"$cache/lock"
    flock -n 9 || echo "waiting for another build or test in $cache" >&2
    flock -w 1800 9 || { echo "it did not end in 30 minutes" >&2; exit 1; }
    export CLARY_IMAGE_LOCKED=yes
fi
export CONTAINERS_STORAGE_CONF=$cache/storage.conf BUILDAH_ISOLATION=chroot
unset STORAGE_DRIVER

# overlay where the kernel lets us; vfs, which copies, anywhere.
if ! [ -f "$cache/storage.conf" ]; then
    for driver in overlay vfs; do
        printf '[storage]\ndriver = "%s"\ngraphroot = "%s"\nrunroot = "%s"\n' \
            $driver "$cache/store" "$cache/run" >"$cache/storage.conf"
        if container=$(buildah from scratch 2>"$cache/why"); then
            buildah rm "$container" >/dev/null
            break
        fi
        rm -rf "$cache/store" "$cache/run" "$cache/storage.conf"
    done
fi
if ! [ -f "$cache/storage.conf" ]; then
    echo "this machine, or a sandbox on it, lets buildah make no image:" >&2
    cat "$cache/why" >&2
    exit 1
fi

# For podman. crun cannot run where version 1 and 2 of cgroups are mixed, and
# podman would ask for more descriptors than this process may have.
write_containers_conf() {
    local files
    files=$(ulimit -Hn)
    [ "$files" = unlimited ] && files=1048576
    cat >"$cache/containers.conf" <<END
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
[containers]
default_ulimits = ["nofile=$files:$files", "nproc=4096:4096"]
END
    export CONTAINERS_CONF=$cache/containers.conf
}

# The package sources that this machine uses itself, when it is what the base
# is; otherwise mmdebstrap's own.
debian_sources() {
    apt-get indextargets --format 'deb $(REPO_URI) $(CODENAME) $(COMPONENT)' \
        'Created-By: Packages' 'Origin: Debian' 'Component: main' 2>/dev/null |
        grep bookworm | sort -u || true
}

# As slim as debian:bookworm-slim, whose only documents are the licences; a week
# old at most, for the sake of security updates.
make_base() {
    local sources container
    if [ -n "$(find "$cache/base.tar" -mtime -7 2>/dev/null)" ] &&
        buildah inspect --type image localhost/clary-base >/dev/null 2>&1; then
        return
    fi
    sources=$(debian_sources)
    rm -f "$cache/base.tar"
    mmdebstrap --quiet --variant=minbase \
        --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        bookworm "$cache/base.new.tar" \
        ${sources:+-} <<<"$sources"
    container=$(buildah from scratch)
    buildah add -q "$container" "$cache/base.new.tar" / >/dev/null
    buildah commit -q --timestamp 0 "$container" localhost/clary-base >/dev/null
    buildah rm "$container" >/dev/null
    # only now: a base that was interrupted is made again
    mv "$cache/base.new.tar" "$cache/base.tar"
}
