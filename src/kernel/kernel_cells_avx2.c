/* kernel_cells_avx2.c: text to float32, eight cells at a time.
 *
 * The first 8 characters of a cell, a sign and a point among them, are read in
 * 64 bits, those of four cells in a register, without a branch (read_heads):
 *
 *     text                    "-12.5"      first character is the lowest byte
 *     number                   0  0  0  -  1  2  .  5     to the top
 *     is_digit                 0  0  0  0 FF FF  0 FF     digits, else wrong
 *     after                    0  0  0  0  0  0 01 FF     0 - (number == '.')
 *     digits                   0  0  0  0  1  2  5  0     those after move down
 *     tens                     2                          bytes from the point
 *
 * digits is 1250, tens says how often it was multiplied by ten: 1250 / 10^2.
 * Both are exact as double, so the quotient is rounded once, and the cast to
 * float is what the house wants.
 *
 * Longer cells ("10.05947165499158") have up to 16 digits more, the tail:
 * 0.9471 and so on of 1005 / 10^2, which is (10050 + tail * 1e-15) / 10^3. That
 * takes four roundings, so it is off by at most 4 units in the last place of a
 * double. The cast gives the same bits unless the middle of two floats is that
 * near, which the 29 bits that the cast drops tell.
 *
 * What is in doubt, and all other cells (exponents, more than 24 characters, 8
 * digits or more before a point), are read by clary_cell_number, one by one.
 *
 * cost: 14 instructions a cell for its separator, 20 if it is short, 32 if not.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/number_scan.h"
#include "kernel/tables.h"

#include <immintrin.h>

enum {
    BLOCK = 64, /* bytes */
    GROUP = 8,  /* cells read together */
    HEAD = 8,   /* characters */
    TAIL = 16
};

static inline __m128i load_sixteen(const void *bytes)
{
    return _mm_loadu_si128(bytes);
}

static inline __m256i load_block(const void *bytes)
{
    return _mm256_loadu_si256(bytes);
}

/* Writes base and the place of each bit, and some more behind them. Returns
 * where the next goes. */
static inline uint16_t *write_places(uint16_t *at, uint64_t bits, size_t base)
{
    __m128i first = _mm_set1_epi16((short)base);

    for (int i = 0; i < BLOCK / 8; i++) {
        unsigned byte = (uint8_t)(bits >> 8 * i);
        __m128i place =
            _mm_cvtepu8_epi16(_mm_loadu_si64(&clary_cell_places[byte]));

        _mm_storeu_si128((__m128i *)(void *)at, _mm_add_epi16(first, place));
        first = _mm_add_epi16(first, _mm_set1_epi16(8));
        at += _mm_popcnt_u32(byte);
    }
    return at;
}

