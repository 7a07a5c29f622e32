/* kserve_json.h: what the Open Inference Protocol tells of a server and its
 * model, as JSON.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_KSERVE_JSON_H
#define SERVE_KSERVE_JSON_H

#include "registry.h"

/* {"name": ..., "version": ..., "extensions": []} */
char *kserve_json_server(void);

/* {"name": ..., "versions": [...], "platform": ..., "inputs": [...], ...} */
char *kserve_json_model(const struct registry_model *model);

/* {"name": ..., "ready": true} */
char *kserve_json_ready(const struct registry_model *model);

/* To be freed. NULL: no memory. */

#endif
