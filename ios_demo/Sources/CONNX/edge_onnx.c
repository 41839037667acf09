#include "edge_onnx.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The types are those of ONNX Runtime's C API, as far as they are used. */
typedef void *Object;
typedef Object Status; /* NULL: fine */
enum { API = 18, ERRORS = 3, DEVICE_ALLOCATOR = 0, DEFAULT_MEMORY = 0 };
typedef struct {
  const Object *(*get_api)(uint32_t version); /* its functions in an order that no version changes */
  const char *(*get_version)(void);
} ApiBase;

/* The place of each function in that order. */
#define FUNCTIONS(F)                                                                                                     \
  F(2, GetErrorMessage, const char *, (Status))                                                                         \
  F(3, CreateEnv, Status, (int, const char *, Object *))                                                                \
  F(6, DisableTelemetryEvents, Status, (Object))                                                                        \
  F(7, CreateSession, Status, (Object, const char *, Object, Object *))                                                 \
  F(9, Run, Status,                                                                                                     \
    (Object, Object, const char *const *, EdgeOnnxValue *const *, size_t, const char *const *, size_t, EdgeOnnxValue **)) \
  F(10, CreateSessionOptions, Status, (Object *))                                                                       \
  F(19, DisableCpuMemArena, Status, (Object))                                                                           \
  F(22, SetSessionLogSeverityLevel, Status, (Object, int))                                                              \
  F(24, SetIntraOpNumThreads, Status, (Object, int))                                                                    \
  F(25, SetInterOpNumThreads, Status, (Object, int))                                                                    \
  F(30, SessionGetInputCount, Status, (Object, size_t *))                                                               \
  F(31, SessionGetOutputCount, Status, (Object, size_t *))                                                              \
  F(33, SessionGetInputTypeInfo, Status, (Object, size_t, Object *))                                                    \
  F(34, SessionGetOutputTypeInfo, Status, (Object, size_t, Object *))                                                   \
  F(36, SessionGetInputName, Status, (Object, size_t, Object, char **))                                                 \
  F(37, SessionGetOutputName, Status, (Object, size_t, Object, char **))                                                \
  F(49, CreateTensorWithDataAsOrtValue, Status,                                                                         \
    (Object, void *, size_t, const int64_t *, size_t, int, EdgeOnnxValue **))                                           \
  F(51, GetTensorMutableData, Status, (EdgeOnnxValue *, void **))                                                       \
  F(55, CastTypeInfoToTensorInfo, Status, (Object, Object *))                                                           \
  F(60, GetTensorElementType, Status, (Object, int *))                                                                  \
  F(61, GetDimensionsCount, Status, (Object, size_t *))                                                                 \
  F(62, GetDimensions, Status, (Object, int64_t *, size_t))                                                             \
  F(64, GetTensorShapeElementCount, Status, (Object, size_t *))                                                         \
  F(65, GetTensorTypeAndShape, Status, (EdgeOnnxValue *, Object *))                                                     \
  F(69, CreateCpuMemoryInfo, Status, (int, int, Object *))                                                              \
  F(76, AllocatorFree, Status, (Object, void *))                                                                        \
  F(78, GetAllocatorWithDefaultOptions, Status, (Object *))                                                             \
  F(92, ReleaseEnv, void, (Object))                                                                                     \
  F(93, ReleaseStatus, void, (Status))                                                                                  \
  F(94, ReleaseMemoryInfo, void, (Object))                                                                              \
  F(95, ReleaseSession, void, (EdgeOnnxSession *))                                                                      \
  F(96, ReleaseValue, void, (EdgeOnnxValue *))                                                                          \
  F(98, ReleaseTypeInfo, void, (Object))                                                                                \
  F(99, ReleaseTensorTypeAndShapeInfo, void, (Object))                                                                  \
  F(100, ReleaseSessionOptions, void, (Object))                                                                         \
  F(130, AddSessionConfigEntry, Status, (Object, const char *, const char *))

