#include "edge_litert.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The types are those of the C API of LiteRT 2, as far as they are used. */
typedef int Status; /* 0: fine */
typedef void *Object;
enum { FLOAT = 1, INTEGER = 2, CPU = 1, READ = 0, WRITE = 1, MOST_BUFFERS = 32 };
enum { RUNTIME_DIRECTORY = 22, LEAST_SEVERITY = 25, ERRORS = 3, NUMBER = 2, TEXT = 8 };
typedef struct {
  int type;
  union {
    int64_t integer;
    const char *text;
  } value;
} Any;
typedef struct {
  int tag;
  Any value;
} EnvironmentOption;
typedef struct {
  int element;
  unsigned int rank : 7, has_strides : 1;
  int32_t extents[EDGE_LITERT_MOST_RANK];
  uint32_t strides[EDGE_LITERT_MOST_RANK];
} TensorType;

#define FUNCTIONS(F)                                                                                                     \
  F(CreateEnvironment, Status, (int, const EnvironmentOption *, Object *))                                              \
  F(DestroyEnvironment, void, (Object))                                                                                 \
  F(CreateModelFromBuffer, Status, (Object, const void *, size_t, Object *))                                            \
  F(DestroyModel, void, (Object))                                                                                       \
  F(CreateOptions, Status, (Object *))                                                                                  \
  F(DestroyOptions, void, (Object))                                                                                     \
  F(SetOptionsHardwareAccelerators, Status, (Object, int))                                                              \
  F(CreateOpaqueOptions, Status, (const char *, void *, void (*)(void *), Object *))                                    \
  F(AddOpaqueOptions, Status, (Object, Object))                                                                         \
  F(CreateCompiledModel, Status, (Object, Object, Object, Object *))                                                    \
  F(DestroyCompiledModel, void, (Object))                                                                               \
  F(GetNumModelSignatures, Status, (Object, size_t *))                                                                  \
  F(GetModelSignature, Status, (Object, size_t, Object *))                                                              \
  F(GetSignatureKey, Status, (Object, const char **))                                                                   \
  F(GetNumSignatureInputs, Status, (Object, size_t *))                                                                  \
  F(GetNumSignatureOutputs, Status, (Object, size_t *))                                                                 \
  F(GetSignatureInputName, Status, (Object, size_t, const char **))                                                     \
  F(GetSignatureOutputName, Status, (Object, size_t, const char **))                                                    \
  F(GetSignatureInputTensorByIndex, Status, (Object, size_t, Object *))                                                 \
  F(GetSignatureOutputTensorByIndex, Status, (Object, size_t, Object *))                                                \
  F(GetRankedTensorType, Status, (Object, TensorType *))                                                                \
  F(GetCompiledModelInputBufferRequirements, Status, (Object, size_t, size_t, Object *))                                \
  F(GetCompiledModelOutputBufferRequirements, Status, (Object, size_t, size_t, Object *))                               \
  F(CreateManagedTensorBufferFromRequirements, Status, (Object, const TensorType *, Object, Object *))                  \
  F(DestroyTensorBuffer, void, (Object))                                                                                \
  F(GetTensorBufferPackedSize, Status, (Object, size_t *))                                                              \
  F(LockTensorBuffer, Status, (Object, void **, int))                                                                   \
  F(UnlockTensorBuffer, Status, (Object))                                                                               \
  F(RunCompiledModel, Status, (Object, size_t, size_t, Object *, size_t, Object *))

#define MEMBER(name, result, parameters) result(*name) parameters;
typedef struct {
  FUNCTIONS(MEMBER)
} Functions;

struct EdgeLiteRtModel {
  Functions lite_rt;
  void *library; /* stays loaded: its threads may outlive a model */
  Object environment, file, options, compiled;
};

struct EdgeLiteRtBuffer {
  const Functions *lite_rt;
  Object buffer;
  size_t bytes;
};

