// Pressure: lets the collector see memory that lies outside of a heap.
//
// Role       A channel, a timer or a program is a small userdata in the heap.
//            Outside of the heap it has some hundred bytes, or megabytes, which
//            go with the userdata. The collector counts the heap alone. So it
//            would let such garbage pile up, and more of it in each cycle, as
//            an object with a finalizer takes two cycles to go.
//            Code that makes such an object counts its bytes
//            (Heap::NoteOutside), and then calls PressCollector. That lets the
//            collector do as much work as if the bytes had been asked for in
//            the heap. A channel counts what it holds when it comes to hold
//            more than ever before. So messages that pass through cost nothing.
// Threads    the running G
// Locks      none
// Tests      tests/lua/limits/garbage_outside_the_heap.lua

#ifndef TRI_VM_MEMORY_PRESSURE_H_
#define TRI_VM_MEMORY_PRESSURE_H_

#include <lua.hpp>

#include "vm/isolate/isolate.h"

namespace trilune::vm {

// This many bytes are worth one step of the collector.
constexpr size_t kPressureStep = size_t{16} << 10;

// The rare part of PressCollector.
void StepForOutside(lua_State* L);

// May run finalizers, as any allocation may. Does not raise.
inline void PressCollector(lua_State* L) {
  if (Isolate::Of(L)->heap().outside_bytes() >= kPressureStep) {
    StepForOutside(L);
  }
}

}  // namespace trilune::vm

#endif  // TRI_VM_MEMORY_PRESSURE_H_
