// SPDX-License-Identifier: GPL-2.0
#include "table.hpp"

#include <algorithm>
#include <charconv>
#include <iomanip>
#include <istream>
#include <ostream>
#include <sstream>
#include <stdexcept>

namespace bench {

namespace {

std::vector<std::string> split(const std::string &line) {
  std::vector<std::string> fields;
  std::istringstream stream(line);
  for (std::string field; std::getline(stream, field, ',');)
    fields.push_back(field);
  return fields;
}

std::size_t index_of(const std::vector<std::string> &header,
                     const std::string &field) {
  const auto found = std::find(header.begin(), header.end(), field);
  if (found == header.end())
    throw std::runtime_error("there is no field " + field);
  return static_cast<std::size_t>(found - header.begin());
}

double number(const std::string &text) {
  double value;
  const char *const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end)
    throw std::runtime_error('"' + text + "\" is no number");
  return value;
}

std::regex expression(const std::string &text) {
  try {
    return std::regex(text);
  } catch (const std::regex_error &) {
    throw std::runtime_error('"' + text + "\" is no regular expression");
  }
}

void append_new(std::vector<std::string> &list, const std::string &name) {
  if (std::find(list.begin(), list.end(), name) == list.end())
    list.push_back(name);
}

} // namespace

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle]
                           : (values[middle - 1] + values[middle]) / 2;
}

double spread(const std::vector<double> &values) {
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  return *most == *least ? 0 : (*most - *least) / median(values);
}

std::vector<Reason> read_reasons(std::istream &lines) {
  std::vector<Reason> reasons;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#')
      continue;
    std::istringstream words(line);
    std::string cases_text, peers_text, text;
    words >> cases_text >> peers_text >> std::ws;
    if (!std::getline(words, text))
      throw std::runtime_error('"' + line + "\": expected CASES PEERS TEXT");
    reasons.push_back({expression(cases_text), expression(peers_text), text});
  }
  return reasons;
}

Table::Table(std::istream &csv, const std::string &field) {
  std::string line;
  std::getline(csv, line);
  const std::vector<std::string> header = split(line);
  const std::size_t name = index_of(header, "case");
  const std::size_t peer = index_of(header, "peer");
  const std::size_t value = index_of(header, field);
  while (std::getline(csv, line)) {
    // a repeated header: the file holds several runs
    const std::vector<std::string> fields = split(line);
    if (fields == header)
      continue;
    if (fields.size() != header.size())
      throw std::runtime_error('"' + line + "\": expected " +
                               std::to_string(header.size()) + " fields");
    append_new(cases, fields[name]);
    append_new(peers, fields[peer]);
    values[{fields[name], fields[peer]}].push_back(number(fields[value]));
  }
}

double Table::ratio(const std::string &name, const std::string &peer) const {
  const auto ours = values.find({name, Ours});
  const auto theirs = values.find({name, peer});
  if (ours == values.end() || theirs == values.end())
    throw std::runtime_error(name + " was not measured for " +
                             (ours == values.end() ? Ours : peer));
  return median(ours->second) / median(theirs->second);
}

double Table::spread_of(const std::string &name,
                        const std::string &peer) const {
  const auto found = values.find({name, peer});
  return found == values.end() ? 0 : spread(found->second);
}

bool Table::behind(const std::string &name, const std::string &peer) const {
  if (peer == Ours || peer == Floor || !values.contains({name, peer}) ||
      !values.contains({name, Ours}))
    return false;
  const double noise = std::max(spread_of(name, peer), spread_of(name, Ours));
  return ratio(name, peer) > std::max(Behind, 1 + noise);
}

void Table::explain(std::ostream &out,
                    const std::vector<Reason> &reasons) const {
  for (const std::string &peer : peers) {
    std::vector<std::string> unexplained;
    std::vector<std::string> said;
    for (const std::string &name : cases) {
      if (!behind(name, peer))
        continue;
      const auto reason =
          std::find_if(reasons.begin(), reasons.end(), [&](const Reason &each) {
            return std::regex_match(name, each.cases) &&
                   std::regex_match(peer, each.peers);
          });
      if (reason == reasons.end())
        unexplained.push_back(name);
      else
        append_new(said, reason->text);
    }
    for (const std::string &text : said)
      out << "- " << peer << ": " << text << '\n';
    for (const std::string &name : unexplained)
      out << "- " << peer << ": " << name << " has no explanation yet\n";
  }
}

void Table::write(std::ostream &out, int precision) const {
  out << "| case |";
  for (const std::string &peer : peers)
    out << ' ' << peer << " |";
  for (const std::string &peer : peers)
    if (peer != Ours)
      out << ' ' << Ours << " / " << peer << " |";
  out << " spread |\n|---|";
  for (std::size_t column = 0; column < 2 * peers.size(); column++)
    out << "--:|";
  out << '\n' << std::fixed;
  for (const std::string &name : cases) {
    double most = 0;
    bool repeated = false;
    out << "| " << name << " |" << std::setprecision(precision);
    for (const std::string &peer : peers) {
      const auto found = values.find({name, peer});
      if (found == values.end()) {
        out << " - |";
        continue;
      }
      out << ' ' << median(found->second) << " |";
      most = std::max(most, spread_of(name, peer));
      repeated = repeated || found->second.size() > 1;
    }
    out << std::setprecision(3);
    for (const std::string &peer : peers) {
      if (peer == Ours)
        continue;
      if (!values.contains({name, peer}) || !values.contains({name, Ours})) {
        out << " - |";
        continue;
      }
      const char *const mark = behind(name, peer) ? "**" : "";
      out << ' ' << mark << ratio(name, peer) << mark << " |";
    }
    if (repeated)
      out << ' ' << std::setprecision(1) << most * 100 << " % |\n";
    else
      out << " - |\n";
  }
}

} // namespace bench
