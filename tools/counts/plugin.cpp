// SPDX-License-Identifier: GPL-2.0
/// @file
/// A plugin for QEMU that counts instructions and cache lines written back between
/// two marks in the guest.
///
/// Argument: out=FILE. Each mark appends a line: both counts since the last mark on
/// the same CPU, and the instructions on all CPUs since the last mark on any CPU.
/// A mark of places also replaces FILE.places: for each block of code that ran since
/// the last mark of that kind, on any CPU, its address in hexadecimal and the number of
/// instructions. User space is one block, at address 0. Interrupts count too. A
/// repeated string instruction counts once, as on a real CPU, whatever its length.
#include "instruction.hpp"
#include "qemu_plugin.hpp"

#include <array>
#include <atomic>
#include <cstdio>
#include <deque>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

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

/// The instructions at an address since the last mark of places.
struct Place {
  std::atomic<std::uint64_t> instructions = 0;
};
/// What a translated block counts when it runs.
struct Translation {
  Place *place;
  std::uint64_t instructions;
};
std::mutex mutex; ///< protects places and translations, not the counts in them
std::unordered_map<std::uint64_t, Place> places;
std::deque<Translation> translations;
std::string places_name;

/// Counts the instructions of a block at its start. In a block with a mark, those
/// after the mark count as before it.
/// @param data the Translation
void block(unsigned vcpu, void *data) {
  const auto *const translation = static_cast<const Translation *>(data);
  std::atomic<std::uint64_t> &count = cpus[vcpu % MaxCpus].instructions;
  // no other thread changes it, so a load and a store are enough
  count.store(count.load(std::memory_order_relaxed) + translation->instructions,
              std::memory_order_relaxed);
  translation->place->instructions.fetch_add(translation->instructions,
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

void mark_places(unsigned vcpu, void *data) {
  {
    const std::lock_guard lock(mutex);
    std::FILE *const file = std::fopen(places_name.c_str(), "w");
    bool written = file;
    for (auto &[address, place] : places) {
      const std::uint64_t instructions = place.instructions.exchange(0);
      if (file && instructions)
        written &= std::fprintf(file, "%lx %lu\n", address, instructions) > 0;
    }
    if (file)
      written &= std::fclose(file) == 0;
    // without the file, the guest knows that there are no counts
    if (!written) {
      std::perror(places_name.c_str());
      std::remove(places_name.c_str());
    }
  }
  mark(vcpu, data);
}

/// All bytes of an instruction of a block.
std::span<const std::uint8_t> code_of(const qemu_plugin_tb *tb,
                                      std::size_t index) {
  const qemu_plugin_insn *const insn = qemu_plugin_tb_get_insn(tb, index);
  return {static_cast<const std::uint8_t *>(qemu_plugin_insn_data(insn)),
          qemu_plugin_insn_size(insn)};
}

void translate(qemu_plugin_id_t, qemu_plugin_tb *tb) {
  const std::size_t size = qemu_plugin_tb_n_insns(tb);
  const std::uint64_t address = qemu_plugin_tb_vaddr(tb);
  const bool kernel = address >> 63;
  // the emulator enters such a block again for each repetition but the first
  const bool again = size == 1 && counts::is_repeated(code_of(tb, 0));
  Translation *translation;
  {
    const std::lock_guard lock(mutex);
    translations.push_back({&places[kernel ? address : 0], again ? 0 : size});
    translation = &translations.back();
  }
  qemu_plugin_register_vcpu_tb_exec_cb(tb, block, QEMU_PLUGIN_CB_NO_REGS,
                                       translation);
  for (std::size_t i = 0; i < size; i++) {
    qemu_plugin_insn *const insn = qemu_plugin_tb_get_insn(tb, i);
    const std::span code = code_of(tb, i);
    if (counts::writes_back(code))
      qemu_plugin_register_vcpu_insn_exec_cb(insn, write_back,
                                             QEMU_PLUGIN_CB_NO_REGS, nullptr);
    const counts::Mark kind = counts::mark_of(code);
    if (kind != counts::Mark::None)
      qemu_plugin_register_vcpu_insn_exec_cb(
          insn, kind == counts::Mark::Place ? mark_places : mark,
          QEMU_PLUGIN_CB_NO_REGS, nullptr);
  }
}

} // namespace

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT int qemu_plugin_version;
int qemu_plugin_version = 1;

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *, int argc,
                               char **argv) {
  constexpr std::string_view Option = "out=";
  for (int i = 0; i < argc; i++) {
    const std::string_view argument = argv[i];
    if (!argument.starts_with(Option))
      continue;
    const std::string name(argument.substr(Option.size()));
    out = std::fopen(name.c_str(), "a");
    places_name = name + ".places";
  }
  if (!out) {
    std::fprintf(stderr, "counts: out is missing; give out=FILE\n");
    return 1;
  }
  qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
  return 0;
}
