/* What ai.onnxruntime's Java classes need of native code to run a session, for tests on a desktop's JVM: the library for Android
 * brings its own, built for Android alone. Only the calls that edge.ort makes are here. */
#include <jni.h>
#include <stdint.h>
#include <stdlib.h>

#include "onnxruntime_c_api.h"

#define API(handle) ((const OrtApi *)(intptr_t)(handle))
#define AT(type, handle) ((type *)(intptr_t)(handle))
#define HANDLE(pointer) ((jlong)(intptr_t)(pointer))
#define NATIVE(type, name) JNIEXPORT type JNICALL Java_ai_onnxruntime_##name
#define ENV JNIEnv *env, jobject self

/* The Java classes number the types of elements in another order than the C API. */
static const int TYPES[][2] = {{ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, 10}, {ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32, 6}};
enum { TYPE_COUNT = sizeof TYPES / sizeof TYPES[0], MOST_RANK = 8, MOST_VALUES = 64 };

static int failed(JNIEnv *env, const OrtApi *api, OrtStatus *status) {
  if (status == NULL) return 0;
  jclass error = (*env)->FindClass(env, "ai/onnxruntime/OrtException");
  (*env)->ThrowNew(env, error, api->GetErrorMessage(status));
  api->ReleaseStatus(status);
  return 1;
}

NATIVE(jlong, OnnxRuntime_initialiseAPIBase)(ENV, jint version) {
  return HANDLE(OrtGetApiBase()->GetApi((uint32_t)version));
}
NATIVE(jlong, OnnxRuntime_initialiseTrainingAPIBase)(ENV, jlong api, jint version) { return 0; }
NATIVE(jlong, OnnxRuntime_initialiseCompileAPIBase)(ENV, jlong api) { return HANDLE(API(api)->GetCompileApi()); }
NATIVE(jstring, OnnxRuntime_initialiseVersion)(ENV) {
  return (*env)->NewStringUTF(env, OrtGetApiBase()->GetVersionString());
}
NATIVE(jobjectArray, OnnxRuntime_getAvailableProviders)(ENV, jlong api) {
  jclass strings = (*env)->FindClass(env, "java/lang/String");
  return (*env)->NewObjectArray(env, 1, strings, (*env)->NewStringUTF(env, "CPUExecutionProvider"));
}

NATIVE(jlong, OrtEnvironment_createHandle__JILjava_lang_String_2)(ENV, jlong api, jint level, jstring name) {
  const char *text = (*env)->GetStringUTFChars(env, name, NULL);
  OrtEnv *made = NULL;
  failed(env, API(api), API(api)->CreateEnv((OrtLoggingLevel)level, text, &made));
  (*env)->ReleaseStringUTFChars(env, name, text);
  return HANDLE(made);
}
NATIVE(jlong, OrtEnvironment_getDefaultAllocator)(ENV, jlong api) {
  OrtAllocator *allocator = NULL;
  failed(env, API(api), API(api)->GetAllocatorWithDefaultOptions(&allocator));
  return HANDLE(allocator);
}
NATIVE(void, OrtEnvironment_setTelemetry)(ENV, jlong api, jlong handle, jboolean send) {
  OrtEnv *of = AT(OrtEnv, handle);
  failed(env, API(api), send ? API(api)->EnableTelemetryEvents(of) : API(api)->DisableTelemetryEvents(of));
}
NATIVE(void, OrtEnvironment_close)(ENV, jlong api, jlong handle) { API(api)->ReleaseEnv(AT(OrtEnv, handle)); }