static int load(EdgeLiteRtModel *model, const char *library, char *error) {
  model->library = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (model->library == NULL) {
    snprintf(error, EDGE_LITERT_ERROR, "%s", dlerror());
    return 1;
  }
#define FIND(name, result, parameters)                                        \
  *(void **)(&model->lite_rt.name) = dlsym(model->library, "LiteRt" #name);    \
  if (model->lite_rt.name == NULL) {                                          \
    snprintf(error, EDGE_LITERT_ERROR, "LiteRT has no function LiteRt" #name); \
    return 1;                                                                 \
  }
  FUNCTIONS(FIND)
  return 0;
}

/* XNNPACK packs weights once for all signatures, in memory: no file can go stale. */
static Status choose_processor(const Functions *lite_rt, Object options, int threads) {
  char text[80];
  snprintf(text, sizeof text, "num_threads = %d\nweight_cache_file_path = \":memory\"\n", threads);
  Object opaque = NULL;
  Status status = lite_rt->CreateOpaqueOptions("xnnpack", strdup(text), free, &opaque);
  if (status == 0) status = lite_rt->AddOpaqueOptions(options, opaque);
  return status != 0 ? status : lite_rt->SetOptionsHardwareAccelerators(options, CPU);
}

static int failed(Status status, const char *what, char *error) {
  if (status != 0) snprintf(error, EDGE_LITERT_ERROR, "%s: LiteRT's status is %d", what, status);
  return status != 0;
}

EdgeLiteRtModel *edge_litert_open(const char *library, const void *bytes, size_t size, int threads, char *error) {
  EdgeLiteRtModel *model = calloc(1, sizeof *model);
  const Functions *lite_rt = &model->lite_rt;
  /* A folder without the library of an accelerator, so that none is loaded; only errors are logged. */
  EnvironmentOption settings[] = {
      {RUNTIME_DIRECTORY, {TEXT, {.text = "/"}}}, {LEAST_SEVERITY, {NUMBER, {.integer = ERRORS}}}};
  if (load(model, library, error) ||
      failed(lite_rt->CreateEnvironment(2, settings, &model->environment), "no environment", error) ||
      failed(lite_rt->CreateModelFromBuffer(model->environment, bytes, size, &model->file), "the file is no model", error) ||
      failed(lite_rt->CreateOptions(&model->options), "no options", error) ||
      failed(choose_processor(lite_rt, model->options, threads), "the processor's options are refused", error) ||
      failed(lite_rt->CreateCompiledModel(model->environment, model->file, model->options, &model->compiled),
             "the model is refused", error)) {
    edge_litert_close(model);
    return NULL;
  }
  return model;
}

void edge_litert_close(EdgeLiteRtModel *model) {
  const Functions *lite_rt = &model->lite_rt;
  if (model->compiled) lite_rt->DestroyCompiledModel(model->compiled);
  if (model->options) lite_rt->DestroyOptions(model->options);
  if (model->file) lite_rt->DestroyModel(model->file);
  if (model->environment) lite_rt->DestroyEnvironment(model->environment);
  free(model);
}

size_t edge_litert_signatures(EdgeLiteRtModel *model) {
  size_t count = 0;
  return model->lite_rt.GetNumModelSignatures(model->file, &count) == 0 ? count : 0;
}

static Object signature_of(EdgeLiteRtModel *model, size_t signature) {
  Object found = NULL;
  return model->lite_rt.GetModelSignature(model->file, signature, &found) == 0 ? found : NULL;
}

const char *edge_litert_signature(EdgeLiteRtModel *model, size_t signature) {
  const char *name = NULL;
  Object found = signature_of(model, signature);
  return found != NULL && model->lite_rt.GetSignatureKey(found, &name) == 0 ? name : NULL;
}

size_t edge_litert_arrays(EdgeLiteRtModel *model, size_t signature, int output) {
  const Functions *lite_rt = &model->lite_rt;
  size_t count = 0;
  Object found = signature_of(model, signature);
  if (found == NULL) return 0;
  Status status = output ? lite_rt->GetNumSignatureOutputs(found, &count) : lite_rt->GetNumSignatureInputs(found, &count);
  return status == 0 ? count : 0;
}

const char *edge_litert_array(EdgeLiteRtModel *model, size_t signature, int output, size_t array) {
  const Functions *lite_rt = &model->lite_rt;
  const char *name = NULL;
  Object found = signature_of(model, signature);
  if (found == NULL) return NULL;
  Status status = output ? lite_rt->GetSignatureOutputName(found, array, &name)
                         : lite_rt->GetSignatureInputName(found, array, &name);
  return status == 0 ? name : NULL;
}

static Status make_buffer(EdgeLiteRtModel *model, size_t signature, int output, size_t array, Object *buffer) {
  const Functions *lite_rt = &model->lite_rt;
  Object tensor = NULL, requirements = NULL, found = signature_of(model, signature);
  TensorType type;
  if (found == NULL) return 1;
  Status status = output ? lite_rt->GetSignatureOutputTensorByIndex(found, array, &tensor)
                         : lite_rt->GetSignatureInputTensorByIndex(found, array, &tensor);
  if (status == 0) status = lite_rt->GetRankedTensorType(tensor, &type);
  if (status == 0 && type.element != FLOAT && type.element != INTEGER) status = 1;
  if (status != 0) return status;
  status = output ? lite_rt->GetCompiledModelOutputBufferRequirements(model->compiled, signature, array, &requirements)
                  : lite_rt->GetCompiledModelInputBufferRequirements(model->compiled, signature, array, &requirements);
  if (status != 0) return status;
  return lite_rt->CreateManagedTensorBufferFromRequirements(model->environment, &type, requirements, buffer);
}

EdgeLiteRtBuffer *edge_litert_buffer(EdgeLiteRtModel *model, size_t signature, int output, size_t array) {
  const Functions *lite_rt = &model->lite_rt;
  EdgeLiteRtBuffer made = {lite_rt, NULL, 0};
  void *memory = NULL;
  if (make_buffer(model, signature, output, array, &made.buffer) != 0) return NULL;
  if (lite_rt->GetTensorBufferPackedSize(made.buffer, &made.bytes) != 0 ||
      lite_rt->LockTensorBuffer(made.buffer, &memory, WRITE) != 0) {
    lite_rt->DestroyTensorBuffer(made.buffer);
    return NULL;
  }
  memset(memory, 0, made.bytes);
  lite_rt->UnlockTensorBuffer(made.buffer);
  EdgeLiteRtBuffer *buffer = malloc(sizeof *buffer);
  *buffer = made;
  return buffer;
}

void edge_litert_free(EdgeLiteRtBuffer *buffer) {
  buffer->lite_rt->DestroyTensorBuffer(buffer->buffer);
  free(buffer);
}

size_t edge_litert_size(EdgeLiteRtBuffer *buffer) { return buffer->bytes; }

static int is_inside(const EdgeLiteRtBuffer *buffer, size_t offset, size_t size) {
  return offset <= buffer->bytes && size <= buffer->bytes - offset;
}

int edge_litert_write(EdgeLiteRtBuffer *buffer, const void *bytes, size_t offset, size_t size) {
  void *memory = NULL;
  if (!is_inside(buffer, offset, size) || buffer->lite_rt->LockTensorBuffer(buffer->buffer, &memory, WRITE) != 0) return 1;
  memcpy((char *)memory + offset, bytes, size);
  return buffer->lite_rt->UnlockTensorBuffer(buffer->buffer);
}

int edge_litert_read(EdgeLiteRtBuffer *buffer, void *bytes, size_t offset, size_t size) {
  void *memory = NULL;
  if (!is_inside(buffer, offset, size) || buffer->lite_rt->LockTensorBuffer(buffer->buffer, &memory, READ) != 0) return 1;
  memcpy(bytes, (char *)memory + offset, size);
  return buffer->lite_rt->UnlockTensorBuffer(buffer->buffer);
}

int edge_litert_run(
    EdgeLiteRtModel *model, size_t signature, EdgeLiteRtBuffer *const *inputs, size_t input_count,
    EdgeLiteRtBuffer *const *outputs, size_t output_count) {
  Object given[MOST_BUFFERS], taken[MOST_BUFFERS];
  if (input_count > MOST_BUFFERS || output_count > MOST_BUFFERS) return 1;
  for (size_t at = 0; at < input_count; at++) given[at] = inputs[at]->buffer;
  for (size_t at = 0; at < output_count; at++) taken[at] = outputs[at]->buffer;
  return model->lite_rt.RunCompiledModel(model->compiled, signature, input_count, given, output_count, taken);
}
