#include "sched/stack/context.h"

#include <cstdint>

#if defined(__x86_64__) && !defined(TRI_BOOST_CONTEXT)
#define TRI_OWN_CONTEXT 1
#else
#include <boost/context/detail/fcontext.hpp>
#endif

namespace trilune {

#if defined(TRI_OWN_CONTEXT)

const char* ContextName() {
  return "own";
}

extern "C" void tri_enter_context();

// A left stack holds, from its pointer upwards: the two control words in eight
// bytes, r15 to r12, rbx, rbp, and the return address. Arrived comes back in
// rax and rdx. `ret` ends the switch as it ends any call. So the processor
// predicts it and the returns after it.
__asm__(R"(
  .text
  .globl tri_switch_context
  .hidden tri_switch_context
  .type tri_switch_context, @function
  .p2align 4
tri_switch_context:
  .cfi_startproc
  pushq %rbp
  .cfi_adjust_cfa_offset 8
  pushq %rbx
  .cfi_adjust_cfa_offset 8
  pushq %r12
  .cfi_adjust_cfa_offset 8
  pushq %r13
  .cfi_adjust_cfa_offset 8
  pushq %r14
  .cfi_adjust_cfa_offset 8
  pushq %r15
  .cfi_adjust_cfa_offset 8
  subq $8, %rsp
  .cfi_adjust_cfa_offset 8
  stmxcsr (%rsp)
  fnstcw 4(%rsp)
  movq %rsp, %rax
  movq %rdi, %rsp
  movq %rsi, %rdx
  ldmxcsr (%rsp)
  fldcw 4(%rsp)
  addq $8, %rsp
  .cfi_adjust_cfa_offset -8
  popq %r15
  .cfi_adjust_cfa_offset -8
  popq %r14
  .cfi_adjust_cfa_offset -8
  popq %r13
  .cfi_adjust_cfa_offset -8
  popq %r12
  .cfi_adjust_cfa_offset -8
  popq %rbx
  .cfi_adjust_cfa_offset -8
  popq %rbp
  .cfi_adjust_cfa_offset -8
  ret
  .cfi_endproc
  .size tri_switch_context, .-tri_switch_context

  .globl tri_enter_context
  .hidden tri_enter_context
  .type tri_enter_context, @function
  .p2align 4
tri_enter_context:
  .cfi_startproc
  .cfi_undefined %rip
  movq %rax, %rdi
  movq %rdx, %rsi
  call *%rbx
  hlt
  .cfi_endproc
  .size tri_enter_context, .-tri_enter_context
)");

void* MakeContext(void* top, size_t /*bytes*/, void (*entry)(Arrived)) {
  uint32_t mxcsr = 0;
  uint16_t x87 = 0;
  __asm__("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(x87));
  auto* at = reinterpret_cast<uint64_t*>(reinterpret_cast<uintptr_t>(top) &
                                         ~uintptr_t{15});
  *--at = 0;  // ends the chain of frames
  *--at = 0;  // aligns the call to 16 bytes
  *--at = reinterpret_cast<uint64_t>(&tri_enter_context);
  *--at = 0;                                  // rbp
  *--at = reinterpret_cast<uint64_t>(entry);  // rbx
  for (int i = 12; i <= 15; i++)
    *--at = 0;  // r12 to r15
  *--at = mxcsr | static_cast<uint64_t>(x87) << 32;
  return at;
}

#else

const char* ContextName() {
  return "Boost.Context";
}

namespace fcontext = boost::context::detail;

static_assert(sizeof(Arrived) == sizeof(fcontext::transfer_t));

extern "C" Arrived tri_switch_context(void* to, void* data) {
  const fcontext::transfer_t back = fcontext::jump_fcontext(to, data);
  return {back.fctx, back.data};
}

void* MakeContext(void* top, size_t bytes, void (*entry)(Arrived)) {
  // Both structs are passed in the same way. The cast goes by void (*)(), so
  // that compilers accept it as intended.
  auto* plain = reinterpret_cast<void (*)()>(entry);
  return fcontext::make_fcontext(
      top, bytes, reinterpret_cast<void (*)(fcontext::transfer_t)>(plain));
}

#endif

}  // namespace trilune
