/* A LiteRT model through LiteRT's C API, whose library is loaded when a model is opened: nothing has to be linked.
 *
 * A function that gives an int gives 0 if it succeeds, unless its comment says otherwise. One owner at a time. */
#ifndef EDGE_LITERT_H
#define EDGE_LITERT_H

#include <stddef.h>
#include <stdint.h>

typedef struct EdgeLiteRtModel EdgeLiteRtModel;
typedef struct EdgeLiteRtBuffer EdgeLiteRtBuffer;

enum { EDGE_LITERT_ERROR = 200, EDGE_LITERT_MOST_RANK = 8 };

/* `library`: a path, or NULL if the program has LiteRT in it. The bytes of the model must live as long as what is given.
 * NULL with a reason in `error` if it cannot be opened. */
EdgeLiteRtModel *edge_litert_open(const char *library, const void *bytes, size_t size, int threads, char error[EDGE_LITERT_ERROR]);
void edge_litert_close(EdgeLiteRtModel *model);

/* How many there are; the name of one, NULL if there is none. Arrays are inputs, or outputs if `output` is not 0. */
size_t edge_litert_signatures(EdgeLiteRtModel *model);
const char *edge_litert_signature(EdgeLiteRtModel *model, size_t signature);
size_t edge_litert_arrays(EdgeLiteRtModel *model, size_t signature, int output);
const char *edge_litert_array(EdgeLiteRtModel *model, size_t signature, int output, size_t array);

/* A buffer of zeros for an array, NULL if there is none; its size in bytes. */
EdgeLiteRtBuffer *edge_litert_buffer(EdgeLiteRtModel *model, size_t signature, int output, size_t array);
void edge_litert_free(EdgeLiteRtBuffer *buffer);
size_t edge_litert_size(EdgeLiteRtBuffer *buffer);
int edge_litert_write(EdgeLiteRtBuffer *buffer, const void *bytes, size_t offset, size_t size);
int edge_litert_read(EdgeLiteRtBuffer *buffer, void *bytes, size_t offset, size_t size);

/* Runs a signature; the buffers are in the order of its arrays. */
int edge_litert_run(
    EdgeLiteRtModel *model, size_t signature, EdgeLiteRtBuffer *const *inputs, size_t input_count,
    EdgeLiteRtBuffer *const *outputs, size_t output_count);

#endif
