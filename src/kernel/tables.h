/* tables.h: the tables of kernels, for kernel.c which chooses.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_KERNEL_TABLES_H
#define CLARY_KERNEL_TABLES_H

#include "kernel/kernel.h"

extern const struct clary_kernels clary_kernels_scalar;

/* The routines of the tables that have a file of their own. */
void clary_blend_scalar(const struct clary_blend_tree *tree,
                        const int8_t *ranks, size_t rows, uint8_t *slots,
                        uint8_t *labels);
extern clary_map *const clary_maps_scalar[CLARY_FUNCTIONS];
extern const struct clary_cell_kernel clary_cells_scalar;

/* The places of the bits that are set in a byte, lowest first, a byte each. */
extern const uint64_t clary_cell_places[256];

/* One cell: clary_cell_kernel.read of it. 16 bytes behind it can be read, and
 * the first of them is no part of any number. */
bool clary_cell_number(const char *text, size_t len, float *value);

#if defined(__x86_64__)
extern clary_map *const clary_maps_avx2[CLARY_FUNCTIONS];
extern const struct clary_cell_kernel clary_cells_avx2; /* needs BMI2 too */
void clary_blend_avx2(const struct clary_blend_tree *tree, const int8_t *ranks,
                      size_t rows, uint8_t *slots, uint8_t *labels);
extern const struct clary_kernels clary_kernels_avx2; /* needs FMA too */

size_t clary_read_cells_avx2(const char *text, const uint16_t *before,
                             const uint16_t *end, size_t n, float *values);
extern clary_map *const clary_maps_avx512[CLARY_FUNCTIONS];
extern const struct clary_cell_kernel clary_cells_avx512;
/* needs F, BW, DQ and VL, and what AVX2's needs */
extern const struct clary_kernels clary_kernels_avx512;
#elif defined(__aarch64__)
void clary_blend_neon(const struct clary_blend_tree *tree, const int8_t *ranks,
                      size_t rows, uint8_t *slots, uint8_t *labels);
extern clary_map *const clary_maps_neon[CLARY_FUNCTIONS];
extern const struct clary_cell_kernel clary_cells_neon;
extern const struct clary_kernels clary_kernels_neon;
#endif

#endif