#define OPTIONS(type, name) NATIVE(type, OrtSession_00024SessionOptions_##name)
OPTIONS(jlong, createOptions)(ENV, jlong api) {
  OrtSessionOptions *options = NULL;
  failed(env, API(api), API(api)->CreateSessionOptions(&options));
  return HANDLE(options);
}
OPTIONS(void, closeOptions)(ENV, jlong api, jlong handle) {
  API(api)->ReleaseSessionOptions(AT(OrtSessionOptions, handle));
}
OPTIONS(void, setIntraOpNumThreads)(ENV, jlong api, jlong handle, jint threads) {
  failed(env, API(api), API(api)->SetIntraOpNumThreads(AT(OrtSessionOptions, handle), threads));
}
OPTIONS(void, setInterOpNumThreads)(ENV, jlong api, jlong handle, jint threads) {
  failed(env, API(api), API(api)->SetInterOpNumThreads(AT(OrtSessionOptions, handle), threads));
}
OPTIONS(void, setSessionLogLevel)(ENV, jlong api, jlong handle, jint level) {
  failed(env, API(api), API(api)->SetSessionLogSeverityLevel(AT(OrtSessionOptions, handle), level));
}
OPTIONS(void, setCPUArenaAllocator)(ENV, jlong api, jlong handle, jboolean use) {
  OrtSessionOptions *options = AT(OrtSessionOptions, handle);
  failed(env, API(api), use ? API(api)->EnableCpuMemArena(options) : API(api)->DisableCpuMemArena(options));
}
OPTIONS(void, addConfigEntry)(ENV, jlong api, jlong handle, jstring key, jstring value) {
  const char *keyText = (*env)->GetStringUTFChars(env, key, NULL), *text = (*env)->GetStringUTFChars(env, value, NULL);
  failed(env, API(api), API(api)->AddSessionConfigEntry(AT(OrtSessionOptions, handle), keyText, text));
  (*env)->ReleaseStringUTFChars(env, key, keyText);
  (*env)->ReleaseStringUTFChars(env, value, text);
}

NATIVE(jlong, OrtSession_createSession__JJLjava_lang_String_2J)(ENV, jlong api, jlong of, jstring path, jlong options) {
  const char *text = (*env)->GetStringUTFChars(env, path, NULL);
  OrtSession *session = NULL;
  failed(env, API(api), API(api)->CreateSession(AT(OrtEnv, of), text, AT(OrtSessionOptions, options), &session));
  (*env)->ReleaseStringUTFChars(env, path, text);
  return HANDLE(session);
}
NATIVE(void, OrtSession_closeSession)(ENV, jlong api, jlong handle) { API(api)->ReleaseSession(AT(OrtSession, handle)); }

static jlong count(JNIEnv *env, const OrtApi *api, OrtSession *session, int output) {
  size_t number = 0;
  failed(env, api, output ? api->SessionGetOutputCount(session, &number) : api->SessionGetInputCount(session, &number));
  return (jlong)number;
}
NATIVE(jlong, OrtSession_getNumInputs)(ENV, jlong api, jlong handle) { return count(env, API(api), AT(OrtSession, handle), 0); }
NATIVE(jlong, OrtSession_getNumOutputs)(ENV, jlong api, jlong handle) { return count(env, API(api), AT(OrtSession, handle), 1); }

static jstring name(JNIEnv *env, const OrtApi *api, OrtSession *session, OrtAllocator *allocator, int output, size_t index) {
  char *text = NULL;
  OrtStatus *status = output ? api->SessionGetOutputName(session, index, allocator, &text)
                             : api->SessionGetInputName(session, index, allocator, &text);
  if (failed(env, api, status)) return NULL;
  jstring found = (*env)->NewStringUTF(env, text);
  allocator->Free(allocator, text);
  return found;
}

static jobjectArray names(JNIEnv *env, const OrtApi *api, OrtSession *session, OrtAllocator *allocator, int output) {
  jsize number = (jsize)count(env, api, session, output);
  jobjectArray found = (*env)->NewObjectArray(env, number, (*env)->FindClass(env, "java/lang/String"), NULL);
  for (jsize index = 0; index < number; index++) {
    (*env)->SetObjectArrayElement(env, found, index, name(env, api, session, allocator, output, (size_t)index));
  }
  return found;
}
NATIVE(jobjectArray, OrtSession_getInputNames)(ENV, jlong api, jlong handle, jlong allocator) {
  return names(env, API(api), AT(OrtSession, handle), AT(OrtAllocator, allocator), 0);
}
NATIVE(jobjectArray, OrtSession_getOutputNames)(ENV, jlong api, jlong handle, jlong allocator) {
  return names(env, API(api), AT(OrtSession, handle), AT(OrtAllocator, allocator), 1);
}

