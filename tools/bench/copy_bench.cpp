// SPDX-License-Identifier: GPL-2.0
/// @file
/// copy_bench: how fast this CPU copies and zeroes memory, with the instructions that
/// the driver uses and with others. Measures in user space.
///
/// "hot" is the same target each time, which the CPU caches hold if they are large
/// enough; "cold" walks through 256 MiB.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstring>
#include <string>

#include <cpuid.h>
#include <immintrin.h>
#include <sys/mman.h>

namespace {

constexpr std::size_t AreaBytes = 256 << 20, MaxLength = 16 << 20;

using Copy = void (*)(char *to, const char *from, std::size_t length);

void libc_copy(char *to, const char *from, std::size_t length) {
  std::memcpy(to, from, length);
}

/// The kernel's copy_mc_to_kernel(), and memcpy() with FSRM.
void rep_movsb(char *to, const char *from, std::size_t length) {
  asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(length)::"memory");
}

/// The kernel's copy_page(), and what compilers put in place of a short memcpy().
void rep_movsq(char *to, const char *from, std::size_t length) {
  length /= 8;
  asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(length)::"memory");
}

/// The kernel's memcpy() without FSRM: four loads and four stores of 8 bytes.
void loop_mov(char *to, const char *from, std::size_t length) {
  for (; length; length -= 32, to += 32, from += 32)
    asm volatile("movq (%1), %%r8\n\tmovq 8(%1), %%r9\n\t"
                 "movq 16(%1), %%r10\n\tmovq 24(%1), %%r11\n\t"
                 "movq %%r8, (%0)\n\tmovq %%r9, 8(%0)\n\t"
                 "movq %%r10, 16(%0)\n\tmovq %%r11, 24(%0)" ::"r"(to),
                 "r"(from)
                 : "r8", "r9", "r10", "r11", "memory");
}

/// The kernel's memcpy_flushcache().
void loop_movnti(char *to, const char *from, std::size_t length) {
  for (; length; length -= 32, to += 32, from += 32)
    for (unsigned at = 0; at < 32; at += 8)
      _mm_stream_si64(reinterpret_cast<long long *>(to + at),
                      *reinterpret_cast<const long long *>(from + at));
}

__attribute__((target("clwb"))) void write_back(char *at, std::size_t length) {
  for (; length; length -= 64, at += 64)
    _mm_clwb(at);
}

/// copy_page(), and arch_wb_cache_pmem() after it.
void rep_movsq_clwb(char *to, const char *from, std::size_t length) {
  rep_movsq(to, from, length);
  write_back(to, length);
}

__attribute__((target("avx512f"))) void
loop_avx512_nt(char *to, const char *from, std::size_t length) {
  for (; length; length -= 64, to += 64, from += 64)
    _mm512_stream_si512(reinterpret_cast<__m512i *>(to),
                        _mm512_loadu_si512(from));
}

void zero_rep_stosb(char *to, const char *, std::size_t length) {
  asm volatile("rep stosb" : "+D"(to), "+c"(length) : "a"(0) : "memory");
}

/// AMD's instruction for a cache line, which bypasses the caches.
void zero_clzero(char *to, const char *, std::size_t length) {
  for (; length; length -= 64, to += 64)
    asm volatile("clzero" ::"a"(to) : "memory");
}

/// The driver's pmem_zero().
void zero_movnti(char *to, const char *, std::size_t length) {
  for (; length; length -= 8, to += 8)
    _mm_stream_si64(reinterpret_cast<long long *>(to), 0);
}

/// Memory in huge pages where the system has them, as the kernel maps its own.
/// @param bytes a multiple of 2 MiB
/// @return nullptr if there is no memory
char *new_area(std::size_t bytes) {
  void *const got = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (got == MAP_FAILED)
    return nullptr;
  madvise(got, bytes, MADV_HUGEPAGE);
  // pages of its own: what was never written is one page of zeroes
  std::memset(got, 1, bytes);
  return static_cast<char *>(got);
}

void run(benchmark::State &state, Copy copy, bool cold) {
  static char *const target = new_area(AreaBytes);
  static char *const source = new_area(MaxLength);
  const auto length = static_cast<std::size_t>(state.range(0));
  if (!target || !source) {
    state.SkipWithError("no memory");
    return;
  }
  std::size_t at = 0;
  for (auto _ : state) {
    copy(target + at, source, length);
    // durable in the kernel's sense, and complete for the others
    _mm_sfence();
    if (cold)
      at = at + 2 * length > AreaBytes ? 0 : at + length;
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                          state.range(0));
}

void add(const char *name, Copy copy) {
  for (const bool cold : {false, true})
    benchmark::RegisterBenchmark(
        (std::string(name) + (cold ? "/cold" : "/hot")).c_str(), run, copy,
        cold)
        ->RangeMultiplier(8)
        ->Range(64, MaxLength);
}

/// Whether a bit of EBX is set in a leaf of CPUID.
bool has(unsigned leaf, unsigned bit) {
  unsigned eax, ebx, ecx, edx;
  return __get_cpuid_count(leaf, 0, &eax, &ebx, &ecx, &edx) && ebx >> bit & 1;
}

} // namespace

int main(int argc, char **argv) {
  add("memcpy", libc_copy);
  add("rep_movsb", rep_movsb);
  add("rep_movsq", rep_movsq);
  add("loop_mov", loop_mov);
  add("loop_movnti", loop_movnti);
  if (has(7, 24))
    add("rep_movsq_clwb", rep_movsq_clwb);
  if (__builtin_cpu_supports("avx512f"))
    add("loop_avx512_nt", loop_avx512_nt);
  add("zero_rep_stosb", zero_rep_stosb);
  add("zero_movnti", zero_movnti);
  if (has(0x80000008, 0))
    add("zero_clzero", zero_clzero);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv))
    return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
