/* Packed weights (edge/bundle/weights/FORMAT.md) as a phone would decode them: plain C, one thread, integers alone.
 *
 * usage: unpack WEIGHTS JOB [OUT]
 * JOB has the header as lines, so that no JSON is parsed here: the lanes, the header's end in the file, then for each tensor
 * kind (i, f or c), rows, columns, nonzero, largest, classes, planes, value. Writes all values to OUT if it is given: int8, or float32 as
 * 4 bytes; nothing for constants. benchmarks/decode_cost.py makes the job and compares.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PRECISION = 15, TOTAL = 1 << PRECISION, MAX_LANES = 256, MAX_CLASSES = 64, MAX_BLOCK = 1 << 14 };

static uint64_t states[MAX_LANES];
static int lanes;
static const uint8_t *words, *words_end;
static const uint8_t *signs;
static size_t sign_place;

static uint32_t counts[MAX_CLASSES][256];
static uint16_t starts[MAX_CLASSES][257]; /* of each symbol; TOTAL - 1 at most, as shares are never 0 */
static uint16_t shares[MAX_CLASSES][256];
static uint8_t touched[MAX_CLASSES];

static void fail(const char *why) {
    fprintf(stderr, "unpack: %s\n", why);
    exit(2);
}

static void tabulate(int context, int alphabet) {
    uint64_t total = 0;
    int most = 0, sum = 0;
    for (int s = 0; s < alphabet; s++) {
        total += counts[context][s];
        if (counts[context][s] > counts[context][most]) most = s;
    }
    int exact[256];
    for (int s = 0; s < alphabet; s++) {
        int share = (int)((uint64_t)TOTAL * counts[context][s] / total);
        exact[s] = share > 0 ? share : 1;
        sum += exact[s];
    }
    exact[most] += TOTAL - sum;
    int start = 0;
    for (int s = 0; s < alphabet; s++) {
        shares[context][s] = (uint16_t)(exact[s] == TOTAL ? 0 : exact[s]); /* 0 stands for all: an alphabet of one */
        starts[context][s] = (uint16_t)start;
        start += exact[s];
    }
}

static void begin(int contexts, int alphabet) {
    for (int c = 0; c < contexts; c++) {
        for (int s = 0; s < alphabet; s++) counts[c][s] = 1;
        tabulate(c, alphabet);
    }
}

/* The hot loop: one symbol of one lane. */
static inline int take(int lane, int context, int alphabet) {
    uint64_t x = states[lane];
    uint32_t slot = (uint32_t)(x & (TOTAL - 1));
    const uint16_t *start = starts[context];
    int low = 0, length = alphabet;
    while (length > 1) { /* the last symbol that starts at or before the slot */
        int half = length >> 1;
        low += start[low + half] <= slot ? half : 0;
        length -= half;
    }
    uint64_t share = shares[context][low] ? shares[context][low] : TOTAL;
    x = share * (x >> PRECISION) + slot - start[low];
    if (x < 1u << 31) {
        if (words == words_end) fail("truncated");
        uint32_t word;
        memcpy(&word, words, 4);
        words += 4;
        x = x << 32 | word;
    }
    states[lane] = x;
    return low;
}

static size_t block_end(size_t start, size_t symbols) {
    size_t length = start / 4;
    if (length < 1) length = 1;
    if (length > MAX_BLOCK) length = MAX_BLOCK;
    return start + length < symbols ? start + length : symbols;
}

/* A stream into out; contexts may be NULL for one context. */
static void stream(uint8_t *out, size_t symbols, const uint8_t *contexts, int context_count, int alphabet) {
    begin(context_count, alphabet);
    for (size_t start = 0; start < symbols;) {
        size_t end = block_end(start, symbols);
        for (size_t i = start; i < end; i++) {
            int context = contexts ? contexts[i] : 0;
            int symbol = take((int)((i - start) & (size_t)(lanes - 1)), context, alphabet);
            out[i] = (uint8_t)symbol;
            counts[context][symbol] += 4;
            touched[context] = 1;
        }
        for (int c = 0; c < context_count; c++) {
            if (touched[c]) tabulate(c, alphabet);
            touched[c] = 0;
        }
        start = end;
    }
}

static const float *ranked;
static int by_scale(const void *a, const void *b) {
    int one = *(const int *)a, other = *(const int *)b;
    if (ranked[one] != ranked[other]) return ranked[one] < ranked[other] ? -1 : 1;
    return one - other;
}

