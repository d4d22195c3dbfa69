// The store behind trilune.dict, against a model that is nothing but its
// definition, and under threads.

#include "stdlib/dict/dict_store.h"

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <list>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "stdlib/dict/dict_shard.h"
#include "tests/stdlib/dict_values.h"

namespace trilune::test {
namespace {

using stdlib::BlockBytes;
using stdlib::DictEntry;
using stdlib::DictList;
using stdlib::DictNode;
using stdlib::DictNumber;
using stdlib::DictReading;
using stdlib::DictScan;
using stdlib::DictStats;
using stdlib::DictStatus;
using stdlib::DictWrite;
using Kind = DictValue::Kind;
using Mode = DictWrite::Mode;

constexpr int64_t kPast = 1;  // a deadline on the monotonic clock

// What a value is, to compare.
std::string Text(const DictValue& value) {
  switch (value.kind) {
    case Kind::kInteger:
      return std::to_string(value.integer);
    case Kind::kString:
      return "'" + std::string(value.bytes, value.size) + "'";
    case Kind::kObject:
      return "object " + std::to_string(value.size);
    default:
      return "?";
  }
}

// One shard, as it is defined.
class Model {
 public:
  explicit Model(size_t capacity) : capacity_(capacity) {}

  DictStatus Put(const std::string& key, const DictValue& value,
                 const DictWrite& write, bool* forcible) {
    Entry* old = Find(key);
    Entry* live = old != nullptr && !old->expired ? old : nullptr;
    const DictStatus allowed = Allows(write, live);
    if (allowed != DictStatus::kOk) return allowed;
    if (value.kind == Kind::kNil) {
      if (old != nullptr) Remove(key);
      return DictStatus::kOk;
    }
    const bool is_expired = write.expires_ns == kPast;
    const bool is_short = value.kind != Kind::kObject &&
                          (value.kind != Kind::kString || value.size <= 512);
    const size_t room = value.kind == Kind::kString ? value.size : 0;
    if (live != nullptr && is_short && live->is_short && room <= live->room) {
      live->text = Text(value);
      live->is_number = value.kind == Kind::kInteger;
      live->expired = is_expired;
      Touch(key);
      return DictStatus::kOk;
    }
    Entry fresh;
    fresh.key = key;
    fresh.text = Text(value);
    fresh.is_number = value.kind == Kind::kInteger;
    fresh.is_short = is_short;
    fresh.room = room;
    fresh.block = BlockOf(key, room) +
                  (value.kind == Kind::kObject ? BlockBytes(value.size) : 0);
    const size_t gone = old == nullptr ? 0 : BytesOf(*old);
    if (fresh.block > capacity_) return DictStatus::kNoMemory;
    if (fresh.block > gone &&
        !MakeRoom(fresh.block - gone, old, write.safe, forcible)) {
      return DictStatus::kNoMemory;
    }
    if (old != nullptr) {
      if (live == nullptr) expired++;
      Remove(key);
    }
    entries_.push_front(std::move(fresh));
    Sweep();
    Find(key)->expired = is_expired;
    return DictStatus::kOk;
  }

  DictStatus Increment(const std::string& key, int64_t by, const int64_t* init,
                       int64_t* result, bool* forcible) {
    Entry* old = Find(key);
    if (old != nullptr && !old->expired) {
      if (!old->is_number) return DictStatus::kNotANumber;
      *result = std::stoll(old->text) + by;
      old->text = std::to_string(*result);
      Touch(key);
      return DictStatus::kOk;
    }
    if (init == nullptr) return DictStatus::kNotFound;
    Entry fresh;
    fresh.key = key;
    *result = *init + by;
    fresh.text = std::to_string(*result);
    fresh.is_number = fresh.is_short = true;
    fresh.block = BlockOf(key, 0);
    const size_t gone = old == nullptr ? 0 : BytesOf(*old);
    if (fresh.block > gone &&
        !MakeRoom(fresh.block - gone, old, false, forcible)) {
      return DictStatus::kNoMemory;
    }
    if (old != nullptr) {
      expired++;
      Remove(key);
    }
    entries_.push_front(std::move(fresh));
    Sweep();
    return DictStatus::kOk;
  }

  DictStatus Get(const std::string& key, bool stale, std::string* text) {
    Entry* entry = Find(key);
    if (entry == nullptr || (entry->expired && !stale)) {
      return DictStatus::kNotFound;
    }
    *text = entry->text;
    Touch(key);
    return entries_.front().is_list ? DictStatus::kIsList : DictStatus::kOk;
  }

