// Values and keys for tests of DictStore; objects that are counted.
//
// Role       What dict_store_test.cc and dict_threads_test.cc share.
// Threads    any
// Locks      none

#ifndef TRI_TESTS_STDLIB_DICT_VALUES_H_
#define TRI_TESTS_STDLIB_DICT_VALUES_H_

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "stdlib/dict/dict_store.h"

namespace trilune::test {

using stdlib::DictKey;
using stdlib::DictStore;
using stdlib::DictValue;

inline std::atomic<int> objects_alive{0};

inline void* NewObject() {
  objects_alive++;
  return std::malloc(16);
}

inline void FreeObject(void* object) {
  objects_alive--;
  std::free(object);
}

inline DictValue Integer(int64_t n) {
  DictValue value;
  value.kind = DictValue::Kind::kInteger;
  value.integer = n;
  return value;
}

inline DictValue String(const std::string& text) {
  DictValue value;
  value.kind = DictValue::Kind::kString;
  value.bytes = text.data();
  value.size = text.size();
  return value;
}

inline DictValue Object(size_t size) {
  DictValue value;
  value.kind = DictValue::Kind::kObject;
  value.object = NewObject();
  value.size = size;
  return value;
}

// The string must live as long as the key.
inline DictKey Key(const DictStore& store, const std::string& key) {
  return store.KeyOf(key.data(), key.size());
}

}  // namespace trilune::test

#endif  // TRI_TESTS_STDLIB_DICT_VALUES_H_
