// SPDX-License-Identifier: GPL-2.0
/// @file
/// Measurements of several peers as a table in Markdown.
#ifndef BENCH_TABLE_HPP
#define BENCH_TABLE_HPP

#include <iosfwd>
#include <map>
#include <regex>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// The name of the peer that the others are compared with.
inline constexpr const char *Ours = "ours";

/// The name of a peer that does nothing, whose cost no other one can be below.
inline constexpr const char *Floor = "empty";

/// The ratio to another peer above which a cell is marked, if it is also larger than the
/// spread of the measurements can make it.
inline constexpr double Behind = 1.03;

/// The median; of an even number of values, the mean of both in the middle.
/// @param values not empty
double median(std::vector<double> values);

/// The difference between the largest and the smallest value, divided by the median.
/// @param values not empty
double spread(const std::vector<double> &values);

/// Why ours costs more than a peer.
struct Reason {
  std::regex cases; ///< which ones, by their name
  std::regex peers;
  std::string text;
};

/// Reads reasons.
/// @param lines "CASES PEERS TEXT", where CASES and PEERS are regular expressions without
///              spaces; empty ones, and ones that begin with #, are skipped
/// @throws std::runtime_error with a line that has no text, or with what is no regular
///         expression
std::vector<Reason> read_reasons(std::istream &lines);

/// Measurements, by case and by peer, in the order in which they first appear.
class Table {
public:
  /// @param csv   lines of fields that commas separate; the first names the fields,
  ///              of which "case" and "peer" are needed
  /// @param field the field with the value
  /// @throws std::runtime_error if a field is missing, or a value is no number
  Table(std::istream &csv, const std::string &field);

  /// Writes a row for each case: the median of each peer, the ratio of ours to each
  /// other one, and the largest spread, if some value was measured more than once. A
  /// ratio above Behind and the spread is bold.
  /// @param precision decimals of a median
  void write(std::ostream &out, int precision) const;

  /// Writes the first reason that applies to each bold ratio, once for each peer, and a
  /// line that says so for each one without a reason.
  void explain(std::ostream &out, const std::vector<Reason> &reasons) const;

  /// The cases.
  const std::vector<std::string> &names() const { return cases; }

  /// The ratio of the medians of ours and of a peer.
  /// @throws std::runtime_error if one of them was not measured
  double ratio(const std::string &name, const std::string &peer) const;

private:
  bool behind(const std::string &name, const std::string &peer) const;
  double spread_of(const std::string &name, const std::string &peer) const;

  std::vector<std::string> cases;
  std::vector<std::string> peers;
  std::map<std::pair<std::string, std::string>, std::vector<double>> values;
};

} // namespace bench

#endif
