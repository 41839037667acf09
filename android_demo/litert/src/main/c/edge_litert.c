/* edge.litert.Native over LiteRT's C API: a model, its signatures, and buffers that are kept from run to run.
 *
 * Built by the host's compiler for tests and by the NDK's for Android; libLiteRt.so is that of the wheel or of the AAR. The
 * declarations below are those of the C API of LiteRT 2, as far as they are used. Errors are thrown as IllegalStateException. */
#include <jni.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int Status; /* 0: fine */
typedef struct EnvironmentT *Environment;
typedef struct ModelT *ModelFile;
typedef struct OptionsT *Options;
typedef struct OpaqueT *Opaque;
typedef struct CompiledT *Compiled;
typedef struct SignatureT *Signature;
typedef struct TensorT *Tensor;
typedef struct RequirementsT *Requirements;
typedef struct BufferT *Buffer;
enum { MOST_RANK = 8, FLOAT = 1, INTEGER = 2, CPU = 1, READ = 0, WRITE = 1, MOST_BUFFERS = 32 };
enum { RUNTIME_DIRECTORY = 22, LEAST_SEVERITY = 25, ERRORS = 3, NUMBER = 2, TEXT = 8 };
typedef struct { int type; union { int64_t integer; const char *text; } value; } Any;
typedef struct { int tag; Any value; } EnvironmentOption;
typedef struct {
  int element;
  unsigned int rank : 7, has_strides : 1;
  int32_t extents[MOST_RANK];
  uint32_t strides[MOST_RANK];
} TensorType;

extern Status LiteRtCreateEnvironment(int, const EnvironmentOption *, Environment *);
extern void LiteRtDestroyEnvironment(Environment);
extern Status LiteRtCreateModelFromFile(Environment, const char *, ModelFile *);
extern void LiteRtDestroyModel(ModelFile);
extern Status LiteRtCreateOptions(Options *);
extern void LiteRtDestroyOptions(Options);
extern Status LiteRtSetOptionsHardwareAccelerators(Options, int);
extern Status LiteRtCreateOpaqueOptions(const char *, void *, void (*)(void *), Opaque *);
extern Status LiteRtAddOpaqueOptions(Options, Opaque);
extern Status LiteRtCreateCompiledModel(Environment, ModelFile, Options, Compiled *);
extern void LiteRtDestroyCompiledModel(Compiled);
extern Status LiteRtGetNumModelSignatures(ModelFile, size_t *);
extern Status LiteRtGetModelSignature(ModelFile, size_t, Signature *);
extern Status LiteRtGetSignatureKey(Signature, const char **);
extern Status LiteRtGetNumSignatureInputs(Signature, size_t *);
extern Status LiteRtGetNumSignatureOutputs(Signature, size_t *);
extern Status LiteRtGetSignatureInputName(Signature, size_t, const char **);
extern Status LiteRtGetSignatureOutputName(Signature, size_t, const char **);
extern Status LiteRtGetSignatureInputTensorByIndex(Signature, size_t, Tensor *);
extern Status LiteRtGetSignatureOutputTensorByIndex(Signature, size_t, Tensor *);
extern Status LiteRtGetRankedTensorType(Tensor, TensorType *);
extern Status LiteRtGetCompiledModelInputBufferRequirements(Compiled, size_t, size_t, Requirements *);
extern Status LiteRtGetCompiledModelOutputBufferRequirements(Compiled, size_t, size_t, Requirements *);
extern Status LiteRtCreateManagedTensorBufferFromRequirements(Environment, const TensorType *, Requirements, Buffer *);
extern void LiteRtDestroyTensorBuffer(Buffer);
extern Status LiteRtGetTensorBufferPackedSize(Buffer, size_t *);
extern Status LiteRtLockTensorBuffer(Buffer, void **, int);
extern Status LiteRtUnlockTensorBuffer(Buffer);
extern Status LiteRtRunCompiledModel(Compiled, size_t, size_t, Buffer *, size_t, Buffer *);

typedef struct {
  Environment environment;
  ModelFile file;
  Options options;
  Compiled compiled;
} Model;

#define NATIVE(type, name) JNIEXPORT type JNICALL Java_edge_litert_Native_##name
#define ENV JNIEnv *env, jclass self
#define AT(type, handle) ((type)(intptr_t)(handle))
#define HANDLE(pointer) ((jlong)(intptr_t)(pointer))

static int failed(JNIEnv *env, Status status, const char *what) {
  if (status == 0) return 0;
  if ((*env)->ExceptionCheck(env)) return 1;
  char text[120];
  snprintf(text, sizeof text, "%s: LiteRT's status is %d", what, status);
  (*env)->ThrowNew(env, (*env)->FindClass(env, "java/lang/IllegalStateException"), text);
  return 1;
}

