/* Runs every signature of a LiteRT model as edge/engines/litert_graphs.py does: compiled for the processor, one thread,
 * XNNPACK's packed weights shared in memory. Built for ARM64 and counted by instruction_count.c.
 *
 * usage: entry_points MODEL WARM_UPS RUNS
 * Writes the signatures' names, one a line. Marks (see instruction_count.c) stand before a signature's first run and after each run, labelled
 * with its place in the list; two of label -1 come first, to tell what a mark itself costs.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MARK = 0xED6E, MAX_TENSORS = 16, MAX_RANK = 8 };

/* The part of the LiteRT C API that is used here: the wheels bring the library without its headers. */
enum { OK = 0, CPU = 1, HOST_MEMORY = 1, FLOAT32 = 1, INT32 = 2, WRITE = 1, ANY_INT = 2, ACCELERATORS = 24 };
typedef struct Handle *Handle;
typedef struct {
    int element;
    struct {
        unsigned int rank : 7, has_strides : 1;
        int32_t dimensions[MAX_RANK];
        uint32_t strides[MAX_RANK];
    } layout;
} TensorType;
typedef struct {
    int tag;
    struct {
        int type;
        int64_t value;
    } any;
} EnvironmentOption;

int LiteRtCreateEnvironment(int count, const EnvironmentOption *, Handle *environment);
int LiteRtCreateModelFromFile(Handle environment, const char *path, Handle *model);
int LiteRtCreateOptions(Handle *options);
int LiteRtSetOptionsHardwareAccelerators(Handle options, int accelerators);
int LiteRtCreateOpaqueOptions(const char *name, void *payload, void (*destroy)(void *), Handle *opaque);
int LiteRtAddOpaqueOptions(Handle options, Handle opaque);
int LiteRtCreateCompiledModel(Handle environment, Handle model, Handle options, Handle *compiled);
int LiteRtRunCompiledModel(Handle compiled, size_t signature, size_t inputs, Handle *, size_t outputs, Handle *);
int LiteRtGetNumModelSignatures(Handle model, size_t *count);
int LiteRtGetModelSignature(Handle model, size_t place, Handle *signature);
int LiteRtGetSignatureKey(Handle signature, const char **name);
int LiteRtGetNumSignatureInputs(Handle signature, size_t *count);
int LiteRtGetNumSignatureOutputs(Handle signature, size_t *count);
int LiteRtGetSignatureInputTensorByIndex(Handle signature, size_t place, Handle *tensor);
int LiteRtGetSignatureOutputTensorByIndex(Handle signature, size_t place, Handle *tensor);
int LiteRtGetRankedTensorType(Handle tensor, TensorType *);
int LiteRtGetCompiledModelInputBufferRequirements(Handle compiled, size_t signature, size_t place, Handle *requirements);
int LiteRtGetCompiledModelOutputBufferRequirements(Handle compiled, size_t signature, size_t place, Handle *requirements);
int LiteRtCreateManagedTensorBufferFromRequirements(Handle environment, const TensorType *, Handle requirements, Handle *buffer);
int LiteRtLockTensorBuffer(Handle buffer, void **memory, int mode);
int LiteRtUnlockTensorBuffer(Handle buffer);
void LiteRtDestroyTensorBuffer(Handle buffer);

static Handle environment, model, compiled;

static void check(int status, const char *what) {
    if (status == OK) return;
    fprintf(stderr, "entry_points: %s: LiteRT status %d\n", what, status);
    exit(1);
}

static void mark(long label) {
    syscall(MARK, label);
}

static void destroy_nothing(void *payload) {
    (void)payload;
}

