// SPDX-License-Identifier: GPL-2.0
/// @file
/// The part of QEMU's interface for TCG plugins, version 1, that plugin.cpp uses.
///
/// No Debian package has QEMU's own header. The functions are documented in "QEMU
/// TCG Plugins" in QEMU's documentation.
#ifndef COUNTS_QEMU_PLUGIN_HPP
#define COUNTS_QEMU_PLUGIN_HPP

#include <cstddef>
#include <cstdint>

extern "C" {

struct qemu_plugin_tb;
struct qemu_plugin_insn;

using qemu_plugin_id_t = std::uint64_t;
using qemu_plugin_vcpu_tb_trans_cb_t = void (*)(qemu_plugin_id_t id,
                                                qemu_plugin_tb *tb);
using qemu_plugin_vcpu_udata_cb_t = void (*)(unsigned vcpu, void *data);

/// How a callback uses the registers of the guest.
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };

void qemu_plugin_register_vcpu_tb_trans_cb(
    qemu_plugin_id_t id, qemu_plugin_vcpu_tb_trans_cb_t callback);
void qemu_plugin_register_vcpu_tb_exec_cb(qemu_plugin_tb *tb,
                                          qemu_plugin_vcpu_udata_cb_t callback,
                                          qemu_plugin_cb_flags flags,
                                          void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(
    qemu_plugin_insn *insn, qemu_plugin_vcpu_udata_cb_t callback,
    qemu_plugin_cb_flags flags, void *data);
std::size_t qemu_plugin_tb_n_insns(const qemu_plugin_tb *tb);
std::uint64_t qemu_plugin_tb_vaddr(const qemu_plugin_tb *tb);
qemu_plugin_insn *qemu_plugin_tb_get_insn(const qemu_plugin_tb *tb,
                                          std::size_t index);
const void *qemu_plugin_insn_data(const qemu_plugin_insn *insn);
std::size_t qemu_plugin_insn_size(const qemu_plugin_insn *insn);
}

#endif