static void *claim(size_t bytes) {
    void *memory = malloc(bytes ? bytes : 1);
    if (!memory) fail("no memory");
    return memory;
}

static void integers(int8_t *out, int rows, int columns, int nonzero, int largest, int classes, const float *scales) {
    size_t elements = (size_t)rows * columns, symbols = (elements + 3) / 4;
    uint8_t *mask = claim(symbols), *contexts = claim(nonzero), *levels = claim(nonzero), *class_of = claim(rows);
    int *order = claim(rows * sizeof(int));
    stream(mask, symbols, NULL, 1, 16);
    for (int r = 0; r < rows; r++) order[r] = r;
    ranked = scales;
    qsort(order, rows, sizeof(int), by_scale);
    for (int r = 0; r < rows; r++) class_of[order[r]] = (uint8_t)((int64_t)r * classes / rows);
    int found = 0;
    size_t i = 0;
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++, i++)
            if (mask[i / 4] >> (3 - i % 4) & 1) {
                if (found == nonzero) fail("damaged");
                contexts[found++] = class_of[r];
            }
    if (found != nonzero) fail("damaged");
    stream(levels, nonzero, contexts, classes, largest > 0 ? largest : 1);
    found = 0;
    for (i = 0; i < elements; i++) {
        int level = 0;
        if (mask[i / 4] >> (3 - i % 4) & 1) {
            level = levels[found++] + 1;
            if (signs[sign_place / 8] >> (7 - sign_place % 8) & 1) level = -level;
            sign_place++;
        }
        out[i] = (int8_t)level;
    }
    free(mask), free(contexts), free(levels), free(class_of), free(order);
}

static void floats(uint8_t *out, size_t elements, int planes) {
    uint8_t *plane = claim(elements), *zeros = claim(elements); /* zeros: 1 where all higher bytes are 0 */
    memset(out, 0, 4 * elements);
    for (int byte = 3; byte > 3 - planes; byte--) {
        for (size_t i = 0; i < elements; i++) zeros[i] = byte < 3 && (byte == 2 || zeros[i]) && out[4 * i + byte + 1] == 0;
        stream(plane, elements, zeros, 2, 256);
        for (size_t i = 0; i < elements; i++) out[4 * i + byte] = plane[i];
    }
    free(plane), free(zeros);
}

int main(int count, char **arguments) {
    if (count < 3) fail("usage: unpack WEIGHTS JOB [OUT]");
    FILE *file = fopen(arguments[1], "rb"), *job = fopen(arguments[2], "r");
    FILE *out = count > 3 ? fopen(arguments[3], "wb") : NULL;
    if (!file || !job) fail("a file is missing");
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    uint8_t *data = claim(size);
    if (fread(data, 1, size, file) != (size_t)size) fail("cannot be read");
    long header, total;
    if (fscanf(job, "%d %ld %ld", &lanes, &header, &total) != 3 || lanes > MAX_LANES) fail("bad job");
    signs = data + header;
    words = signs + (total + 7) / 8;
    words_end = data + size;
    for (int lane = 0; lane < lanes; lane++, words += 8) memcpy(&states[lane], words, 8);
    char kind;
    int rows, columns, nonzero, largest, classes, planes;
    float *scales = NULL;
    float constant;
    while (fscanf(job, " %c %d %d %d %d %d %d %f", &kind, &rows, &columns, &nonzero, &largest, &classes, &planes,
                  &constant) == 8) {
        size_t elements = (size_t)rows * columns;
        if (kind == 'i') {
            int8_t *values = claim(elements);
            integers(values, rows, columns, nonzero, largest, classes, scales);
            if (out) fwrite(values, 1, elements, out);
            free(values);
        } else { /* floats are kept until the next: a table's scales come right before it */
            free(scales);
            scales = claim(elements * 4);
            if (kind == 'f') floats((uint8_t *)scales, elements, planes);
            for (size_t i = 0; kind == 'c' && i < elements; i++) scales[i] = constant;
            if (out && kind == 'f') fwrite(scales, 4, elements, out);
        }
    }
    for (int lane = 0; lane < lanes; lane++)
        if (states[lane] != 1u << 31) fail("damaged");
    if (words != words_end) fail("damaged");
    return 0;
}
