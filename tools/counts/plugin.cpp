// SPDX-License-Identifier: GPL-2.0
/// @file
/// A plugin for QEMU that counts instructions and cache lines written back between
/// two marks in the guest.
///
/// Argument: out=FILE. Each mark appends a line: both counts since the last mark on
/// the same CPU, and the instructions on all CPUs since the last mark on any CPU.
/// Interrupts count too.
#include "instruction.hpp"
#include "qemu_plugin.hpp"

#include <array>
#include <atomic>
#include <cstdio>
#include <span>
#include <string_view>

namespace {

constexpr unsigned MaxCpus = 64;

/// The counts of a CPU since its start. Only the CPU's own thread changes them.
struct alignas(64) Cpu {
  std::atomic<std::uint64_t> instructions = 0;
  std::uint64_t written_back = 0;
  /// at the last mark
  std::uint64_t marked_instructions = 0;
  std::uint64_t marked_written_back = 0;
};
std::array<Cpu, MaxCpus> cpus;
std::atomic<std::uint64_t> marked_by_all; ///< at the last mark on any CPU
std::FILE *out;

/// Counts the instructions of a block at its start. In a block with a mark, those
/// after the mark count as before it.
/// @param data number of instructions
void block(unsigned vcpu, void *data) {
  std::atomic<std::uint64_t> &count = cpus[vcpu % MaxCpus].instructions;
  // no other thread changes it, so a load and a store are enough
  count.store(count.load(std::memory_order_relaxed) +
                  reinterpret_cast<std::uintptr_t>(data),
              std::memory_order_relaxed);
}

void write_back(unsigned vcpu, void *) { cpus[vcpu % MaxCpus].written_back++; }

void mark(unsigned vcpu, void *) {
  Cpu &cpu = cpus[vcpu % MaxCpus];
  const std::uint64_t instructions = cpu.instructions;
  std::uint64_t by_all = 0;
  for (const Cpu &each : cpus)
    by_all += each.instructions.load(std::memory_order_relaxed);
  std::fprintf(out, "%lu %lu %lu\n", instructions - cpu.marked_instructions,
               cpu.written_back - cpu.marked_written_back,
               by_all - marked_by_all.exchange(by_all));
  std::fflush(out);
  cpu.marked_instructions = instructions;
  cpu.marked_written_back = cpu.written_back;
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
    std::fprintf(stderr, "counts: out is missing; give out=FILE\n");
    return 1;
  }
  qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
  return 0;
}