/* A bit for each of the 64 bytes that is `byte`. */
static inline uint64_t find(const char *text, __m256i byte)
{
    __m256i low = _mm256_cmpeq_epi8(load_block(text), byte);
    __m256i high = _mm256_cmpeq_epi8(load_block(text + BLOCK / 2), byte);

    return (uint32_t)_mm256_movemask_epi8(low) |
           (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

static size_t sum_bytes(__m256i bytes)
{
    uint64_t sums[4];

    _mm256_storeu_si256((__m256i *)(void *)sums,
                        _mm256_sad_epu8(bytes, _mm256_setzero_si256()));
    return sums[0] + sums[1] + sums[2] + sums[3];
}

static void find_separators(const char *text, size_t len, char between,
                            char end, struct clary_cell_index *index)
{
    const __m256i feed = _mm256_set1_epi8(end), cr = _mm256_set1_epi8('\r');
    const __m256i comma = _mm256_set1_epi8(between);
    __m256i crs = _mm256_setzero_si256(),
            feeds = crs; /* below 0, a byte each */
    uint16_t *at = index->at + 1;
    size_t i = 0;

    for (; len - i >= BLOCK; i += BLOCK) {
        __m256i half[2];

        for (int k = 0; k < 2; k++) {
            __m256i bytes = load_block(text + i + k * BLOCK / 2);
            __m256i is_feed = _mm256_cmpeq_epi8(bytes, feed);

            half[k] = _mm256_or_si256(is_feed, _mm256_cmpeq_epi8(bytes, comma));
            feeds = _mm256_sub_epi8(feeds, is_feed);
            crs = _mm256_or_si256(crs, _mm256_cmpeq_epi8(bytes, cr));
        }
        at = write_places(at,
                          (uint32_t)_mm256_movemask_epi8(half[0]) |
                              (uint64_t)(uint32_t)_mm256_movemask_epi8(half[1])
                                  << 32,
                          i);
    }
    uint64_t rest = ~(UINT64_MAX << (len - i)); /* of the last, partial block */
    uint64_t rest_feeds = find(text + i, feed) & rest;
    uint64_t rest_crs = find(text + i, cr) & rest;
    rest &= rest_feeds | find(text + i, comma);
    for (; rest != 0; rest &= rest - 1)
        *at++ = (uint16_t)(i + _tzcnt_u64(rest));
    index->at[0] = 0;
    index->n = (size_t)(at - index->at) - 1;
    index->n_lines = sum_bytes(feeds) + (size_t)_mm_popcnt_u64(rest_feeds);
    index->has_cr = !_mm256_testz_si256(crs, crs) || rest_crs != 0;
}

/* The first 8 characters of four cells on their way to numbers. */
struct heads {
    __m256i halves; /* of each two numbers of 4 digits */
    __m256i tens;   /* and 8 if it is negative */
    __m256i valid;  /* -1 or 0 */
};

static inline __m256i load_heads(const char *text, const uint16_t *before)
{
    const double *second = (const double *)(const void *)(text + before[1] + 1);
    const double *last = (const double *)(const void *)(text + before[5] + 1);
    __m128d a = _mm_castsi128_pd(_mm_loadu_si64(text + before[0] + 1));
    __m128d b = _mm_castsi128_pd(_mm_loadu_si64(text + before[4] + 1));

    return _mm256_castpd_si256(
        _mm256_set_m128d(_mm_loadh_pd(b, last), _mm_loadh_pd(a, second)));
}

/* Cells 0, 1, 4 and 5. shift: 64 - 8 times the length, or more than 64. */
static inline struct heads read_heads(const char *text, const uint16_t *before,
                                      __m256i shift)
{
    const __m256i zero = _mm256_setzero_si256(), all = _mm256_set1_epi64x(-1);
    __m256i bytes = load_heads(text, before);
    /* 8 where the first character is a sign */
    __m256i sign = _mm256_and_si256(
        _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('-')), _mm256_set1_epi64x(8));
    __m256i number = _mm256_sllv_epi64(bytes, shift);
    __m256i used = _mm256_sllv_epi64(all, _mm256_add_epi64(shift, sign));
    /* a 0 and another digit behind it */
    __m256i padded =
        _mm256_cmpeq_epi64(_mm256_and_si256(_mm256_srlv_epi64(bytes, sign),
                                            _mm256_set1_epi64x(0xF0FF)),
                           _mm256_set1_epi64x(0x3030));

    __m256i digits = _mm256_sub_epi8(number, _mm256_set1_epi8('0'));
    __m256i is_digit =
        _mm256_cmpeq_epi8(_mm256_min_epu8(digits, _mm256_set1_epi8(9)), digits);
    /* points behind the first character; only the first of them is allowed */
    __m256i points =
        _mm256_and_si256(_mm256_cmpeq_epi8(number, _mm256_set1_epi8('.')),
                         _mm256_slli_epi64(used, 8));
    __m256i after = _mm256_sub_epi64(zero, points);
    __m256i unit = _mm256_and_si256(after, points);
    __m256i point = _mm256_sub_epi64(_mm256_slli_epi64(unit, 8), unit);
    /* all but the point must be digits, and the last one in any case */
    __m256i expected = _mm256_or_si256(_mm256_andnot_si256(point, used),
                                       _mm256_set1_epi64x(INT64_MIN));

    digits = _mm256_and_si256(digits, is_digit);
    digits =
        _mm256_or_si256(_mm256_andnot_si256(after, digits),
                        _mm256_srli_epi64(_mm256_and_si256(digits, after), 8));
    return (struct heads){
        .halves = _mm256_madd_epi16(
            _mm256_maddubs_epi16(digits, _mm256_set1_epi16(0x010A)),
            _mm256_set1_epi32(0x00010064)),
        .tens = _mm256_or_si256(
            _mm256_sad_epu8(_mm256_and_si256(after, _mm256_set1_epi8(1)), zero),
            sign),
        .valid = _mm256_andnot_si256(padded,
                                     _mm256_cmpeq_epi64(is_digit, expected))};
}

/* The heads of eight cells: digits / powers, the sign with the powers. */
struct eight {
    __m256d digits[2];
    __m256d powers[2];
    __m256i tens;  /* as of struct heads */
    __m256i valid; /* -1 or 0 */
};

/* shift: 64 - 8 times the length, or more than 64. */
static inline struct eight read_eight(const char *text, const uint16_t *before,
                                      __m128i shift)
{
    const __m256 powers_of_10 =
        _mm256_setr_ps(1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7);
    /* 0, 1, 4, 5, 2, 3, 6, 7: packing two registers brings them in order */
    shift = _mm_shuffle_epi32(shift, 0xD8);
    struct heads a = read_heads(text, before, _mm256_cvtepu16_epi64(shift));
    struct heads b = read_heads(
        text, before + 2, _mm256_cvtepu16_epi64(_mm_srli_si128(shift, 8)));
    __m256i tens = _mm256_packus_epi32(a.tens, b.tens);
    __m256i digits = _mm256_madd_epi16(_mm256_packus_epi32(a.halves, b.halves),
                                       _mm256_set1_epi32(0x00012710));
    __m256i sign = _mm256_and_si256(_mm256_slli_epi32(tens, 28),
                                    _mm256_set1_epi32(INT32_MIN));
    __m256 powers = _mm256_or_ps(_mm256_permutevar8x32_ps(powers_of_10, tens),
                                 _mm256_castsi256_ps(sign));
    return (struct eight){
        .digits = {_mm256_cvtepi32_pd(_mm256_castsi256_si128(digits)),
                   _mm256_cvtepi32_pd(_mm256_extracti128_si256(digits, 1))},
        .powers = {_mm256_cvtps_pd(_mm256_castps256_ps128(powers)),
                   _mm256_cvtps_pd(_mm256_extractf128_ps(powers, 1))},
        .tens = tens,
        .valid = _mm256_packs_epi32(a.valid, b.valid)};
}

static inline void store(float *values, __m256d low, __m256d high)
{
    _mm256_storeu_ps(
        values, _mm256_set_m128(_mm256_cvtpd_ps(high), _mm256_cvtpd_ps(low)));
}

/* Reads 8 cells and returns a bit for each that is done; one that is longer
 * than 8 characters is not. */
static inline unsigned read_short(const char *text, const uint16_t *before,
                                  __m128i len, float *values)
{
    __m128i shift = _mm_sub_epi16(_mm_set1_epi16(64), _mm_slli_epi16(len, 3));
    struct eight eight = read_eight(text, before, shift);

    store(values, _mm256_div_pd(eight.digits[0], eight.powers[0]),
          _mm256_div_pd(eight.digits[1], eight.powers[1]));
    return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(eight.valid));
}

