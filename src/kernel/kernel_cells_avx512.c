/* kernel_cells_avx512.c: separators 64 bytes at a time, a bit of a mask each,
 * and their places from the masks, 16 at a time (VPCOMPRESSD). Cells are read
 * as with AVX2.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "kernel/tables.h"

#include <immintrin.h>

enum {
    BLOCK = 64, /* bytes */
    PART = 16   /* places written together */
};

/* Writes base and the place of each bit, and some more behind them. Returns
 * where the next goes. */
static inline uint16_t *write_places(uint16_t *at, uint64_t bits, size_t base)
{
    __m512i places =
        _mm512_add_epi32(_mm512_set1_epi32((int)base),
                         _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
                                           12, 13, 14, 15));

    for (int i = 0; i < BLOCK / PART; i++) {
        __mmask16 part = (__mmask16)(bits >> PART * i);

        _mm256_storeu_si256(
            (__m256i *)(void *)at,
            _mm512_cvtepi32_epi16(_mm512_maskz_compress_epi32(part, places)));
        places = _mm512_add_epi32(places, _mm512_set1_epi32(PART));
        at += _mm_popcnt_u32(part);
    }
    return at;
}

static void find_separators(const char *text, size_t len, char between,
                            char end, struct clary_cell_index *index)
{
    const __m512i feed = _mm512_set1_epi8(end), cr = _mm512_set1_epi8('\r');
    const __m512i comma = _mm512_set1_epi8(between);
    uint16_t *at = index->at + 1;
    uint64_t crs = 0;

    index->n_lines = 0;
    for (size_t i = 0; i < len; i += BLOCK) {
        uint64_t here =
            len - i < BLOCK ? ~(UINT64_MAX << (len - i)) : UINT64_MAX;
        __m512i bytes = _mm512_loadu_si512(text + i);
        uint64_t feeds = _mm512_mask_cmpeq_epi8_mask(here, bytes, feed);
        uint64_t both = feeds | _mm512_mask_cmpeq_epi8_mask(here, bytes, comma);

        crs |= _mm512_mask_cmpeq_epi8_mask(here, bytes, cr);
        index->n_lines += (size_t)_mm_popcnt_u64(feeds);
        at = write_places(at, both, i);
    }
    index->at[0] = 0;
    index->n = (size_t)(at - index->at) - 1;
    index->has_cr = crs != 0;
}

const struct clary_cell_kernel clary_cells_avx512 = {find_separators,
                                                     clary_read_cells_avx2};
