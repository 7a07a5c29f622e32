# The image of clary: one static program on nothing. `make image` builds it with
# or without a Docker engine; `docker build .` does with one.
#   --platform linux/arm64   cross-compiles, natively fast; takes BuildKit
# A builder older than BuildKit sets neither BUILDPLATFORM nor TARGETARCH: then
# both are the machine's own.
# SPDX-License-Identifier: Apache-2.0
ARG BASE=debian:bookworm-slim

FROM --platform=${BUILDPLATFORM:-linux} ${BASE} AS build
ARG TARGETARCH
WORKDIR /clary
# what changes least comes first: a change of our sources builds only those
COPY scripts/image/packages.sh scripts/image/
RUN scripts/image/packages.sh "${TARGETARCH:-$(dpkg --print-architecture)}"
COPY scripts/image/libraries.sh scripts/image/
RUN scripts/image/libraries.sh /opt/static \
    "${TARGETARCH:-$(dpkg --print-architecture)}"
COPY . .
ARG SOURCE_DATE_EPOCH
RUN scripts/image/root.sh /opt/static \
    "${TARGETARCH:-$(dpkg --print-architecture)}" /image

# No USER: SageMaker runs containers as root, and mounts the model for it. Any
# other uid does as well (--user), with a read-only root and no capability.
FROM scratch
COPY --from=build /image/ /
# OpenBLAS would start a thread for each core; clary has its own.
ENV PATH=/usr/local/bin OPENBLAS_NUM_THREADS=1 CLARY_SANDBOX=on
LABEL com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true
LABEL org.opencontainers.image.title=clary
LABEL org.opencontainers.image.licenses=Apache-2.0
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/clary"]
CMD ["serve"]
