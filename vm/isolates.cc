#include "vm/isolates.h"

namespace trilune::vm {

Isolates::Extension* Isolates::Extend(const void* key,
                                      std::unique_ptr<Extension> (*make)()) {
  MutexLock lock(mu_);
  for (auto& [its_key, extension] : extensions_) {
    if (its_key == key) return extension.get();
  }
  extensions_.emplace_back(key, make());
  return extensions_.back().second.get();
}

}  // namespace trilune::vm
