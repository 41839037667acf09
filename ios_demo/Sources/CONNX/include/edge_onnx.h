/* Models through ONNX Runtime's C API, whose library is loaded when a model is opened: nothing has to be linked.
 *
 * A function that gives an int gives 0 if it succeeds. One owner at a time. */
#ifndef EDGE_ONNX_H
#define EDGE_ONNX_H

#include <stddef.h>
#include <stdint.h>

typedef struct EdgeOnnxRuntime EdgeOnnxRuntime;
typedef struct EdgeOnnxSession EdgeOnnxSession;
typedef struct EdgeOnnxValue EdgeOnnxValue;

enum { EDGE_ONNX_TEXT = 200, EDGE_ONNX_MOST_RANK = 8 };
enum { EDGE_ONNX_FLOAT = 1, EDGE_ONNX_INTEGER = 6 }; /* elements of four bytes */

/* An input or output of a session; an extent that each call chooses is -1. */
typedef struct {
  char name[EDGE_ONNX_TEXT];
  int element;
  size_t rank;
  int64_t extents[EDGE_ONNX_MOST_RANK];
} EdgeOnnxArray;

/* `library`: a path, or NULL if the program has ONNX Runtime in it. NULL with a reason in `error` if it is not there. */
EdgeOnnxRuntime *edge_onnx_open(const char *library, char error[EDGE_ONNX_TEXT]);
void edge_onnx_close(EdgeOnnxRuntime *runtime);

/* A graph in a file, and the files that it names beside it. NULL with a reason in `error` if it is refused. */
EdgeOnnxSession *edge_onnx_session(EdgeOnnxRuntime *runtime, const char *path, int threads, char error[EDGE_ONNX_TEXT]);
void edge_onnx_end(EdgeOnnxRuntime *runtime, EdgeOnnxSession *session);

/* How many inputs there are, or outputs if `output` is not 0; one of them. */
size_t edge_onnx_arrays(EdgeOnnxRuntime *runtime, EdgeOnnxSession *session, int output);
int edge_onnx_array(EdgeOnnxRuntime *runtime, EdgeOnnxSession *session, int output, size_t index, EdgeOnnxArray *array);

/* An array over memory that must live as long as it, NULL if there is none; the floats of one, and how many. */
EdgeOnnxValue *edge_onnx_value(
    EdgeOnnxRuntime *runtime, void *memory, size_t bytes, int element, const int64_t *extents, size_t rank);
const float *edge_onnx_floats(EdgeOnnxRuntime *runtime, EdgeOnnxValue *value, size_t *count);
void edge_onnx_free(EdgeOnnxRuntime *runtime, EdgeOnnxValue *value);

/* Runs a session; each output is new, and has to be freed. Otherwise a reason is in `error`, and nothing is to be freed. */
int edge_onnx_run(
    EdgeOnnxRuntime *runtime, EdgeOnnxSession *session, const char *const *input_names, EdgeOnnxValue *const *inputs,
    size_t input_count, const char *const *output_names, EdgeOnnxValue **outputs, size_t output_count,
    char error[EDGE_ONNX_TEXT]);

#endif
