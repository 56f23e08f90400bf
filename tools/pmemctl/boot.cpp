// SPDX-License-Identifier: GPL-2.0
/// @file
/// The kernel command line, in the files of boot loaders.
#include "setup.hpp"
#include "text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <map>

namespace pmemctl {

namespace {

/// Where the EFI system partition and the extended boot loader partition are mounted.
constexpr std::array<const char *, 3> BootFolders = {"boot", "efi", "boot/efi"};

/// The dollar sign for two readers: the shell makes \$ of \\\$, then GRUB's own parser
/// makes $ of \$.
std::string for_grub(const std::string &memmap) {
  return replaced(memmap, '$', "\\\\\\$");
}

/// The dollar sign in double quotes of a shell.
std::string for_shell(const std::string &memmap) {
  return replaced(memmap, '$', "\\$");
}

/// Appends a word to a line of a file.
/// @param end of the line, before its newline
void append_word(Edit &edit, std::size_t end) {
  std::string text = *edit.after;
  // systemd-boot takes a carriage return for the end of a line, too
  if (end && text[end - 1] == '\r')
    end--;
  text.insert(end, edit.added);
  edit.after = text;
}

bool has_text(const Files &files, const std::string &path,
              const std::string &text) {
  return files.get(path).value_or("").find(text) != std::string::npos;
}

const std::string GrubConfig = "etc/default/grub";

/// The value of a variable, in a file that the shell reads.
/// @return an empty text if it is not set
std::string variable_in(const Files &files, const std::string &path,
                        const std::string &name) {
  std::string value;
  for (const std::string &line : lines_of(files.get(path).value_or(""))) {
    std::vector<std::string> words = words_of(line);
    if (!words.empty() && words[0] == "export")
      words.erase(words.begin());
    if (words.empty() || !words[0].starts_with(name + '='))
      continue;
    value = words[0].substr(name.size() + 1);
    std::erase_if(value, [](char c) { return c == '"' || c == '\''; });
  }
  return value;
}

/// Whether grub-mkconfig leaves the entries to GRUB's command blscfg, as on Fedora.
bool has_blscfg(const Files &files) {
  return variable_in(files, GrubConfig, "GRUB_ENABLE_BLSCFG") == "true";
}

/// Whether sdbootutil has installed a GRUB that needs no menu, as on openSUSE.
bool has_grub2_bls(const Files &files) {
  const std::string type =
      variable_in(files, "etc/sysconfig/bootloader", "LOADER_TYPE");
  if (!type.empty())
    return type == "grub2-bls";
  const std::string folder = "usr/share/grub2";
  for (const std::string &name : files.names_in(folder))
    if (files.has(folder + "/" + name + "/grubbls.efi"))
      return true;
  return false;
}

/// Whether a menu has GRUB's command blscfg.
bool calls_blscfg(const Files &files, const std::string &menu) {
  const std::vector<std::string> lines = lines_of(files.get(menu).value_or(""));
  return std::any_of(lines.begin(), lines.end(), [](const std::string &line) {
    const std::size_t start = line.find_first_not_of(" \t");
    return start != line.npos && line[start] != '#' &&
           line.find("blscfg", start) != line.npos;
  });
}

/// Whether GRUB has such a menu: an image-based system has it without a configuration in
/// /etc/default.
bool has_blscfg_menu(const Files &files) {
  for (const std::string folder : BootFolders) {
    std::vector<std::string> folders;
    for (const std::string &name : files.names_in(folder))
      if (name.starts_with("grub"))
        folders.push_back(folder + "/" + name);
    for (const std::string &name : files.names_in(folder + "/EFI"))
      folders.push_back(folder + "/EFI/" + name);
    for (const std::string &place : folders)
      if (files.has(place + "/grub.cfg") &&
          calls_blscfg(files, place + "/grub.cfg"))
        return true;
  }
  return false;
}

/// Whether GRUB reads entries of the Boot Loader Specification. It takes "$32G" in their
/// options for a variable, and the kernel would then limit RAM to the size before it.
bool grub_reads_entries(const Files &files) {
  return has_blscfg(files) || has_grub2_bls(files) || has_blscfg_menu(files);
}

void add_grub(const Files &files, const std::string &memmap, Changes &changes) {
  if (has_grub2_bls(files)) {
    changes.notes.push_back(
        "GRUB takes the command line from loader/entries here, which pmemctl "
        "does not change; add " +
        memmap +
        " to /etc/kernel/cmdline, run sdbootutil update-all-entries, and check "
        "/proc/cmdline after the boot");
    return;
  }
  if (grub_reads_entries(files)) {
    changes.notes.push_back(
        "GRUB takes the command line from /boot/loader/entries here, which "
        "pmemctl does not change; add " +
        memmap +
        " with grubby, or with rpm-ostree kargs --append on an image-based "
        "system, and check /proc/cmdline after the boot");
    return;
  }
  bool has_drop_ins = false;
  for (const char *program : {"usr/sbin/grub-mkconfig", "usr/bin/grub-mkconfig",
                              "usr/sbin/grub2-mkconfig"})
    has_drop_ins |= has_text(files, program, "default/grub.d");
  // grub-mkconfig does not need its main file, which Debian's grub2-common lacks
  const bool has_menu =
      files.has("boot/grub/grub.cfg") || files.has("boot/grub2/grub.cfg");
  if (!files.has(GrubConfig) && !(has_drop_ins && has_menu))
    return;
  const std::string block =
      "GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX " + for_grub(memmap) + "\"\n";
  if (has_drop_ins) {
    // the last one, since others may set the variable without its earlier value
    const std::string drop_in = "etc/default/grub.d/zz-pmem.cfg";
    changes.edits.push_back(
        {drop_in, files.get(drop_in), UndoMark + block, ""});
  } else {
    append(files, GrubConfig, block, changes);
  }

  if (files.has("usr/sbin/update-grub"))
    changes.commands.push_back("update-grub");
  else if (files.has("boot/grub2"))
    changes.commands.push_back("grub2-mkconfig -o /boot/grub2/grub.cfg");
  else
    changes.commands.push_back("grub-mkconfig -o /boot/grub/grub.cfg");
  if (has_text(files, GrubConfig, "memmap="))
    changes.notes.push_back("/etc/default/grub has a memmap= already; see that "
                            "both ranges are wanted");
}

/// Adds a word to the last line of an entry that begins with a keyword.
/// @return false if there is no such line
bool extend_line(const Files &files, const std::string &path,
                 const std::string &keyword, bool each,
                 const std::string &memmap, Changes &changes) {
  const std::string text = files.get(path).value_or("");
  std::vector<std::size_t> ends;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    line.erase(0, line.find_first_not_of(" \t"));
    std::transform(line.begin(), line.end(), line.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    if (line.starts_with(keyword + " ") || line.starts_with(keyword + "\t"))
      ends.push_back(end);
    at = end + 1;
  }
  if (ends.empty())
    return false;
  if (!each)
    ends = {ends.back()};
  Edit edit{path, text, text, " " + memmap};
  // from the end, so that the positions before stay
  for (auto end = ends.rbegin(); end != ends.rend(); ++end)
    append_word(edit, *end);
  changes.edits.push_back(std::move(edit));
  return true;
}

void add_systemd_boot(const Files &files, const std::string &memmap,
                      Changes &changes) {
  if (grub_reads_entries(files))
    return;
  // bootctl writes the first to the EFI system partition, and the second to the
  // partition with the entries
  const bool is_installed = std::any_of(
      BootFolders.begin(), BootFolders.end(), [&](const std::string &folder) {
        return files.has(folder + "/loader/loader.conf") ||
               files.has(folder + "/loader/entries.srel");
      });
  if (!is_installed)
    return;
  for (const std::string &path : entry_paths(files))
    extend_line(files, path, "options", false, memmap, changes);
}

/// The unified kernel images that mkinitcpio makes, as on Arch Linux: the folders of
/// them, without the first slash.
struct PresetImages {
  std::vector<std::string> shared; ///< with the command line of /etc
  std::vector<std::string> own;    ///< with another, that their preset names
};

/// The values of variables of a mkinitcpio preset.
/// @param end of their names, as "uki"
/// @return by the rest of their names, as "default" for default_uki
std::map<std::string, std::string> values_in(const std::string &preset,
                                             const std::string &end) {
  std::map<std::string, std::string> values;
  for (const std::string &line : lines_of(preset)) {
    const std::size_t start = line.find_first_not_of(" \t");
    const std::size_t at = line.find("_" + end + "=");
    if (start == line.npos || line[start] == '#' || at == line.npos)
      continue;
    std::string value = line.substr(at + end.size() + 2);
    for (const char quote : {'"', '\'', '(', ')'})
      std::replace(value.begin(), value.end(), quote, ' ');
    values[line.substr(start, at - start)] = value;
  }
  return values;
}

/// Whether options of mkinitcpio name a command line, or none.
bool has_own_cmdline(std::string options) {
  std::replace(options.begin(), options.end(), '=', ' ');
  const std::vector<std::string> words = words_of(options);
  for (std::size_t i = 0; i < words.size(); i++)
    if (words[i] == "--no-cmdline" ||
        (words[i] == "--cmdline" &&
         (i + 1 == words.size() || words[i + 1] != "/etc/kernel/cmdline")))
      return true;
  return false;
}

PresetImages preset_images(const Files &files) {
  PresetImages images;
  const std::string folder = "etc/mkinitcpio.d/";
  for (const std::string &name : files.names_in(folder)) {
    if (!name.ends_with(".preset"))
      continue;
    const std::string preset = files.get(folder + name).value_or("");
    auto options = values_in(preset, "options");
    // the second is that of mkinitcpio before version 36
    for (const char *variable : {"uki", "efi_image"})
      for (const auto &[image, value] : values_in(preset, variable)) {
        const std::vector<std::string> words = words_of(value);
        const std::filesystem::path path = words.empty() ? "" : words[0];
        (has_own_cmdline(options[image]) ? images.own : images.shared)
            .push_back(path.parent_path().relative_path());
      }
  }
  return images;
}

void add_images_note(const std::string &folder, const std::string &memmap,
                     Changes &changes) {
  changes.notes.push_back("/" + folder +
                          " has unified kernel images, whose command lines "
                          "pmemctl does not change; add " +
                          memmap +
                          " where they are built from, build them again, and "
                          "check /proc/cmdline after the boot");
}

void add_kernel_install(const Files &files, const std::string &memmap,
                        Changes &changes) {
  const std::string path = "etc/kernel/cmdline";
  const auto text = files.get(path);
  if (!text || grub_reads_entries(files))
    return;
  const PresetImages presets = preset_images(files);
  if (presets.shared.empty() && !presets.own.empty())
    return;
  // the lines are joined, and some readers leave out those with a # at their start
  std::size_t last = std::min(text->find('\n'), text->size());
  for (std::size_t at = 0; at < text->size();) {
    const std::size_t end = std::min(text->find('\n', at), text->size());
    const std::size_t word = text->find_first_not_of(" \t\r", at);
    if (word < end && (*text)[word] != '#')
      last = end;
    at = end + 1;
  }
  Edit edit{path, text, text, " " + memmap};
  append_word(edit, last);
  changes.edits.push_back(std::move(edit));
}

bool has_name(const Files &files, const std::string &folder,
              const std::string &end) {
  const std::vector<std::string> names = files.names_in(folder);
  return std::any_of(names.begin(), names.end(), [&](const std::string &name) {
    return name.ends_with(end);
  });
}

/// Where unified kernel images are.
/// @return empty if there are none
std::string image_folder(const Files &files) {
  for (const std::string folder : BootFolders)
    if (has_name(files, folder + "/EFI/Linux", ".efi"))
      return folder + "/EFI/Linux";
  return "";
}

/// Adds to the command line that unified kernel images are built with, and has them built:
/// nothing else reads it.
void add_images(const Files &files, const std::string &memmap,
                Changes &changes) {
  if (grub_reads_entries(files))
    return;
  if (files.has("etc/kernel/proxmox-boot-uuids")) {
    // it mounts the partitions itself, and copies kernels and command lines there
    changes.commands.push_back("proxmox-boot-tool refresh");
    return;
  }
  const bool has_cmdline = files.has("etc/kernel/cmdline");
  const PresetImages presets = preset_images(files);
  if (!presets.own.empty())
    add_images_note(presets.own.front(), memmap, changes);
  if (!presets.own.empty() && presets.shared.empty())
    return;
  if (!presets.shared.empty()) {
    // it reads these files instead of the other, if there are any
    const std::string folder = "etc/cmdline.d", drop_in = "zz-pmem.conf";
    const bool has_drop_ins = has_name(files, folder, ".conf");
    if (has_drop_ins)
      changes.edits.push_back({folder + "/" + drop_in,
                               files.get(folder + "/" + drop_in), memmap + "\n",
                               ""});
    if (has_drop_ins || has_cmdline) {
      changes.commands.push_back("mkinitcpio -P");
      return;
    }
  }
  const std::string images = image_folder(files);
  if (!images.empty() && !has_cmdline) {
    add_images_note(images, memmap, changes);
    return;
  }
  // also where its file is all that has the parameter
  const bool is_alone = changes.edits.size() == 1 &&
                        changes.edits[0].path == "etc/kernel/cmdline";
  if (images.empty() && !is_alone)
    return;
  // systemd 252 of Debian 12 does not have it
  if (has_text(files, "usr/bin/kernel-install", "add-all"))
    changes.commands.push_back("kernel-install add-all");
  else
    changes.steps.push_back("run kernel-install add for each kernel; add-all "
                            "is not known here");
}

void add_extlinux(const Files &files, const std::string &memmap,
                  Changes &changes) {
  const std::string config = "etc/update-extlinux.conf";
  if (files.has(config)) {
    append(files, config,
           "default_kernel_opts=\"$default_kernel_opts " + for_shell(memmap) +
               "\"\n",
           changes);
    changes.commands.push_back("update-extlinux");
    return;
  }
  for (const char *path :
       {"boot/extlinux/extlinux.conf", "boot/syslinux/syslinux.cfg"})
    if (files.has(path))
      extend_line(files, path, "append", true, memmap, changes);
}

} // namespace

Changes boot_changes(const Files &files, const std::string &memmap) {
  Changes changes;
  add_grub(files, memmap, changes);
  add_systemd_boot(files, memmap, changes);
  add_kernel_install(files, memmap, changes);
  add_extlinux(files, memmap, changes);
  add_images(files, memmap, changes);
  return changes;
}

std::vector<std::string> entry_paths(const Files &files) {
  std::vector<std::string> paths;
  for (const std::string folder : BootFolders) {
    const std::string entries = folder + "/loader/entries/";
    for (const std::string &name : files.names_in(entries))
      if (name.ends_with(".conf"))
        paths.push_back(entries + name);
  }
  return paths;
}

std::string menu_without(const Files &files, const std::string &memmap) {
  const std::size_t dollar = memmap.find('$');
  const std::string escaped =
      memmap.substr(0, dollar) + "\\" + memmap.substr(dollar);
  for (const char *menu : {"boot/grub/grub.cfg", "boot/grub2/grub.cfg"})
    if (files.has(menu))
      return has_text(files, menu, escaped) ? "" : menu;
  return "";
}

} // namespace pmemctl
