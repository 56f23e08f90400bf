// SPDX-License-Identifier: GPL-2.0
#include "record.hpp"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include <nlohmann/json.hpp>

namespace pmemctl {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

const std::string Name = "var/lib/pmemctl/record.json";

/// Files and their names need not be UTF-8, and JSON has to be: byte N becomes the
/// character U+00NN.
std::string encode(const std::string &bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xc0 | byte >> 6);
      text += static_cast<char>(0x80 | (byte & 0x3f));
    }
  }
  return text;
}

std::string decode(const std::string &text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i++) {
    const auto first = static_cast<unsigned char>(text[i]);
    if (first < 0x80 || i + 1 == text.size())
      bytes += text[i];
    else
      bytes += static_cast<char>(
          (first & 0x3) << 6 | (static_cast<unsigned char>(text[++i]) & 0x3f));
  }
  return bytes;
}

Json to_json(const Contents &contents) {
  return contents ? Json(encode(*contents)) : Json();
}

Contents from_json(const Json &json) {
  if (json.is_null())
    return {};
  return decode(json.get<std::string>());
}

} // namespace

Record read_record(const Root &root) {
  Record record;
  const auto text = root.find(Name);
  if (!text)
    return record;
  try {
    const Json object = Json::parse(*text);
    for (const Json &entry : object.at("edits"))
      record.edits.push_back(
          {decode(entry.at("path")), from_json(entry.at("before")),
           from_json(entry.at("after")), decode(entry.at("added"))});
    record.directories = object.at("directories");
  } catch (const Json::exception &error) {
    throw std::runtime_error("/" + Name + ": " + error.what() +
                             "; restore it, or remove it to forget what was "
                             "applied");
  }
  return record;
}

void write_record(const Root &root, const Record &record) {
  if (record.edits.empty()) {
    write_file(root, Name, {});
    return;
  }
  Json edits = Json::array();
  for (const Edit &edit : record.edits)
    edits.push_back({{"path", encode(edit.path)},
                     {"before", to_json(edit.before)},
                     {"after", to_json(edit.after)},
                     {"added", encode(edit.added)}});
  write_file(
      root, Name,
      Json{{"edits", std::move(edits)}, {"directories", record.directories}}
              .dump(2) +
          '\n',
      0600);
}

void add_missing_directories(const Root &root, Record &record) {
  std::vector<std::string> paths = {Name};
  for (const Edit &edit : record.edits)
    paths.push_back(edit.path);
  for (const std::string &file : paths) {
    std::string path;
    for (const fs::path &part : fs::path(file).parent_path()) {
      path += (path.empty() ? "" : "/") + part.string();
      if (!root.has(path) && std::count(record.directories.begin(),
                                        record.directories.end(), path) == 0)
        record.directories.push_back(path);
    }
  }
}

} // namespace pmemctl
