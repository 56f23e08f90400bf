// SPDX-License-Identifier: GPL-2.0
/// @file
/// Operations on files of a filesystem, with or without DAX, for the benchmark.
#ifndef BENCH_FILES_HPP
#define BENCH_FILES_HPP

#include "descriptor.hpp"
#include "meter.hpp"
#include "shared_map.hpp"

#include <memory>
#include <string>
#include <vector>

namespace bench {

/// Files in a directory, which the destructor removes.
class Files {
public:
  /// The size of a file, in PMD ranges; a case touches each of them once.
  static constexpr std::uint32_t Chunks = 64;

  /// Makes a file and writes all of it.
  /// @throws std::system_error with the name of the file
  explicit Files(const std::string &directory);
  ~Files();
  Files(const Files &) = delete;
  Files &operator=(const Files &) = delete;

  /// What is measured. The cases refer to this object. Those with MAP_SYNC are missing
  /// where the filesystem refuses it.
  std::vector<Case> cases();

private:
  void transfer(bool write, std::uint32_t length, std::uint32_t first,
                std::uint32_t count);
  void map_written();
  void map_new(int how);
  void touch(bool write, std::uint32_t first, std::uint32_t count);
  void load_scattered(std::uint32_t first, std::uint32_t count);
  bool maps_sync() const;
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