  DictStatus Push(const std::string& key, const DictValue& value, bool front,
                  uint64_t* length) {
    Entry* old = Find(key);
    Entry* live = old != nullptr && !old->expired ? old : nullptr;
    if (live != nullptr && !live->is_list) return DictStatus::kNotList;
    if (live == nullptr && old != nullptr) {
      expired++;
      Remove(key);
    }
    const size_t block =
        BlockBytes(sizeof(DictNode) +
                   (value.kind == Kind::kString ? value.size : 0)) +
        (value.kind == Kind::kObject ? BlockBytes(value.size) : 0);
    const size_t base = live == nullptr ? BlockOf(key, sizeof(DictList)) : 0;
    bool forcible = false;
    if (!MakeRoom(block + base, live, true, &forcible)) {
      return DictStatus::kNoMemory;
    }
    if (live == nullptr) {
      Entry fresh;
      fresh.key = key;
      fresh.is_list = true;
      fresh.block = base;
      entries_.push_front(std::move(fresh));
    } else {
      Touch(key);
    }
    Entry& list = entries_.front();
    if (front) {
      list.nodes.push_front({Text(value), block});
    } else {
      list.nodes.push_back({Text(value), block});
    }
    *length = list.nodes.size();
    return DictStatus::kOk;
  }

  DictStatus Pop(const std::string& key, bool front, std::string* text) {
    Entry* entry = Find(key);
    if (entry == nullptr || entry->expired) return DictStatus::kNotFound;
    if (!entry->is_list) return DictStatus::kNotList;
    *text = front ? entry->nodes.front().text : entry->nodes.back().text;
    if (front) {
      entry->nodes.pop_front();
    } else {
      entry->nodes.pop_back();
    }
    if (entry->nodes.empty()) {
      Remove(key);
    } else {
      Touch(key);
    }
    return DictStatus::kOk;
  }

  DictStatus Expire(const std::string& key) {
    Entry* entry = Find(key);
    if (entry == nullptr || entry->expired) return DictStatus::kNotFound;
    entry->expired = true;
    return DictStatus::kOk;
  }

  uint64_t RemoveExpired() {
    const size_t before = entries_.size();
    entries_.remove_if([](const Entry& entry) { return entry.expired; });
    expired += before - entries_.size();
    return before - entries_.size();
  }

  std::vector<std::string> Keys() const {
    std::vector<std::string> keys;
    for (const Entry& entry : entries_) {
      if (!entry.expired) keys.push_back(entry.key);
    }
    std::sort(keys.begin(), keys.end());
    return keys;
  }

  void Clear() { entries_.clear(); }

  size_t used() const {
    size_t sum = 0;
    for (const Entry& entry : entries_)
      sum += BytesOf(entry);
    return sum;
  }
  size_t size() const { return entries_.size(); }

  uint64_t evicted = 0;
  uint64_t expired = 0;

 private:
  struct Node {
    std::string text;
    size_t block;
  };
  struct Entry {
    std::string key;
    std::string text;
    bool is_number = false;
    bool is_short = false;
    bool is_list = false;
    bool expired = false;
    size_t room = 0;
    size_t block = 0;
    std::deque<Node> nodes;
  };

  // Whether `write` may be done where `live` is, or nothing.
  static DictStatus Allows(const DictWrite& write, const Entry* live) {
    if (write.mode == Mode::kAdd && live != nullptr) return DictStatus::kExists;
    if (write.mode == Mode::kReplace && live == nullptr) {
      return DictStatus::kNotFound;
    }
    if (write.mode != Mode::kCas) return DictStatus::kOk;
    if (live == nullptr) return DictStatus::kNotFound;
    if (live->is_list) return DictStatus::kIsList;
    return live->text == Text(*write.old) ? DictStatus::kOk
                                          : DictStatus::kChanged;
  }

  static size_t BlockOf(const std::string& key, size_t room) {
    return BlockBytes(sizeof(DictEntry) + (key.size() + 7) / 8 * 8 + room);
  }
  static size_t BytesOf(const Entry& entry) {
    size_t sum = entry.block;
    for (const Node& node : entry.nodes)
      sum += node.block;
    return sum;
  }
  std::list<Entry>::iterator Place(const std::string& key) {
    return std::find_if(entries_.begin(), entries_.end(),
                        [&](const Entry& entry) { return entry.key == key; });
  }
  Entry* Find(const std::string& key) {
    const auto at = Place(key);
    return at == entries_.end() ? nullptr : &*at;
  }
  void Touch(const std::string& key) {
    entries_.splice(entries_.begin(), entries_, Place(key));
  }
  void Remove(const std::string& key) { entries_.erase(Place(key)); }