/* What the tails of eight cells have in common. */
struct tails {
    const char *text;
    __m256i len;  /* a byte each, 0 .. 16, in both halves */
    __m256i most; /* of all their digits, byte by byte */
};

/* Cells i and i + 2: the 16 bytes behind the first 8 characters, as numbers of
 * 4 digits. */
static inline __m256i read_two(struct tails *tails, const uint16_t *before,
                               char i)
{
    const int64_t first = (int64_t)CLARY_EVERY_BYTE((uint64_t)i);
    const int64_t second = (int64_t)CLARY_EVERY_BYTE((uint64_t)i + 2);
    /* as a whole, so that it is one constant */
    const __m256i cell = _mm256_setr_epi64x(first, first, second, second);
    const __m256i count = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    __m256i digits =
        _mm256_set_m128i(load_sixteen(tails->text + before[i + 2] + 1 + HEAD),
                         load_sixteen(tails->text + before[(int)i] + 1 + HEAD));

    digits = _mm256_and_si256(
        _mm256_sub_epi8(digits, _mm256_set1_epi8('0')),
        _mm256_cmpgt_epi8(_mm256_shuffle_epi8(tails->len, cell), count));
    tails->most = _mm256_max_epu8(tails->most, digits);
    return _mm256_madd_epi16(
        _mm256_maddubs_epi16(digits, _mm256_set1_epi16(0x010A)),
        _mm256_set1_epi32(0x00010064));
}

/* The low and high halves of each 64 bits as doubles, which are those of
 * 2^52 .. 2^53 less 2^52. */
static inline __m256d low_halves(__m256i x)
{
    const __m256d magic = _mm256_set1_pd(0x1p52);

    x = _mm256_blend_epi32(x, _mm256_castpd_si256(magic), 0xAA);
    return _mm256_sub_pd(_mm256_castsi256_pd(x), magic);
}

static inline __m256d high_halves(__m256i x)
{
    const __m256d magic = _mm256_set1_pd(0x1p52);

    x = _mm256_or_si256(_mm256_srli_epi64(x, 32), _mm256_castpd_si256(magic));
    return _mm256_sub_pd(_mm256_castsi256_pd(x), magic);
}

/* Cells i .. i + 3: tails as numbers of 16 digits. */
static inline __m256d read_tails(struct tails *tails, const uint16_t *before,
                                 char i)
{
    __m256i a = read_two(tails, before, i);
    __m256i b = read_two(tails, before, (char)(i + 1));
    __m256i eights = _mm256_madd_epi16(_mm256_packus_epi32(a, b),
                                       _mm256_set1_epi32(0x00012710));

    return _mm256_fmadd_pd(low_halves(eights), _mm256_set1_pd(1e8),
                           high_halves(eights));
}

