// SPDX-License-Identifier: GPL-2.0
/// @file
/// What "pmemctl apply" has changed, for "pmemctl undo": the contents of each file
/// before and after, in one file, so that it is always whole.
#ifndef PMEMCTL_RECORD_HPP
#define PMEMCTL_RECORD_HPP

#include "edit.hpp"

#include <string>
#include <vector>

namespace pmemctl {

/// What was changed.
struct Record {
  std::vector<Edit> edits;
  std::vector<std::string>
      directories; ///< made for them, each after its parent
};

/// Reads the record, var/lib/pmemctl/record.json.
/// @param root of the files
/// @return an empty record if there is none
/// @throws std::runtime_error if it has another form
Record read_record(const Root &root);

/// Writes the record, for its owner only: it has the contents of files that others may
/// not be able to read. It has to be written before the files themselves are changed, so
/// that an interrupted change can be taken back.
/// @param root   of the files
/// @param record empty to remove the file
/// @throws std::system_error if that fails
void write_record(const Root &root, const Record &record);

/// Adds the directories to a record that its edits and its own file need and that are
/// not there.
/// @param root   of the files
/// @param record with edits
void add_missing_directories(const Root &root, Record &record);

} // namespace pmemctl

#endif