  bool MakeRoom(size_t bytes, const Entry* keep, bool safe, bool* forcible) {
    const size_t kept = keep == nullptr ? 0 : BytesOf(*keep);
    if (kept + bytes > capacity_) return false;
    if (used() + bytes <= capacity_) return true;
    std::vector<Entry*> oldest;
    for (auto at = entries_.rbegin(); at != entries_.rend(); ++at)
      oldest.push_back(&*at);
    for (size_t i = 0; i < 32 && i < oldest.size(); i++) {
      if (oldest[i] == keep || !oldest[i]->expired) continue;
      Remove(std::string(oldest[i]->key));
      expired++;
    }
    if (used() + bytes <= capacity_) return true;
    if (safe) return false;
    while (used() + bytes > capacity_) {
      auto last = std::prev(entries_.end());
      if (&*last == keep) --last;
      (last->expired ? expired : evicted)++;
      if (!last->expired) *forcible = true;
      entries_.erase(last);
    }
    return true;
  }
  void Sweep() {
    for (int i = 0; i < 2 && !entries_.empty() && entries_.back().expired;
         i++) {
      entries_.pop_back();
      expired++;
    }
  }

  const size_t capacity_;
  std::list<Entry> entries_;  // the newest first
};

std::vector<std::string> KeysOf(DictStore& store) {
  std::vector<std::string> keys;
  DictScan scan;
  bool no_memory = false;
  while (store.Scan(&scan, &no_memory)) {
    for (size_t i = 0; i < scan.count; i++) {
      const DictKey key = DictStore::KeyOf(scan.entries[i]);
      keys.emplace_back(key.bytes, key.size);
      store.Release(scan.entries[i]);
    }
  }
  CHECK_FALSE(no_memory);
  std::free(scan.entries);
  std::sort(keys.begin(), keys.end());
  return keys;
}

// Random operations on both, compared after each.
class Duel {
 public:
  Duel(uint32_t seed, size_t bytes, int keys)
      : random_(seed),
        keys_(keys),
        store_(DictStore::Make(bytes, 1, &FreeObject)),
        model_(store_->Stats().capacity) {}

  void Step() {
    const std::string key = "key" + std::to_string(Below(keys_));
    const DictKey its_key = Key(*store_, key);
    switch (Below(14)) {
      case 0:
      case 1:
      case 2:
      case 3:
        Put(key, its_key);
        break;
      case 4:
      case 5:
      case 6:
        Get(key, its_key);
        break;
      case 7:
        Increment(key, its_key);
        break;
      case 8:
      case 9:
        Push(key, its_key);
        break;
      case 10:
      case 11:
        Pop(key, its_key);
        break;
      case 12:
        CHECK(store_->Expire(its_key, kPast) == model_.Expire(key));
        break;
      case 13:
        Sweep();
        break;
    }
    const DictStats stats = store_->Stats();
    CHECK(stats.used == model_.used());
    CHECK(stats.used <= stats.capacity);
    CHECK(stats.entries == model_.size());
    CHECK(stats.evicted == model_.evicted);
    CHECK(stats.expired == model_.expired);
  }

 private:
  int Below(int n) {
    return static_cast<int>(random_() % static_cast<uint32_t>(n));
  }

  DictValue Value() {
    switch (Below(8)) {
      case 0:
        return Object(static_cast<size_t>(Below(2000)));
      case 1:
        text_.assign(static_cast<size_t>(Below(20000)), 'x');
        return String(text_);
      case 2:
      case 3:
        text_.assign(static_cast<size_t>(Below(600)), 'y');
        return String(text_);
      case 4:
        return DictValue();  // nil
      default:
        return Integer(Below(4));
    }
  }

  void Put(const std::string& key, const DictKey& its_key) {
    const DictValue value = Value();
    const DictValue old = Integer(Below(4));
    DictWrite write;
    constexpr Mode kModes[] = {Mode::kSet, Mode::kSet, Mode::kAdd,
                               Mode::kReplace, Mode::kCas};
    write.mode = kModes[Below(5)];
    write.safe = Below(3) == 0;
    write.old = &old;
    if (Below(5) == 0) write.expires_ns = kPast;
    bool forcible = false;
    bool its_forcible = false;
    const DictStatus status = store_->Put(its_key, value, write, &forcible);
    if (status != DictStatus::kOk && value.kind == Kind::kObject) {
      FreeObject(value.object);
    }
    CHECK(status == model_.Put(key, value, write, &its_forcible));
    CHECK(forcible == its_forcible);
  }

