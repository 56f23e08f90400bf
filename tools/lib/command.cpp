// SPDX-License-Identifier: GPL-2.0
#include "command.hpp"

#include "descriptor.hpp"

#include <charconv>
#include <cstdio>
#include <exception>
#include <iostream>
#include <optional>
#include <sstream>
#include <string_view>

namespace dax {

namespace {

constexpr int WrongUsage = 2;

/// The number that is all of a text; nothing if it is not one, or out of range.
template <typename Number>
std::optional<Number> parse(const std::string &text, Number least,
                            Number most) {
  Number number{};
  const char *const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error != std::errc() || end != last ||
      !(number >= least && number <= most))
    return {};
  return number;
}

template <typename Number>
std::string expected(const std::string &text, const char *kind, Number least,
                     Number most) {
  std::ostringstream message;
  message << text << ": expected " << kind << " from " << least << " to "
          << most;
  return message.str();
}

/// Lets the last one count if an option is given several times.
void take_last(CLI::App &app) {
  for (CLI::Option *option : app.get_options())
    option->take_last();
  for (CLI::App *command : app.get_subcommands([](CLI::App *) { return true; }))
    take_last(*command);
}

constexpr std::string_view EscapedName = "./";

} // namespace

CLI::Validator whole_number(std::uint64_t least, std::uint64_t most) {
  return CLI::Validator(
      [=](std::string &text) {
        const auto number = parse(text, least, most);
        if (!number)
          return expected(text, "a number", least, most);
        // CLI11 would take leading zeroes for octal
        text = std::to_string(*number);
        return std::string();
      },
      "");
}

CLI::Validator decimal_number(double least, double most) {
  return CLI::Validator(
      [=](std::string &text) {
        return parse(text, least, most)
                   ? std::string()
                   : expected(text, "a number", least, most);
      },
      "");
}

CLI::Validator byte_count(std::uint64_t least, std::uint64_t most) {
  return CLI::Validator(
      [=](std::string &text) {
        std::string digits = text;
        std::uint64_t unit = 1;
        if (text.ends_with('K') || text.ends_with('M')) {
          unit = text.back() == 'K' ? 1 << 10 : 1 << 20;
          digits.pop_back();
        }
        const auto number =
            parse(digits, (least + unit - 1) / unit, most / unit);
        if (!number)
          return expected(text, "a number of bytes", least, most);
        text = std::to_string(*number * unit);
        return std::string();
      },
      "");
}

CLI::Validator
condition(const std::function<bool(const std::string &)> &accepts,
          const std::string &remedy) {
  return CLI::Validator(
      [=](std::string &text) {
        return accepts(text) ? std::string() : text + ": " + remedy;
      },
      "");
}

std::vector<std::string> escape_names(int argc, char **argv) {
  std::vector<std::string> arguments(argv, argv + argc);
  for (std::string &argument : arguments)
    if (argument.starts_with('[') || argument.starts_with(EscapedName))
      argument.insert(0, EscapedName);
  return arguments;
}

CLI::Validator file_name() {
  return CLI::Validator(
      [](std::string &text) {
        if (text.starts_with(EscapedName))
          text.erase(0, EscapedName.size());
        return std::string();
      },
      "");
}

int run_command(CLI::App &app, int argc, char **argv,
                const std::function<int()> &body, int failed) {
  take_last(app);
  const std::string name = app.get_name();
  app.set_version_flag("--version", name + " " PMEM_VERSION,
                       "print the version");
  try {
    int status = EXIT_SUCCESS;
    try {
      app.parse(argc, argv);
      status = body();
    } catch (const CLI::CallForHelp &) {
      std::cout << app.help();
    } catch (const CLI::CallForVersion &version) {
      std::cout << version.what() << '\n';
    } catch (const CLI::Error &error) {
      std::cerr << name << ": " << error.what() << "; see " << name
                << " --help\n";
      return WrongUsage;
    }
    std::fflush(stdout);
    if (std::ferror(stdout) || !std::cout.flush())
      fail("standard output");
    return status;
  } catch (const std::exception &error) {
    std::cerr << name << ": " << error.what() << '\n';
    return failed;
  }
}

} // namespace dax
