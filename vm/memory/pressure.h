// Pressure: lets the collector see memory that lies outside of a heap.
//
// Role       A channel, a timer or a program is a small userdata in the heap
//            and some hundred bytes to megabytes outside of it, which go with
//            the userdata. The collector counts the heap alone: it would let
//            such garbage pile up, and more of it each cycle, as an object with
//            a finalizer takes two. So what makes one counts its bytes
//            (Heap::NoteOutside), and then calls PressCollector, which lets the
//            collector do as much work as if they had been asked for here.
//            What a channel holds is counted as it comes to hold more than ever
//            before: messages that pass through cost nothing.
// Threads    the running G
// Locks      none
// Tests      tests/lua/limits/garbage_outside_the_heap.lua

#ifndef TRI_VM_MEMORY_PRESSURE_H_
#define TRI_VM_MEMORY_PRESSURE_H_

#include <lua.hpp>

#include "vm/isolate/isolate.h"

namespace trilune::vm {

// So many bytes are one step of the collector's.
constexpr size_t kPressureStep = size_t{16} << 10;

// The rare part of PressCollector.
void StepForOutside(lua_State* L);

// May run finalizers, as any allocation may, and does not raise.
inline void PressCollector(lua_State* L) {
  if (Isolate::Of(L)->heap().outside_bytes() >= kPressureStep) {
    StepForOutside(L);
  }
}

}  // namespace trilune::vm

#endif  // TRI_VM_MEMORY_PRESSURE_H_
