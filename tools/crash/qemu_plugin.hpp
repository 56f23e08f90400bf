// SPDX-License-Identifier: GPL-2.0
/// @file
/// The part of QEMU's interface for TCG plugins, version 4, that plugin.cpp uses:
/// QEMU 9.2 and later.
///
/// No Debian package has QEMU's own header. The functions are documented in "QEMU
/// TCG Plugins" in QEMU's documentation.
#ifndef CRASH_QEMU_PLUGIN_HPP
#define CRASH_QEMU_PLUGIN_HPP

#include <glib.h>

#include <cstddef>
#include <cstdint>

extern "C" {

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_hwaddr;
struct qemu_plugin_register;

using qemu_plugin_id_t = std::uint64_t;
using qemu_plugin_meminfo_t = std::uint32_t;

/// One element of the array that qemu_plugin_get_registers() returns.
struct qemu_plugin_reg_descriptor {
  qemu_plugin_register *handle;
  const char *name;
  const char *feature;
};

enum qemu_plugin_mem_value_type {
  QEMU_PLUGIN_MEM_VALUE_U8,
  QEMU_PLUGIN_MEM_VALUE_U16,
  QEMU_PLUGIN_MEM_VALUE_U32,
  QEMU_PLUGIN_MEM_VALUE_U64,
  QEMU_PLUGIN_MEM_VALUE_U128,
};

/// What a load has read or a store has written.
struct qemu_plugin_mem_value {
  qemu_plugin_mem_value_type type;
  union {
    std::uint8_t u8;
    std::uint16_t u16;
    std::uint32_t u32;
    std::uint64_t u64;
    struct {
      std::uint64_t low;
      std::uint64_t high;
    } u128;
  } data;
};

/// How a callback uses the registers of the guest.
enum qemu_plugin_cb_flags {
  QEMU_PLUGIN_CB_NO_REGS,
  QEMU_PLUGIN_CB_R_REGS,
};

enum qemu_plugin_mem_rw {
  QEMU_PLUGIN_MEM_R = 1,
  QEMU_PLUGIN_MEM_W,
  QEMU_PLUGIN_MEM_RW,
};

using qemu_plugin_simple_cb_t = void (*)(qemu_plugin_id_t id);
using qemu_plugin_vcpu_simple_cb_t = void (*)(qemu_plugin_id_t id,
                                              unsigned vcpu);
using qemu_plugin_vcpu_tb_trans_cb_t = void (*)(qemu_plugin_id_t id,
                                                qemu_plugin_tb *tb);
using qemu_plugin_vcpu_udata_cb_t = void (*)(unsigned vcpu, void *data);
using qemu_plugin_vcpu_mem_cb_t = void (*)(unsigned vcpu,
                                           qemu_plugin_meminfo_t info,
                                           std::uint64_t vaddr, void *data);
using qemu_plugin_udata_cb_t = void (*)(qemu_plugin_id_t id, void *data);

void qemu_plugin_register_vcpu_init_cb(qemu_plugin_id_t id,
                                       qemu_plugin_vcpu_simple_cb_t callback);
void qemu_plugin_register_vcpu_tb_trans_cb(
    qemu_plugin_id_t id, qemu_plugin_vcpu_tb_trans_cb_t callback);
void qemu_plugin_register_vcpu_insn_exec_cb(
    qemu_plugin_insn *insn, qemu_plugin_vcpu_udata_cb_t callback,
    qemu_plugin_cb_flags flags, void *data);
void qemu_plugin_register_vcpu_mem_cb(qemu_plugin_insn *insn,
                                      qemu_plugin_vcpu_mem_cb_t callback,
                                      qemu_plugin_cb_flags flags,
                                      qemu_plugin_mem_rw which, void *data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id,
                                    qemu_plugin_udata_cb_t callback,
                                    void *data);
void qemu_plugin_reset(qemu_plugin_id_t id, qemu_plugin_simple_cb_t callback);
std::size_t qemu_plugin_tb_n_insns(const qemu_plugin_tb *tb);
qemu_plugin_insn *qemu_plugin_tb_get_insn(const qemu_plugin_tb *tb,
                                          std::size_t index);
std::size_t qemu_plugin_insn_data(const qemu_plugin_insn *insn, void *to,
                                  std::size_t length);
std::uint64_t qemu_plugin_insn_vaddr(const qemu_plugin_insn *insn);
unsigned qemu_plugin_mem_size_shift(qemu_plugin_meminfo_t info);
qemu_plugin_mem_value qemu_plugin_mem_get_value(qemu_plugin_meminfo_t info);
qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(qemu_plugin_meminfo_t info,
                                           std::uint64_t vaddr);
bool qemu_plugin_hwaddr_is_io(const qemu_plugin_hwaddr *address);
std::uint64_t qemu_plugin_hwaddr_phys_addr(const qemu_plugin_hwaddr *address);
GArray *qemu_plugin_get_registers();
int qemu_plugin_read_register(qemu_plugin_register *handle, GByteArray *to);
}

#endif