/* A TensorInfo; NULL with an exception pending for a type that edge.ort does not use. */
static jobject tensorInfo(JNIEnv *env, const OrtApi *api, const OrtTensorTypeAndShapeInfo *info) {
  ONNXTensorElementDataType type;
  size_t rank = 0;
  int64_t extents[MOST_RANK];
  if (failed(env, api, api->GetTensorElementType(info, &type)) || failed(env, api, api->GetDimensionsCount(info, &rank))) return NULL;
  if (rank > MOST_RANK) rank = MOST_RANK;
  if (failed(env, api, api->GetDimensions(info, extents, rank))) return NULL;
  int number = 0;
  for (int index = 0; index < TYPE_COUNT; index++) if (TYPES[index][0] == (int)type) number = TYPES[index][1];
  jlongArray shape = (*env)->NewLongArray(env, (jsize)rank);
  (*env)->SetLongArrayRegion(env, shape, 0, (jsize)rank, (const jlong *)extents);
  jobjectArray words = (*env)->NewObjectArray(
      env, (jsize)rank, (*env)->FindClass(env, "java/lang/String"), (*env)->NewStringUTF(env, ""));
  jclass class = (*env)->FindClass(env, "ai/onnxruntime/TensorInfo");
  jmethodID make = (*env)->GetMethodID(env, class, "<init>", "([J[Ljava/lang/String;I)V");
  return (*env)->NewObject(env, class, make, shape, words, number);
}

static jobjectArray infos(JNIEnv *env, const OrtApi *api, OrtSession *session, OrtAllocator *allocator, int output) {
  jsize number = (jsize)count(env, api, session, output);
  jclass class = (*env)->FindClass(env, "ai/onnxruntime/NodeInfo");
  jmethodID make = (*env)->GetMethodID(env, class, "<init>", "(Ljava/lang/String;Lai/onnxruntime/ValueInfo;)V");
  jobjectArray found = (*env)->NewObjectArray(env, number, class, NULL);
  for (jsize index = 0; index < number; index++) {
    OrtTypeInfo *info = NULL;
    const OrtTensorTypeAndShapeInfo *tensor = NULL;
    OrtStatus *status = output ? api->SessionGetOutputTypeInfo(session, (size_t)index, &info)
                               : api->SessionGetInputTypeInfo(session, (size_t)index, &info);
    if (failed(env, api, status) || failed(env, api, api->CastTypeInfoToTensorInfo(info, &tensor))) return NULL;
    jobject node = (*env)->NewObject(
        env, class, make, name(env, api, session, allocator, output, (size_t)index), tensorInfo(env, api, tensor));
    api->ReleaseTypeInfo(info);
    if ((*env)->ExceptionCheck(env)) return NULL;
    (*env)->SetObjectArrayElement(env, found, index, node);
  }
  return found;
}
NATIVE(jobjectArray, OrtSession_getInputInfo)(ENV, jlong api, jlong handle, jlong allocator) {
  return infos(env, API(api), AT(OrtSession, handle), AT(OrtAllocator, allocator), 0);
}
NATIVE(jobjectArray, OrtSession_getOutputInfo)(ENV, jlong api, jlong handle, jlong allocator) {
  return infos(env, API(api), AT(OrtSession, handle), AT(OrtAllocator, allocator), 1);
}

static jobject tensor(JNIEnv *env, const OrtApi *api, OrtAllocator *allocator, OrtValue *value) {
  OrtTensorTypeAndShapeInfo *info = NULL;
  if (failed(env, api, api->GetTensorTypeAndShape(value, &info))) return NULL;
  jobject described = tensorInfo(env, api, info);
  api->ReleaseTensorTypeAndShapeInfo(info);
  jclass class = (*env)->FindClass(env, "ai/onnxruntime/OnnxTensor");
  jmethodID make = (*env)->GetMethodID(env, class, "<init>", "(JJLai/onnxruntime/TensorInfo;)V");
  return (*env)->NewObject(env, class, make, HANDLE(value), HANDLE(allocator), described);
}

/* Borrows the text of each name; given back by `leave`. */
static void enter(JNIEnv *env, jobjectArray names, jlong number, const char **texts) {
  for (jsize index = 0; index < number; index++) {
    jstring text = (*env)->GetObjectArrayElement(env, names, index);
    texts[index] = (*env)->GetStringUTFChars(env, text, NULL);
    (*env)->DeleteLocalRef(env, text);
  }
}
static void leave(JNIEnv *env, jobjectArray names, jlong number, const char **texts) {
  for (jsize index = 0; index < number; index++) {
    jstring text = (*env)->GetObjectArrayElement(env, names, index);
    (*env)->ReleaseStringUTFChars(env, text, texts[index]);
    (*env)->DeleteLocalRef(env, text);
  }
}

