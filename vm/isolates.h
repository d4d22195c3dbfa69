// Isolates: all isolates of one runtime, and what they share.
//
// Role       Where an isolate finds what there is once per runtime.
// Threads    any
// Locks      mu_ (kIsolates)
// Tests      tests/vm/isolates_test.cc

#ifndef TRI_VM_ISOLATES_H_
#define TRI_VM_ISOLATES_H_

#include <memory>
#include <utility>
#include <vector>

#include "sched/sync/mutex.h"

namespace trilune::vm {

class Isolates {
 public:
  // What a module of stdlib keeps once per runtime.
  class Extension {
   public:
    virtual ~Extension() = default;
  };

  Isolates() = default;
  Isolates(const Isolates&) = delete;
  Isolates& operator=(const Isolates&) = delete;

  // The extension for `key`, made at its first use. It is destroyed with this
  // object, when no isolate is left.
  Extension* Extend(const void* key, std::unique_ptr<Extension> (*make)())
      TRI_EXCLUDES(mu_);

 private:
  Mutex mu_{LockRank::kIsolates};
  std::vector<std::pair<const void*, std::unique_ptr<Extension>>> extensions_
      TRI_GUARDED_BY(mu_);
};

}  // namespace trilune::vm

#endif  // TRI_VM_ISOLATES_H_