  void Get(const std::string& key, const DictKey& its_key) {
    const bool stale = Below(4) == 0;
    DictReading reading;
    std::string text;
    const DictStatus status = store_->Get(its_key, stale, &reading);
    CHECK(status == model_.Get(key, stale, &text));
    if (status == DictStatus::kOk) CHECK(Text(reading.value) == text);
    if (reading.held != nullptr) store_->Release(reading.held);
  }

  void Increment(const std::string& key, const DictKey& its_key) {
    const int64_t first = Below(4);
    const bool has_init = Below(2) == 0;
    DictNumber by;
    by.integer = 1;
    DictNumber init;
    init.integer = first;
    DictNumber result;
    int64_t its_result = 0;
    bool forcible = false;
    bool its_forcible = false;
    const DictStatus status = store_->Increment(
        its_key, by, has_init ? &init : nullptr, kNever, &result, &forcible);
    CHECK(status == model_.Increment(key, 1, has_init ? &first : nullptr,
                                     &its_result, &its_forcible));
    CHECK(forcible == its_forcible);
    if (status == DictStatus::kOk) CHECK(result.integer == its_result);
  }

  void Push(const std::string& key, const DictKey& its_key) {
    DictValue value = Value();
    if (value.kind == Kind::kNil) value = Integer(9);
    const bool front = Below(2) == 0;
    DictNode* node = DictStore::NewNode(value);
    uint64_t length = 0;
    uint64_t its_length = 0;
    const DictStatus status = store_->Push(its_key, node, front, &length);
    CHECK(status == model_.Push(key, value, front, &its_length));
    CHECK(length == its_length);
    if (status != DictStatus::kOk) store_->FreeNode(node, true);
  }

  void Pop(const std::string& key, const DictKey& its_key) {
    const bool front = Below(2) == 0;
    DictNode* node = nullptr;
    std::string text;
    const DictStatus status = store_->Pop(its_key, front, &node);
    CHECK(status == model_.Pop(key, front, &text));
    if (status != DictStatus::kOk) return;
    CHECK(Text(node->value) == text);
    store_->FreeNode(node, true);
  }

  void Sweep() {
    const int what = Below(40);
    if (what == 0) {
      store_->Clear();
      model_.Clear();
    } else if (what < 4) {
      CHECK(store_->RemoveExpired(0) == model_.RemoveExpired());
    } else if (what < 8) {
      CHECK(KeysOf(*store_) == model_.Keys());
    }
  }

  std::mt19937 random_;
  const int keys_;
  std::string text_;
  std::unique_ptr<DictStore> store_;
  Model model_;
};

TEST_CASE("every operation does what the model does") {
  for (uint32_t seed = 1; seed <= 12; seed++) {
    CAPTURE(seed);
    // So small that values do not fit, and so large that few are evicted.
    const size_t bytes = seed % 3 == 0   ? 8192
                         : seed % 3 == 1 ? size_t{48} << 10
                                         : size_t{256} << 10;
    Duel duel(seed, bytes, seed % 2 == 0 ? 20 : 200);
    for (int i = 0; i < 4000; i++)
      duel.Step();
  }
  CHECK(objects_alive.load() == 0);
}

TEST_CASE("a value that is read outlives its entry") {
  auto store = DictStore::Make(1 << 20, 1, &FreeObject);
  const std::string text(100000, 'a');
  const std::string name = "k";
  const DictKey key = Key(*store, name);
  bool forcible = false;
  REQUIRE(store->Put(key, String(text), {}, &forcible) == DictStatus::kOk);
  DictReading reading;
  REQUIRE(store->Get(key, false, &reading) == DictStatus::kOk);
  store->Clear();
  CHECK(store->Stats().used == 0);
  CHECK(std::string(reading.value.bytes, reading.value.size) == text);
  store->Release(reading.held);
}

TEST_CASE("keys spread over the shards") {
  auto store = DictStore::Make(size_t{16} << 20, 16, &FreeObject);
  bool forcible = false;
  // Shards of 1 MiB: were a few of them hit more often, some would be evicted.
  for (int i = 0; i < 100000; i++) {
    const std::string key = std::to_string(i);
    REQUIRE(store->Put(Key(*store, key), Integer(i), {}, &forcible) ==
            DictStatus::kOk);
  }
  CHECK(store->Stats().entries == 100000);
  CHECK_FALSE(forcible);
}

}  // namespace
}  // namespace trilune::test
