// SPDX-License-Identifier: GPL-2.0
/// @file
/// objects: fills a hash map in transactions of libpmemobj, and verifies it.
#include "command.hpp"
#include "record.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include <libpmemobj.h>

namespace {

constexpr const char *Layout = "objects";

using Value = std::array<std::uint64_t, 24>;

/// An object of the pool, in the list of a bucket.
struct Entry {
  PMEMoid next;
  std::uint64_t key;
  Value value;
};

/// The root object of the pool.
struct Map {
  std::uint64_t entries;
  std::array<PMEMoid, 1 << 10> buckets;
};

struct Close {
  void operator()(PMEMobjpool *pool) const { pmemobj_close(pool); }
};
using Pool = std::unique_ptr<PMEMobjpool, Close>;

[[noreturn]] void fail(const std::string &what) {
  throw std::runtime_error(what + ": " + pmemobj_errormsg());
}

template <typename Object> Object *direct(PMEMoid id) {
  return static_cast<Object *>(pmemobj_direct(id));
}

/// The map of a pool; empty if the pool is new.
Map &map_of(const Pool &pool) {
  Map *const map = direct<Map>(pmemobj_root(pool.get(), sizeof(Map)));
  if (!map)
    fail("pmemobj_root");
  return *map;
}

PMEMoid &bucket_of(Map &map, std::uint64_t key) {
  return map.buckets[(key * 0x9e3779b97f4a7c15) >> 54];
}

/// @throws std::runtime_error if the key is missing
Entry &find(Map &map, std::uint64_t key) {
  Entry *entry = direct<Entry>(bucket_of(map, key));
  while (entry && entry->key != key)
    entry = direct<Entry>(entry->next);
  if (!entry)
    throw std::runtime_error("key " + std::to_string(key) + ": missing");
  return *entry;
}

/// @param version 0, or 1 after an update
Value value_of(std::uint64_t key, std::uint64_t version) {
  Value value;
  for (std::size_t i = 0; i < value.size(); i++)
    value[i] = (key + 1) * 0xd1342543de82ef95 + 2 * i + version;
  return value;
}

bool is_updated(std::uint64_t key) { return key % 2 == 0; }

/// Runs a function in a transaction, which aborts if the function throws.
void transact(const Pool &pool, const std::function<void()> &body) {
  if (pmemobj_tx_begin(pool.get(), nullptr, TX_PARAM_NONE) != 0)
    fail("pmemobj_tx_begin");
  try {
    body();
    pmemobj_tx_commit();
  } catch (...) {
    // a function of libpmemobj that fails has aborted it already
    if (pmemobj_tx_stage() == TX_STAGE_WORK)
      pmemobj_tx_abort(ECANCELED);
    pmemobj_tx_end();
    throw;
  }
  if (pmemobj_tx_end() != 0)
    fail("pmemobj_tx_end");
}

/// Lets the transaction change an object in the pool.
template <typename Object> void add(const Object &object) {
  if (pmemobj_tx_add_range_direct(&object, sizeof(object)) != 0)
    fail("pmemobj_tx_add_range_direct");
}

void insert(Map &map, std::uint64_t key) {
  const PMEMoid id = pmemobj_tx_alloc(sizeof(Entry), 1);
  if (OID_IS_NULL(id))
    fail("pmemobj_tx_alloc");
  PMEMoid &bucket = bucket_of(map, key);
  *direct<Entry>(id) = {bucket, key, value_of(key, 0)};
  add(bucket);
  bucket = id;
  add(map.entries);
  map.entries++;
}

void update(Map &map, std::uint64_t key) {
  Value &value = find(map, key).value;
  add(value);
  value = value_of(key, 1);
}

/// The change that a transaction makes: those of all keys, then the updates.
/// @param number of the transaction
void change(Map &map, std::uint64_t number, std::uint64_t keys) {
  if (number < keys)
    insert(map, number);
  else
    update(map, 2 * (number - keys));
}

/// Number of transactions of fill().
std::uint64_t changes(std::uint64_t keys) { return keys + (keys + 1) / 2; }

/// Makes a pool, inserts all keys, and updates some, each in its own transaction.
/// @param size  of the pool, in bytes
/// @param marks whether the plugin crash of the emulator is told what is committed
void fill(const std::string &name, std::uint64_t keys, std::uint64_t size,
          bool marks) {
  const Pool pool(pmemobj_create(name.c_str(), Layout, size, 0600));
  if (!pool)
    fail("pmemobj_create");
  Map &map = map_of(pool);
  for (std::uint64_t number = 0; number < changes(keys); number++) {
    transact(pool, [&] { change(map, number, keys); });
    if (marks)
      crash::mark(crash::mark_end(number));
  }
}

/// @return what is wrong with a map after so many transactions, or nothing
std::string wrong_after(Map &map, std::uint64_t transactions,
                        std::uint64_t keys) {
  const std::uint64_t inserted = std::min(transactions, keys);
  if (map.entries != inserted)
    return "expected " + std::to_string(inserted) + " entries, found " +
           std::to_string(map.entries);
  for (std::uint64_t key = 0; key < inserted; key++) {
    const bool updated = is_updated(key) && keys + key / 2 < transactions;
    if (find(map, key).value != value_of(key, updated))
      return "key " + std::to_string(key) + ": wrong value";
  }
  return {};
}

/// @param committed number of transactions that have ended; one more may have
/// @throws std::runtime_error if the pool is not as fill() leaves it then
void verify(const std::string &name, std::uint64_t keys,
            std::uint64_t committed) {
  const Pool pool(pmemobj_open(name.c_str(), Layout));
  if (!pool)
    fail("pmemobj_open");
  Map &map = map_of(pool);
  const std::string wrong = wrong_after(map, committed, keys);
  if (!wrong.empty() && (committed == changes(keys) ||
                         !wrong_after(map, committed + 1, keys).empty()))
    throw std::runtime_error(name + ": " + wrong);
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("Fill a hash map in a pool of libpmemobj, or verify it.",
               "objects");
  std::string name;
  std::uint64_t keys = 1000, size = 64 << 20;
  std::optional<std::uint64_t> committed;
  bool marks = false;
  app.require_subcommand(1);
  app.add_option("--keys", keys, "number of keys; default 1000")
      ->type_name("N")
      ->transform(dax::whole_number(1, 100'000));
  CLI::App *const filling = app.add_subcommand(
      "fill", "make the pool; insert all keys and update some");
  CLI::App *const verifying =
      app.add_subcommand("verify", "fail if the pool is not as fill leaves it");
  filling->add_option("--size", size, "of the pool; default 64M")
      ->type_name("BYTES")
      ->transform(dax::byte_count(8 << 20, 1 << 30));
  filling->add_flag("--marks", marks,
                    "tell the plugin crash of the emulator what is committed");
  verifying
      ->add_option("--committed", committed,
                   "this many transactions, and perhaps one more; default all")
      ->type_name("N");
  for (CLI::App *const each : {filling, verifying})
    each->add_option("POOL", name, "the file")->option_text(" ")->required();
  return dax::run_command(app, argc, argv, [&] {
    if (*filling)
      fill(name, keys, size, marks);
    else
      verify(name, keys, committed.value_or(changes(keys)));
    return EXIT_SUCCESS;
  });
}