#define MEMBER(place, name, result, parameters) result(*name) parameters;
struct EdgeOnnxRuntime {
  struct {
    FUNCTIONS(MEMBER)
  } ort;
  Object environment, memory, allocator;
};

/* Whether a call failed; its reason goes to `error`, unless that is NULL. */
static int failed(const EdgeOnnxRuntime *runtime, Status status, char *error) {
  if (status == NULL) return 0;
  if (error != NULL) snprintf(error, EDGE_ONNX_TEXT, "%s", runtime->ort.GetErrorMessage(status));
  runtime->ort.ReleaseStatus(status);
  return 1;
}

static int load(EdgeOnnxRuntime *runtime, const char *library, char *error) {
  void *loaded = dlopen(library, RTLD_NOW | RTLD_LOCAL); /* stays loaded: its threads may outlive a model */
  const ApiBase *(*get_base)(void) = NULL;
  if (loaded != NULL) *(void **)(&get_base) = dlsym(loaded, "OrtGetApiBase");
  if (get_base == NULL) {
    snprintf(error, EDGE_ONNX_TEXT, "%s", dlerror());
    return 1;
  }
  const Object *api = get_base()->get_api(API);
  if (api == NULL) {
    snprintf(error, EDGE_ONNX_TEXT, "ONNX Runtime %s is older than 1.%d", get_base()->get_version(), API);
    return 1;
  }
#define FIND(place, name, result, parameters) *(Object *)(&runtime->ort.name) = api[place];
  FUNCTIONS(FIND)
  return 0;
}

EdgeOnnxRuntime *edge_onnx_open(const char *library, char *error) {
  EdgeOnnxRuntime *runtime = calloc(1, sizeof *runtime);
  if (load(runtime, library, error)) {
    free(runtime);
    return NULL;
  }
  if (failed(runtime, runtime->ort.CreateEnv(ERRORS, "edge", &runtime->environment), error) ||
      failed(runtime, runtime->ort.DisableTelemetryEvents(runtime->environment), error) ||
      failed(runtime, runtime->ort.CreateCpuMemoryInfo(DEVICE_ALLOCATOR, DEFAULT_MEMORY, &runtime->memory), error) ||
      failed(runtime, runtime->ort.GetAllocatorWithDefaultOptions(&runtime->allocator), error)) {
    edge_onnx_close(runtime);
    return NULL;
  }
  return runtime;
}

void edge_onnx_close(EdgeOnnxRuntime *runtime) {
  if (runtime->memory != NULL) runtime->ort.ReleaseMemoryInfo(runtime->memory);
  if (runtime->environment != NULL) runtime->ort.ReleaseEnv(runtime->environment);
  free(runtime);
}

/* No arena, and no packed copies of the weights for each graph. */
EdgeOnnxSession *edge_onnx_session(EdgeOnnxRuntime *runtime, const char *path, int threads, char *error) {
  Object options = NULL, session = NULL;
  if (failed(runtime, runtime->ort.CreateSessionOptions(&options), error)) return NULL;
  if (!failed(runtime, runtime->ort.SetIntraOpNumThreads(options, threads), error) &&
      !failed(runtime, runtime->ort.SetInterOpNumThreads(options, 1), error) &&
      !failed(runtime, runtime->ort.SetSessionLogSeverityLevel(options, ERRORS), error) &&
      !failed(runtime, runtime->ort.DisableCpuMemArena(options), error) &&
      !failed(runtime, runtime->ort.AddSessionConfigEntry(options, "session.disable_prepacking", "1"), error))
    failed(runtime, runtime->ort.CreateSession(runtime->environment, path, options, &session), error);
  runtime->ort.ReleaseSessionOptions(options);
  return session;
}

void edge_onnx_end(EdgeOnnxRuntime *runtime, EdgeOnnxSession *session) { runtime->ort.ReleaseSession(session); }

