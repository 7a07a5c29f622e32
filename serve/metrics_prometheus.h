/* metrics_prometheus.h: the numbers as Prometheus reads them.
 *
 * source: the text-based exposition format, version 0.0.4,
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_METRICS_PROMETHEUS_H
#define SERVE_METRICS_PROMETHEUS_H

#include "metrics.h"

#define PROMETHEUS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* The text, of `len` bytes; free with free. NULL: no memory. */
char *metrics_prometheus(const struct metrics *metrics, size_t *len);

#endif