/* A bit for each cast to float that depends on the last bits. */
static inline unsigned are_in_doubt(__m256d values)
{
    enum { DOUBT = 8 };
    const int64_t middle = INT64_C(1) << 28;
    __m256i distance = _mm256_add_epi64(_mm256_castpd_si256(values),
                                        _mm256_set1_epi64x(DOUBT - middle));
    __m256i doubt = _mm256_cmpeq_epi64(
        _mm256_and_si256(distance, _mm256_set1_epi64x(2 * middle - 2 * DOUBT)),
        _mm256_setzero_si256());

    return (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(doubt));
}

/* A bit for each cell that has no tail or a tail that is there to be read: it
 * is not too long, its point is in the head, it is all digits. */
static inline unsigned check_tails(const struct tails *tails, __m128i tail_len,
                                   __m256i tens)
{
    const __m256i nine = _mm256_set1_epi8(9);
    __m128i points = _mm_packus_epi32(_mm256_castsi256_si128(tens),
                                      _mm256_extracti128_si256(tens, 1));
    __m128i bare = _mm_cmpeq_epi16(_mm_and_si128(points, _mm_set1_epi16(7)),
                                   _mm_setzero_si128());
    __m128i most = _mm_andnot_si128(bare, _mm_set1_epi16(TAIL));
    __m256i digits =
        _mm256_cmpeq_epi8(_mm256_min_epu8(tails->most, nine), tails->most);

    if (!_mm256_testc_si256(digits, _mm256_set1_epi8(-1)))
        most = _mm_setzero_si128();
    most = _mm_cmpeq_epi16(_mm_min_epu16(tail_len, most), tail_len);
    return (unsigned)_mm_movemask_epi8(_mm_packs_epi16(most, most)) & 0xFF;
}

/* Reads 8 cells and returns a bit for each that is done. */
static inline unsigned read_long(const char *text, const uint16_t *before,
                                 __m128i len, float *values)
{
    const __m256d unit = _mm256_set1_pd(1e-15);
    const __m128i head = _mm_set1_epi16(HEAD), tail = _mm_set1_epi16(TAIL);
    __m128i tail_len = _mm_subs_epu16(len, head);
    __m128i shift = _mm_slli_epi16(_mm_min_epu16(len, head), 3);
    struct eight eight =
        read_eight(text, before, _mm_sub_epi16(_mm_set1_epi16(64), shift));
    __m128i bytes = _mm_min_epu16(tail_len, tail);
    struct tails tails = {
        .text = text,
        .len = _mm256_broadcastsi128_si256(_mm_packus_epi16(bytes, bytes)),
        .most = _mm256_setzero_si256()};
    __m256d low = read_tails(&tails, before, 0);
    __m256d high = read_tails(&tails, before, 4);

    low = _mm256_div_pd(_mm256_fmadd_pd(low, unit, eight.digits[0]),
                        eight.powers[0]);
    high = _mm256_div_pd(_mm256_fmadd_pd(high, unit, eight.digits[1]),
                         eight.powers[1]);
    store(values, low, high);
    return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(eight.valid)) &
           check_tails(&tails, tail_len, eight.tens) &
           ~(are_in_doubt(low) | are_in_doubt(high) << 4);
}

static __attribute__((noinline)) size_t read_others(const char *text,
                                                    const uint16_t *before,
                                                    const uint16_t *end,
                                                    unsigned done,
                                                    float *values)
{
    unsigned others = ~done & 0xFF;

    for (; others != 0; others &= others - 1) {
        unsigned i = _tzcnt_u32(others);
        const char *cell = text + before[i] + 1;

        if (!clary_cell_number(cell, (size_t)(end[i] - before[i] - 1),
                               &values[i]))
            return i;
    }
    return GROUP;
}

/* Reads 8 cells; returns how many of them are numbers. */
static inline size_t read_group(const char *text, const uint16_t *before,
                                const uint16_t *end, float *values)
{
    __m128i len =
        _mm_sub_epi16(_mm_sub_epi16(load_sixteen(end), load_sixteen(before)),
                      _mm_set1_epi16(1));
    __m128i is_long = _mm_cmpgt_epi16(len, _mm_set1_epi16(HEAD));
    unsigned done = _mm_testz_si128(is_long, is_long)
                        ? read_short(text, before, len, values)
                        : read_long(text, before, len, values);

    return done == 0xFF ? GROUP : read_others(text, before, end, done, values);
}

#include "kernel/cell_groups.h"

size_t clary_read_cells_avx2(const char *text, const uint16_t *before,
                             const uint16_t *end, size_t n, float *values)
{
    return read_cells(text, before, end, n, values);
}

const struct clary_cell_kernel clary_cells_avx2 = {find_separators,
                                                   clary_read_cells_avx2};