size_t edge_onnx_arrays(EdgeOnnxRuntime *runtime, EdgeOnnxSession *session, int output) {
  size_t count = 0;
  Status status = output ? runtime->ort.SessionGetOutputCount(session, &count)
                         : runtime->ort.SessionGetInputCount(session, &count);
  return failed(runtime, status, NULL) ? 0 : count;
}

static int name_of(EdgeOnnxRuntime *runtime, EdgeOnnxSession *session, int output, size_t index, char *name) {
  char *given = NULL;
  Status status = output ? runtime->ort.SessionGetOutputName(session, index, runtime->allocator, &given)
                         : runtime->ort.SessionGetInputName(session, index, runtime->allocator, &given);
  if (failed(runtime, status, NULL)) return 1;
  snprintf(name, EDGE_ONNX_TEXT, "%s", given);
  return failed(runtime, runtime->ort.AllocatorFree(runtime->allocator, given), NULL);
}

int edge_onnx_array(EdgeOnnxRuntime *runtime, EdgeOnnxSession *session, int output, size_t index, EdgeOnnxArray *array) {
  Object type = NULL, tensor = NULL;
  memset(array, 0, sizeof *array);
  if (name_of(runtime, session, output, index, array->name)) return 1;
  Status status = output ? runtime->ort.SessionGetOutputTypeInfo(session, index, &type)
                         : runtime->ort.SessionGetInputTypeInfo(session, index, &type);
  if (failed(runtime, status, NULL)) return 1;
  /* What is no tensor has no tensor's type. */
  int is_wrong = failed(runtime, runtime->ort.CastTypeInfoToTensorInfo(type, &tensor), NULL) || tensor == NULL ||
                 failed(runtime, runtime->ort.GetTensorElementType(tensor, &array->element), NULL) ||
                 failed(runtime, runtime->ort.GetDimensionsCount(tensor, &array->rank), NULL) ||
                 array->rank > EDGE_ONNX_MOST_RANK ||
                 failed(runtime, runtime->ort.GetDimensions(tensor, array->extents, array->rank), NULL);
  runtime->ort.ReleaseTypeInfo(type);
  return is_wrong;
}

EdgeOnnxValue *edge_onnx_value(
    EdgeOnnxRuntime *runtime, void *memory, size_t bytes, int element, const int64_t *extents, size_t rank) {
  EdgeOnnxValue *value = NULL;
  Status status =
      runtime->ort.CreateTensorWithDataAsOrtValue(runtime->memory, memory, bytes, extents, rank, element, &value);
  return failed(runtime, status, NULL) ? NULL : value;
}

const float *edge_onnx_floats(EdgeOnnxRuntime *runtime, EdgeOnnxValue *value, size_t *count) {
  Object type = NULL;
  void *floats = NULL;
  int element = 0;
  if (failed(runtime, runtime->ort.GetTensorTypeAndShape(value, &type), NULL)) return NULL;
  int is_wrong = failed(runtime, runtime->ort.GetTensorElementType(type, &element), NULL) || element != EDGE_ONNX_FLOAT ||
                 failed(runtime, runtime->ort.GetTensorShapeElementCount(type, count), NULL) ||
                 failed(runtime, runtime->ort.GetTensorMutableData(value, &floats), NULL);
  runtime->ort.ReleaseTensorTypeAndShapeInfo(type);
  return is_wrong ? NULL : floats;
}

void edge_onnx_free(EdgeOnnxRuntime *runtime, EdgeOnnxValue *value) { runtime->ort.ReleaseValue(value); }

int edge_onnx_run(
    EdgeOnnxRuntime *runtime, EdgeOnnxSession *session, const char *const *input_names, EdgeOnnxValue *const *inputs,
    size_t input_count, const char *const *output_names, EdgeOnnxValue **outputs, size_t output_count, char *error) {
  for (size_t at = 0; at < output_count; at++) outputs[at] = NULL; /* so that it makes them */
  Status status =
      runtime->ort.Run(session, NULL, input_names, inputs, input_count, output_names, output_count, outputs);
  return failed(runtime, status, error);
}