NATIVE(jbooleanArray, OrtSession_run)
(ENV, jlong api, jlong handle, jlong allocator, jobjectArray inputNames, jlongArray inputs, jlong inputCount,
 jobjectArray outputNames, jlong outputCount, jobjectArray values, jlongArray handles, jlong options) {
  const char *asked[MOST_VALUES], *wanted[MOST_VALUES];
  OrtValue *given[MOST_VALUES], *results[MOST_VALUES] = {NULL};
  jlong pointers[MOST_VALUES];
  (*env)->GetLongArrayRegion(env, inputs, 0, (jsize)inputCount, pointers);
  for (jlong index = 0; index < inputCount; index++) given[index] = AT(OrtValue, pointers[index]);
  enter(env, inputNames, inputCount, asked);
  enter(env, outputNames, outputCount, wanted);
  OrtStatus *status = API(api)->Run(AT(OrtSession, handle), AT(OrtRunOptions, options), asked, (const OrtValue *const *)given,
                                    (size_t)inputCount, wanted, (size_t)outputCount, results);
  leave(env, inputNames, inputCount, asked);
  leave(env, outputNames, outputCount, wanted);
  if (failed(env, API(api), status)) return NULL;
  jboolean owned[MOST_VALUES];
  for (jsize index = 0; index < outputCount; index++) {
    owned[index] = JNI_TRUE;
    (*env)->SetObjectArrayElement(env, values, index, tensor(env, API(api), AT(OrtAllocator, allocator), results[index]));
  }
  jbooleanArray found = (*env)->NewBooleanArray(env, (jsize)outputCount);
  (*env)->SetBooleanArrayRegion(env, found, 0, (jsize)outputCount, owned);
  return found;
}

NATIVE(jlong, OnnxTensor_createTensorFromBuffer)
(ENV, jlong api, jlong allocator, jobject buffer, jint offset, jlong bytes, jlongArray shape, jint type) {
  jlong extents[MOST_RANK];
  jsize rank = (*env)->GetArrayLength(env, shape);
  (*env)->GetLongArrayRegion(env, shape, 0, rank, extents);
  int number = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  for (int index = 0; index < TYPE_COUNT; index++) if (TYPES[index][1] == type) number = TYPES[index][0];
  OrtMemoryInfo *memory = NULL;
  OrtValue *made = NULL;
  char *start = (char *)(*env)->GetDirectBufferAddress(env, buffer) + offset;
  if (failed(env, API(api), API(api)->CreateCpuMemoryInfo(OrtDeviceAllocator, OrtMemTypeDefault, &memory))) return 0;
  failed(env, API(api), API(api)->CreateTensorWithDataAsOrtValue(
      memory, start, (size_t)bytes, (const int64_t *)extents, (size_t)rank, (ONNXTensorElementDataType)number, &made));
  API(api)->ReleaseMemoryInfo(memory);
  return HANDLE(made);
}

NATIVE(jobject, OnnxTensor_getBuffer)(ENV, jlong api, jlong handle) {
  OrtTensorTypeAndShapeInfo *info = NULL;
  size_t elements = 0;
  void *data = NULL;
  if (failed(env, API(api), API(api)->GetTensorTypeAndShape(AT(OrtValue, handle), &info))) return NULL;
  OrtStatus *status = API(api)->GetTensorShapeElementCount(info, &elements);
  API(api)->ReleaseTensorTypeAndShapeInfo(info);
  if (failed(env, API(api), status)) return NULL;
  if (failed(env, API(api), API(api)->GetTensorMutableData(AT(OrtValue, handle), &data))) return NULL;
  return (*env)->NewDirectByteBuffer(env, data, (jlong)elements * 4); /* both types have four bytes */
}
NATIVE(void, OnnxTensor_close)(ENV, jlong api, jlong handle) { API(api)->ReleaseValue(AT(OrtValue, handle)); }
