/* kernel_cells_neon.c: text to float32, eight cells at a time.
 *
 * As kernel_cells_avx2.c, where the steps are drawn: each of two cells of at
 * most 8 characters has half of a register. Longer ones, and all that are no
 * plain numbers, are read by clary_cell_number.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "kernel/tables.h"

#include <arm_neon.h>

enum {
    BLOCK = 64, /* bytes */
    PART = 16,  /* bytes of a register */
    GROUP = 8,  /* cells read together */
    SHORT = 8   /* characters */
};

/* Writes base and the place of each bit, and some more behind them. Returns
 * where the next goes. */
static inline uint16_t *write_places(uint16_t *at, uint64_t bits, size_t base)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t counts =
        vget_lane_u64(vreinterpret_u64_u8(vcnt_u8(vcreate_u8(bits))), 0) * ones;
    uint16x8_t first = vdupq_n_u16((uint16_t)base);

    /* counts: of the bits up to each byte */
    for (int i = 0; i < BLOCK / 8; i++) {
        size_t before = i == 0 ? 0 : (counts >> 8 * (i - 1)) & 0xFF;
        uint64_t places = clary_cell_places[(uint8_t)(bits >> 8 * i)];

        vst1q_u16(at + before, vaddq_u16(first, vmovl_u8(vcreate_u8(places))));
        first = vaddq_u16(first, vdupq_n_u16(8));
    }
    return at + (counts >> 56);
}

/* A bit for each byte of four registers that is not 0. */
static inline uint64_t mask_of(const uint8x16_t bytes[4])
{
    const uint8x16_t bit = {1, 2, 4, 8, 16, 32, 64, 128,
                            1, 2, 4, 8, 16, 32, 64, 128};
    uint8x16_t low =
        vpaddq_u8(vandq_u8(bytes[0], bit), vandq_u8(bytes[1], bit));
    uint8x16_t high =
        vpaddq_u8(vandq_u8(bytes[2], bit), vandq_u8(bytes[3], bit));

    low = vpaddq_u8(low, high);
    low = vpaddq_u8(low, low);
    return vgetq_lane_u64(vreinterpretq_u64_u8(low), 0);
}

static inline uint64_t find(const char *text, char byte)
{
    uint8x16_t same[4];

    for (int i = 0; i < 4; i++)
        same[i] = vceqq_u8(vld1q_u8((const uint8_t *)text + i * PART),
                           vdupq_n_u8((uint8_t)byte));
    return mask_of(same);
}

static void find_separators(const char *text, size_t len, char between,
                            char end, struct clary_cell_index *index)
{
    uint8x16_t crs = vdupq_n_u8(0);
    uint16_t *at = index->at + 1;
    size_t i = 0, n_lines = 0;

    for (; len - i >= BLOCK; i += BLOCK) {
        uint8x16_t separators[4], block_lines = vdupq_n_u8(0);

        for (int k = 0; k < 4; k++) {
            uint8x16_t bytes = vld1q_u8((const uint8_t *)text + i + k * PART);
            uint8x16_t is_end = vceqq_u8(bytes, vdupq_n_u8((uint8_t)end));

            separators[k] =
                vorrq_u8(is_end, vceqq_u8(bytes, vdupq_n_u8((uint8_t)between)));
            block_lines = vsubq_u8(block_lines, is_end);
            crs = vorrq_u8(crs, vceqq_u8(bytes, vdupq_n_u8('\r')));
        }
        n_lines += vaddvq_u8(block_lines);
        at = write_places(at, mask_of(separators), i);
    }
    uint64_t rest = ~(UINT64_MAX << (len - i)); /* of the last, partial block */
    uint64_t rest_lines = find(text + i, end) & rest;
    at = write_places(at, rest_lines | (find(text + i, between) & rest), i);
    index->at[0] = 0;
    index->n = (size_t)(at - index->at) - 1;
    index->n_lines = n_lines + (size_t)__builtin_popcountll(rest_lines);
    index->has_cr = vmaxvq_u8(crs) != 0 || (find(text + i, '\r') & rest) != 0;
}

/* Two cells on their way to numbers. */
struct two {
    uint8x16_t digits; /* 8 of each number */
    uint64x2_t tens;   /* and 8 if it is negative */
    uint64x2_t valid;  /* -1 or 0 */
};

