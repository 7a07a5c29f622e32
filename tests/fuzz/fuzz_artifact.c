/* fuzz_artifact.c: any bytes as a tar or tar.gz.
 *
 * What opens must be a proper artifact: sorted, found again by its paths, all
 * bytes readable, within the limits.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/artifact.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool held)
{
    if (!held)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct clary_artifact_limits limits = {100, 1 << 20};
    struct clary_artifact *artifact;
    struct clary_error err;
    if (clary_artifact_open_memory(data, size, &limits, &artifact, &err) !=
        CLARY_OK) {
        require(memchr(err.message, '\0', sizeof err.message) != NULL);
        return 0;
    }
    size_t bytes = 0;
    unsigned sum = 0;
    require(artifact->n_files <= limits.max_files);
    require(strlen(artifact->sha256) == 64);
    for (size_t i = 0; i < artifact->n_files; i++) {
        const struct clary_file *file = &artifact->files[i];
        for (size_t j = 0; j < file->len; j++)
            sum += file->bytes[j];
        bytes += file->len;
        require(i == 0 || strcmp(file[-1].path, file->path) < 0);
        require(file->path[0] != '/' && strstr(file->path, "../") == NULL);
        require(clary_artifact_find(artifact, file->path) == file);
    }
    require(bytes == artifact->bytes && bytes <= limits.max_bytes);
    require(sum <= 255 * bytes);
    clary_artifact_close(artifact);
    return 0;
}
