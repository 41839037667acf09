/* A plugin of QEMU's translator that counts the guest's instructions between marks.
 *
 * usage: qemu-aarch64 -plugin instruction_count.so,out=FILE PROGRAM
 * A mark is a system call with the number MARK, which no kernel knows; its first argument is a label. Each mark writes a line
 * "LABEL INSTRUCTIONS" with all the instructions up to it. More than one thread ends the line with "threads": no such count repeats.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { MARK = 0xED6E };

/* The part of QEMU's plugin interface, version 1, that is used here: Debian packages no header for it. */
typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
typedef struct qemu_info_t qemu_info_t;
enum { QEMU_PLUGIN_INLINE_ADD_U64 = 0 };
typedef void (*translated)(qemu_plugin_id_t, struct qemu_plugin_tb *);
typedef void (*started)(qemu_plugin_id_t, unsigned int vcpu);
typedef void (*called)(qemu_plugin_id_t, unsigned int vcpu, int64_t number, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                       uint64_t, uint64_t, uint64_t);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, translated);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int operation, void *number, uint64_t added);
void qemu_plugin_register_vcpu_init_cb(qemu_plugin_id_t, started);
void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t, called);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;

static uint64_t instructions;
static unsigned int threads;
static FILE *out;

static void count_block(qemu_plugin_id_t id, struct qemu_plugin_tb *block) {
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_inline(block, QEMU_PLUGIN_INLINE_ADD_U64, &instructions, qemu_plugin_tb_n_insns(block));
}

static void count_thread(qemu_plugin_id_t id, unsigned int vcpu) {
    (void)id, (void)vcpu;
    threads++;
}

static void write_mark(qemu_plugin_id_t id, unsigned int vcpu, int64_t number, uint64_t label, uint64_t a2, uint64_t a3,
                       uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8) {
    (void)id, (void)vcpu, (void)a2, (void)a3, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
    if (number != MARK) return;
    fprintf(out, "%" PRId64 " %" PRIu64 "%s\n", (int64_t)label, instructions, threads > 1 ? " threads" : "");
    fflush(out);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv) {
    (void)info;
    for (int i = 0; i < argc; i++)
        if (!strncmp(argv[i], "out=", 4)) out = fopen(argv[i] + 4, "w");
    if (!out) {
        fprintf(stderr, "instruction_count: out=FILE is missing, or cannot be written\n");
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, count_block);
    qemu_plugin_register_vcpu_init_cb(id, count_thread);
    qemu_plugin_register_vcpu_syscall_cb(id, write_mark);
    return 0;
}