/* shift: 64 - 8 times the length, or anything if that is more than 8. */
static inline struct two read_two(const char *text, const uint16_t *before,
                                  int64x2_t shift)
{
    const uint8_t *cells = (const uint8_t *)text + 1;
    uint8x16_t bytes =
        vcombine_u8(vld1_u8(cells + before[0]), vld1_u8(cells + before[1]));
    /* 8 where the first character is a sign */
    int64x2_t sign = vandq_s64(
        vreinterpretq_s64_u8(vceqq_u8(bytes, vdupq_n_u8('-'))), vdupq_n_s64(8));
    uint64x2_t number = vshlq_u64(vreinterpretq_u64_u8(bytes), shift);
    uint64x2_t used =
        vshlq_u64(vdupq_n_u64(UINT64_MAX), vaddq_s64(shift, sign));
    /* a 0 and another digit behind it */
    uint64x2_t start = vshlq_u64(vreinterpretq_u64_u8(bytes), vnegq_s64(sign));
    uint64x2_t padded =
        vceqq_u64(vandq_u64(start, vdupq_n_u64(0xF0FF)), vdupq_n_u64(0x3030));

    uint8x16_t digits = vsubq_u8(vreinterpretq_u8_u64(number), vdupq_n_u8('0'));
    uint8x16_t is_digit = vcleq_u8(digits, vdupq_n_u8(9));
    /* points behind the first character; only the first of them is allowed */
    uint64x2_t points =
        vandq_u64(vreinterpretq_u64_u8(
                      vceqq_u8(vreinterpretq_u8_u64(number), vdupq_n_u8('.'))),
                  vshlq_n_u64(used, 8));
    uint64x2_t after =
        vreinterpretq_u64_s64(vnegq_s64(vreinterpretq_s64_u64(points)));
    uint64x2_t unit = vandq_u64(after, points);
    uint64x2_t point = vsubq_u64(vshlq_n_u64(unit, 8), unit);
    /* all but the point must be digits, and the last one in any case */
    uint64x2_t expected =
        vorrq_u64(vbicq_u64(used, point), vdupq_n_u64(UINT64_C(1) << 63));

    uint64x2_t values = vreinterpretq_u64_u8(vandq_u8(digits, is_digit));
    values = vorrq_u64(vbicq_u64(values, after),
                       vshrq_n_u64(vandq_u64(values, after), 8));
    uint8x16_t behind = vandq_u8(vreinterpretq_u8_u64(after), vdupq_n_u8(1));
    return (struct two){
        .digits = vreinterpretq_u8_u64(values),
        .tens = vorrq_u64(vpaddlq_u32(vpaddlq_u16(vpaddlq_u8(behind))),
                          vreinterpretq_u64_s64(sign)),
        .valid = vbicq_u64(vceqq_u64(vreinterpretq_u64_u8(is_digit), expected),
                           padded)};
}

/* 16 digits to 8 numbers of two digits, of each of two registers. */
static inline uint8x16_t join_digits(uint8x16_t a, uint8x16_t b)
{
    return vmlaq_u8(vuzp2q_u8(a, b), vuzp1q_u8(a, b), vdupq_n_u8(10));
}

/* 8 numbers of 8 digits from 32 of two digits. */
static inline void join_twos(uint8x16_t a, uint8x16_t b, uint32x4_t numbers[2])
{
    uint8x16_t high = vuzp1q_u8(a, b), low = vuzp2q_u8(a, b);
    const uint8x8_t hundred = vdup_n_u8(100);
    uint16x8_t c =
        vmlal_u8(vmovl_u8(vget_low_u8(low)), vget_low_u8(high), hundred);
    uint16x8_t d =
        vmlal_u8(vmovl_u8(vget_high_u8(low)), vget_high_u8(high), hundred);
    uint16x8_t fours = vuzp1q_u16(c, d), rest = vuzp2q_u16(c, d);

    numbers[0] =
        vmlal_n_u16(vmovl_u16(vget_low_u16(rest)), vget_low_u16(fours), 10000);
    numbers[1] = vmlal_n_u16(vmovl_u16(vget_high_u16(rest)),
                             vget_high_u16(fours), 10000);
}