static void open_model(const char *path) {
    static char threads_and_cache[] = "num_threads = 1\nweight_cache_file_path = \":memory\"\n"; /* TOML */
    const EnvironmentOption cpu_alone = {ACCELERATORS, {ANY_INT, CPU}};
    Handle options, xnnpack;
    check(LiteRtCreateEnvironment(1, &cpu_alone, &environment), "environment");
    check(LiteRtCreateModelFromFile(environment, path, &model), path);
    check(LiteRtCreateOptions(&options), "options");
    check(LiteRtSetOptionsHardwareAccelerators(options, CPU), "accelerators");
    check(LiteRtCreateOpaqueOptions("xnnpack", threads_and_cache, destroy_nothing, &xnnpack), "processor options");
    check(LiteRtAddOpaqueOptions(options, xnnpack), "processor options");
    check(LiteRtCreateCompiledModel(environment, model, options, &compiled), "compiling");
}

/* Every id, position and distance is 0, which any model has; floats come from a fixed generator, evenly from -1 to 1. */
static void fill(Handle buffer, const TensorType *type) {
    static uint32_t state = 1;
    size_t count = 1;
    void *memory;
    for (unsigned int i = 0; i < type->layout.rank; i++) count *= type->layout.dimensions[i];
    check(LiteRtLockTensorBuffer(buffer, &memory, WRITE), "writing an input");
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        if (type->element == FLOAT32) ((float *)memory)[i] = (float)(int32_t)state / 2147483648.0f;
        if (type->element == INT32) ((int32_t *)memory)[i] = 0;
    }
    check(LiteRtUnlockTensorBuffer(buffer), "writing an input");
}

static Handle make_buffer(size_t index, Handle signature, size_t place, int is_input) {
    Handle tensor, requirements, buffer;
    TensorType type;
    check((is_input ? LiteRtGetSignatureInputTensorByIndex : LiteRtGetSignatureOutputTensorByIndex)(signature, place, &tensor),
          "a signature's tensor");
    check(LiteRtGetRankedTensorType(tensor, &type), "a tensor's type");
    check((is_input ? LiteRtGetCompiledModelInputBufferRequirements : LiteRtGetCompiledModelOutputBufferRequirements)(
              compiled, index, place, &requirements),
          "a buffer's requirements");
    check(LiteRtCreateManagedTensorBufferFromRequirements(environment, &type, requirements, &buffer), "a buffer");
    if (is_input) fill(buffer, &type);
    return buffer;
}

static void run_signature(size_t index, int warm_ups, int runs) {
    Handle signature, inputs[MAX_TENSORS], outputs[MAX_TENSORS];
    size_t sources, targets;
    const char *name;
    check(LiteRtGetModelSignature(model, index, &signature), "signature");
    check(LiteRtGetSignatureKey(signature, &name), "signature's name");
    check(LiteRtGetNumSignatureInputs(signature, &sources), name);
    check(LiteRtGetNumSignatureOutputs(signature, &targets), name);
    check(sources > MAX_TENSORS || targets > MAX_TENSORS, "too many inputs or outputs");
    for (size_t i = 0; i < sources; i++) inputs[i] = make_buffer(index, signature, i, 1);
    for (size_t i = 0; i < targets; i++) outputs[i] = make_buffer(index, signature, i, 0);
    puts(name);
    for (int i = -warm_ups; i < runs; i++) {
        if (i == 0) mark((long)index);
        check(LiteRtRunCompiledModel(compiled, index, sources, inputs, targets, outputs), name);
        if (i >= 0) mark((long)index);
    }
    for (size_t i = 0; i < sources; i++) LiteRtDestroyTensorBuffer(inputs[i]);
    for (size_t i = 0; i < targets; i++) LiteRtDestroyTensorBuffer(outputs[i]);
}

int main(int argc, char **argv) {
    size_t signatures;
    if (argc != 4) {
        fprintf(stderr, "usage: entry_points MODEL WARM_UPS RUNS\n");
        return 2;
    }
    open_model(argv[1]);
    check(LiteRtGetNumModelSignatures(model, &signatures), "signatures");
    mark(-1);
    mark(-1);
    for (size_t i = 0; i < signatures; i++) run_signature(i, atoi(argv[2]), atoi(argv[3]));
    fflush(stdout);
    _exit(0); /* nothing is left to count, and nothing that shuts down can fail any more */
}