static void discard(Model *model) {
  if (model->compiled) LiteRtDestroyCompiledModel(model->compiled);
  if (model->options) LiteRtDestroyOptions(model->options);
  if (model->file) LiteRtDestroyModel(model->file);
  if (model->environment) LiteRtDestroyEnvironment(model->environment);
  free(model);
}

/* XNNPACK packs weights once for all signatures, in memory: no file can go stale. */
static Status processor(Options options, int threads) {
  char text[80];
  snprintf(text, sizeof text, "num_threads = %d\nweight_cache_file_path = \":memory\"\n", threads);
  char *payload = strdup(text);
  Opaque opaque = NULL;
  Status status = LiteRtCreateOpaqueOptions("xnnpack", payload, free, &opaque);
  if (status == 0) status = LiteRtAddOpaqueOptions(options, opaque);
  return status != 0 ? status : LiteRtSetOptionsHardwareAccelerators(options, CPU);
}

/* `directory` has no library of an accelerator, so that none is loaded; only errors are logged. */
NATIVE(jlong, open)(ENV, jstring path, jstring directory, jint threads) {
  Model *model = calloc(1, sizeof *model);
  const char *file = (*env)->GetStringUTFChars(env, path, NULL), *runtime = (*env)->GetStringUTFChars(env, directory, NULL);
  EnvironmentOption settings[] = {{RUNTIME_DIRECTORY, {TEXT, {.text = runtime}}}, {LEAST_SEVERITY, {NUMBER, {.integer = ERRORS}}}};
  int bad = failed(env, LiteRtCreateEnvironment(2, settings, &model->environment), "no environment") ||
            failed(env, LiteRtCreateModelFromFile(model->environment, file, &model->file), "the file is no model") ||
            failed(env, LiteRtCreateOptions(&model->options), "no options") ||
            failed(env, processor(model->options, threads), "the processor's options are refused") ||
            failed(env, LiteRtCreateCompiledModel(model->environment, model->file, model->options, &model->compiled),
                   "the model is refused");
  (*env)->ReleaseStringUTFChars(env, path, file);
  (*env)->ReleaseStringUTFChars(env, directory, runtime);
  if (bad) discard(model);
  return bad ? 0 : HANDLE(model);
}

NATIVE(void, close)(ENV, jlong handle) { discard(AT(Model *, handle)); }

static Signature signature(JNIEnv *env, jlong handle, jint index) {
  Signature found = NULL;
  failed(env, LiteRtGetModelSignature(AT(Model *, handle)->file, (size_t)index, &found), "no such signature");
  return found;
}

NATIVE(jobjectArray, signatures)(ENV, jlong handle) {
  size_t count = 0;
  if (failed(env, LiteRtGetNumModelSignatures(AT(Model *, handle)->file, &count), "no signatures")) return NULL;
  jobjectArray names = (*env)->NewObjectArray(env, (jsize)count, (*env)->FindClass(env, "java/lang/String"), NULL);
  for (jint index = 0; index < (jint)count; index++) {
    const char *name = NULL;
    Signature found = signature(env, handle, index);
    if (found == NULL || failed(env, LiteRtGetSignatureKey(found, &name), "a signature has no name")) return NULL;
    (*env)->SetObjectArrayElement(env, names, index, (*env)->NewStringUTF(env, name));
  }
  return names;
}

/* In the order in which buffers are given to `run`. */
NATIVE(jobjectArray, arrays)(ENV, jlong handle, jint index, jboolean output) {
  size_t count = 0;
  Signature of = signature(env, handle, index);
  if (of == NULL) return NULL;
  Status status = output ? LiteRtGetNumSignatureOutputs(of, &count) : LiteRtGetNumSignatureInputs(of, &count);
  if (failed(env, status, "a signature has no arrays")) return NULL;
  jobjectArray names = (*env)->NewObjectArray(env, (jsize)count, (*env)->FindClass(env, "java/lang/String"), NULL);
  for (size_t at = 0; at < count; at++) {
    const char *name = NULL;
    status = output ? LiteRtGetSignatureOutputName(of, at, &name) : LiteRtGetSignatureInputName(of, at, &name);
    if (failed(env, status, "an array has no name")) return NULL;
    (*env)->SetObjectArrayElement(env, names, (jsize)at, (*env)->NewStringUTF(env, name));
  }
  return names;
}

static int typeOf(JNIEnv *env, jlong handle, jint index, jboolean output, jint at, TensorType *type) {
  Tensor tensor = NULL;
  Signature of = signature(env, handle, index);
  if (of == NULL) return 0;
  Status status = output ? LiteRtGetSignatureOutputTensorByIndex(of, (size_t)at, &tensor)
                         : LiteRtGetSignatureInputTensorByIndex(of, (size_t)at, &tensor);
  return !failed(env, status, "no such array") && !failed(env, LiteRtGetRankedTensorType(tensor, type), "an array has no size");
}