/* Four digits / 10^tens, with the sign. */
static inline float32x4_t divide(uint32x4_t digits, uint32x4_t tens)
{
    static const float powers_of_10[8] = {1,    1e1F, 1e2F, 1e3F,
                                          1e4F, 1e5F, 1e6F, 1e7F};
    const uint8x16x2_t table = {
        {vreinterpretq_u8_f32(vld1q_f32(powers_of_10)),
         vreinterpretq_u8_f32(vld1q_f32(powers_of_10 + 4))}};
    /* the bytes of each power in the table */
    uint32x4_t places = vmlaq_n_u32(
        vdupq_n_u32(0x03020100), vandq_u32(tens, vdupq_n_u32(7)), 0x04040404);
    uint32x4_t sign =
        vandq_u32(vshlq_n_u32(tens, 28), vdupq_n_u32(UINT32_C(1) << 31));
    float32x4_t powers = vreinterpretq_f32_u32(vorrq_u32(
        sign,
        vreinterpretq_u32_u8(vqtbl2q_u8(table, vreinterpretq_u8_u32(places)))));
    float64x2_t low = vdivq_f64(vcvtq_f64_u64(vmovl_u32(vget_low_u32(digits))),
                                vcvt_f64_f32(vget_low_f32(powers)));
    float64x2_t high = vdivq_f64(vcvtq_f64_u64(vmovl_high_u32(digits)),
                                 vcvt_high_f64_f32(powers));

    return vcvt_high_f32_f64(vcvt_f32_f64(low), high);
}

/* The lower halves. */
static inline uint32x4_t narrow(uint64x2_t a, uint64x2_t b)
{
    return vuzp1q_u32(vreinterpretq_u32_u64(a), vreinterpretq_u32_u64(b));
}

/* Reads 8 cells and returns a byte of ones for each that is done. */
static inline uint64_t read_short(const char *text, const uint16_t *before,
                                  const uint16_t *end, float *values)
{
    uint16x8_t len =
        vsubq_u16(vsubq_u16(vld1q_u16(end), vld1q_u16(before)), vdupq_n_u16(1));
    uint16x8_t is_short = vcleq_u16(len, vdupq_n_u16(SHORT));
    int16x8_t shift = vreinterpretq_s16_u16(vsubq_u16(
        vdupq_n_u16(64), vshlq_n_u16(vminq_u16(len, vdupq_n_u16(SHORT)), 3)));
    int32x4_t shift_a = vmovl_s16(vget_low_s16(shift));
    int32x4_t shift_b = vmovl_high_s16(shift);
    struct two a = read_two(text, before, vmovl_s32(vget_low_s32(shift_a)));
    struct two b = read_two(text, before + 2, vmovl_high_s32(shift_a));
    struct two c = read_two(text, before + 4, vmovl_s32(vget_low_s32(shift_b)));
    struct two d = read_two(text, before + 6, vmovl_high_s32(shift_b));
    uint32x4_t numbers[2];

    join_twos(join_digits(a.digits, b.digits), join_digits(c.digits, d.digits),
              numbers);
    vst1q_f32(values, divide(numbers[0], narrow(a.tens, b.tens)));
    vst1q_f32(values + 4, divide(numbers[1], narrow(c.tens, d.tens)));
    uint16x8_t valid =
        vuzp1q_u16(vreinterpretq_u16_u32(narrow(a.valid, b.valid)),
                   vreinterpretq_u16_u32(narrow(c.valid, d.valid)));
    return vget_lane_u64(
        vreinterpret_u64_u8(vmovn_u16(vandq_u16(valid, is_short))), 0);
}

/* Those of 8 cells that are not `done`; returns how many are numbers from the
 * first on. */
static __attribute__((noinline)) size_t read_others(const char *text,
                                                    const uint16_t *before,
                                                    const uint16_t *end,
                                                    uint64_t done,
                                                    float *values)
{
    for (size_t i = 0; i < GROUP; i++) {
        size_t len = (size_t)(end[i] - before[i] - 1);

        if ((done >> 8 * i & 1) == 0 &&
            !clary_cell_number(text + before[i] + 1, len, &values[i]))
            return i;
    }
    return GROUP;
}

static inline size_t read_group(const char *text, const uint16_t *before,
                                const uint16_t *end, float *values)
{
    uint64_t done = read_short(text, before, end, values);

    return done == UINT64_MAX ? GROUP
                              : read_others(text, before, end, done, values);
}

#include "kernel/cell_groups.h"

const struct clary_cell_kernel clary_cells_neon = {find_separators, read_cells};
