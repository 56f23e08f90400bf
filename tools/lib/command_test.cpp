// SPDX-License-Identifier: GPL-2.0
/// @file
/// Tests of command lines: exit statuses, error messages, numbers.
#include "command.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace dax {
namespace {

/// A program with an option of each kind.
class Command : public testing::Test {
protected:
  /// Runs it.
  /// @return its exit status; its output is in out and error
  int run(std::vector<std::string> arguments) {
    CLI::App app("A test.", "test");
    app.add_option("--whole", whole)->transform(whole_number(1, 100));
    app.add_option("--decimal", decimal)->transform(decimal_number(0, 1.5));
    app.add_option("--bytes", bytes)->transform(byte_count(1, 4 << 20));
    app.add_option("--word", word)
        ->check(condition([](const std::string &text) { return text == "yes"; },
                          "expected yes"));
    add_more(app);
    arguments.insert(arguments.begin(), "test");
    arguments = escape_names(static_cast<int>(arguments.size()),
                             pointers_to(arguments).data());
    std::vector<char *> argv = pointers_to(arguments);
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int status = run_command(
        app, static_cast<int>(argv.size()), argv.data(),
        [this] { return body(); }, 7);
    out = testing::internal::GetCapturedStdout();
    error = testing::internal::GetCapturedStderr();
    return status;
  }

  static std::vector<char *> pointers_to(std::vector<std::string> &arguments) {
    std::vector<char *> pointers;
    for (std::string &argument : arguments)
      pointers.push_back(argument.data());
    return pointers;
  }

  std::uint64_t whole = 0, bytes = 0;
  double decimal = 0;
  std::string word, out, error;
  std::function<void(CLI::App &)> add_more = [](CLI::App &) {};
  std::function<int()> body = [] { return 3; };
};

TEST_F(Command, ReturnsTheStatusOfTheBody) {
  EXPECT_EQ(run({}), 3);
  EXPECT_EQ(out + error, "");
}

TEST_F(Command, ReturnsTheGivenStatusIfTheBodyThrows) {
  body = []() -> int { throw std::runtime_error("file: no such file"); };
  EXPECT_EQ(run({}), 7);
  EXPECT_EQ(error, "test: file: no such file\n");
}

TEST_F(Command, PrintsHelp) {
  EXPECT_EQ(run({"--help"}), 0);
  EXPECT_EQ(out.find("A test.\nUsage: test [OPTIONS]\n"), 0) << out;
}

TEST_F(Command, PrintsTheVersion) {
  EXPECT_EQ(run({"--version"}), 0);
  EXPECT_EQ(out.find("test "), 0) << out;
  EXPECT_NE(out.find_first_of("0123456789"), std::string::npos) << out;
}

TEST_F(Command, AcceptsNumbersInRange) {
  EXPECT_EQ(run({"--whole", "010", "--decimal", "1.5", "--bytes", "4M"}), 3);
  EXPECT_EQ(whole, 10);
  EXPECT_EQ(decimal, 1.5);
  EXPECT_EQ(bytes, 4 << 20);
  EXPECT_EQ(run({"--bytes", "3K"}), 3);
  EXPECT_EQ(bytes, 3 << 10);
  EXPECT_EQ(run({"--bytes", "5"}), 3);
  EXPECT_EQ(bytes, 5);
}

TEST_F(Command, RefusesOtherNumbers) {
  for (const char *text : {"", "0", "101", "-1", "1x", "x", "0x10", "1.5", " 1",
                           "99999999999999999999"}) {
    EXPECT_EQ(run({"--whole", text}), 2) << text;
    EXPECT_EQ(error,
              "test: --whole: " + std::string(text) +
                  ": expected a number from 1 to 100; see test --help\n");
  }
  for (const char *text : {"", "-0.1", "1.6", "nan", "1.5x"}) {
    EXPECT_EQ(run({"--decimal", text}), 2) << text;
    EXPECT_EQ(error,
              "test: --decimal: " + std::string(text) +
                  ": expected a number from 0 to 1.5; see test --help\n");
  }
  for (const char *text : {"", "0", "K", "5M", "4097K", "4194305", "1G", "1KK",
                           "18446744073709551615M"}) {
    EXPECT_EQ(run({"--bytes", text}), 2) << text;
    EXPECT_EQ(error,
              "test: --bytes: " + std::string(text) +
                  ": expected a number of bytes from 1 to 4194304; see test "
                  "--help\n");
  }
}

TEST_F(Command, RefusesWhatAConditionRefuses) {
  EXPECT_EQ(run({"--word", "yes"}), 3);
  EXPECT_EQ(run({"--word", "no"}), 2);
  EXPECT_EQ(error, "test: --word: no: expected yes; see test --help\n");
}

TEST_F(Command, TakesTheLastOfRepeatedOptions) {
  EXPECT_EQ(run({"--whole", "1", "--word", "yes", "--whole", "2"}), 3) << error;
  EXPECT_EQ(whole, 2);

  add_more = [this](CLI::App &app) {
    app.add_subcommand("command")->add_option("--name", word);
  };
  EXPECT_EQ(run({"command", "--name", "a", "--name", "b"}), 3) << error;
  EXPECT_EQ(word, "b");
}

TEST_F(Command, KeepsNamesOfFilesAsGiven) {
  const std::vector<std::string> given = {
      "[a,b]", "[]", "./[a,b]", "././[a]", "[", "./a",
      "./",    "a",  "[a",      "/[a]",    "]", "../[a,b]"};
  std::vector<std::string> names;
  add_more = [&names](CLI::App &app) {
    app.add_option("FILE", names)->transform(file_name());
  };
  EXPECT_EQ(run(given), 3) << error;
  EXPECT_EQ(names, given);
}

TEST_F(Command, RefusesUnknownArguments) {
  EXPECT_EQ(run({"--huge"}), 2);
  EXPECT_EQ(error, "test: The following argument was not expected: --huge; see "
                   "test --help\n");
}

} // namespace
} // namespace dax