/* The type of its elements (1: float32, 2: int32), then its extents. */
NATIVE(jintArray, extents)(ENV, jlong handle, jint index, jboolean output, jint at) {
  TensorType type;
  if (!typeOf(env, handle, index, output, at, &type)) return NULL;
  jintArray found = (*env)->NewIntArray(env, (jsize)type.rank + 1);
  (*env)->SetIntArrayRegion(env, found, 0, 1, (const jint *)&type.element);
  (*env)->SetIntArrayRegion(env, found, 1, (jsize)type.rank, (const jint *)type.extents);
  return found;
}

NATIVE(jlong, buffer)(ENV, jlong handle, jint index, jboolean output, jint at) {
  Model *model = AT(Model *, handle);
  TensorType type;
  Requirements needed = NULL;
  Buffer made = NULL;
  void *memory = NULL;
  size_t bytes = 0;
  if (!typeOf(env, handle, index, output, at, &type)) return 0;
  Status status = output
      ? LiteRtGetCompiledModelOutputBufferRequirements(model->compiled, (size_t)index, (size_t)at, &needed)
      : LiteRtGetCompiledModelInputBufferRequirements(model->compiled, (size_t)index, (size_t)at, &needed);
  if (failed(env, status, "an array needs no buffer")) return 0;
  status = LiteRtCreateManagedTensorBufferFromRequirements(model->environment, &type, needed, &made);
  if (failed(env, status, "no buffer") || failed(env, LiteRtGetTensorBufferPackedSize(made, &bytes), "no size")) return 0;
  if (failed(env, LiteRtLockTensorBuffer(made, &memory, WRITE), "a buffer cannot be written")) return 0;
  memset(memory, 0, bytes);
  failed(env, LiteRtUnlockTensorBuffer(made), "a buffer cannot be written");
  return HANDLE(made);
}

NATIVE(void, closeBuffer)(ENV, jlong buffer) { LiteRtDestroyTensorBuffer(AT(Buffer, buffer)); }

/* The memory of `count` elements from `offset` on, locked; NULL with an exception pending. */
static void *locked(JNIEnv *env, jlong buffer, jint offset, jint count, int mode) {
  size_t bytes = 0;
  void *memory = NULL;
  if (failed(env, LiteRtGetTensorBufferPackedSize(AT(Buffer, buffer), &bytes), "no size")) return NULL;
  if (failed(env, offset < 0 || count < 0 || ((size_t)offset + (size_t)count) * 4 > bytes, "more elements than a buffer has")) return NULL;
  if (failed(env, LiteRtLockTensorBuffer(AT(Buffer, buffer), &memory, mode), "a buffer cannot be locked")) return NULL;
  return (char *)memory + (size_t)offset * 4;
}

NATIVE(void, writeFloats)(ENV, jlong buffer, jint offset, jfloatArray values, jint from, jint count) {
  jfloat *memory = locked(env, buffer, offset, count, WRITE);
  if (memory == NULL) return;
  (*env)->GetFloatArrayRegion(env, values, from, count, memory);
  failed(env, LiteRtUnlockTensorBuffer(AT(Buffer, buffer)), "a buffer cannot be written");
}

NATIVE(void, writeInts)(ENV, jlong buffer, jint offset, jintArray values, jint from, jint count) {
  jint *memory = locked(env, buffer, offset, count, WRITE);
  if (memory == NULL) return;
  (*env)->GetIntArrayRegion(env, values, from, count, memory);
  failed(env, LiteRtUnlockTensorBuffer(AT(Buffer, buffer)), "a buffer cannot be written");
}

NATIVE(void, readFloats)(ENV, jlong buffer, jint offset, jfloatArray values, jint from, jint count) {
  jfloat *memory = locked(env, buffer, offset, count, READ);
  if (memory == NULL) return;
  (*env)->SetFloatArrayRegion(env, values, from, count, memory);
  failed(env, LiteRtUnlockTensorBuffer(AT(Buffer, buffer)), "a buffer cannot be read");
}

NATIVE(void, run)(ENV, jlong handle, jint index, jlongArray inputs, jlongArray outputs) {
  jsize in = (*env)->GetArrayLength(env, inputs), out = (*env)->GetArrayLength(env, outputs);
  jlong handles[2 * MOST_BUFFERS];
  Buffer given[MOST_BUFFERS], taken[MOST_BUFFERS];
  if (failed(env, in > MOST_BUFFERS || out > MOST_BUFFERS, "more arrays than an entry point has")) return;
  (*env)->GetLongArrayRegion(env, inputs, 0, in, handles);
  (*env)->GetLongArrayRegion(env, outputs, 0, out, handles + in);
  for (jsize at = 0; at < in; at++) given[at] = AT(Buffer, handles[at]);
  for (jsize at = 0; at < out; at++) taken[at] = AT(Buffer, handles[in + at]);
  failed(env, LiteRtRunCompiledModel(AT(Model *, handle)->compiled, (size_t)index, (size_t)in, given, (size_t)out, taken),
         "a graph failed");
}
