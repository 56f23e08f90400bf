// SPDX-License-Identifier: GPL-2.0
/// @file
/// Operations on files of a filesystem with DAX, for the benchmark.
#ifndef BENCH_DAX_FILES_HPP
#define BENCH_DAX_FILES_HPP

#include "descriptor.hpp"
#include "meter.hpp"
#include "shared_map.hpp"

#include <memory>
#include <string>
#include <vector>

namespace bench {

/// Files in a directory, which the destructor leaves there.
class DaxFiles {
public:
  /// The size of a file, in PMD ranges; a case touches each of them once.
  static constexpr std::uint32_t Chunks = 64;

  /// Makes a file and writes all of it.
  /// @throws std::system_error with the name of the file
  explicit DaxFiles(const std::string &directory);

  /// What is measured. The cases refer to this object.
  std::vector<Case> cases();

private:
  void transfer(bool write, std::uint32_t length, std::uint32_t first,
                std::uint32_t count);
  void map_written();
  void map_new(int how);
  void touch(bool write, std::uint32_t first, std::uint32_t count);
  void sync_one_line(std::uint32_t first, std::uint32_t count);
  void allocate_and_delete(std::uint32_t count);

  std::string directory;
  dax::Descriptor written;
  dax::Descriptor fresh; ///< made anew, allocated and not written
  std::vector<char> buffer;
  std::unique_ptr<dax::SharedMap> map;
};

} // namespace bench

#endif
