// SPDX-License-Identifier: GPL-2.0
#include "script.hpp"

#include <algorithm>
#include <array>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace crash {

namespace {

/// What follows the word of a step.
enum class Form { nothing, name, name_other, name_size, name_range };

struct Word {
  std::string_view word;
  Action action;
  Form form;
};

constexpr std::array Words = {
    Word{"create", Action::create, Form::name},
    Word{"mkdir", Action::mkdir, Form::name},
    Word{"rmdir", Action::rmdir, Form::name},
    Word{"write", Action::write, Form::name_range},
    Word{"write_synced", Action::write_synced, Form::name_range},
    Word{"store", Action::store, Form::name_range},
    Word{"store_flushed", Action::store_flushed, Form::name_range},
    Word{"truncate", Action::truncate, Form::name_size},
    Word{"allocate", Action::allocate, Form::name_range},
    Word{"punch", Action::punch, Form::name_range},
    Word{"zero", Action::zero, Form::name_range},
    Word{"collapse", Action::collapse, Form::name_range},
    Word{"insert", Action::insert, Form::name_range},
    Word{"rename", Action::rename, Form::name_other},
    Word{"link", Action::link, Form::name_other},
    Word{"unlink", Action::unlink, Form::name},
    Word{"evacuate", Action::evacuate, Form::name_range},
    Word{"gather", Action::gather, Form::name_range},
    Word{"fsync", Action::fsync, Form::name},
    Word{"fdatasync", Action::fdatasync, Form::name},
    Word{"msync", Action::msync, Form::name_range},
    Word{"sync", Action::sync, Form::nothing},
    Word{"touch", Action::touch, Form::name_other},
};

/// @return a number of bytes
std::uint64_t number(const std::string &text) {
  const std::size_t digits =
      std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view unit = std::string_view(text).substr(digits);
  // nine digits, and K or M, are far from the largest number
  if (digits == 0 || digits > 9 ||
      !(unit.empty() || unit == "K" || unit == "M"))
    throw std::runtime_error(
        text +
        ": expected a number of at most 9 digits, which can end in K or M");
  return std::stoull(text.substr(0, digits)) << (unit == "K"   ? 10
                                                 : unit == "M" ? 20
                                                               : 0);
}

/// Takes the next word of a line.
std::string next_word(std::istream &line, const char *what) {
  std::string word;
  if (!(line >> word))
    throw std::runtime_error(std::string(what) + " is missing");
  return word;
}

/// Takes the name of a file or directory, which has one name only in the model.
std::string next_name(std::istream &line, const char *what) {
  const std::string name = next_word(line, what);
  const std::string parts = '/' + name + '/';
  const bool has_dots = parts.find("/../") != parts.npos ||
                        (name != "." && parts.find("/./") != parts.npos);
  if (has_dots || parts.find("//") != parts.npos)
    throw std::runtime_error(
        name + ": give the path below the filesystem, without . and .. and "
               "further slashes");
  return name;
}

Step read_step(const std::string &word, std::istream &line) {
  const auto known = std::ranges::find(Words, word, &Word::word);
  if (known == Words.end())
    throw std::runtime_error(word + ": no such step");
  Step step{.action = known->action, .name = {}, .other = {}};
  if (known->form != Form::nothing)
    step.name = next_name(line, "a name");
  switch (known->form) {
  case Form::nothing:
  case Form::name:
    break;
  case Form::name_other:
    step.other = next_name(line, "the second word");
    if (step.action == Action::touch && step.other != "read" &&
        step.other != "write")
      throw std::runtime_error(step.other + ": expected read or write");
    break;
  case Form::name_size:
    step.offset = number(next_word(line, "a size"));
    break;
  case Form::name_range:
    step.offset = number(next_word(line, "an offset"));
    step.length = number(next_word(line, "a length"));
    if (step.length == 0)
      throw std::runtime_error("the length must not be zero");
    break;
  }
  return step;
}

/// Reads a line that says something.
void read_line(Script &script, const std::string &text) {
  std::istringstream line(text);
  std::string word;
  line >> word;
  if (word == "device") {
    if (!script.steps.empty() || !script.device.empty())
      throw std::runtime_error("device must be the first line");
    script.device = next_word(line, "a name");
    script.device_size = number(next_word(line, "a size"));
  } else {
    script.steps.push_back(read_step(word, line));
    const Step &step = script.steps.back();
    if (!script.device.empty() && step.action == Action::sync)
      throw std::runtime_error("sync: is not for a disk; expected fsync");
    if (step.name == "." && step.action != Action::fsync)
      throw std::runtime_error(".: only fsync takes it");
    if (step.action == Action::msync && step.offset % 4096)
      throw std::runtime_error("the offset must be a multiple of 4K");
  }
  if (line >> word)
    throw std::runtime_error(word + ": one word too many");
}

} // namespace

bool promises(Action action) {
  switch (action) {
  case Action::write_synced:
  case Action::store_flushed:
  case Action::fsync:
  case Action::fdatasync:
  case Action::msync:
  case Action::sync:
    return true;
  default:
    return false;
  }
}

Script read_script(std::istream &text) {
  Script script;
  std::string line;
  for (unsigned at = 1; std::getline(text, line); at++) {
    const std::size_t first = line.find_first_not_of(" \t");
    if (first == std::string::npos || line[first] == '#')
      continue;
    try {
      read_line(script, line);
    } catch (const std::runtime_error &error) {
      throw std::runtime_error("line " + std::to_string(at) + ": " +
                               error.what());
    }
  }
  return script;
}

std::string text_of(const Step &step) {
  const auto known = std::ranges::find(Words, step.action, &Word::action);
  std::string text(known->word);
  if (known->form != Form::nothing)
    text += " " + step.name;
  if (known->form == Form::name_other)
    text += " " + step.other;
  if (known->form == Form::name_size || known->form == Form::name_range)
    text += " " + std::to_string(step.offset);
  if (known->form == Form::name_range)
    text += " " + std::to_string(step.length);
  return text;
}

} // namespace crash
