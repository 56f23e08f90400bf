// SPDX-License-Identifier: GPL-2.0
/// @file
/// The doctor's checks of memory.
#include "doctor.hpp"
#include "setup.hpp"
#include "size.hpp"
#include "text.hpp"

#include <cstdio>
#include <sstream>
#include <stdexcept>
#include <system_error>

namespace pmemctl {

namespace {

const std::string Efivars = "sys/firmware/efi/efivars";
const std::string EraseVariable = "MemoryOverwriteRequestControl-";

std::string name_of(const Range &range) {
  return hex(range.start) + "-" + hex(range.end - 1);
}

/// The ranges that memmap= reserves, each as a finding about its state.
void check_reservations(const Machine &machine,
                        const std::vector<Memmap> &memmaps,
                        std::vector<Finding> &findings) {
  bool has_reservation = false;
  for (const Memmap &memmap : memmaps) {
    const std::string name = "memmap=" + memmap.text;
    if (memmap.kind == 0) {
      findings.push_back(
          {"reservation", Level::error,
           name + " has no $ and no start: the shell or GRUB has taken them, "
                  "and the kernel limits RAM to that size",
           "write \\\\\\$ in /etc/default/grub, or use pmemctl apply"});
      continue;
    }
    if (memmap.kind != '$')
      continue;
    has_reservation = true;
    const Ranges in_use = common(machine.system_ram(), {memmap.range});
    const Ranges ram = common(machine.firmware_ram, {memmap.range});
    if (!in_use.empty())
      findings.push_back({"reservation", Level::error,
                          name + ": the kernel uses " +
                              name_of(in_use.front()) + " of it as RAM",
                          "see the lines \"user:\" at the start of the kernel "
                          "log, and choose another range with pmemctl plan"});
    else if (machine.has_firmware_map && size_of(ram) < memmap.range.size())
      findings.push_back({"reservation", Level::error,
                          name + ": only " + rounded(size_of(ram)) +
                              " of it are RAM in firmware's map",
                          "choose another range with pmemctl plan"});
    else
      findings.push_back({"reservation", Level::ok,
                          name + ": reserved, and RAM for firmware", ""});
  }
  if (!has_reservation)
    findings.push_back({"reservation", Level::warning,
                        "no memmap=SIZE$START is on the command line",
                        "choose a range with pmemctl plan, and reserve it with "
                        "pmemctl apply"});
}

/// Whether what modprobe.d gives the driver is what the kernel has reserved: it is not
/// if the boot loader has not read its new configuration yet.
void check_configuration(const Root &root, const std::vector<Memmap> &memmaps,
                         std::vector<Finding> &findings) {
  std::vector<Range> reserved;
  for (const Memmap &memmap : memmaps)
    if (memmap.kind == '$')
      reserved.push_back(memmap.range);
  const Ranges all = merged(std::move(reserved));
  for (const std::string &name : root.names_in("etc/modprobe.d")) {
    if (!name.ends_with(".conf")) // modprobe(8) does not read it
      continue;
    const std::string path = "etc/modprobe.d/" + name;
    for (const std::string &line : lines_of(root.find(path).value_or(""))) {
      const std::vector<std::string> words = words_of(line);
      if (words.size() < 3 || words[0] != "options" || words[1] != "pmem")
        continue;
      for (const std::string &word : words) {
        if (!word.starts_with("ranges=") || word.starts_with("ranges=auto"))
          continue;
        std::istringstream list(word.substr(word.find('=') + 1));
        for (std::string item; std::getline(list, item, ',');)
          try {
            const Proposal range = parse_range(item);
            if (contains(all, range.range))
              findings.push_back({"configuration", Level::ok,
                                  "/" + path + ": " + item + " is reserved",
                                  ""});
            else
              findings.push_back(
                  {"configuration", Level::error,
                   "/" + path + ": " + item +
                       " is not in a memmap= of the running kernel",
                   "update the boot loader (see pmemctl apply) and reboot, or "
                   "mend the range"});
          } catch (const std::invalid_argument &error) {
            findings.push_back({"configuration", Level::error,
                                "/" + path + ": " + error.what(),
                                "mend the range"});
          }
      }
    }
  }
}

/// What the boot puts into the range without looking at memmap=.
void check_boot_data(const Machine &machine, const std::vector<Memmap> &memmaps,
                     std::vector<Finding> &findings) {
  std::size_t before = findings.size();
  for (const Memmap &memmap : memmaps) {
    if (memmap.kind != '$')
      continue;
    const auto kernel = machine.kernel_image();
    if (kernel && kernel->overlaps(memmap.range))
      findings.push_back({"kernel", Level::error,
                          "the kernel's image is in memmap=" + memmap.text,
                          machine.is_efi
                              ? "boot with nokaslr, or use Linux 6.10 or later"
                              : "boot with nokaslr"});
    if (machine.initrd && machine.initrd->overlaps(memmap.range))
      findings.push_back(
          {"initrd", Level::error,
           "the boot loader puts the initial RAM disk into memmap=" +
               memmap.text + ", at " + hex(machine.initrd->start),
           "choose another range with pmemctl plan; what it has overwritten is "
           "lost"});
  }
  if (findings.size() == before)
    findings.push_back({"boot data", Level::ok,
                        "kernel and initial RAM disk are elsewhere", ""});

  before = findings.size();
  if (machine.has_efi_stub_trap())
    findings.push_back(
        {"kaslr", Level::warning,
         "Linux " + machine.release +
             " started by UEFI can place itself in the range at any boot",
         "boot with nokaslr, or use Linux 6.10 or later"});
  if (machine.has_kaslr() && machine.memmap_count() > 4)
    findings.push_back(
        {"kaslr", Level::warning,
         "KASLR knows 4 memmap= ranges only: with more, the kernel "
         "can place itself in one, or KASLR is off",
         "use fewer ranges, or boot with nokaslr"});
  if (findings.size() == before)
    findings.push_back(
        {"kaslr", Level::ok,
         machine.has_kaslr() ? "the kernel keeps out of memmap=" : "off", ""});
}

/// The option of the running kernel's configuration, from the files that
/// distributions install.
/// @return 'y', 'n', or '?' if there is no such file
char reset_attack_mitigation(const Root &root, const std::string &release) {
  for (const std::string &path :
       {"boot/config-" + release, "lib/modules/" + release + "/config",
        "usr/lib/modules/" + release + "/config"}) {
    const auto text = root.find(path);
    if (text)
      return text->find("CONFIG_RESET_ATTACK_MITIGATION=y") != text->npos ? 'y'
                                                                          : 'n';
  }
  return '?';
}

void check_erasure(const Root &root, const Machine &machine,
                   std::vector<Finding> &findings) {
  std::string variable;
  for (const std::string &name : root.names_in(Efivars))
    if (name.starts_with(EraseVariable))
      variable = name;
  if (variable.empty()) {
    findings.push_back({"erasure", Level::ok,
                        machine.is_efi
                            ? "firmware has no MemoryOverwriteRequestControl"
                            : "firmware is not UEFI",
                        ""});
    return;
  }
  // four bytes of attributes, then the value; bit 0 asks for the erasure
  const std::string value = root.read(Efivars + "/" + variable);
  const bool is_set = value.size() > 4 && (value[4] & 1);
  const char option = reset_attack_mitigation(root, machine.release);
  if (is_set)
    findings.push_back({"erasure", Level::error,
                        "firmware will erase RAM at the next boot, because "
                        "MemoryOverwriteRequestControl is set",
                        "use a kernel without RESET_ATTACK_MITIGATION; nothing "
                        "survives until then"});
  else if (option == 'y')
    findings.push_back({"erasure", Level::warning,
                        "the kernel has RESET_ATTACK_MITIGATION, which asks "
                        "firmware to erase RAM at the next boot",
                        "use a kernel without it"});
  else
    findings.push_back({"erasure", Level::ok,
                        option == 'n'
                            ? "the kernel does not ask firmware to erase RAM"
                            : "firmware is not asked to erase RAM",
                        ""});
}

/// Ranges of /proc/mtrr with another type than write-back.
void check_caching(const Root &root, const std::vector<Memmap> &memmaps,
                   std::vector<Finding> &findings) {
  const std::size_t before = findings.size();
  for (const std::string &line :
       lines_of(root.find("proc/mtrr").value_or(""))) {
    unsigned long long base, size;
    char unit;
    const std::size_t at = line.find("base="), length = line.find("size=");
    if (at == line.npos || length == line.npos ||
        std::sscanf(line.c_str() + at, "base=%llx", &base) != 1 ||
        std::sscanf(line.c_str() + length, "size=%llu%cB", &size, &unit) != 2 ||
        line.ends_with("write-back"))
      continue;
    const Range range{base, base + (unit == 'M' ? size * MiB : size * KiB)};
    for (const Memmap &memmap : memmaps)
      if (memmap.kind == '$' && memmap.range.overlaps(range))
        findings.push_back(
            {"caching", Level::error,
             name_of(range) + " is " + line.substr(line.rfind(' ') + 1) +
                 " by an MTRR, and in memmap=" + memmap.text +
                 ": access is slow",
             "update firmware, or choose another range with pmemctl plan"});
  }
  if (findings.size() == before)
    findings.push_back(
        {"caching", Level::ok, "no MTRR keeps the memory from caches", ""});
}

} // namespace

void run_check(const std::string &name, std::vector<Finding> &findings,
               const std::function<void()> &check) try {
  check();
} catch (const std::system_error &error) {
  findings.push_back({name, Level::warning,
                      std::string("not all was checked: ") + error.what(),
                      "run as root; kernel lockdown and some firmware keep "
                      "files from root, too"});
}

std::vector<Finding> check_memory(const Root &root, const Machine &machine) {
  std::vector<Finding> findings;
  const std::vector<Memmap> memmaps = parse_memmap(machine.cmdline);
  check_reservations(machine, memmaps, findings);
  run_check("configuration", findings,
            [&] { check_configuration(root, memmaps, findings); });
  check_boot_data(machine, memmaps, findings);
  run_check("erasure", findings,
            [&] { check_erasure(root, machine, findings); });
  run_check("caching", findings,
            [&] { check_caching(root, memmaps, findings); });
  return findings;
}

} // namespace pmemctl
