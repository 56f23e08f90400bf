// SPDX-License-Identifier: GPL-2.0
/// @file
/// Page tables of many processes that map the same file.
#ifndef BENCH_PROCESSES_HPP
#define BENCH_PROCESSES_HPP

#include <cstdint>
#include <string>

namespace bench {

/// Measures by how much the page tables of all processes grow while new ones map a
/// file and load from all of its pages, with nr_page_table_pages of /proc/vmstat. The
/// file, DIRECTORY/mapped, is written before, and removed at the end. Needs root.
/// @param directory on the filesystem to measure
/// @param processes their number, not 0
/// @param length    of the file, in bytes: a multiple of 2 MiB
/// @return KiB
/// @throws std::system_error with the name of the file, or with the system call that
///         failed
/// @throws std::runtime_error if a process cannot map the file, or is killed
std::uint64_t page_tables_kib(const std::string &directory, unsigned processes,
                              std::uint64_t length);

} // namespace bench

#endif
