// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bwla {

/// `reference` is the scalar authority and never chosen by the cpu backend alone.
enum class CpuLevel : std::uint8_t { reference, portable, avx2, avx512 };

[[nodiscard]] std::string_view levelName(CpuLevel level);

/// What this processor and its operating system offer (registers are saved on a switch).
struct CpuFeatures {
    bool avx2 = false;   ///< with FMA and F16C: Haswell, Zen and later
    bool avx512 = false; ///< F, BW, DQ, VL, VNNI, VBMI: Ice Lake, Zen 4 and later
};

[[nodiscard]] CpuFeatures detectCpuFeatures();

/// The highest level `features` allow.
[[nodiscard]] CpuLevel bestLevel(const CpuFeatures& features);

/// The level BWLA_CPU_LEVEL names, or the best one where it is unset. Throws
/// KernelError{unknownOverride}.
[[nodiscard]] CpuLevel chosenLevel(const CpuFeatures& features);

/// The processor's own name ("AMD EPYC 9654 ..."), or "cpu" where the system does not say.
[[nodiscard]] std::string cpuName();

/// Cores this process may run on, threads of one core counted once; at least 1.
[[nodiscard]] int physicalCores();

} // namespace bwla
