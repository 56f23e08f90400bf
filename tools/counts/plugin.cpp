// SPDX-License-Identifier: GPL-2.0
/// @file
/// A plugin for QEMU that counts what a CPU of the guest executes between two
/// marks: instructions, and cache lines that are written back.
///
/// Argument: out=FILE. Each mark adds a line to it, with both counts since the
/// mark before on the same CPU. What an interrupt executes meanwhile is counted
/// too.
#include "instruction.hpp"
#include "qemu_plugin.hpp"

#include <array>
#include <cstdio>
#include <span>
#include <string_view>

namespace {

constexpr unsigned MaxCpus = 64;

struct Counts {
  std::uint64_t instructions = 0;
  std::uint64_t written_back = 0;
};

/// Each CPU has a thread of its own, which alone changes its element.
struct alignas(64) Cpu {
  Counts counts;
};
std::array<Cpu, MaxCpus> cpus;
std::FILE *out;

/// Counts a block when it begins; of the one with a mark, what is behind the
/// mark counts as before it.
/// @param data the number of instructions
void block(unsigned vcpu, void *data) {
  cpus[vcpu % MaxCpus].counts.instructions +=
      reinterpret_cast<std::uintptr_t>(data);
}

void write_back(unsigned vcpu, void *) {
  cpus[vcpu % MaxCpus].counts.written_back++;
}

void mark(unsigned vcpu, void *) {
  Counts &counts = cpus[vcpu % MaxCpus].counts;
  std::fprintf(out, "%lu %lu\n", counts.instructions, counts.written_back);
  std::fflush(out);
  counts = {};
}

void translate(qemu_plugin_id_t, qemu_plugin_tb *tb) {
  const std::size_t size = qemu_plugin_tb_n_insns(tb);
  qemu_plugin_register_vcpu_tb_exec_cb(tb, block, QEMU_PLUGIN_CB_NO_REGS,
                                       reinterpret_cast<void *>(size));
  for (std::size_t i = 0; i < size; i++) {
    qemu_plugin_insn *const insn = qemu_plugin_tb_get_insn(tb, i);
    const std::span code(
        static_cast<const std::uint8_t *>(qemu_plugin_insn_data(insn)),
        qemu_plugin_insn_size(insn));
    if (counts::writes_back(code))
      qemu_plugin_register_vcpu_insn_exec_cb(insn, write_back,
                                             QEMU_PLUGIN_CB_NO_REGS, nullptr);
    if (counts::is_mark(code))
      qemu_plugin_register_vcpu_insn_exec_cb(insn, mark, QEMU_PLUGIN_CB_NO_REGS,
                                             nullptr);
  }
}

} // namespace

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT int qemu_plugin_version;
int qemu_plugin_version = 1;

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *, int argc,
                               char **argv) {
  constexpr std::string_view Option = "out=";
  for (int i = 0; i < argc; i++)
    if (std::string_view(argv[i]).starts_with(Option))
      out = std::fopen(argv[i] + Option.size(), "a");
  if (!out) {
    std::fprintf(stderr, "counts: no file to write to; give out=FILE\n");
    return 1;
  }
  qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
  return 0;
}
