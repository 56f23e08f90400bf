// SPDX-License-Identifier: GPL-2.0
/// @file
/// A plugin for QEMU that records the stores to a range of the guest's memory, and the
/// instructions that make them durable.
///
/// Arguments: ram=FILE, the file of the guest's memory, of which the first byte has
/// physical address 0; begin=BYTES and size=BYTES of the range; out=DIR. A mark of the
/// guest starts recording number N, and another mark ends it. DIR/N/trace has the records,
/// DIR/N/image the range at their start. After that, a third mark begins a recovery, and
/// the second one ends it: DIR/N/recovery-reads has the lines that all recoveries together
/// have loaded, as sorted numbers of 64 bits. The guest must run on one thread.
#include "guest_memory.hpp"
#include "instruction.hpp"
#include "qemu_plugin.hpp"
#include "record.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>

namespace {

using crash::Effect;
using crash::Kind;
using crash::Record;

/// What the callbacks of an instruction get.
struct Code {
  crash::Instruction instruction;
  std::uint64_t address;
  std::uint64_t next; ///< address of the next instruction
};

/// The registers of the guest that matter.
struct Registers {
  std::array<qemu_plugin_register *, 16> general{};
  qemu_plugin_register *cr3 = nullptr;
};

std::string ram, out;
std::string directory; ///< of this recording
std::uint64_t begin, size;
crash::Memory memory;
std::FILE *trace;
bool recording;
unsigned recordings;
/// Stores or write-backs since the last fence of each CPU: a fence without them is
/// not worth a record.
std::array<bool, 64> unfenced;
bool loads; ///< have callbacks
bool recovering;
/// The bytes of each line that recovery has stored to, a bit each, and the lines of which
/// it has loaded other bytes.
std::vector<std::uint64_t> stored;
std::vector<bool> loaded;
qemu_plugin_id_t plugin;
Registers registers;
std::deque<Code> codes;
GByteArray *buffer;

[[noreturn]] void die(const std::string &what) {
  std::fprintf(stderr, "crash: %s: %s\n", what.c_str(), std::strerror(errno));
  std::_Exit(1);
}

void write_record(const Record &record) {
  if (std::fwrite(&record, sizeof(record), 1, trace) != 1)
    die(directory + "/trace");
}

std::uint64_t read_register(qemu_plugin_register *handle) {
  std::uint64_t value = 0;
  g_byte_array_set_size(buffer, 0);
  qemu_plugin_read_register(handle, buffer);
  std::memcpy(&value, buffer->data,
              std::min<std::size_t>(buffer->len, sizeof(value)));
  return value;
}

/// @return whether a physical address is in the range
bool in_range(std::uint64_t physical) { return physical - begin < size; }

/// @return where in the range a load or store begins, in bytes, or nothing
std::optional<std::uint64_t> place_of(qemu_plugin_meminfo_t info,
                                      std::uint64_t vaddr) {
  const qemu_plugin_hwaddr *const where = qemu_plugin_get_hwaddr(info, vaddr);
  if (!where || qemu_plugin_hwaddr_is_io(where))
    return std::nullopt;
  const std::uint64_t physical = qemu_plugin_hwaddr_phys_addr(where);
  if (!in_range(physical))
    return std::nullopt;
  return physical - begin;
}

/// Recovery stores to bytes of the range, or loads them. What it loads of its own stores
/// is not what the reset has left.
void note(qemu_plugin_meminfo_t info, std::uint64_t vaddr, bool store) {
  const auto place = place_of(info, vaddr);
  if (!place)
    return;
  // the next page can be anywhere
  const std::uint64_t length = std::min<std::uint64_t>(
      1ULL << qemu_plugin_mem_size_shift(info), 4096 - vaddr % 4096);
  for (std::uint64_t at = *place; at < *place + length; at++) {
    const std::uint64_t line = at / crash::Line, bit = 1ULL << at % crash::Line;
    if (store)
      stored[line] |= bit;
    else if (!(stored[line] & bit))
      loaded[line] = true;
  }
}

void load(unsigned, qemu_plugin_meminfo_t info, std::uint64_t vaddr, void *) {
  if (recovering)
    note(info, vaddr, false);
}

void store(unsigned cpu, qemu_plugin_meminfo_t info, std::uint64_t vaddr,
           void *data) {
  if (recovering)
    return note(info, vaddr, true);
  if (!recording)
    return;
  const auto place = place_of(info, vaddr);
  if (!place)
    return;
  const auto *const code = static_cast<const Code *>(data);
  const std::uint64_t length = 1ULL << qemu_plugin_mem_size_shift(info);
  if (vaddr % 4096 + length > 4096) {
    // the next page can be anywhere
    errno = EOPNOTSUPP;
    die("a store crosses pages");
  }
  const qemu_plugin_mem_value value = qemu_plugin_mem_get_value(info);
  Record record{};
  record.address = *place;
  record.code = code->address;
  record.kind = code->instruction.effect == Effect::non_temporal
                    ? Kind::non_temporal
                    : Kind::store;
  record.cpu = static_cast<std::uint8_t>(cpu);
  record.size = static_cast<std::uint8_t>(length);
  std::memcpy(record.data.data(), &value.data, record.size);
  write_record(record);
  unfenced[cpu % unfenced.size()] = true;
}

void write_back(unsigned cpu, void *data) {
  if (!recording)
    return;
  const auto *const code = static_cast<const Code *>(data);
  if (!code->instruction.operand) {
    errno = EINVAL;
    die("a write-back has an operand that is not decoded");
  }
  std::array<std::uint64_t, 16> general;
  for (std::size_t i = 0; i < general.size(); i++)
    general[i] = read_register(registers.general[i]);
  const std::uint64_t virtual_address =
      code->instruction.operand->address(general, code->next);
  const auto physical =
      memory.translate(read_register(registers.cr3), virtual_address);
  if (!physical || !in_range(*physical))
    return;
  Record record{};
  record.address = *physical - begin;
  record.code = code->address;
  record.kind = Kind::write_back;
  record.cpu = static_cast<std::uint8_t>(cpu);
  write_record(record);
  unfenced[cpu % unfenced.size()] = true;
}

void order(unsigned cpu, void *data) {
  bool &pending = unfenced[cpu % unfenced.size()];
  const auto *const code = static_cast<const Code *>(data);
  const Effect effect = code->instruction.effect;
  if (!recording || (!pending && effect != Effect::write_all))
    return;
  Record record{};
  record.code = code->address;
  record.kind = effect == Effect::write_all ? Kind::write_all
                : effect == Effect::fence   ? Kind::fence
                                            : Kind::locked;
  record.cpu = static_cast<std::uint8_t>(cpu);
  write_record(record);
  // a locked operation counts as a fence only with --trust-locked
  if (effect == Effect::fence)
    pending = false;
}

void renew(qemu_plugin_id_t);

/// Saves the range as it is, and begins to write records.
void start_recording() {
  directory = out + "/" + std::to_string(++recordings);
  const std::string image = directory + "/image",
                    records = directory + "/trace";
  if (mkdir(directory.c_str(), 0700))
    die(directory);
  std::FILE *const file = std::fopen(image.c_str(), "w");
  if (!file || std::fwrite(memory.at(begin), size, 1, file) != 1 ||
      std::fclose(file))
    die(image);
  trace = std::fopen(records.c_str(), "w");
  if (!trace)
    die(records);
  unfenced = {};
  recording = true;
  if (!loads)
    return;
  loads = false;
  qemu_plugin_reset(plugin, renew);
}

void stop_recording() {
  recording = false;
  if (std::fclose(trace))
    die(directory + "/trace");
}

/// Begins to note loads. Their callbacks slow down all code of the guest, so that it has
/// them only until the next recording.
void start_recovery() {
  stored.assign(size / crash::Line, 0);
  recovering = true;
  if (loads)
    return;
  loads = true;
  loaded.assign(size / crash::Line, false);
  qemu_plugin_reset(plugin, renew);
}

/// Writes what has been loaded since the recording.
void stop_recovery() {
  recovering = false;
  const std::string name = directory + "/recovery-reads";
  std::FILE *const file = std::fopen(name.c_str(), "w");
  if (!file)
    die(name);
  for (std::uint64_t line = 0; line < loaded.size(); line++)
    if (loaded[line] && std::fwrite(&line, sizeof(line), 1, file) != 1)
      die(name);
  if (std::fclose(file))
    die(name);
}

void mark(unsigned cpu, void *data) {
  const std::uint64_t number = read_register(registers.general[0]);
  if (number == crash::MarkStop && recording)
    return stop_recording();
  if (number == crash::MarkStop && recovering)
    return stop_recovery();
  if (number == crash::MarkStart && !recording)
    return start_recording();
  if (number == crash::MarkRecover && !recording && recordings)
    return start_recovery();
  if (!recording)
    return;
  Record record{};
  record.address = number;
  record.code = static_cast<const Code *>(data)->address;
  record.kind = Kind::mark;
  record.cpu = static_cast<std::uint8_t>(cpu);
  write_record(record);
}

void translate(qemu_plugin_id_t, qemu_plugin_tb *tb) {
  for (std::size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
    qemu_plugin_insn *const insn = qemu_plugin_tb_get_insn(tb, i);
    std::array<std::uint8_t, 16> bytes;
    const std::size_t length =
        qemu_plugin_insn_data(insn, bytes.data(), bytes.size());
    const std::uint64_t address = qemu_plugin_insn_vaddr(insn);
    codes.push_back(
        {crash::decode({bytes.data(), length}), address, address + length});
    Code *const code = &codes.back();
    qemu_plugin_register_vcpu_mem_cb(insn, store, QEMU_PLUGIN_CB_NO_REGS,
                                     QEMU_PLUGIN_MEM_W, code);
    if (loads)
      qemu_plugin_register_vcpu_mem_cb(insn, load, QEMU_PLUGIN_CB_NO_REGS,
                                       QEMU_PLUGIN_MEM_R, code);
    switch (code->instruction.effect) {
    case Effect::none:
    case Effect::non_temporal:
      break;
    case Effect::write_back:
      qemu_plugin_register_vcpu_insn_exec_cb(insn, write_back,
                                             QEMU_PLUGIN_CB_R_REGS, code);
      break;
    case Effect::write_all:
    case Effect::fence:
    case Effect::locked:
      qemu_plugin_register_vcpu_insn_exec_cb(insn, order,
                                             QEMU_PLUGIN_CB_NO_REGS, code);
      break;
    case Effect::mark:
      qemu_plugin_register_vcpu_insn_exec_cb(insn, mark, QEMU_PLUGIN_CB_R_REGS,
                                             code);
      break;
    }
  }
}

/// Finds the registers; all CPUs have the same. The file of the memory is there now.
void start_cpu(qemu_plugin_id_t, unsigned) {
  if (memory.size() == 0) {
    if (!memory.open(ram))
      die(ram);
    if (memory.size() < begin + size) {
      errno = ERANGE;
      die(ram + " has no such range");
    }
  }
  constexpr std::array<std::string_view, 16> Names = {
      "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
      "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
  GArray *const all = qemu_plugin_get_registers();
  for (guint i = 0; i < all->len; i++) {
    const auto &one = g_array_index(all, qemu_plugin_reg_descriptor, i);
    for (std::size_t j = 0; j < Names.size(); j++)
      if (one.name == Names[j])
        registers.general[j] = one.handle;
    if (one.name == std::string_view("cr3"))
      registers.cr3 = one.handle;
  }
  g_array_free(all, true);
  if (!registers.cr3 || std::ranges::count(registers.general, nullptr)) {
    errno = ENODEV;
    die("the CPU has other registers");
  }
}

/// @return the value of an argument NAME=VALUE, or nothing
const char *value_of(std::string_view argument, std::string_view name) {
  return argument.size() > name.size() && argument.starts_with(name) &&
                 argument[name.size()] == '='
             ? argument.data() + name.size() + 1
             : nullptr;
}

void end(qemu_plugin_id_t, void *) {
  if (recording)
    stop_recording();
}

/// Has all code of the guest translated anew, with the callbacks of the mode.
void renew(qemu_plugin_id_t id) {
  codes.clear();
  qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
  qemu_plugin_register_atexit_cb(id, end, nullptr);
}

} // namespace

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT int qemu_plugin_version;
int qemu_plugin_version = 4;

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *, int argc,
                               char **argv) {
  for (int i = 0; i < argc; i++) {
    if (const char *value = value_of(argv[i], "ram"))
      ram = value;
    else if (const char *value = value_of(argv[i], "begin"))
      begin = std::strtoull(value, nullptr, 0);
    else if (const char *value = value_of(argv[i], "size"))
      size = std::strtoull(value, nullptr, 0);
    else if (const char *value = value_of(argv[i], "out"))
      out = value;
  }
  if (ram.empty() || !size || out.empty()) {
    std::fprintf(stderr,
                 "crash: give ram=FILE,begin=BYTES,size=BYTES,out=DIR\n");
    return 1;
  }
  buffer = g_byte_array_new();
  plugin = id;
  qemu_plugin_register_vcpu_init_cb(id, start_cpu);
  renew(id);
  return 0;
}
