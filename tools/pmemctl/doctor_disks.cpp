// SPDX-License-Identifier: GPL-2.0
/// @file
/// The doctor's checks of disks.
#include "doctor.hpp"
#include "size.hpp"
#include "text.hpp"

#include <map>
#include <optional>

namespace pmemctl {

namespace {

void check_disk(const DiskInfo &disk, std::vector<Finding> &findings) {
  if (disk.bad)
    findings.push_back(
        {"bad blocks", Level::warning,
         disk.name + ": memory of " + rounded(disk.bad) + " is poisoned",
         "overwrite the sectors in /sys/block/" + disk.name + "/badblocks"});
  if (disk.is_ramdisk)
    findings.push_back({"write cache", Level::warning,
                        disk.name + ": with ramdisk=1, a reset loses data",
                        "load the driver with ramdisk=0 to keep it"});
  else if (!disk.has_write_cache)
    findings.push_back(
        {"write cache", Level::warning,
         disk.name + ": fsync() does not write back CPU caches",
         "echo 1 > /sys/block/" + disk.name + "/dax/write_cache"});
  for (const DiskInfo &part : disk.partitions) {
    if (part.offset % Align)
      findings.push_back({"alignment", Level::warning,
                          part.name + ": starts " +
                              std::to_string(part.offset % Align / 512) +
                              " sectors after a multiple of 2 MiB: no 2 MiB "
                              "pages",
                          "start the partition at a multiple of 4096 sectors"});
    else
      findings.push_back({"alignment", Level::ok,
                          part.name + ": starts at a multiple of 2 MiB", ""});
  }
}

/// A filesystem that is mounted: DAX, and the placement of ext4.
void check_mounts(const Root &root, const DiskInfo &disk,
                  std::vector<Finding> &findings) {
  for (const Mount &mount : disk.mounts) {
    if (!mount.is_dax) {
      findings.push_back(
          {"dax", Level::warning,
           disk.name + ": " + mount.directory + " is mounted without dax",
           "mount with -o dax, unless files have the attribute "
           "(see daxmap)"});
      continue;
    }
    findings.push_back({"dax", Level::ok,
                        disk.name + ": " + mount.directory + " has dax", ""});
    if (mount.filesystem != "ext4")
      continue;
    const std::string switch_file = "sys/fs/ext4/" + disk.name + "/mb_dax_pmd";
    const std::string value = root.line(switch_file);
    if (value.empty())
      findings.push_back({"placement", Level::warning,
                          disk.name + ": ext4 has no mb_dax_pmd: it does not "
                                      "place files for 2 MiB pages",
                          "use a kernel with the patches of fs/ext4"});
    else if (value == "0")
      findings.push_back({"placement", Level::warning,
                          disk.name + ": mb_dax_pmd is 0: files are not placed "
                                      "for 2 MiB pages",
                          "see the reason in the kernel log at the mount, or "
                          "echo 1 > /" +
                              switch_file});
    else
      findings.push_back({"placement", Level::ok,
                          disk.name + ": ext4 places files for 2 MiB pages",
                          ""});
  }
}

std::optional<std::uint64_t> counter(const std::vector<std::string> &lines,
                                     const std::string &name) {
  for (const std::string &line : lines)
    if (line.starts_with(name + ' '))
      return number_of(line.substr(name.size() + 1));
  return {};
}

/// The reasons of the tracepoint dax_fault_fallback in the trace buffer, with counts.
std::string reasons_in_trace(const Root &root) {
  std::map<std::string, unsigned> reasons;
  for (const std::string &line :
       lines_of(root.find("sys/kernel/tracing/trace").value_or(""))) {
    const std::size_t at = line.find(" reason ");
    if (line.find("dax_fault_fallback:") != line.npos && at != line.npos)
      reasons[line.substr(at + 8)]++;
  }
  std::string text;
  for (const auto &[reason, count] : reasons)
    text += (text.empty() ? "" : ", ") + reason + ' ' + std::to_string(count);
  return text;
}

void check_faults(const Root &root, std::vector<Finding> &findings) {
  const auto lines = lines_of(root.find("proc/vmstat").value_or(""));
  const auto small = counter(lines, "dax_fault_pte");
  const auto huge = counter(lines, "dax_fault_pmd");
  const auto fallbacks = counter(lines, "dax_fault_pmd_fallback");
  if (!small || !huge || !fallbacks) {
    findings.push_back({"faults", Level::warning,
                        "/proc/vmstat has no counters of DAX faults",
                        "use a kernel with the patches of fs/dax.c"});
    return;
  }
  const std::string counts = "since boot, " + std::to_string(*huge) +
                             " faults got 2 MiB, " + std::to_string(*small) +
                             " got 4 KiB, " + std::to_string(*fallbacks) +
                             " fell back from 2 MiB";
  if (!*fallbacks) {
    findings.push_back({"faults", Level::ok, counts, ""});
    return;
  }
  std::string reasons;
  run_check("faults", findings, [&] { reasons = reasons_in_trace(root); });
  findings.push_back(
      {"faults", Level::warning,
       counts + (reasons.empty() ? "" : "; reasons traced: " + reasons),
       reasons.empty()
           ? "for the reasons, echo 1 > "
             "/sys/kernel/tracing/events/fs_dax/dax_fault_fallback/enable, and "
             "run daxmap on the files"
           : "run daxmap on the files; for vma, map at a multiple of 2 MiB"});
}

std::string place_of(const DiskInfo &disk) {
  return disk.name + ": " + rounded(disk.size) +
         (disk.memory ? " at " + hex(disk.memory->start) : std::string());
}

Finding check_dax_device(const DiskInfo &device) {
  if (device.mode == "disabled")
    return {"devices", Level::warning,
            place_of(device) + ", which no driver has",
            "modprobe device_dax, or daxctl enable-device " + device.name};
  return {"devices", Level::ok, place_of(device) + ", " + device.mode, ""};
}

} // namespace

std::vector<Finding> check_disks(const Root &root,
                                 const std::vector<DiskInfo> &disks,
                                 const std::vector<DiskInfo> &dax_devices) {
  std::vector<Finding> findings;
  for (const DiskInfo &device : dax_devices)
    findings.push_back(check_dax_device(device));
  if (disks.empty() && !dax_devices.empty())
    return findings;
  if (disks.empty()) {
    findings.push_back({"devices", Level::warning, "there is no pmem device",
                        "modprobe pmem; the kernel log has the reason if that "
                        "fails"});
    return findings;
  }
  for (const DiskInfo &disk : disks) {
    findings.push_back({"devices", Level::ok, place_of(disk), ""});
    check_disk(disk, findings);
    run_check("placement", findings,
              [&] { check_mounts(root, disk, findings); });
    for (const DiskInfo &part : disk.partitions)
      run_check("placement", findings,
                [&] { check_mounts(root, part, findings); });
  }
  run_check("faults", findings, [&] { check_faults(root, findings); });
  return findings;
}

} // namespace pmemctl
