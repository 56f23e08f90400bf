// SPDX-License-Identifier: GPL-2.0
/// @file
/// The command lines of all programs, on top of CLI11.
#ifndef DAX_COMMAND_HPP
#define DAX_COMMAND_HPP

#include <CLI/CLI.hpp>

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

namespace dax {

/// For CLI::Option::transform(): a decimal whole number.
/// @param least smallest number to accept
/// @param most  largest number to accept
CLI::Validator whole_number(std::uint64_t least, std::uint64_t most);

/// For CLI::Option::transform(): a number with or without a fraction.
/// @param least smallest number to accept
/// @param most  largest number to accept
CLI::Validator decimal_number(double least, double most);

/// For CLI::Option::transform(): a number of bytes, or of KiB or MiB with the
/// suffix K or M.
/// @param least smallest number of bytes to accept
/// @param most  largest number of bytes to accept
CLI::Validator byte_count(std::uint64_t least, std::uint64_t most);

/// For CLI::Option::check(): a condition that --help does not show.
/// @param accepts whether a text is accepted
/// @param remedy  the end of the error message, after the text
CLI::Validator
condition(const std::function<bool(const std::string &)> &accepts,
          const std::string &remedy);

/// Escapes names of files: CLI11 takes an argument "[a,b]" for a list of a and b.
///
/// An argument that begins with "[" or "./" gets another "./" in front.
/// @param argc of main()
/// @param argv of main()
/// @return the arguments, for run_command()
std::vector<std::string> escape_names(int argc, char **argv);

/// For CLI::Option::transform() of positional arguments: the name before
/// escape_names().
CLI::Validator file_name();

/// Reads the command line, and runs a program if there is anything to run.
///
/// The option --version is added. If an option is given several times, the last one counts. An error is one line
/// on standard error, which begins with the name of @p app.
/// @param app    has all options, and the name of the program
/// @param argc   of main()
/// @param argv   of main()
/// @param body   runs the program; returns its exit status
/// @param failed exit status if @p body throws, or if standard output cannot be
///               written
/// @return the exit status: 0 after --help and --version, 2 for a command line that is wrong,
///         else that of @p body
int run_command(CLI::App &app, int argc, char **argv,
                const std::function<int()> &body, int failed = EXIT_FAILURE);

} // namespace dax

#endif
